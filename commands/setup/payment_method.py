"""Set how an account pays, or take it away (R23)."""

from aggregates import identity, payment_methods
from aggregates.account_rules import check_can_be_named, unknown_account
from aggregates.identity import StreamId
from aggregates.payment_methods import Method, PaymentMethodsState, find
from commands.setup.entry import Done, Entry, came_of
from commands.workspace import Workspace

KIND = "payment_methods"


class SetPaymentMethod(Entry):
    """A card or bank account of an account. `token` is the gateway's name for it, never a number of
    a card.
    """

    id: str
    kind: str = ""
    token: str = ""
    label: str = ""
    auto_pay: bool = False
    active: bool = True


class SetAccountsPaymentMethod(SetPaymentMethod):
    """The same, in a section of its own."""

    account: str


def set_payment_method(workspace: Workspace, number: str, entry: SetPaymentMethod) -> Done:
    """Puts a payment method of an account. The token is kept as ciphertext only."""
    account = workspace.account(number)
    if account is None:
        raise unknown_account(number)
    holder = identity.account(number)
    stream = identity.payment_methods(holder)
    state: PaymentMethodsState | None = workspace.get(KIND, stream)
    now = None if state is None else find(state, entry.id)
    if now is None:
        entry.need(f"payment method {entry.id!r}", "kind", "token")
        check_can_be_named(account)
        now = Method(ref=entry.id, kind="", token="")
    method = Method(
        ref=entry.id,
        kind=entry.kept("kind", now.kind),
        token=_token(workspace, holder, now, entry),
        label=entry.kept("label", now.label),
        auto_pay=entry.kept("auto_pay", now.auto_pay),
        active=entry.kept("active", now.active),
    )
    events = payment_methods.put(state, account=number, method=method)
    workspace.stage(KIND, stream, events)
    if not events:
        return "unchanged"
    return came_of(not now.token, True)


def set_accounts_payment_method(workspace: Workspace, entry: SetAccountsPaymentMethod) -> Done:
    """Puts a payment method that names its account."""
    return set_payment_method(workspace, entry.account, entry)


def _token(workspace: Workspace, holder: StreamId, now: Method, entry: SetPaymentMethod) -> str:
    """The token that is there when it says the same, else the new one as ciphertext."""
    if not entry.given("token") or not entry.token:
        return now.token if not entry.given("token") else ""
    if now.token and workspace.reveal(holder, now.token) == entry.token:
        return now.token
    return workspace.conceal(holder, entry.token)


def remove_payment_method(workspace: Workspace, number: str, ref: str) -> None:
    """The method is not used any more; payments asked for with it stay on record."""
    if workspace.account(number) is None:
        raise unknown_account(number)
    stream = identity.payment_methods(identity.account(number))
    state: PaymentMethodsState | None = workspace.get(KIND, stream)
    workspace.stage(KIND, stream, payment_methods.remove(state, ref))
