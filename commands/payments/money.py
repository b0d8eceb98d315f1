"""An account's money in a workspace: what it owes and paid, and which pays which (R23, R25)."""

from collections.abc import Sequence
from datetime import date

from aggregates import identity
from aggregates.account import AccountState
from aggregates.account_rules import unknown_account
from aggregates.disbursement import Owed, Source, disburse
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceSettled, InvoiceUnsettled
from aggregates.payment import rules
from aggregates.payment.events import PaymentDetached, PaymentDisbursed, PaymentEvent
from aggregates.payment.state import PaymentState
from aggregates.payment_methods import PaymentMethodsState
from aggregates.standing import Standing
from commands.dunning_status import take_status_back
from commands.waiting import waiting_under
from commands.workspace import Workspace

KIND = "payment"
BEGINNINGS = ("payment.requested", "payment.recorded")
"""What nobody may do for the account while we decide what to ask it for."""


def payer(workspace: Workspace, number: str) -> tuple[StreamId, AccountState]:
    """The account that money comes from or goes to."""
    state = workspace.account(number)
    if state is None:
        raise unknown_account(number)
    return identity.account(number), state


def standing(workspace: Workspace, account: StreamId, state: AccountState) -> Standing:
    """What the account owes now, with what is staged."""
    return Standing(
        [document for _, document in workspace.items_of("invoice", account)],
        [payment for _, payment in workspace.items_of(KIND, account)],
        waiting_under(workspace, account, state),
    )


def methods_of(workspace: Workspace, account: StreamId) -> PaymentMethodsState | None:
    found: PaymentMethodsState | None = workspace.get(
        "payment_methods", identity.payment_methods(account)
    )
    return found


def stage(workspace: Workspace, payment: StreamId, events: Sequence[PaymentEvent]) -> PaymentState:
    """What happens to a payment, and what that does to its invoices."""
    state: PaymentState = workspace.stage(KIND, payment, events)
    source = identity.text(payment)
    for event in events:
        if isinstance(event, PaymentDetached):
            opened = InvoiceUnsettled(
                source=source, amount=event.amount, on=event.on, reason=event.reason
            )
            workspace.stage("invoice", identity.parse(event.invoice), [opened])
    return state


def money_came(workspace: Workspace, account: StreamId, payment: StreamId, on: date) -> None:
    """A payment succeeded: declined ones are not tried again, and it pays what is open."""
    name = identity.text(payment)
    for stream, state in workspace.items_of(KIND, account):
        if stream != payment:
            stage(workspace, stream, rules.close_retry(state, "paid", on, name))
    disburse_all(workspace, account, on)


def disburse_all(workspace: Workspace, account: StreamId, on: date) -> bool:
    """Spends what the account has on what it owes, oldest first; whether anything was spent."""
    sources: list[Source] = []
    owed: list[Owed] = []
    paying: set[str] = set()
    for stream, payment in workspace.items_of(KIND, account):
        if payment.rest > 0:
            paying.add(identity.text(stream))
            sources.append(Source(identity.text(stream), payment.rest, payment.on))
    for stream, document in workspace.items_of("invoice", account):
        name, open_balance = identity.text(stream), document.open_balance
        if open_balance > 0:
            owed.append(Owed(name, open_balance, document.invoice_date, document.sequence))
        elif open_balance < 0:
            dated = document.invoice_date
            sources.append(Source(name, -open_balance, dated, document.sequence))
    shares = disburse(sources, owed)
    for source, invoice, amount in shares:
        stream = identity.parse(source)
        if source in paying:
            share = PaymentDisbursed(invoice=invoice, amount=amount, on=on)
            workspace.stage(KIND, stream, [share])
        else:
            given = InvoiceSettled(source=invoice, amount=-amount, on=on)
            workspace.stage("invoice", stream, [given])
        paid = InvoiceSettled(source=source, amount=amount, on=on)
        workspace.stage("invoice", identity.parse(invoice), [paid])
    take_status_back(workspace, account, on)
    return bool(shares)
