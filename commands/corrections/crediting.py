"""Credit notes: lines of an invoice, or all of it, are credited by a document of its own (R25)."""

from aggregates import corrections, identity
from aggregates.invoice import InvoiceCredited, InvoiceGenerated, InvoiceSettled
from aggregates.invoice_state import CREDIT_NOTES
from aggregates.money import parse_amount
from aggregates.refusal import Refusal
from commands.asking import Message, Part
from commands.books import check_open
from commands.corrections.finding import Document, digits, document, number_in
from commands.dunning_status import take_status_back
from commands.handling import Outcome, run_command
from commands.message import DIRECT, Origin
from commands.personal import PersonalData
from commands.setup.entry import Amount
from commands.store import Store
from commands.workspace import Workspace


class LineCredit(Part):
    """So much of one line; without an amount all that is left of it."""

    line: int
    amount: Amount | None = None


class CreditInvoice(Message):
    """Credit an invoice with a credit note: some of its lines, or without `lines` all that is
    left. What it still owes is settled by it; the rest is the account's.
    """

    invoice: str
    lines: tuple[LineCredit, ...] | None = None
    reason: str = ""


def credit_invoice(
    store: Store,
    message: CreditInvoice,
    source: str,
    id: str,
    personal: PersonalData,
    origin: Origin = DIRECT,
) -> Outcome:
    """Makes the credit note; its id is `credit_note` in the result."""
    command = message.command("credit_invoice", source, id, origin)

    def decide(workspace: Workspace) -> dict[str, str]:
        found = document(workspace, message.invoice)
        account_id = identity.account(found.state.account)
        stream = identity.beside(account_id, "credit_note", command.stream.hex())
        _stage(workspace, found, message, stream)
        return {"credit_note": identity.text(stream), "invoice": found.state.number}

    return run_command(store, command, decide, personal)


def _stage(
    workspace: Workspace, found: Document, message: CreditInvoice, stream: identity.StreamId
) -> None:
    today = workspace.today()
    check_open(workspace, today)
    places = digits(workspace, found.state.currency)
    wanted = _wanted(found, message, places)
    credited = corrections.check_credit(found.state, found.lines, wanted, places)
    if not credited:
        raise Refusal(
            "nothing_to_credit", f"nothing of invoice {found.state.number} is left to credit"
        )
    note = corrections.credit_note(
        found.generated, found.lines, credited, found.id, today, message.reason
    )
    number_in(workspace, CREDIT_NOTES)
    workspace.get("invoice", stream)
    workspace.stage("invoice", stream, note)
    id = identity.text(stream)
    events = [InvoiceCredited(source=id, lines=credited, on=today)]
    workspace.stage("invoice", found.stream, events)
    _settle(workspace, found, stream, note[-1])
    take_status_back(workspace, identity.account(found.state.account), today)


def _settle(workspace: Workspace, found: Document, stream: identity.StreamId, note: object) -> None:
    """The credit note pays what its invoice still owes (R23); the rest waits to pay another."""
    if not isinstance(note, InvoiceGenerated):
        raise TypeError("a credit note ends with its closing event")
    amount = min(max(found.state.open_balance, 0), -note.total)
    if not amount:
        return
    today = workspace.today()
    id = identity.text(stream)
    on_invoice = InvoiceSettled(source=id, amount=amount, on=today)
    workspace.stage("invoice", found.stream, [on_invoice])
    on_note = InvoiceSettled(source=found.id, amount=-amount, on=today)
    workspace.stage("invoice", stream, [on_note])


def _wanted(found: Document, message: CreditInvoice, places: int) -> dict[int, int]:
    """Minor units by line. A line named twice is added up."""
    left = corrections.creditable(found.state, found.lines)
    if message.lines is None:
        return {line: amount for line, amount in left.items() if amount > 0}
    wanted: dict[int, int] = {}
    for one in message.lines:
        amount = left.get(one.line, 0)
        if one.amount is not None:
            amount = parse_amount(one.amount, places)
            if amount <= 0:
                raise Refusal("amount_not_positive", "a credit is an amount above 0")
        wanted[one.line] = wanted.get(one.line, 0) + amount
    return {line: amount for line, amount in wanted.items() if amount or line not in left}
