"""Contract terms in a run (R31): shortfalls, early ends, renewal, prices; once, and explained."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.support import DECEMBER, NOVEMBER, OCTOBER, bill_account, refused_setup, sold
from tests.rules.under_contract import SEPTEMBER_START, contract, events_of, fees, signed, sound
from tests.support.world import account, package


def test_a_shortfall_is_charged_once_by_the_run_that_holds_the_end(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    assert fees(world) == []
    world.bill(*NOVEMBER)
    world.bill(*NOVEMBER)
    assert fees(world) == [("INV-007855", "2020-10-01", "80.00")]
    assert world.totals() == ["20.00", "100.00"]
    world.bill(*DECEMBER)
    assert fees(world)[1:] == [("INV-007856", "2020-11-01", "80.00")]
    (explained,) = [
        line for line in world.read("explain", "INV-007855")["lines"] if line["kind"] == "fee"
    ]
    assert explained["because"] == (
        "contract K-1: 2020-10-01 to 2020-11-01: 100.00 USD committed to, 20.00 counted, "
        "80.00 short"
    )
    assert explained["position"]
    sound(world)


def test_what_a_run_without_contract_terms_charges_counts_too(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER, run="Plain")
    world.bill(*NOVEMBER, run="Plain")
    world.bill(*NOVEMBER, run="Terms")
    world.bill(*DECEMBER)
    assert sorted(fees(world)) == [
        ("INV-007856", "2020-10-01", "80.00"),
        ("INV-007856", "2020-11-01", "80.00"),
    ]
    sound(world)


def test_a_part_period_is_prorated(tmp_path: Path) -> None:
    """28 of 31 days: 90.32, of which 0.00 was charged from the 4th on."""
    world = signed(tmp_path, contract(start="2020-10-04"))
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    assert fees(world) == [("INV-007855", "2020-10-04", "90.32")]
    because = [line["because"] for line in world.read("explain", "INV-007855")["lines"]]
    assert any("(100.00 × 28 ÷ 31 days, rounded half up)" in text for text in because)
    sound(world)


def test_a_commitment_that_is_met_costs_nothing(tmp_path: Path) -> None:
    world = signed(tmp_path, contract(commitment={"amount": "20.00"}))
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    assert fees(world) == []
    (period,) = world.read("contract", "show", "K-1")["periods"]
    assert (period["commitment"], period["counted"], period["shortfall"]) == (
        "20.00",
        "20.00",
        "0.00",
    )


def test_only_packages_under_the_contract_count(tmp_path: Path) -> None:
    accounts = [account("A-1", package("a", SEPTEMBER_START), package("b", SEPTEMBER_START))]
    world = signed(tmp_path, contract(packages=["b"]), accounts=accounts)
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    assert [amount for _, _, amount in fees(world)] == ["80.00"]


def test_an_early_end_is_charged_by_the_run_that_reaches_it(tmp_path: Path) -> None:
    world = signed(tmp_path, contract(termination={"percent": "50"}))
    world.bill(*OCTOBER)
    world.must("contract", "terminate", "K-1", "--as-of", "2020-12-01")
    assert world.refused("contract", "terminate", "K-1", "--as-of", "2020-12-02") == (
        "contract_ended"
    )
    world.bill(*NOVEMBER)
    assert [amount for _, _, amount in fees(world)] == ["80.00"]
    world.bill(*DECEMBER)
    assert sorted(amount for _, _, amount in fees(world)[1:]) == ["500.00", "80.00"]
    because = [line["because"] for line in world.read("explain", "INV-007856")["lines"]]
    assert any("50 % of the 1000.00 USD still committed to" in text for text in because)
    assert world.read("contract", "show", "K-1")["status"] == "ended"
    world.bill("2021-01-01", "2021-01-31")
    assert len(fees(world)) == 3
    sound(world)


def test_what_is_left_of_a_commitment_is_not_rounded_before_the_fee_is(tmp_path: Path) -> None:
    """100.00 × 46 ÷ 91 days + 200.00 are left: 125.27 is half of it, and 125.28 half of 250.55."""
    quarterly = {"amount": "100.00", "per": "quarterly"}
    terms = contract(start="2023-01-01", commitment=quarterly, termination={"percent": "50"})
    world = signed(tmp_path, terms)
    world.must("contract", "terminate", "K-1", "--as-of", "2023-05-16")
    world.bill("2023-05-01", "2023-05-31")
    found = {amount: number for number, _, amount in fees(world)}
    assert set(found) == {"100.00", "49.45", "125.27"}
    because = [one["because"] for one in world.read("explain", found["125.27"])["lines"]]
    said = "50 % of the 250.55 USD still committed to (rounded here for show, not in the fee)"
    assert any(said in text for text in because)


def test_a_flat_fee_for_an_early_end(tmp_path: Path) -> None:
    ends = {"amount": "250.00", "service": "early-end", "name": "Early end", "gl_code": "4900"}
    world = signed(tmp_path, contract(commitment=None, termination=ends))
    world.must("contract", "terminate", "K-1")
    world.bill(*OCTOBER)
    (line,) = [one for one in world.invoices()[0]["lines"] if one["kind"] == "fee"]
    assert (line["amount"], line["service"], line["gl_code"]) == ("250.00", "early-end", "4900")
    assert "a flat fee" in world.must("explain", "INV-007854").out


def test_a_contract_renews_until_notice_is_given(tmp_path: Path) -> None:
    terms = {"term": "every 1 months", "renewal": "notice", "notice_days": 10, "commitment": None}
    world = signed(tmp_path, contract(**terms))
    world.bill(*NOVEMBER)
    shown = world.read("contract", "show", "K-1")
    assert (shown["status"], shown["term_end"]) == ("active", "2020-12-01")
    world.must("clock", "advance", "--to", "2020-11-25T15:00:00Z")
    world.must("contract", "give-notice", "K-1")
    assert world.read("contract", "show", "K-1")["ends"] == "2021-01-01"
    assert world.refused("contract", "give-notice", "K-1") == "notice_given"
    world.bill(*DECEMBER)
    world.bill("2021-01-01", "2021-01-31")
    assert world.read("contract", "list")[0]["status"] == "ended"
    sound(world)


def test_prices_rise_on_the_anniversary_and_what_was_billed_before_is_settled(
    tmp_path: Path,
) -> None:
    """In arrears the month after the anniversary is the first at the new price. In advance the run
    that holds it has billed that month already, so the next one adds the difference (R13).
    """
    packages = [sold("arrears", "20.15"), sold("advance", "10.00", billing="advance")]
    held = [
        package("x", "2020-09-01", "arrears"),
        package("y", "2020-09-01", "advance", billed_to="2020-10-01"),
    ]
    world = signed(
        tmp_path,
        contract(
            start="2019-11-01",
            term="every 3 years",
            commitment=None,
            escalator={"percent": "2.5"},
        ),
        packages=packages,
        accounts=[account("A-1", *held)],
    )
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    prices = {one["id"]: one["price"] for one in world.read("account-package", "list")}
    assert prices == {"x": "20.15", "y": "10.00"}
    world.must("clock", "advance", "--to", "2020-11-05T15:00:00Z")
    prices = {one["id"]: one["price"] for one in world.read("account-package", "list")}
    assert prices == {"x": "20.65", "y": "10.25"}
    world.bill(*DECEMBER)
    lines = {
        (line["account_package"], line["kind"]): line["amount"]
        for line in world.invoices()[-1]["lines"]
    }
    assert lines == {
        ("x", "recurring"): "20.65",
        ("y", "recurring"): "10.25",
        ("y", "adjustment"): "0.25",
    }
    sound(world)


def test_a_suspended_account_waits_and_a_shortfall_is_not_lost(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    world.apply({"accounts": [{"number": "A-1", "status": "suspended"}]})
    world.bill(*NOVEMBER)
    assert fees(world) == []
    world.apply({"accounts": [{"number": "A-1", "status": "active"}]})
    world.bill(*NOVEMBER)
    assert [amount for _, _, amount in fees(world)] == ["80.00"]


def test_a_preview_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    world = signed(tmp_path, contract(escalator={"percent": "5", "every": "monthly"}))
    world.bill(*OCTOBER)
    before = world.must("history", "export").out
    seen = world.preview(*NOVEMBER)
    assert world.must("history", "export").out == before
    world.bill(*NOVEMBER)
    assert seen["invoices"][0]["lines"] == world.invoices()[-1]["lines"]


def test_bill_account_does_the_terms_of_that_account_only(tmp_path: Path) -> None:
    accounts = [
        account("P-1"),
        account("A-1", package("a", SEPTEMBER_START), parent="P-1", invoicer="parent"),
        account("A-2", package("b", SEPTEMBER_START), parent="P-1", invoicer="parent"),
    ]
    other = contract(id="K-2", account="A-2")
    world = signed(tmp_path, contract(), other, accounts=accounts)
    world.bill(*OCTOBER)
    bill_account(world, "A-1", *NOVEMBER)
    lines = [one for one in world.invoices()[-1]["lines"] if one["kind"] == "fee"]
    assert [line["account"] for line in lines] == ["A-1"]
    sound(world)


def test_it_is_shown_as_it_is_and_unchanged_when_applied_again(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    before = world.must("history", "export").out
    world.apply({"contracts": [contract(), {"id": "K-1"}][:1]})
    world.apply({"contracts": [{"id": "K-1"}]})
    assert "contract.amended" not in world.must("history", "export").out[len(before) :]
    shown = world.read("contract", "show", "K-1")
    assert shown["running"] == {"start": "2020-10-01", "end": "2020-11-01", "counted": "0.00"}
    assert shown["commitment"]["amount"] == "100.00"
    world.bill(*OCTOBER)
    assert "20.00 USD counted" in world.must("contract", "show", "K-1").out
    assert "K-1" in world.must("contract", "list", "--account", "A-1").out
    assert world.refused("contract", "show", "K-9") == "contract_unknown"
    assert refused_setup(world, {"contracts": [contract(term="monthly")]}) == "cannot_change"
    assert refused_setup(world, {"contracts": [contract(account="A-9")]}) == "cannot_change"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"id": "K-2", "account": "A-9"}, "account_unknown"),
        ({"id": "K-2", "term": "once"}, "contract_invalid"),
        ({"id": "K-2", "packages": ["z"]}, "account_package_unknown"),
        ({"id": "K-2", "termination": {}}, "contract_invalid"),
        ({"id": "K-2", "termination": {"amount": "1", "percent": "1"}}, "contract_invalid"),
        ({"id": "K-2", "commitment": {"amount": "1.001"}}, "amount_too_precise"),
        ({"id": "K-2", "commitment": {"per": "monthly"}}, "missing_key"),
        ({"id": "K-2", "escalator": {"percent": 3}}, "wrong_type"),
        ({"id": "K-2", "renewal": "notice"}, "contract_invalid"),
        ({"id": "K-2", "start": None}, "missing_key"),
        ({"id": "K-2", "colour": "red"}, "key_unknown"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused(
    tmp_path: Path, more: dict[str, Any], code: str
) -> None:
    world = signed(tmp_path, contract())
    assert refused_setup(world, {"contracts": [contract(**more)]}) == code


def test_an_escalator_does_not_go_with_a_bundle(tmp_path: Path) -> None:
    services = [
        {"code": "line", "name": "Line", "prices": {"USD": "5.00"}},
        {"code": "data", "name": "Data", "prices": {"USD": "6.00"}},
    ]
    bundle = sold("bundle", "", services=services)
    held = account("A-1", package("a", SEPTEMBER_START, "bundle"))
    world = signed(tmp_path, packages=[bundle], accounts=[held])
    wrong = contract(escalator={"percent": "3"})
    assert refused_setup(world, {"contracts": [wrong]}) == "escalator_not_possible"


def test_what_a_void_takes_back_counts_once_when_it_is_billed_again(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    world.must("invoice", "void", "INV-007854", "--yes")
    assert world.read("contract", "show", "K-1")["running"]["counted"] == "0.00"
    world.bill(*OCTOBER)
    assert world.read("contract", "show", "K-1")["running"]["counted"] == "20.00"
    world.bill(*NOVEMBER)
    assert [amount for _, _, amount in fees(world)] == ["80.00"]
    sound(world)


def test_what_was_charged_is_written_once_with_its_package(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    types = [one["type"] for one in world.read("history", "list")]
    assert [type for type in types if type.startswith("contract.")] == ["contract.signed"]
    world.bill(*NOVEMBER)
    assert events_of(world, "contract.counted") == []
    (november,) = events_of(world, "contract.period_closed")
    assert (november["counted"], november["shortfall"]) == (2000, 8000)
    assert "charged" not in november
    world.must("invoice", "void", "INV-007855", "--yes")
    assert world.read("contract", "show", "K-1")["running"]["counted"] == "0.00"
    world.bill(*NOVEMBER)
    assert world.read("contract", "show", "K-1")["running"]["counted"] == "20.00"
    sound(world)


def test_a_shortfall_on_a_void_invoice_waits_and_is_charged_once(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    world.must("invoice", "void", "INV-007855", "--yes")
    world.bill(*NOVEMBER)
    again = world.invoices()[-1]
    assert again["total"] == "100.00"
    assert [one["amount"] for one in again["lines"] if one["kind"] == "fee"] == ["80.00"]
    told = [line["because"] for line in world.read("explain", again["number"])["lines"]]
    assert any("80.00 short" in text for text in told)
    sound(world)


def test_an_account_under_contract_is_neither_closed_nor_deleted(tmp_path: Path) -> None:
    world = signed(tmp_path, contract(), accounts=[account("A-1")])
    closed = {"accounts": [{"number": "A-1", "status": "closed"}]}
    assert refused_setup(world, closed) == "account_still_billed"
    assert refused_setup(world, {"accounts": [{"number": "A-1", "currency": "EUR"}]}) == (
        "cannot_change"
    )
    assert world.refused("account", "delete", "A-1") == "in_use"
    world.must("contract", "terminate", "K-1", "--as-of", "2020-10-05")
    world.bill(*OCTOBER)
    assert world.refused("account", "delete", "A-1") == "in_use"
    world.apply(closed)
