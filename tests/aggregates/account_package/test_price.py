"""Own prices, catalogue prices and what a change settles (R13, R33)."""

import pytest
from msgspec.structs import replace

from aggregates.account_package.views import price_on
from aggregates.package import Price, Service
from aggregates.refusal import Refusal
from tests.support.held import Held, day, package, repriced


def test_a_price_change_within_a_period_makes_parts() -> None:
    held = Held(package(), "2020-10-01")
    held.set_price(6200, "2020-10-11")
    assert held.bill_on("2020-11-01") == [
        ("recurring", "2020-10-01", "2020-10-11", 10, 31, 1000),
        ("recurring", "2020-10-11", "2020-11-01", 21, 31, 4200),
    ]


def test_a_price_change_known_late_is_settled_over_several_periods() -> None:
    held = Held(package(), "2020-09-01")
    held.bill("2020-10-01", "2020-12-01", "all")
    held.set_price(6200, "2020-10-11")
    lines = held.bill_on("2021-01-01")
    assert lines[0] == ("adjustment", "2020-10-01", "2020-11-01", 0, 31, 2100)
    assert lines[1] == ("adjustment", "2020-11-01", "2020-12-01", 0, 30, 3100)
    assert held.charges[-2].unit_price is None
    assert held.charges[-1].unit_price == 6200


def test_a_catalogue_change_reaches_what_was_billed() -> None:
    held = Held(package(), "2020-09-01")
    held.bill("2020-10-01", "2020-11-01", "all")
    held.package = repriced(held.package, 6200, "2020-10-11")
    assert held.bill_on("2020-12-01") == [
        ("adjustment", "2020-10-01", "2020-11-01", 0, 31, 2100),
        ("recurring", "2020-11-01", "2020-12-01", 30, 30, 6200),
    ]
    held.package = repriced(held.package, 3100, "2020-10-11")
    assert held.bill_on("2021-01-01")[:2] == [
        ("credit", "2020-10-01", "2020-11-01", 0, 31, -2100),
        ("credit", "2020-11-01", "2020-12-01", 0, 30, -3100),
    ]
    assert held.total == 4 * 3100


def test_a_catalogue_change_does_not_reach_an_own_price() -> None:
    held = Held(package(), "2020-09-01", price=500)
    held.bill_on("2020-10-01")
    held.package = repriced(held.package, 6200, "2020-09-11")
    assert held.bill_on("2020-11-01") == [("recurring", "2020-10-01", "2020-11-01", 31, 31, 500)]


def test_back_to_the_catalogue_from_a_day_on() -> None:
    held = Held(package(), "2020-09-01", price=500)
    held.set_price(None, "2020-10-11")
    assert price_on(held.state, held.package, day("2020-10-10")) == 500
    assert price_on(held.state, held.package, day("2020-10-11")) == 3100
    assert held.set_price(None, "2020-11-01") == []


def test_the_latest_day_counts_and_a_later_change_stays() -> None:
    held = Held(package(), "2020-09-01", price=500)
    held.set_price(700, "2020-11-01")
    held.set_price(600, "2020-10-01")
    held.set_price(650, "2020-10-01")
    prices = [
        price_on(held.state, held.package, day(d))
        for d in ("2020-09-30", "2020-10-01", "2020-11-01")
    ]
    assert prices == [500, 650, 700]
    assert held.set_price(700, "2020-12-01") == []


def test_no_own_price_to_take_back() -> None:
    assert Held(package(), "2020-09-01").set_price(None, "2020-10-01") == []


def test_an_own_price_for_all_days() -> None:
    held = Held(package(), "2020-09-01")
    held.set_price(500, None)
    assert price_on(held.state, held.package, day("2000-01-01")) == 500


def test_taking_back_the_only_price_is_refused() -> None:
    held = Held(package(None), "2020-09-01", price=500)
    with pytest.raises(Refusal) as refused:
        held.set_price(None, "2020-10-01")
    assert refused.value.code == "price_missing"


def test_a_missing_price_stops_the_billing() -> None:
    held = Held(package(), "2020-09-01")
    held.package = repriced(held.package, None, "2020-10-11")
    assert price_on(held.state, held.package, day("2020-10-11")) is None
    held.bill_on("2020-10-01")
    with pytest.raises(Refusal) as refused:
        held.bill_on("2020-11-01")
    assert refused.value.code == "price_missing"
    assert refused.value.details["day"] == day("2020-10-11")


def test_a_missing_price_matters_on_charged_days_only() -> None:
    held = Held(package(), "2020-09-01", cancel="2020-10-11")
    held.package = repriced(held.package, None, "2020-10-11")
    held.bill("2020-10-01", "2020-11-01", "all")
    assert held.state.ended


def test_each_service_is_settled_by_itself() -> None:
    services = (Service(code="a", name="A"), Service(code="b", name="B"))
    prices = tuple(Price(service=s.code, currency="USD", amount=3000) for s in services)
    held = Held(replace(package(), services=services, prices=prices), "2020-09-01")
    held.bill_on("2020-10-01")
    held.package = repriced(held.package, 6000, "2020-09-16", service="b")
    held.bill_on("2020-11-01")
    shown = [(c.service, c.kind, c.amount) for c in held.charges[2:]]
    assert shown == [
        ("b", "adjustment", 1500),
        ("a", "recurring", 3000),
        ("b", "recurring", 6000),
    ]
    assert price_on(held.state, held.package, day("2020-10-01")) == 9000
    assert held.state.terms.prices == ()


def test_a_price_of_zero_is_a_line_of_zero() -> None:
    held = Held(package(0), "2020-10-01")
    assert held.bill_on("2020-11-01") == [("recurring", "2020-10-01", "2020-11-01", 31, 31, 0)]
