"""How values look to the outside."""

from datetime import date
from decimal import Decimal

from aggregates.execution import Counts
from projections.shapes import Showing, execution_counts, invoice_line, period
from tests.support.past import CONVERTED, line

SHOWING = Showing({"USD": 2, "EUR": 2, "JPY": 0}, date(2020, 11, 1), lambda at: at)


def test_money_has_the_decimals_of_its_currency() -> None:
    assert SHOWING.amount(-50, "USD") == "-0.50"
    assert SHOWING.amount(323, "JPY") == "323"


def test_totals_stand_by_currency() -> None:
    assert list(SHOWING.totals({"USD": 1, "EUR": 2}).items()) == [("EUR", "0.02"), ("USD", "0.01")]


def test_a_period_may_be_open() -> None:
    assert period(date(2020, 10, 1), None) == {"start": "2020-10-01", "end": None}


KEYS = """line account account_package service kind description service_period days full_days
quantity unit_price amount tax currency original_amount original_currency rate rate_from rate_to
gl_code transaction"""


def test_a_line_has_the_keys_of_the_contract_in_their_order() -> None:
    assert list(invoice_line(1, line("C-1"), "USD", SHOWING)) == KEYS.split()


def test_a_converted_line_keeps_both_amounts_and_rates() -> None:
    shown = invoice_line(1, CONVERTED, "EUR", SHOWING)
    assert (shown["amount"], shown["currency"]) == ("17.00", "EUR")
    assert (shown["original_amount"], shown["original_currency"]) == ("20.00", "USD")
    assert (shown["rate"], shown["rate_from"], shown["rate_to"]) == ("0.85000000000", "1", "0.85")


def test_the_rate_shown_has_eleven_decimals() -> None:
    shown = invoice_line(
        1,
        line(
            "C-1",
            original_amount=1000,
            original_currency="JPY",
            rate_from=Decimal("151.37"),
            rate_to=Decimal("0.85"),
        ),
        "EUR",
        SHOWING,
    )
    assert (shown["rate"], shown["original_amount"]) == ("0.00561537953", "1000")


def test_without_conversion_there_is_no_rate() -> None:
    shown = invoice_line(1, line("C-1"), "USD", SHOWING)
    assert shown["rate"] is None
    assert shown["original_amount"] is None


def test_counts_of_an_execution() -> None:
    assert execution_counts(Counts(failed=2, totals={"USD": 100}), SHOWING) == {
        "packages_billed": 0,
        "cycles_billed": 0,
        "invoices_generated": 0,
        "failed": 2,
        "left_behind": 0,
        "totals": {"USD": "1.00"},
    }
