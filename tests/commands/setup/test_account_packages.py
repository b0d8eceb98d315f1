"""What an account holds, as the setup puts it (R10-R13)."""

from datetime import date
from typing import Any

import pytest

from aggregates.refusal import Refusal
from commands.setup.account_package import cancel, resume, set_price, suspend
from tests.support.books import Books
from tests.support.world import account, package

NOVEMBER = date(2020, 11, 1)


@pytest.fixture
def held(books: Books) -> Books:
    """Account A holds internet since 1 September."""
    books.apply({"accounts": [account("A", package("A/i", "2020-09-01"))]})
    return books


def put(**more: Any) -> dict[str, Any]:
    return {"accounts": [{"number": "A", "packages": [{"id": "A/i", **more}]}]}


def test_a_package_is_added_with_its_first_next_bill_date(held: Books) -> None:
    assert held.state("account_package", "A/i").next_bill_date == date(2020, 10, 1)


def test_worked_example_28_billed_elsewhere_before(books: Books) -> None:
    entry = package("A/i", "2019-01-01", billed_to="2020-10-01")
    books.apply({"accounts": [account("A", entry)]})
    assert books.state("account_package", "A/i").next_bill_date == NOVEMBER
    books.unchanged({"accounts": [account("A", entry)]})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"package": "other"}, "cannot_change"),
        ({"price": "19.001"}, "amount_too_precise"),
        ({"price": "-1.00"}, "price_negative"),
        ({"price": 19}, "wrong_type"),
        ({"effective": "2020-13-01"}, "date_invalid"),
        ({"effective": "yesterday"}, "date_invalid"),
        ({"bill_day": 40}, "bill_day_invalid"),
        ({"colour": "red"}, "key_unknown"),
    ],
)
def test_wrong_changes_are_refused(held: Books, change: dict[str, Any], code: str) -> None:
    assert held.code(put(**change)) == code


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"id": "B/x", "package": "nothing", "effective": "2020-10-01"}, "package_unknown"),
        ({"id": "B/x", "effective": "2020-10-01"}, "missing_key"),
        ({"id": "B/x", "package": "internet"}, "missing_key"),
        ({"id": "A/i", "package": "internet", "effective": "2020-10-01"}, "duplicate_name"),
        ({"id": " ", "package": "internet", "effective": "2020-10-01"}, "name_invalid"),
    ],
)
def test_wrong_packages_are_refused(held: Books, entry: dict[str, Any], code: str) -> None:
    assert held.code({"accounts": [account("B", entry)]}) == code


def test_no_price_in_the_currency(books: Books) -> None:
    books.apply({"owner": {"currencies": ["USD", "EUR", "GBP"]}})
    poor = account("B", package("B/i", "2020-10-01"), currency="GBP")
    assert books.code({"accounts": [poor]}) == "price_missing"
    rich = account("B", package("B/i", "2020-10-01", price="16.00"), currency="GBP")
    books.apply({"accounts": [rich]})


def test_before_the_first_charge_dates_may_be_corrected(held: Books) -> None:
    held.apply(put(effective="2020-10-10", bill_day=20))
    state = held.state("account_package", "A/i")
    assert (state.effective, state.own_bill_day) == (date(2020, 10, 10), 20)
    assert state.next_bill_date == date(2020, 10, 20)
    held.unchanged(put(effective="2020-10-10", bill_day=20))


def test_a_cancel_is_set_moved_and_withdrawn(held: Books) -> None:
    before = held.position
    held.apply(put(cancel="2020-12-24"))
    held.apply(put(cancel="2020-12-31"))
    held.apply(put(package="internet"))
    held.apply(put(cancel=None))
    names = ["account_package.cancel_set"] * 2 + ["account_package.cancel_withdrawn"]
    assert held.events(before) == names


def test_an_own_price_before_the_first_charge_holds_for_all_days(held: Books) -> None:
    held.apply(put(price="19.00"))
    held.unchanged(put(price="19.00"))
    (price,) = held.state("account_package", "A/i").terms.prices
    assert (price.holds_from, price.amount) == (None, 1900)


def test_a_changed_price_holds_from_its_date_and_a_removed_one_from_today(held: Books) -> None:
    held.apply(put(price="19.00"))
    held.apply(put(price="18.00", prices_from="2020-12-01"))
    held.unchanged(put(price="18.00", prices_from="2020-12-01"))
    held.apply(put(price=None))
    held.unchanged(put(price=None))
    prices = held.state("account_package", "A/i").terms.prices
    assert [(p.holds_from, p.amount) for p in prices] == [
        (None, 1900),
        (date(2020, 10, 5), None),
        (date(2020, 12, 1), 1800),
    ]


def test_the_verbs(held: Books) -> None:
    before = held.position
    held.do(lambda workspace: suspend(workspace, "A/i", NOVEMBER, None))
    held.do(lambda workspace: resume(workspace, "A/i", date(2020, 11, 10)))
    held.do(lambda workspace: set_price(workspace, "A/i", "18.00", NOVEMBER))
    held.do(lambda workspace: cancel(workspace, "A/i", date(2020, 12, 1)))
    assert held.events(before) == [
        "account_package.suspended",
        "account_package.suspension_ended",
        "account_package.price_overridden",
        "account_package.cancel_set",
    ]
    assert not held.do(lambda workspace: cancel(workspace, "A/i", date(2020, 12, 1))).changed


def test_the_verbs_name_what_is_not_there(held: Books) -> None:
    with pytest.raises(Refusal) as caught:
        held.do(lambda workspace: cancel(workspace, "A/x", NOVEMBER))
    assert caught.value.code == "account_package_unknown"
