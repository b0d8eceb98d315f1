"""The dates of an invoice (R17)."""

from datetime import date, timedelta

from aggregates.days import bill_day_in
from aggregates.refusal import Refusal


def bill_day_in_period(bill_day: int, start: date, end: date) -> date:
    """The last date in the billing period (both ends inclusive) that is the bill day; the
    period's end when there is none.
    """
    for back in (0, 1):
        months = end.year * 12 + end.month - 1 - back
        year, month = divmod(months, 12)
        if year < 1:
            return end
        candidate = bill_day_in(year, month + 1, bill_day)
        if candidate < start:
            return end
        if candidate <= end:
            return candidate
    return end


def after_term(base: date, payment_term: str) -> date:
    """The base date plus the payment term: `net N` days, `due on receipt`, or `day N`, the first
    date after the base date whose day is N, clamped to the month.
    """
    if payment_term == "due on receipt":
        return base
    word, _, digits = payment_term.partition(" ")
    if word == "net" and digits.isdigit():
        return base + timedelta(days=int(digits))
    if word == "day" and digits.isdigit():
        candidate = bill_day_in(base.year, base.month, int(digits))
        if candidate > base:
            return candidate
        year, month = divmod(base.year * 12 + base.month, 12)
        return bill_day_in(year, month + 1, int(digits))
    raise Refusal(
        "payment_term_invalid",
        f"{payment_term!r} is no payment term; use `net N`, `due on receipt` or `day N`",
    )


def invoice_dates(
    *,
    invoice_date: str,
    due_date: str,
    payment_term: str,
    bill_day: int,
    period_start: date,
    period_end: date,
    render_date: date,
) -> tuple[date, date]:
    """The invoice date and the due date, each based on `bill_day` or `render_date` as the bill
    group says. A due date before the invoice date becomes the invoice date.
    """
    billed = bill_day_in_period(bill_day, period_start, period_end)
    dated = billed if invoice_date == "bill_day" else render_date
    due = after_term(billed if due_date == "bill_day" else render_date, payment_term)
    return dated, max(dated, due)
