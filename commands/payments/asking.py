"""What may be asked about payments: record, remove, refund, collect (R23)."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aggregates import identity
from aggregates.account import AccountState
from aggregates.collection import check_collection
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceSettled
from aggregates.invoice_state import InvoiceState
from aggregates.money import parse_amount
from aggregates.owner import digits_of
from aggregates.payment import rules
from aggregates.payment.events import PaymentDisbursed
from aggregates.payment.state import PaymentState
from aggregates.payment_methods import Method, find, unknown_method, used_for_auto_pay
from aggregates.refusal import Refusal
from commands.asking import Handler, Message
from commands.books import check_open
from commands.handling import Outcome, run_command
from commands.message import DIRECT, Command, Origin
from commands.payments.money import (
    BEGINNINGS,
    KIND,
    disburse_all,
    methods_of,
    money_came,
    payer,
    stage,
    standing,
)
from commands.personal import PersonalData
from commands.setup.entry import Amount, Day
from commands.store import Store
from commands.workspace import Workspace


class RecordPayment(Message):
    """Record money that came as cash, cheque or transfer. It pays `invoice` first, if one is named,
    then the oldest open one; the rest stays until there is another.
    """

    account: str
    amount: Amount
    kind: str
    currency: str | None = None
    on: Day | None = None
    reference: str = ""
    invoice: str | None = None


class RemovePayment(Message):
    """Take a recorded payment away that was recorded by mistake."""

    payment: str
    reason: str = ""


class RefundPayment(Message):
    """Give a payment back, or a part of it; what came through the gateway goes back through it."""

    payment: str
    amount: Amount | None = None
    reason: str = ""


class CollectPayment(Message):
    """Ask an account for money now: what is due, or all that is owed with `account_balance`, or
    an amount; by the method with auto pay unless another is named.
    """

    account: str
    collection: str = "balance_due"
    amount: Amount | None = None
    method: str | None = None


M = TypeVar("M", bound=Message)


def _asking(
    cls: type[M], type: str, body: Callable[[Workspace, M, str], Mapping[str, str]]
) -> Handler[M]:
    """The handler of a command from which a payment comes. The body is given the command's key."""

    def handle(
        store: Store,
        message: M,
        source: str,
        id: str,
        personal: PersonalData,
        origin: Origin = DIRECT,
    ) -> Outcome:
        command: Command = message.command(type, source, id, origin)
        key = identity.text(command.stream)
        return run_command(
            store, command, lambda workspace: body(workspace, message, key), personal
        )

    return handle


def _record(workspace: Workspace, asked: RecordPayment, key: str) -> Mapping[str, str]:
    account, state = _who_pays(workspace, asked.account)
    today = workspace.today()
    on = asked.on or today
    check_open(workspace, on)
    currency = asked.currency or state.currency
    digits = digits_of(workspace.owner(), currency)
    events = rules.record(
        account=state.number,
        account_currency=state.currency,
        currency=currency,
        amount=parse_amount(asked.amount, digits),
        kind=asked.kind,
        on=on,
        today=today,
        reference=asked.reference,
    )
    payment = identity.payment(account, f"command/{key}")
    workspace.get(KIND, payment)
    after = stage(workspace, payment, events)
    if asked.invoice is not None:
        _pay_first(workspace, account, payment, after, asked.invoice)
    money_came(workspace, account, payment, today)
    return {"payment": identity.text(payment)}


def _pay_first(
    workspace: Workspace, account: StreamId, payment: StreamId, state: PaymentState, number: str
) -> None:
    """The invoice named is paid before older ones."""
    invoice, document = _invoice(workspace, account, number)
    amount = min(state.rest, document.open_balance)
    today, source = workspace.today(), identity.text(payment)
    paid = PaymentDisbursed(invoice=identity.text(invoice), amount=amount, on=today)
    stage(workspace, payment, [paid])
    workspace.stage("invoice", invoice, [InvoiceSettled(source=source, amount=amount, on=today)])


def _invoice(workspace: Workspace, account: StreamId, number: str) -> tuple[StreamId, InvoiceState]:
    """An open invoice of the account, by its number."""
    for stream, document in workspace.items_of("invoice", account, only_open=False):
        if document.number != number:
            continue
        if document.status == "void":
            raise Refusal(
                "invoice_void",
                f"invoice {number} is void: nothing is owed on it; name another or none",
                invoice=number,
            )
        if document.open_balance <= 0:
            raise Refusal(
                "invoice_paid",
                f"nothing is owed on invoice {number}: name another or none",
                invoice=number,
            )
        return stream, document
    raise Refusal(
        "invoice_unknown",
        f"the account has no invoice {number!r}: `billstream invoice list --account NUMBER` shows "
        "the ones there are",
        invoice=number,
    )


def find_payment(workspace: Workspace, written: str) -> tuple[StreamId, PaymentState]:
    """A payment by its id."""
    try:
        stream = identity.parse(written)
    except ValueError:
        stream = b""
    state: PaymentState | None = workspace.get(KIND, stream) if stream else None
    if state is None:
        raise Refusal(
            "payment_unknown",
            f"there is no payment {written!r}: see `billstream payment list`",
            payment=written,
        )
    return stream, state


def _remove(workspace: Workspace, asked: RemovePayment, key: str) -> Mapping[str, str]:
    payment, state = find_payment(workspace, asked.payment)
    check_open(workspace, workspace.today())
    stage(workspace, payment, rules.remove(state, workspace.today(), asked.reason))
    disburse_all(workspace, identity.account(state.account), workspace.today())
    return {"payment": identity.text(payment)}


def _refund(workspace: Workspace, asked: RefundPayment, key: str) -> Mapping[str, str]:
    payment, state = find_payment(workspace, asked.payment)
    today = workspace.today()
    check_open(workspace, today)
    amount = None
    if asked.amount is not None:
        amount = parse_amount(asked.amount, digits_of(workspace.owner(), state.currency))
    refund = identity.text(identity.refund(payment, key))
    events = rules.refund(state, refund=refund, amount=amount, on=today, reason=asked.reason)
    stage(workspace, payment, events)
    return {"payment": identity.text(payment), "refund": refund}


def _who_pays(workspace: Workspace, number: str) -> tuple[StreamId, AccountState]:
    """The account, if it has invoices of its own, now or from before."""
    account, state = payer(workspace, number)
    if state.invoicer != state.number and not workspace.items_of("invoice", account):
        raise Refusal(
            "pays_through_invoicer",
            f"invoices for account {state.number} go to {state.invoicer}: name that account",
            invoicer=state.invoicer,
        )
    return account, state


def _collect(workspace: Workspace, asked: CollectPayment, key: str) -> Mapping[str, str]:
    account, state = _who_pays(workspace, asked.account)
    workspace.alone_with(account, *BEGINNINGS)
    method = _method(workspace, account, asked.method)
    today = workspace.today()
    amount = _amount(workspace, account, state, asked)
    payment = identity.payment(account, f"command/{key}")
    name = identity.text(payment)
    for stream, before in workspace.items_of(KIND, account):
        stage(workspace, stream, rules.close_retry(before, "retried", today, name))
    workspace.get(KIND, payment)
    asked_for = rules.request(
        account=state.number,
        currency=state.currency,
        amount=amount,
        method=method,
        collection="asked" if asked.amount is not None else asked.collection,
        on=today,
    )
    stage(workspace, payment, [asked_for])
    return {"payment": name}


def _method(workspace: Workspace, account: StreamId, ref: str | None) -> Method:
    methods = methods_of(workspace, account)
    if ref is not None:
        named = find(methods, ref) if methods is not None else None
        if named is None:
            raise unknown_method(ref)
        return named
    found = used_for_auto_pay(methods) if methods is not None else None
    if found is None:
        raise Refusal(
            "no_payment_method",
            "the account has no active payment method with auto pay: name one with --method, or "
            "add one with `billstream payment-method add`",
        )
    return found


def _amount(
    workspace: Workspace, account: StreamId, state: AccountState, asked: CollectPayment
) -> int:
    check_collection(asked.collection)
    money, today = standing(workspace, account, state), workspace.today()
    if asked.amount is None:
        amount = money.to_collect(asked.collection, today)
        if amount <= 0:
            raise Refusal(
                "nothing_to_collect",
                f"account {state.number} owes nothing that is not asked for already",
                account=state.number,
            )
        return amount
    amount = parse_amount(asked.amount, digits_of(workspace.owner(), state.currency))
    rules.check_amount(amount)
    if amount > money.to_collect("account_balance", today):
        raise Refusal(
            "collection_too_large",
            f"account {state.number} owes less than {asked.amount} {state.currency}, attempts "
            "pending taken off: ask for less",
            account=state.number,
        )
    return amount


record_payment: Handler[Any] = _asking(RecordPayment, "record_payment", _record)
remove_payment: Handler[Any] = _asking(RemovePayment, "remove_payment", _remove)
refund_payment: Handler[Any] = _asking(RefundPayment, "refund_payment", _refund)
collect_payment: Handler[Any] = _asking(CollectPayment, "collect_payment", _collect)
