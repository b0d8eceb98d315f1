"""What is seen of account-packages."""

from datetime import date
from typing import Any

import msgspec

from aggregates import identity
from aggregates.account_package import events
from aggregates.account_package.state import (
    CancelNotice,
    PriceOverride,
    Segment,
    Suspension,
    Terms,
)
from projections.account_packages import VIEW, Billed, catalogue_price
from tests.projections.memory import Rows, seen
from tests.support.held import package, repriced

STREAM = identity.account_package(identity.account("C-1"), "C-1/internet")
CALENDAR = (Segment(anchor=date(2020, 9, 1), bill_day=1),)
ADDED = events.PackageAdded(
    ref="C-1/internet",
    account="C-1",
    package="internet",
    currency="USD",
    effective=date(2020, 9, 1),
    calendar=CALENDAR,
    next_bill_date=date(2020, 10, 1),
    terms=Terms(
        suspensions=(Suspension(start=date(2020, 9, 5)),),
        prices=(PriceOverride(amount=1900),),
    ),
)


def rows(*later: tuple[str, Any]) -> Rows:
    past = [("account_package.added", STREAM, ADDED), *((t, STREAM, event) for t, event in later)]
    return seen(VIEW, past)


def held(*later: tuple[str, Any]) -> dict[str, Any]:
    return rows(*later)["account_packages"][STREAM,]


def test_an_added_package_is_seen_with_its_terms() -> None:
    found = rows()
    assert found["account_packages"][STREAM,]["next_bill_date"] == "2020-10-01"
    assert found["account_package_suspensions"][STREAM, "2020-09-05"]["until"] is None
    assert found["account_package_prices"][STREAM, ""]["amount"] == 1900


def test_billing_moves_the_next_bill_date_and_the_end_takes_it_away() -> None:
    payload = b'{"execution":"e","bill_date":"2020-10-01","charges":[],"state":%s}'
    moved = msgspec.json.decode(payload % b'{"next_bill_date":"2020-11-01"}', type=Billed)
    ended = msgspec.json.decode(payload % b'{"ended":true}', type=Billed)
    assert held(("account_package.billed", moved))["next_bill_date"] == "2020-11-01"
    assert held(("account_package.billed", ended))["next_bill_date"] is None


def test_a_cancel_is_set_and_withdrawn() -> None:
    notice = CancelNotice(recorded_on=date(2020, 9, 2), next_bill_date=date(2020, 10, 1))
    cancel = events.CancelSet(
        cancel=date(2020, 9, 24), notice=notice, next_bill_date=date(2020, 10, 1)
    )
    withdrawn = events.CancelWithdrawn(next_bill_date=date(2020, 10, 1))
    assert held(("account_package.cancel_set", cancel))["cancel"] == "2020-09-24"
    both = (("account_package.cancel_set", cancel), ("account_package.cancel_withdrawn", withdrawn))
    assert held(*both)["cancel"] is None


def test_suspensions_come_go_and_are_taken_back() -> None:
    start = date(2020, 9, 5)
    until = events.SuspensionEnded(start=start, until=date(2020, 9, 20))
    back = events.SuspensionEnded(start=start, until=start)
    again = events.PackageSuspended(start=date(2020, 10, 2), until=date(2020, 10, 9))
    ended = rows(("account_package.suspension_ended", until), ("account_package.suspended", again))
    assert {key[1]: row["until"] for key, row in ended["account_package_suspensions"].items()} == {
        "2020-09-05": "2020-09-20",
        "2020-10-02": "2020-10-09",
    }
    taken_back = rows(("account_package.suspension_ended", back))
    assert not taken_back["account_package_suspensions"]


def test_a_price_from_the_same_day_replaces_the_one_before() -> None:
    first = events.PriceOverridden(price=PriceOverride(holds_from=date(2020, 10, 1), amount=1))
    second = events.PriceOverridden(price=PriceOverride(holds_from=date(2020, 10, 1)))
    found = rows(
        ("account_package.price_overridden", first), ("account_package.price_overridden", second)
    )["account_package_prices"]
    assert {key[1]: row["amount"] for key, row in found.items()} == {"": 1900, "2020-10-01": None}


def test_a_corrected_package_and_a_new_calendar_move_the_date() -> None:
    corrected = events.PackageRescheduled(
        effective=date(2020, 8, 1), calendar=CALENDAR, next_bill_date=date(2020, 9, 1)
    )
    moved = events.CalendarChanged(
        calendar=CALENDAR, next_bill_date=date(2020, 10, 15), holds_from=date(2020, 9, 2)
    )
    assert held(("account_package.rescheduled", corrected))["effective"] == "2020-08-01"
    found = held(("account_package.calendar_changed", moved))
    assert found["next_bill_date"] == "2020-10-15"


def test_a_removed_package_leaves_nothing() -> None:
    found = rows(("account_package.removed", events.PackageRemoved()))
    assert not any(found.values())


def test_the_catalogue_price_of_a_day_is_the_latest_that_holds() -> None:
    sold = repriced(repriced(package(3100), 3000, "2020-10-01"), 2900, "2020-10-01")
    assert catalogue_price(sold, "USD", date(2020, 9, 30)) == 3100
    assert catalogue_price(sold, "USD", date(2020, 10, 1)) == 2900
    assert catalogue_price(sold, "EUR", date(2020, 10, 1)) is None
