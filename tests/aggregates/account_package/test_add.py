"""Taking a package: its anchor, its first bill date, its price (R10, R11, R33)."""

import pytest

from aggregates.account_package.state import Suspension
from aggregates.package import Price, Service
from aggregates.refusal import Refusal
from tests.support.held import Held, package


@pytest.mark.parametrize(
    ("frequency", "billing", "effective", "billed_to", "first"),
    [
        ("monthly", "arrears", "2020-10-01", None, "2020-11-01"),
        ("monthly", "arrears", "2020-10-04", None, "2020-11-01"),
        ("monthly", "advance", "2020-10-01", None, "2020-10-01"),
        ("monthly", "advance", "2020-10-04", None, "2020-11-01"),
        ("annual", "arrears", "2020-10-04", None, "2020-11-01"),
        ("annual", "arrears", "2020-10-01", None, "2021-10-01"),
        ("daily", "arrears", "2020-10-04", None, "2020-10-05"),
        ("daily", "advance", "2020-10-04", None, "2020-10-04"),
        ("every 2 weeks", "arrears", "2020-10-04", None, "2020-10-18"),
        ("monthly", "arrears", "2019-01-01", "2020-10-01", "2020-11-01"),
        ("monthly", "arrears", "2019-01-01", "2020-10-15", "2020-11-01"),
        ("monthly", "advance", "2019-01-01", "2020-10-01", "2020-10-01"),
        ("monthly", "advance", "2019-01-01", "2020-10-15", "2020-11-01"),
        ("quarterly", "arrears", "2019-01-15", "2020-10-15", "2020-11-01"),
        ("weekly", "advance", "2020-10-01", "2020-10-02", "2020-10-08"),
        ("monthly", "arrears", "2020-10-04", "2019-01-01", "2020-11-01"),
        ("once", "arrears", "2020-10-04", None, "2020-10-04"),
        ("once", "advance", "2020-10-04", "2020-10-04", "2020-10-04"),
        ("once", "arrears", "2020-10-04", "2020-10-05", None),
    ],
)
def test_the_first_bill_date(
    frequency: str, billing: str, effective: str, billed_to: str | None, first: str | None
) -> None:
    held = Held(package(frequency=frequency, billing=billing), effective, billed_to=billed_to)
    assert held.next == first
    assert held.state.ended == (first is None)


def test_the_most_special_bill_day_counts() -> None:
    assert Held(package(), "2020-10-04", account_bill_day=5).next == "2020-10-05"
    assert Held(package(bill_day=7), "2020-10-04", account_bill_day=5).next == "2020-10-07"
    held = Held(package(bill_day=7), "2020-10-04", account_bill_day=5, own_bill_day=9)
    assert held.next == "2020-10-09"


@pytest.mark.parametrize("bill_day", [0, 32, -1])
def test_a_bill_day_is_one_of_31(bill_day: int) -> None:
    with pytest.raises(Refusal) as refused:
        Held(package(), "2020-10-04", own_bill_day=bill_day)
    assert refused.value.code == "bill_day_invalid"


def test_a_weekly_package_takes_no_bill_day() -> None:
    with pytest.raises(Refusal) as refused:
        Held(package(frequency="weekly"), "2020-10-04", own_bill_day=3)
    assert refused.value.code == "bill_day_not_used"


def test_a_price_must_be_in_the_account_s_currency() -> None:
    with pytest.raises(Refusal) as refused:
        Held(package(), "2020-10-04", currency="EUR")
    assert refused.value.code == "price_missing"
    assert Held(package(None), "2020-10-04", price=500).state.terms.prices[0].amount == 500


def test_an_own_price_is_not_negative() -> None:
    with pytest.raises(Refusal) as refused:
        Held(package(), "2020-10-04", price=-1)
    assert refused.value.code == "price_negative"


def test_a_bundle_has_no_own_price() -> None:
    sold = package()
    bundle = type(sold)(
        code="bundle",
        name="Bundle",
        frequency="monthly",
        services=(Service(code="a", name="A"), Service(code="b", name="B")),
        prices=(
            Price(service="a", currency="USD", amount=1000),
            Price(service="b", currency="USD", amount=2100),
        ),
    )
    with pytest.raises(Refusal) as refused:
        Held(bundle, "2020-10-04", price=100)
    assert refused.value.code == "price_override_not_allowed"
    held = Held(bundle, "2020-10-04")
    held.bill_on("2020-11-01")
    assert [(c.service, c.name, c.amount) for c in held.charges] == [
        ("a", "A", 903),
        ("b", "B", 1897),
    ]


def test_a_cancel_on_the_effective_date_ends_it_at_once() -> None:
    held = Held(package(), "2020-10-04", cancel="2020-10-04")
    assert (held.next, held.state.ended) == (None, True)


def test_a_cancel_given_with_it_counts_as_recorded_that_day() -> None:
    held = Held(package(frequency="annual"), "2018-01-01", cancel="2018-03-15", today="2023-06-01")
    assert held.next == "2019-01-01"
    held = Held(package(frequency="annual"), "2018-01-01", cancel="2018-03-15", today="2018-01-02")
    assert held.next == "2018-04-01"


@pytest.mark.parametrize(
    ("frequency", "billing"),
    [("monthly", "arrears"), ("every 9999 years", "advance"), ("daily", "arrears")],
)
def test_what_would_bill_beyond_the_year_9999_is_refused(frequency: str, billing: str) -> None:
    with pytest.raises(Refusal) as refused:
        Held(package(frequency=frequency, billing=billing), "9999-12-31")
    assert refused.value.code == "date_out_of_range"


def test_a_cancel_at_the_end_of_time_never_comes() -> None:
    held = Held(package(), "2020-10-01", cancel="9999-12-31")
    assert held.next == "2020-11-01"
    held.suspend("2020-10-05", "9999-12-31")
    assert held.state.terms.suspensions == (
        Suspension(start=held.state.effective.replace(day=5), until=held.state.terms.cancel),
    )
