"""How values look to the outside: money as decimal strings, times with the owner's offset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from aggregates.execution import Counts
from aggregates.invoice import InvoiceLine
from aggregates.money import format_amount


@dataclass(frozen=True, slots=True)
class Showing:
    """What shapes depend on beside rows: the owner's minor digits per currency, the date there
    today, and `local`, which turns a time in UTC into the owner's local time with its offset.
    """

    digits: Mapping[str, int]
    today: date
    local: Callable[[str], str]

    def amount(self, minor: int, currency: str) -> str:
        """Minor units as a decimal string in major units."""
        return format_amount(minor, self.digits[currency])

    def time(self, at: str | None) -> str | None:
        return None if at is None else self.local(at)

    def totals(self, totals: Mapping[str, int]) -> dict[str, str]:
        """Totals per currency, by currency."""
        return {currency: self.amount(totals[currency], currency) for currency in sorted(totals)}


def period(start: str | date | None, end: str | date | None) -> dict[str, Any]:
    """A period with its two ends, as ISO dates."""
    return {"start": _iso(start), "end": _iso(end)}


def _iso(day: str | date | None) -> str | None:
    return day.isoformat() if isinstance(day, date) else day


def invoice_line(number: int, line: InvoiceLine, currency: str, showing: Showing) -> dict[str, Any]:
    """A line of an invoice in `currency`. Its price is in the currency of the charge; `rate` is
    the quotient of the two rates, for show only (R16, R30).
    """
    charged_in = line.original_currency or currency
    price, original = line.unit_price, line.original_amount
    return {
        "line": number,
        "account": line.account,
        "account_package": line.account_package,
        "service": line.service,
        "kind": line.kind,
        "description": line.description or line.name,
        "service_period": period(line.start, line.end),
        "days": line.days,
        "full_days": line.full_days,
        "quantity": "1",
        "unit_price": None if price is None else showing.amount(price, charged_in),
        "amount": showing.amount(line.amount, currency),
        "tax": showing.amount(0, currency),
        "currency": currency,
        "original_amount": None if original is None else showing.amount(original, charged_in),
        "original_currency": line.original_currency,
        "rate": _quotient(line.rate_from, line.rate_to),
        "rate_from": _plain(line.rate_from),
        "rate_to": _plain(line.rate_to),
        "gl_code": line.gl_code,
        "transaction": line.transaction or None,
    }


def execution_counts(counts: Counts, showing: Showing) -> dict[str, Any]:
    """What an execution did, as the outside sees it."""
    return {
        "packages_billed": counts.packages_billed,
        "cycles_billed": counts.cycles_billed,
        "invoices_generated": counts.invoices_generated,
        "failed": counts.failed,
        "left_behind": counts.left_behind,
        "totals": showing.totals(counts.totals),
    }


def _quotient(divisor: Decimal | None, dividend: Decimal | None) -> str | None:
    if divisor is None or dividend is None:
        return None
    with localcontext() as context:
        context.prec = 60
        return f"{(dividend / divisor).quantize(_ELEVEN, ROUND_HALF_UP):f}"


def _plain(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:f}"


_ELEVEN = Decimal("1E-11")
