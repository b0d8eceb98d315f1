"""Why an invoice line is what it is: everything it depends on, from the record (R30)."""

from aggregates import identity
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated, InvoiceLine, InvoiceLinesAdded
from aggregates.money import format_amount
from aggregates.refusal import Refusal
from commands.explain_line import Explanation, explain_line
from commands.owner import owner_of
from commands.store import Reading, Recorded, Store


def explain_invoice(store: Store, invoice_id: StreamId, line: int | None) -> Explanation:
    """The invoice's own origin and, for each of its lines (or the one asked for), the price, the
    days, the rate, the rounding, the execution, the command and who asked.

    Refused with `line_unknown` when the invoice has no such line.
    """
    events = store.stream(invoice_id)
    closing = next(one for one in events if isinstance(one.event, InvoiceGenerated))
    invoice: InvoiceGenerated = closing.event
    lines = _numbered(events)
    if line is not None and not 1 <= line <= len(lines):
        raise Refusal(
            "line_unknown", f"invoice {invoice.number} has lines 1 to {len(lines)}, no line {line}"
        )
    with store.snapshot() as reading:
        owner = owner_of(reading)
        origin = _origin(store, reading, invoice.execution)
    corrected = _corrected(store, invoice)
    chosen = lines if line is None else [lines[line - 1]]
    offset = 1 if line is None else line
    return {
        "invoice": invoice.number,
        "account": invoice.account,
        "currency": invoice.currency,
        "total": format_amount(invoice.total, owner.currencies[invoice.currency]),
        "position": closing.position,
        "hash": closing.hash.hex(),
        "recorded_at": closing.at.isoformat(),
        "execution": origin,
        "rounding": invoice.rounding,
        "exchange_rates": invoice.exchange_rates,
        "kind": invoice.kind,
        "reverses": corrected,
        "reason": invoice.reason or None,
        "lines": [
            explain_line(store, invoice, owner, number, found_line, corrected)
            for number, found_line in enumerate(chosen, offset)
        ],
    }


def _corrected(store: Store, invoice: InvoiceGenerated) -> str | None:
    """The number of the invoice that this one takes back or credits."""
    if invoice.reverses is None:
        return None
    for recorded in store.stream(identity.parse(invoice.reverses)):
        if isinstance(recorded.event, InvoiceGenerated):
            return recorded.event.number
    return None


def _numbered(events: list[Recorded]) -> list[InvoiceLine]:
    return [
        line
        for recorded in events
        if isinstance(recorded.event, InvoiceLinesAdded | InvoiceGenerated)
        for line in recorded.event.lines
    ]


def _origin(store: Store, reading: Reading, execution: str) -> Explanation:
    """The execution, the schedule and the command behind it; none for a correction."""
    if not execution:
        return {"id": None}
    found = reading.get("execution", identity.parse(execution))
    if found is None:
        return {"id": execution}
    state = found.state
    origin: Explanation = {
        "id": execution,
        "bill_run": state.bill_run,
        "billing_period": {
            "start": state.period_start.isoformat(),
            "end": state.period_end.isoformat(),
        },
        "catch_up": state.catch_up,
        "business_date": state.business_date.isoformat() if state.business_date else None,
        "settings_as_of": state.position,
        "requested_by": state.requested_by,
        "schedule": state.schedule,
        "retry_of": state.retry_of,
        "command": None,
    }
    asked = store.stream(identity.parse(state.schedule or execution))
    if asked:
        origin["command"] = asked[0].metadata.get("command") or None
    return origin
