"""Why one line is what it is: the charge behind it, its arithmetic, where its price came from."""

from typing import Any

import msgspec

from aggregates import identity
from aggregates.account_package.events import Charge, PackageBilled
from aggregates.account_package.offer import offer_of
from aggregates.account_package.settlement import sides
from aggregates.account_package.state import AccountPackageState
from aggregates.execution import ExecutionState
from aggregates.invoice import InvoiceGenerated, InvoiceLine
from aggregates.money import format_amount
from aggregates.owner import OwnerState
from commands.explain_correction import because_of_correction
from commands.explain_fee import cause_of_fee
from commands.store import Recorded, Store
from schemas.kinds import KINDS

Explanation = dict[str, Any]


def explain_line(
    store: Store,
    invoice: InvoiceGenerated,
    owner: OwnerState,
    number: int,
    line: InvoiceLine,
    corrected: str | None = None,
) -> Explanation:
    """Everything the line depends on (R30)."""
    currency = line.original_currency or invoice.currency
    digits = owner.currencies[currency]
    charged_by = line.charged_by or invoice.execution
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
        "because": "",
        "charged_by": charged_by,
    }
    correction = because_of_correction(store, owner, invoice, number, line, corrected)
    if correction is not None:
        return explained | correction
    fee = cause_of_fee(store, owner, line, currency, invoice.rounding)
    if fee is not None:
        because = f"{fee.because}{_converted(invoice, owner, line)}"
        return explained | {"because": because, **_recorded(fee.recorded)}
    history = store.stream(_package(line))
    billed = _billed(history, line, charged_by)
    explained["because"] = _because(store, invoice, owner, line, history, billed)
    if billed is not None:
        explained |= {**_recorded(billed), "price_from": _price_from(billed.event, line)}
    return explained


def _recorded(recorded: Recorded) -> Explanation:
    """Where the event behind a line stands in history."""
    return {
        "position": recorded.position,
        "hash": recorded.hash.hex(),
        "recorded_at": recorded.at.isoformat(),
        "requested_by": recorded.metadata.get("requested_by") or None,
    }


def _package(line: InvoiceLine) -> bytes:
    return identity.account_package(identity.account(line.account), line.account_package)


def _billed(history: list[Recorded], line: InvoiceLine, execution: str) -> Recorded | None:
    """The event that charged the line."""
    for recorded in history:
        event = recorded.event
        if not isinstance(event, PackageBilled) or event.execution != execution:
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
    if line.unit_price is None:
        return "prices as known at this billing, against those known at the one before"
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
    store: Store,
    invoice: InvoiceGenerated,
    owner: OwnerState,
    line: InvoiceLine,
    history: list[Recorded],
    billed: Recorded | None,
) -> str:
    """The arithmetic in a sentence."""
    currency = line.original_currency or invoice.currency
    digits = owner.currencies[currency]
    amount = line.amount if line.original_amount is None else line.original_amount
    shown = f"{format_amount(amount, digits)} {currency}"
    mode = invoice.rounding.replace("_", " ")
    if line.unit_price is None:
        text = f"{_settlement(store, line, history, billed, digits, invoice.rounding)}: {shown}"
    elif line.days == line.full_days:
        text = f"the full period at {format_amount(line.unit_price, digits)} {currency}"
    elif amount == line.unit_price:
        text = f"{line.days} of {line.full_days} days, not prorated: the full price of {shown}"
    else:
        price = format_amount(line.unit_price, digits)
        text = f"{price} × {line.days} ÷ {line.full_days} days = {shown}, rounded {mode}"
    return f"{text}{_converted(invoice, owner, line)}"


def _converted(invoice: InvoiceGenerated, owner: OwnerState, line: InvoiceLine) -> str:
    """The conversion of a line, if there was one (R16)."""
    if line.original_amount is None or line.original_currency is None:
        return ""
    before = format_amount(line.original_amount, owner.currencies[line.original_currency])
    after = format_amount(line.amount, owner.currencies[invoice.currency])
    return (
        f"; {before} {line.original_currency} × {line.rate_to} ÷ {line.rate_from} = "
        f"{after} {invoice.currency}, rounded {invoice.rounding.replace('_', ' ')}"
    )


def _settlement(
    store: Store,
    line: InvoiceLine,
    history: list[Recorded],
    billed: Recorded | None,
    digits: int,
    rounding: str,
) -> str:
    """What the period would have cost, had all been known, less what stood billed (R13)."""
    if billed is None:
        return "settles a period billed before"
    before = _state_before(history, billed.version)
    with store.snapshot() as reading:
        found = reading.get("execution", identity.parse(billed.event.execution))
    if before is None or found is None:
        return "settles a period billed before"
    execution: ExecutionState = found.state
    with store.as_of(execution.position) as then:
        package = then.get("package", identity.named("package", line.package))
    if package is None:
        return "settles a period billed before"
    offer = offer_of(package.state)
    now, stood = sides(before, offer, line.start, line.service, rounding)
    return f"would be {_sum(now, digits)}, stands billed at {_sum(stood, digits)}, the difference"


def _sum(charges: list[Charge], digits: int) -> str:
    total = format_amount(sum(charge.amount for charge in charges), digits)
    parts = [
        f"{format_amount(charge.unit_price or 0, digits)} × {charge.days} ÷ {charge.full_days}"
        for charge in charges
    ]
    return f"{total} ({' + '.join(parts)})" if parts else total


def _state_before(history: list[Recorded], version: int) -> AccountPackageState | None:
    evolve = KINDS["account_package"].evolve
    state: Any = None
    for recorded in history:
        if recorded.version >= version:
            break
        state = evolve(state, recorded.event)
    found: AccountPackageState | None = state
    return found
