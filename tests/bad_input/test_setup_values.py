"""Values a setup may not have, one by one (issue "Bad input")."""

import json
from typing import Any

import pytest

from tests.bad_input.asking import Desk
from tests.support.world import account, base, package


def of_account(*packages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"accounts": [{**account("N-1", *packages), **more}]}


def held(**more: Any) -> dict[str, Any]:
    return of_account({**package("N-1/net", "2020-09-01"), **more})


def of_package(**more: Any) -> dict[str, Any]:
    one = {"code": "x", "name": "X", "frequency": "monthly", "prices": {"USD": "1.00"}}
    return {"packages": [{**one, **more}]}


def of_rates(rate: str, currency: str = "EUR", effective: str = "2020-11-01") -> dict[str, Any]:
    return {"exchange_rates": [{"name": "R", "effective": effective, "rates": {currency: rate}}]}


def of_run(**more: Any) -> dict[str, Any]:
    one = {"name": "R", "actions": ["bill_packages"], "exchange_rates": "current"}
    return {"bill_runs": [{**one, "bill_groups": ["Default Bill Group"], **more}]}


def of_group(**more: Any) -> dict[str, Any]:
    return {"bill_groups": [{"name": "Z", **more}]}


REFUSED: list[tuple[str, dict[str, Any]]] = [
    # unknown names and currencies
    ("bill_group_unknown", of_account(bill_group="Nope")),
    ("account_unknown", of_account(parent="Nope")),
    ("account_unknown", of_account(invoicer="Nope")),
    ("package_unknown", held(package="nope")),
    ("bill_group_unknown", of_run(bill_groups=["Nope"])),
    ("exchange_rates_unknown", of_run(exchange_rates="Nope")),
    ("account_unknown", of_group(exclude=["Nope"])),
    ("currency_unknown", of_account(currency="QQQ")),
    ("currency_unknown", of_account(currency="")),
    ("currency_unknown", of_package(prices={"GBP": "1.00"})),
    ("currency_unknown", of_rates("1", currency="GBP")),
    ("currency_unknown", {"owner": {"currencies": ["USD", "EUR", "ZZZ"]}}),
    ("time_zone_unknown", {"owner": {"time_zone": "../../etc/passwd"}}),
    ("action_unknown", of_run(actions=["fly"])),
    ("action_not_available", of_run(actions=["bill_usage"])),
    # prices
    ("amount_too_precise", held(price="19.999")),
    ("amount_too_precise", of_package(prices={"USD": "1.005"})),
    ("price_negative", held(price="-1.00")),
    ("price_negative", of_package(prices={"USD": "-1.00"})),
    ("amount_invalid", held(price="1e3")),
    ("amount_invalid", held(price="NaN")),
    ("amount_invalid", held(price="Infinity")),
    ("amount_invalid", held(price="١٠")),
    ("amount_invalid", held(price="")),
    ("amount_invalid", held(price="1,000.00")),
    ("amount_invalid", held(price="10000000000000.01")),
    ("wrong_type", held(price=19.99)),
    # rates
    ("rate_invalid", of_rates("0")),
    ("rate_invalid", of_rates("-1")),
    ("rate_invalid", of_rates("1e-30")),
    ("rate_invalid", of_rates("0.0000000000001")),
    ("rate_invalid", of_rates("9" * 40)),
    ("rate_invalid", of_rates("1", currency="USD")),
    ("duplicate_effective_date", of_rates("0.9", effective="2020-10-01")),
    # lengths and days
    ("frequency_invalid", of_package(frequency="every 0 days")),
    ("frequency_invalid", of_package(frequency="every -3 months")),
    ("payment_term_invalid", of_group(payment_term="net -5")),
    ("number_length_invalid", {"owner": {"invoice_numbers": {"length": -1}}}),
    ("bill_day_invalid", of_account(bill_day=0)),
    ("bill_day_invalid", of_account(bill_day=32)),
    ("bill_day_invalid", of_account(bill_day=-1)),
    ("bill_day_invalid", held(bill_day=0)),
    ("bill_day_invalid", of_package(bill_day=0)),
    ("bill_day_invalid", of_group(bill_day=0)),
    ("bill_day_invalid", {"accounts": [{"number": "A-1", "bill_day": 0}]}),
    # dates
    ("date_invalid", held(effective="2020-02-30")),
    ("date_invalid", held(effective="20200901")),
    ("date_out_of_range", held(effective="9999-12-31")),
    # the tree and who pays
    ("account_cycle", of_account(parent="N-1")),
    ("account_cycle", {"accounts": [{"number": "P-1", "parent": "C-1"}]}),
    ("invoicer_chain", of_account(invoicer="C-1")),
    ("invoicer_bill_day_differs", of_account(invoicer="P-1", bill_day=5)),
    ("no_parent", of_account(invoicer="parent")),
    ("account_still_billed", {"accounts": [{"number": "A-1", "status": "closed"}]}),
    # what cannot change
    ("cannot_change", {"owner": {"name": "A", "currency": "EUR"}}),
    ("cannot_change", {"owner": {"rounding": "half_even"}}),
    ("cannot_change", {"owner": {"currencies": ["USD"]}}),
    ("cannot_change", of_package(code="internet", frequency="weekly")),
    # names
    ("name_invalid", of_account(number="")),
    ("name_invalid", of_account(number="a\nb")),
    ("name_invalid", of_account(name="x" * 10_000)),
    ("name_invalid", of_account(name="a\0b")),
    ("name_invalid", of_account(name=" ")),
    ("duplicate_name", held(id="C-1/net")),
    # types and keys
    ("key_unknown", of_account(colour="blue")),
    ("key_unknown", {"customers": []}),
    ("wrong_type", of_account(number=5)),
    ("wrong_type", of_account(bill_day=True)),
    ("wrong_type", of_account(bill_day=10**30)),
    ("wrong_type", {"accounts": {}}),
    ("wrong_type", {"accounts": [None]}),
]


@pytest.mark.parametrize(("code", "setup"), REFUSED)
def test_it_is_refused_and_nothing_changes(desk: Desk, code: str, setup: dict[str, Any]) -> None:
    found, sentence = desk.told_of_setup(setup)
    assert found == code, sentence
    assert "asked.yaml:1: " in sentence
    assert sentence.endswith("nothing was applied") or sentence.endswith("Nothing was applied")


def test_an_invoicer_of_another_bill_group(desk: Desk) -> None:
    setup = {**of_group(bill_day=1), **of_account(bill_group="Z", invoicer="P-1")}
    assert desk.told_of_setup(setup)[0] == "invoicer_bill_group_differs"


@pytest.mark.parametrize(
    ("missing", "code"),
    [("exchange_rates", "no_exchange_rates"), ("bill_groups", "no_bill_group")],
)
def test_a_bill_run_comes_after_groups_and_rates(empty: Desk, missing: str, code: str) -> None:
    setup = base()
    del setup[missing]
    assert empty.told_of_setup(setup)[0] == code


def test_a_setup_needs_an_owner_first(empty: Desk) -> None:
    assert empty.told_of_setup(of_account())[0] == "no_owner"


def test_a_refused_part_keeps_the_good_ones_out(desk: Desk) -> None:
    good, bad = account("N-1"), account("N-2", bill_group="Nope")
    assert desk.told_of_setup({"accounts": [good, bad]})[0] == "bill_group_unknown"
    assert desk.refused("account", "show", "N-1") == "account_unknown"


def test_two_files_may_not_say_two_things(desk: Desk) -> None:
    one = desk.file(json.dumps(of_account(name="One")), "one.yaml")
    two = desk.file(json.dumps(of_account(name="Two")), "two.yaml")
    code, sentence = desk.told("apply", one, two)
    assert code == "duplicate_name"
    assert f"first in {one}:1" in sentence


def test_a_sentence_says_what_is_and_what_should_be(desk: Desk) -> None:
    def said(setup: dict[str, Any]) -> str:
        return desk.told_of_setup(setup)[1]

    assert "the rate of EUR is 1E+40: it must be above 0" in said(of_rates("9" * 40))
    assert "does not exist: '2020-02-30'." in said(held(effective="2020-02-30"))
    assert said(of_package(services=[])).endswith("belong in these. Nothing was applied")
    assert "'' is not one of the owner's currencies" in said(of_account(currency=""))


ACCEPTED: list[tuple[dict[str, Any], str]] = [
    (held(price="-0.00"), "0.00"),
    (held(price="00.10"), "0.10"),
    (held(price="10000000000000.00"), "10000000000000.00"),
]


@pytest.mark.parametrize(("setup", "price"), ACCEPTED)
def test_odd_ways_to_write_a_sound_price(desk: Desk, setup: dict[str, Any], price: str) -> None:
    desk.apply(setup)
    assert desk.read("account-package", "show", "N-1/net")["price"] == price


@pytest.mark.parametrize("number", ["-x", "--json", "A/B?#%", 'O\'Brien "q"', "é😀", "=1+1", "%"])
def test_any_printable_number_is_a_number(desk: Desk, number: str) -> None:
    desk.apply({"accounts": [account(number)]})
    assert any(found["number"] == number for found in desk.read("account", "list"))
