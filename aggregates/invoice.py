"""An invoice: a numbered document for one invoicer, in its currency, made of transactions."""

from datetime import date
from decimal import Decimal

from aggregates.event import Event, Fact


class InvoiceLine(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A transaction on an invoice, with everything it depends on (R30). `amount` is in the
    invoice's currency; `original_*` and both rates are there when it was converted (R16).
    `charged_by` is the execution that made the charge when it is not the invoice's.
    """

    account: str
    account_package: str
    package: str
    bill_date: date
    service: str
    name: str
    kind: str
    start: date
    end: date
    days: int
    full_days: int
    amount: int
    unit_price: int | None = None
    gl_code: str | None = None
    original_amount: int | None = None
    original_currency: str | None = None
    rate_from: Decimal | None = None
    rate_to: Decimal | None = None
    charged_by: str | None = None


class InvoiceLinesAdded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A page of lines before the closing event, so that no event is large (decision 11).
    `first` is the number of its first line, counted from 1.
    """

    first: int
    lines: tuple[InvoiceLine, ...]


class InvoiceGenerated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The invoice stands, posted (R21). `number` and `sequence` are filled in under the order lock
    (R19). `lines` is the last page, beginning with line `first`; `line_count` counts all pages.
    `bill_to` is the account's name as of issue, ciphertext.
    """

    number: str = ""
    sequence: int = 0
    series: str = "default"
    execution: str
    account: str
    currency: str
    invoice_date: date
    due_date: date
    posting_date: date
    net: int
    tax: int
    total: int
    lines: tuple[InvoiceLine, ...]
    line_count: int
    first: int = 1
    exchange_rates: str | None = None
    rounding: str = "half_up"
    bill_to: str = ""


InvoiceEvent = InvoiceLinesAdded | InvoiceGenerated


PAGE = 300
"""Lines in one event at most, so that no event is above 256 KiB (design decision 11)."""


def paged(
    lines: list[InvoiceLine],
) -> tuple[list[InvoiceLinesAdded], tuple[InvoiceLine, ...], int]:
    """The pages that come before the closing event, the lines that stand in it, and the number of
    the first of those.
    """
    if len(lines) <= PAGE:
        return [], tuple(lines), 1
    last = (len(lines) - 1) // PAGE * PAGE
    pages = [
        InvoiceLinesAdded(first=first + 1, lines=tuple(lines[first : first + PAGE]))
        for first in range(0, last, PAGE)
    ]
    return pages, tuple(lines[last:]), last + 1
