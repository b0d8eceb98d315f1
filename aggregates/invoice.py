"""An invoice: a numbered document for one invoicer, in its currency, made of transactions."""

from datetime import date
from decimal import Decimal

from aggregates.event import Event, Fact


class InvoiceLine(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A transaction on an invoice, with everything it depends on (R30). `amount` is in the
    invoice's currency; `original_*` and both rates are there when it was converted (R16).
    `charged_by` is the execution that made the charge when it is not the invoice's. `transaction`
    is the id of a manual one (R25), with the words it was given in `description`; `round` counts
    how often the bill date was taken back before (R14).
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
    transaction: str = ""
    description: str = ""
    of_invoice: str = ""
    """The id of the invoice that a late fee is for, or that a correction corrects."""
    round: int = 0
    of_line: int | None = None
    """The line of an invoice that it corrects: of the credited one, or of `of_invoice` (R25)."""


class InvoiceLinesAdded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A page of lines before the closing event, so that no event is large (decision 11).
    `first` is the number of its first line, counted from 1.
    """

    first: int
    lines: tuple[InvoiceLine, ...]


class InvoiceGenerated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The invoice stands, posted (R21). `number` and `sequence` are filled in under the order lock
    (R19). `lines` is the last page, beginning with line `first`; `line_count` counts all pages.
    `bill_to` is the account's name as of issue, ciphertext. `kind` is `charges`, `reversal` (line n
    takes back line n of the invoice `reverses`, R21) or `credit_note` (of the invoice `reverses`).
    A document made outside a run has no execution.
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
    kind: str = "charges"
    reverses: str | None = None
    reason: str = ""


class InvoiceSettled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Part of the balance is settled (R23). `source` is the id of what settles it: a payment, a
    credit note, or for a negative document the invoice it went to. `amount` is in the invoice's
    currency, with the sign of its total.
    """

    source: str
    amount: int
    on: date


class InvoiceUnsettled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What `source` had settled is open again. `reason`: void, refund, charge_back,
    payment_removed.
    """

    source: str
    amount: int
    on: date
    reason: str


class CreditedLine(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What stands against one line of an invoice, in its currency: positive for a credit."""

    line: int
    amount: int


class InvoiceCredited(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Lines were credited, by a credit note or by a transaction that waits (`source`, R25)."""

    source: str
    lines: tuple[CreditedLine, ...]
    on: date


class InvoiceCreditWithdrawn(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What `source` had credited stands again: it was removed or voided."""

    source: str
    lines: tuple[CreditedLine, ...]
    on: date


class DunningLevelReached(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A level of the account's AR term acted on the invoice, once (R24). It fell due on `fell_on`;
    `balance` was open then. For `notify`, whoever delivers messages sends the one named `notice`.
    `fee` is the late fee of `transaction`, 0 without one; `payment` the id of a collection attempt.
    """

    level: str
    ar_term: str
    action: str
    on: date
    execution: str = ""
    fell_on: date | None = None
    balance: int = 0
    fee: int = 0
    transaction: str = ""
    payment: str = ""
    notice: str = ""


class InvoiceVoided(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The invoice is void: its lines stand reversed on the invoice `reversal` (R21)."""

    reversal: str
    on: date
    reason: str = ""
    execution: str = ""
    """The execution whose reversal did it (R22)."""


InvoiceEvent = (
    InvoiceLinesAdded
    | InvoiceGenerated
    | InvoiceSettled
    | InvoiceUnsettled
    | InvoiceCredited
    | InvoiceCreditWithdrawn
    | DunningLevelReached
    | InvoiceVoided
)


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
