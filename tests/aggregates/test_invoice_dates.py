"""The dates of an invoice (R17, worked examples 5, 6 and 27)."""

from datetime import date

import pytest

from aggregates.invoice_dates import after_term, bill_day_in_period, invoice_dates
from aggregates.refusal import Refusal


@pytest.mark.parametrize(
    ("base", "term", "due"),
    [
        (date(2020, 10, 10), "day 10", date(2020, 11, 10)),
        (date(2023, 2, 1), "day 31", date(2023, 2, 28)),
        (date(2023, 2, 28), "day 31", date(2023, 3, 31)),
        (date(2020, 12, 15), "day 1", date(2021, 1, 1)),
        (date(2020, 9, 1), "net 20", date(2020, 9, 21)),
        (date(2020, 9, 1), "net 0", date(2020, 9, 1)),
        (date(2021, 4, 5), "due on receipt", date(2021, 4, 5)),
    ],
)
def test_example_27_payment_terms(base: date, term: str, due: date) -> None:
    assert after_term(base, term) == due


def test_an_unknown_term_is_refused() -> None:
    with pytest.raises(Refusal, match="payment_term_invalid"):
        after_term(date(2020, 1, 1), "whenever")


@pytest.mark.parametrize(
    ("bill_day", "start", "end", "found"),
    [
        (1, date(2020, 9, 1), date(2020, 9, 30), date(2020, 9, 1)),
        (31, date(2023, 2, 1), date(2023, 2, 28), date(2023, 2, 28)),
        (15, date(2023, 1, 1), date(2023, 3, 10), date(2023, 2, 15)),
        (15, date(2023, 1, 16), date(2023, 1, 31), date(2023, 1, 31)),
        (20, date(2023, 1, 21), date(2023, 2, 19), date(2023, 2, 19)),
    ],
)
def test_the_bill_day_in_the_period(bill_day: int, start: date, end: date, found: date) -> None:
    assert bill_day_in_period(bill_day, start, end) == found


def test_a_due_date_before_the_invoice_date_becomes_the_invoice_date() -> None:
    dated, due = invoice_dates(
        invoice_date="render_date",
        due_date="bill_day",
        payment_term="due on receipt",
        bill_day=1,
        period_start=date(2020, 9, 1),
        period_end=date(2020, 9, 30),
        render_date=date(2020, 9, 10),
    )
    assert (dated, due) == (date(2020, 9, 10), date(2020, 9, 10))
