"""Voiding the latest invoice of an account (R21): nothing of it is edited or deleted.

A counter-invoice takes every line back, each package goes back to its earliest bill date on the
invoice, manual transactions wait again, and what had paid it is free. The same run then bills the
same again, in another round (R14).
"""

from datetime import date

from aggregates import corrections, identity
from aggregates.account_package.events import Charge
from aggregates.account_package.taking_back import Standing, standing, take_back
from aggregates.identity import StreamId
from aggregates.invoice import (
    InvoiceCredited,
    InvoiceCreditWithdrawn,
    InvoiceLine,
    InvoiceUnsettled,
    InvoiceVoided,
)
from aggregates.invoice_state import InvoiceState, is_charging
from aggregates.payment.rules import detach
from aggregates.receivables import (
    ChargesTakenBack,
    ReceivablesEvent,
    TransactionsRestored,
    Waiting,
)
from aggregates.refusal import Refusal
from commands.asking import Message
from commands.books import check_open
from commands.corrections.finding import Document, document, document_at, number_in
from commands.dunning_status import take_status_back
from commands.handling import Outcome, run_command
from commands.message import DIRECT, Origin
from commands.personal import PersonalData
from commands.setup.contract import uncount
from commands.store import Absence, Store
from commands.workspace import Workspace


class VoidInvoice(Message):
    """Void the latest invoice of an account, or a credit note. What it billed is to be billed
    again.
    """

    invoice: str
    reason: str = ""


def void_invoice(
    store: Store,
    message: VoidInvoice,
    source: str,
    id: str,
    personal: PersonalData,
    origin: Origin = DIRECT,
) -> Outcome:
    """Voids it; the id of the counter-invoice is `reversal` in the result."""
    command = message.command("void_invoice", source, id, origin)

    def decide(workspace: Workspace) -> dict[str, str]:
        found = document(workspace, message.invoice)
        reversal = void(workspace, found, message.reason)
        return {"reversal": identity.text(reversal), "invoice": found.state.number}

    return run_command(store, command, decide, personal)


def void(workspace: Workspace, found: Document, reason: str, execution: str = "") -> StreamId:
    """Stages everything a void is made of; the stream of the counter-invoice."""
    today = workspace.today()
    check_open(workspace, today)
    is_note = found.state.kind == "credit_note"
    corrections.check_can_be_voided(found.state, None if is_note else _latest(workspace, found))
    reversal = identity.reversal(found.stream)
    number_in(workspace, found.state.series)
    workspace.get("invoice", reversal)
    taken = corrections.reversal_of(found.generated, found.lines, found.id, today, reason)
    workspace.stage("invoice", reversal, taken)
    _free(workspace, found, today)
    voided = InvoiceVoided(
        reversal=identity.text(reversal), on=today, reason=reason, execution=execution
    )
    workspace.stage("invoice", found.stream, [voided])
    if is_note:
        _withdraw(workspace, found, today)
    else:
        _go_back(workspace, found, today)
        _wait_again(workspace, found, today)
    take_status_back(workspace, identity.account(found.state.account), today)
    return reversal


def _latest(workspace: Workspace, found: Document) -> InvoiceState:
    """The latest invoice of the account that counts; the decision relies on there being none
    after it.
    """
    account = identity.account(found.state.account)
    documents = workspace.items_of("invoice", account, only_open=False)
    charging: list[InvoiceState] = [state for _, state in documents if is_charging(state)]
    latest = max(charging, key=lambda state: state.sequence, default=found.state)
    value = account + max(latest.sequence, found.state.sequence).to_bytes(8)
    workspace.absent(Absence("invoice", "after", value))
    return latest


def _free(workspace: Workspace, found: Document, today: date) -> None:
    """What had settled the document is free again: payments are kept, disbursements detached."""
    events = [recorded.event for recorded in found.history]
    for source, amount in corrections.still_settled(events).items():
        off = InvoiceUnsettled(source=source, amount=amount, on=today, reason="void")
        workspace.stage("invoice", found.stream, [off])
        stream = identity.parse(source)
        if workspace.reading.get("payment", stream) is not None:
            detached = detach(workspace.get("payment", stream), found.id, today, "void")
            workspace.stage("payment", stream, detached)
        else:
            back = InvoiceUnsettled(source=found.id, amount=-amount, on=today, reason="void")
            workspace.stage("invoice", stream, [back])


def _withdraw(workspace: Workspace, note: Document, today: date) -> None:
    """The lines that the credit note had credited stand again."""
    credited = document_at(workspace, identity.parse(note.state.reverses or ""))
    if credited is None:
        return
    for recorded in credited.history:
        event = recorded.event
        if isinstance(event, InvoiceCredited) and event.source == note.id:
            again = InvoiceCreditWithdrawn(source=note.id, lines=event.lines, on=today)
            workspace.stage("invoice", credited.stream, [again])


def _go_back(workspace: Workspace, found: Document, today: date) -> None:
    """Each package goes back to its earliest bill date on the invoice, with its later cycles."""
    earliest: dict[str, dict[str, date]] = {}
    for line in found.lines:
        if not line.transaction:
            dates = earliest.setdefault(line.account, {})
            ref = line.account_package
            dates[ref] = min(dates.get(ref, line.bill_date), line.bill_date)
    for number, dates in sorted(earliest.items()):
        account_id = identity.account(number)
        _refuse_closed_account(workspace, number)
        waiting = workspace.receivables_of(account_id)
        waits = {
            (one.account_package, one.bill_date)
            for one in (waiting.waiting if waiting is not None else ())
            if not one.transaction
        }
        back = {ref: day for ref, day in dates.items() if _waits(waits, ref, day)}
        for ref, first in sorted(dates.items()):
            on_it = {line.bill_date for line in found.lines if line.account_package == ref}
            may = on_it | {day for its_ref, day in waits if its_ref == ref}
            take_package_back(workspace, account_id, ref, first, may, today, invoice=found.id)
        if back:
            event = ChargesTakenBack(packages=back, on=today, invoice=found.id)
            workspace.stage("receivables", identity.receivables(account_id), [event])


def _waits(waits: set[tuple[str, date]], ref: str, first: date) -> bool:
    return any(its_ref == ref and day >= first for its_ref, day in waits)


def take_package_back(
    workspace: Workspace,
    account_id: StreamId,
    ref: str,
    first: date,
    may: set[date],
    today: date,
    *,
    invoice: str = "",
    execution: str = "",
) -> None:
    """A package goes back to a bill date. Its cycles from there on must be free to be taken back
    (`may` holds their bill dates), or have charged nothing.
    """
    stream = identity.account_package(account_id, ref)
    state = workspace.get("account_package", stream)
    cycles = _from(standing([r.event for r in workspace.history(stream)]), first)
    for cycle in cycles:
        amounts = any(charge.amount for charge in cycle.billed.charges)
        if amounts and cycle.billed.bill_date not in may:
            raise Refusal(
                "package_billed_since",
                f"{ref} was billed again for {cycle.billed.bill_date} on another invoice: void "
                "that one first, or credit this one",
                account_package=ref,
            )
    package = workspace.get("package", identity.named("package", state.package))
    events = take_back(state, package, cycles, on=today, invoice=invoice, execution=execution)
    workspace.stage("account_package", stream, events)
    uncount(workspace, account_id, ref, [cycle.billed for cycle in cycles])


def _from(cycles: list[Standing], first: date) -> list[Standing]:
    return [cycle for cycle in cycles if cycle.billed.bill_date >= first]


def _refuse_closed_account(workspace: Workspace, number: str) -> None:
    account = workspace.account(number)
    if account is not None and account.status == "closed":
        raise Refusal(
            "account_closed",
            f"account {number} is closed and what the invoice billed it would be due again: set "
            "its status to active first",
            account=number,
        )


def _wait_again(workspace: Workspace, found: Document, today: date) -> None:
    """Manual transactions and fees on the invoice wait for the next one."""
    again: dict[str, list[Waiting]] = {}
    for line in found.lines:
        if line.transaction:
            execution = line.charged_by or found.generated.execution
            again.setdefault(line.account, []).append(_waiting(line, execution))
    for number, transactions in sorted(again.items()):
        account_id = identity.account(number)
        before = workspace.receivables_of(account_id)
        account = workspace.account(number)
        currency = before.currency if before is not None else found.state.currency
        if account is not None:
            currency = account.currency
        event: ReceivablesEvent = TransactionsRestored(
            account=number,
            currency=currency,
            invoice=found.id,
            transactions=tuple(transactions),
            on=today,
        )
        workspace.stage("receivables", identity.receivables(account_id), [event])


def _waiting(line: InvoiceLine, execution: str) -> Waiting:
    """The transaction as it was before it was invoiced, in its own currency."""
    amount = line.amount if line.original_amount is None else line.original_amount
    is_manual = line.kind != "fee"
    return Waiting(
        account_package=line.account_package,
        package=line.package,
        bill_date=line.bill_date,
        execution="" if is_manual else execution,
        charge=Charge(
            service=line.service,
            name=line.name,
            kind=line.kind,
            start=line.start,
            end=line.end,
            days=line.days,
            full_days=line.full_days,
            amount=amount,
            unit_price=line.unit_price,
            gl_code=line.gl_code,
        ),
        transaction=line.transaction,
        description=line.description,
        of_invoice=line.of_invoice,
        of_line=line.of_line,
    )
