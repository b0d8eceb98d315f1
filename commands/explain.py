"""Why an invoice line is what it is: everything it depends on, from the record (R30)."""

from typing import Any

import msgspec

from aggregates import identity
from aggregates.account_package.events import Charge, PackageBilled
from aggregates.account_package.state import AccountPackageState
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated, InvoiceLine, InvoiceLinesAdded
from aggregates.money import format_amount
from aggregates.owner import OwnerState
from aggregates.refusal import Refusal
from commands.store import Reading, Recorded, Store

Explanation = dict[str, Any]


def explain_invoice(store: Store, invoice_id: StreamId, line: int | None) -> Explanation:
    """The invoice's own origin and, for each of its lines (or the one asked for), the price, the
    days, the rate, the rounding, the execution, the command and who asked.

    Refused with `line_unknown` when the invoice has no such line.
    """
    events = store.stream(invoice_id)
    closing = events[-1]
    invoice: InvoiceGenerated = closing.event
    lines = _numbered(events)
    if line is not None and not 1 <= line <= len(lines):
        raise Refusal(
            "line_unknown", f"invoice {invoice.number} has lines 1 to {len(lines)}, no line {line}"
        )
    with store.snapshot() as reading:
        found = reading.get("owner", identity.owner())
        if found is None:
            raise Refusal("no_owner", "the owner is not set up")
        owner: OwnerState = found.state
        origin = _origin(store, reading, invoice.execution)
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
        "lines": [
            _explain_line(store, invoice, owner, number, found_line)
            for number, found_line in enumerate(chosen, offset)
        ],
    }


def _numbered(events: list[Recorded]) -> list[InvoiceLine]:
    return [
        line
        for recorded in events
        if isinstance(recorded.event, InvoiceLinesAdded | InvoiceGenerated)
        for line in recorded.event.lines
    ]


def _origin(store: Store, reading: Reading, execution: str) -> Explanation:
    """The execution, the schedule and the command behind it."""
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


def _explain_line(
    store: Store, invoice: InvoiceGenerated, owner: OwnerState, number: int, line: InvoiceLine
) -> Explanation:
    currency = line.original_currency or invoice.currency
    digits = owner.currencies[currency]
    amount = line.amount if line.original_amount is None else line.original_amount
    explained: Explanation = {
        "line": number,
        "account": line.account,
        "account_package": line.account_package,
        "package": line.package,
        "service": line.service,
        "kind": line.kind,
        "bill_date": line.bill_date.isoformat(),
        "service_period": {"start": line.start.isoformat(), "end": line.end.isoformat()},
        "days": line.days,
        "full_days": line.full_days,
        "unit_price": None if line.unit_price is None else format_amount(line.unit_price, digits),
        "amount": format_amount(line.amount, owner.currencies[invoice.currency]),
        "currency": invoice.currency,
        "because": _because(line, amount, digits, currency, invoice, owner),
        "charged_by": line.charged_by or invoice.execution,
    }
    account = identity.account(line.account)
    package = identity.account_package(account, line.account_package)
    billed = _billed(store, package, line, invoice.execution)
    if billed is not None:
        explained |= {
            "position": billed.position,
            "hash": billed.hash.hex(),
            "recorded_at": billed.at.isoformat(),
            "requested_by": billed.metadata.get("requested_by") or None,
            "price_from": _price_from(billed.event, line),
        }
    return explained


def _billed(store: Store, package: StreamId, line: InvoiceLine, execution: str) -> Recorded | None:
    """The event that charged the line."""
    by = line.charged_by or execution
    for recorded in store.stream(package):
        event = recorded.event
        if not isinstance(event, PackageBilled) or event.execution != by:
            continue
        if event.bill_date == line.bill_date and any(_same(c, line) for c in event.charges):
            return recorded
    return None


def _same(charge: Charge, line: InvoiceLine) -> bool:
    return (charge.service, charge.kind, charge.start, charge.end) == (
        line.service,
        line.kind,
        line.start,
        line.end,
    )


def _price_from(event: PackageBilled, line: InvoiceLine) -> str:
    """Whether the price was the account-package's own or the catalogue's."""
    state = msgspec.json.decode(event.state, type=AccountPackageState)
    own = [
        price
        for price in state.terms.prices
        if price.holds_from is None or price.holds_from <= line.start
    ]
    if own and max(own, key=lambda p: (p.holds_from is not None, p.holds_from)).amount is not None:
        return "the account-package's own price"
    return f"the catalogue, package {line.package} at revision {state.catalogue}"


def _because(
    line: InvoiceLine,
    amount: int,
    digits: int,
    currency: str,
    invoice: InvoiceGenerated,
    owner: OwnerState,
) -> str:
    """The arithmetic in a sentence."""
    shown = f"{format_amount(amount, digits)} {currency}"
    mode = invoice.rounding.replace("_", " ")
    if line.unit_price is None:
        text = f"settles {line.days} of {line.full_days} days of a period billed before: {shown}"
    elif line.days == line.full_days:
        text = f"the full period at {format_amount(line.unit_price, digits)} {currency}"
    else:
        price = format_amount(line.unit_price, digits)
        text = f"{price} × {line.days} ÷ {line.full_days} days = {shown}, rounded {mode}"
    if line.original_amount is None:
        return text
    target = owner.currencies[invoice.currency]
    return (
        f"{text}; {shown} × {line.rate_to} ÷ {line.rate_from} = "
        f"{format_amount(line.amount, target)} {invoice.currency}, rounded {mode}"
    )
