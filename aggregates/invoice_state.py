"""What an invoice is after its events: what is owed on it, and what became of it (R21, R23-R25)."""

from datetime import date

from msgspec.structs import replace

from aggregates.event import Fact, ImpossibleEvent, State
from aggregates.invoice import (
    CreditedLine,
    DunningLevelReached,
    InvoiceCredited,
    InvoiceCreditWithdrawn,
    InvoiceEvent,
    InvoiceGenerated,
    InvoiceLine,
    InvoiceLinesAdded,
    InvoiceSettled,
    InvoiceUnsettled,
    InvoiceVoided,
)

SERIES = "default"
CREDIT_NOTES = "credit_note"
"""The series of numbers of credit notes; all other documents are numbered in `SERIES`."""


class LevelReached(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A dunning level that has acted on the invoice (R24)."""

    level: str
    action: str
    on: date


class InvoiceState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`number` and `sequence` are filled in under the order lock, as in the event (decision 18).
    The dates are those of `InvoiceGenerated`, which closes the pages of a long invoice.
    """

    number: str = ""
    sequence: int = 0
    series: str = SERIES
    kind: str = "charges"
    status: str = "posted"
    execution: str = ""
    account: str = ""
    currency: str = ""
    invoice_date: date = date.min
    due_date: date = date.min
    posting_date: date = date.min
    total: int = 0
    settled: int = 0
    reverses: str | None = None
    reversal: str | None = None
    credited: tuple[CreditedLine, ...] = ()
    reached: tuple[LevelReached, ...] = ()
    late_fees: int = 0
    """Of the total, for a late fee bears no late fee (R24)."""

    @property
    def open_balance(self) -> int:
        """What is still owed on it; negative for what the owner owes. An invoice that is void and
        the one that reverses it are set off against each other.
        """
        if self.status == "void" or self.kind == "reversal":
            return 0
        return self.total - self.settled


def evolve(state: InvoiceState | None, event: InvoiceEvent) -> InvoiceState:
    """The invoice after the event."""
    if isinstance(event, InvoiceGenerated):
        return _generated(event, 0 if state is None else state.late_fees)
    if isinstance(event, InvoiceLinesAdded):
        before = state or InvoiceState(status="open")
        return replace(before, late_fees=before.late_fees + _late_fees(event.lines))
    if state is None:
        raise ImpossibleEvent(f"{type(event).__name__} before the invoice was generated")
    match event:
        case InvoiceSettled():
            return replace(state, settled=state.settled + event.amount)
        case InvoiceUnsettled():
            return replace(state, settled=state.settled - event.amount)
        case InvoiceCredited():
            return replace(state, credited=_credited(state, event.lines, 1))
        case InvoiceCreditWithdrawn():
            return replace(state, credited=_credited(state, event.lines, -1))
        case DunningLevelReached():
            reached = LevelReached(level=event.level, action=event.action, on=event.on)
            return replace(state, reached=(*state.reached, reached))
        case InvoiceVoided():
            return replace(state, status="void", reversal=event.reversal)


def _late_fees(lines: tuple[InvoiceLine, ...]) -> int:
    return sum(line.amount for line in lines if line.kind == "fee" and line.of_invoice)


def is_charging(state: InvoiceState) -> bool:
    """Whether it is one of the invoices of which only the latest can be voided (R21)."""
    return state.kind == "charges" and state.status != "void"


def _generated(event: InvoiceGenerated, late_fees: int) -> InvoiceState:
    return InvoiceState(
        number=event.number,
        sequence=event.sequence,
        series=event.series,
        kind=event.kind,
        execution=event.execution,
        account=event.account,
        currency=event.currency,
        invoice_date=event.invoice_date,
        due_date=event.due_date,
        posting_date=event.posting_date,
        total=event.total,
        reverses=event.reverses,
        late_fees=late_fees + _late_fees(event.lines),
    )


def _credited(
    state: InvoiceState, lines: tuple[CreditedLine, ...], sign: int
) -> tuple[CreditedLine, ...]:
    """What stands against each line, in the order of the lines; nothing of 0."""
    amounts = {credited.line: credited.amount for credited in state.credited}
    for credited in lines:
        amounts[credited.line] = amounts.get(credited.line, 0) + sign * credited.amount
    return tuple(
        CreditedLine(line=line, amount=amount) for line, amount in sorted(amounts.items()) if amount
    )
