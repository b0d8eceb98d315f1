"""AR terms in the setup and on accounts: what they are, and that wrong ones are refused (R24)."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.support import refused_setup
from tests.support.world import World, account, base, package

STRICT: dict[str, Any] = {
    "name": "Strict",
    "payment_term": "net 10",
    "minimum_overdue": {"USD": "1.00"},
    "levels": [
        {"event": "prior", "days": 5, "action": "notify", "notice": "reminder"},
        {"event": "after", "days": 10, "action": "late_fee", "amount": {"USD": "5.00"}},
        {"event": "after", "days": 20, "action": "late_fee_percent", "percent": "1.5"},
        {"event": "after", "days": 30, "action": "suspend"},
    ],
    "payment_retries": [3, 5, 7],
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, clock="2020-11-05T09:00:00Z")
    accounts = [account("A-1", package("a", "2020-09-01"), ar_term="Strict"), account("A-2")]
    world.apply(base(ar_terms=[STRICT], accounts=accounts))
    return world


def test_an_ar_term_is_shown_with_its_levels_and_accounts(world: World) -> None:
    found = world.read("ar-term", "show", "Strict")
    assert found["accounts"] == ["A-1"]
    assert [level["level"] for level in found["levels"]] == [
        "prior 5: notify",
        "after 10: late_fee",
        "after 20: late_fee_percent",
        "after 30: suspend",
    ]
    assert found["levels"][1]["amount"] == {"USD": "5.00"}
    assert world.read("ar-term", "list") == [found]
    assert "Strict" in world.must("ar-term", "list").out
    assert "after 10: late_fee (5.00 USD)" in world.must("ar-term", "show", "Strict").out
    assert world.read("account", "show", "A-1")["ar_term"] == "Strict"
    assert "ar_term" not in world.read("account", "show", "A-2")
    assert world.refused("ar-term", "show", "Mild") == "ar_term_unknown"


def test_applying_it_again_changes_nothing_and_a_key_left_out_is_kept(world: World) -> None:
    before = world.must("history", "export").out
    world.apply({"ar_terms": [STRICT, {"name": "Mild"}]})
    world.apply({"ar_terms": [{"name": "Strict"}], "accounts": [{"number": "A-1"}]})
    after = world.must("history", "export").out
    assert [name for name in ("ar_term.changed", "account.ar_term") if name in after] == []
    assert after.count("ar_term.created") == before.count("ar_term.created") + 1


def test_it_is_taken_off_an_account_and_deleted_then(world: World) -> None:
    assert world.refused("ar-term", "delete", "Strict") == "in_use"
    world.apply({"accounts": [{"number": "A-1", "ar_term": None}]})
    world.must("ar-term", "delete", "Strict")
    assert world.refused("ar-term", "delete", "Strict") == "ar_term_unknown"
    world.must("verify")


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ({"payment_term": "soon"}, "payment_term_invalid"),
        ({"levels": [{"event": "after", "action": "notify"}]}, "level_invalid"),
        ({"levels": [{"event": "after", "days": 1, "action": "late_fee"}]}, "level_invalid"),
        ({"levels": [{"event": "on", "action": "late_fee", "amount": {"USD": 5}}]}, "wrong_type"),
        (
            {"levels": [{"event": "on", "action": "late_fee_percent", "percent": "101"}]},
            "percent_invalid",
        ),
        ({"levels": [{"event": "on", "action": "late_fee_percent", "percent": 1}]}, "wrong_type"),
        ({"levels": [{"event": "on"}]}, "missing_key"),
        ({"levels": [{"event": "on", "action": "notify", "colour": "red"}]}, "key_unknown"),
        ({"minimum_overdue": {"USD": "1.001"}}, "amount_too_precise"),
        ({"minimum_overdue": {"ZZZ": "1.00"}}, "currency_unknown"),
        ({"payment_retries": [5, 3]}, "payment_retries_invalid"),
    ],
)
def test_an_ar_term_that_makes_no_sense_is_refused(
    world: World, term: dict[str, Any], code: str
) -> None:
    assert refused_setup(world, {"ar_terms": [{"name": "Odd", **term}]}) == code


def test_an_account_names_an_ar_term_that_there_is_with_fees_in_its_currency(world: World) -> None:
    unknown = {"accounts": [{"number": "A-2", "ar_term": "Mild"}]}
    assert refused_setup(world, unknown) == "ar_term_unknown"
    euros = {"accounts": [account("E-1", currency="EUR", ar_term="Strict")]}
    assert refused_setup(world, euros) == "late_fee_missing"


# the owner's default: what accounts opened from now on have that name none


def term_of(world: World, number: str) -> str | None:
    found: str | None = world.read("account", "show", number).get("ar_term")
    return found


def test_a_new_account_gets_the_owners_ar_term_and_keeps_it(world: World) -> None:
    world.apply(
        {
            "owner": {"ar_term": "Mild"},
            "accounts": [account("A-3"), account("A-4", ar_term=None)],
            "ar_terms": [{"name": "Mild", "payment_retries": [3, 5]}],
        }
    )
    assert [term_of(world, f"A-{n}") for n in (1, 2, 3, 4)] == ["Strict", None, "Mild", None]
    world.apply({"owner": {"ar_term": "Strict"}, "accounts": [account("A-3"), account("A-5")]})
    assert [term_of(world, f"A-{n}") for n in (3, 5)] == ["Mild", "Strict"]
    world.apply({"owner": {"ar_term": None}, "accounts": [account("A-6")]})
    assert [term_of(world, f"A-{n}") for n in (5, 6)] == ["Strict", None]
    world.must("verify")


def test_the_owners_term_is_told_and_applied_twice_changes_nothing(world: World) -> None:
    assert [one["default"] for one in world.read("ar-term", "list")] == [False]
    world.apply({"owner": {"ar_term": "Strict"}})
    before = world.must("history", "export").out
    world.apply({"owner": {"ar_term": "Strict"}})
    world.apply({"owner": {"name": "Acme Telecom"}})
    assert world.must("history", "export").out == before
    assert [one["default"] for one in world.read("ar-term", "list")] == [True]
    assert "default          yes" in world.must("ar-term", "show", "Strict").out


def test_the_owners_term_is_one_that_there_is_and_stays(world: World) -> None:
    assert refused_setup(world, {"owner": {"ar_term": "Mild"}}) == "ar_term_unknown"
    world.apply({"owner": {"ar_term": "Mild"}, "ar_terms": [{"name": "Mild"}]})
    assert world.refused("ar-term", "delete", "Mild") == "in_use"
    world.apply({"owner": {"ar_term": None}})
    world.must("ar-term", "delete", "Mild")
    world.must("verify")


def test_an_owner_begins_with_an_ar_term(tmp_path: Path) -> None:
    setup = base(ar_terms=[{"name": "Mild"}], accounts=[account("A-1")])
    setup["owner"]["ar_term"] = "Mild"
    begun = World(tmp_path)
    begun.apply(setup)
    assert term_of(begun, "A-1") == "Mild"
    begun.must("verify")


def test_a_new_account_whose_currency_has_no_late_fee_in_the_owners_term(world: World) -> None:
    world.apply({"owner": {"ar_term": "Strict"}})
    assert refused_setup(world, {"accounts": [account("E-1", currency="EUR")]}) == (
        "late_fee_missing"
    )
    world.apply({"accounts": [account("E-1", currency="EUR", ar_term=None)]})
    assert term_of(world, "E-1") is None


def test_customers_of_a_file_get_it_too(world: World) -> None:
    world.apply({"owner": {"ar_term": "Strict"}})
    rows = world.folder / "customers.csv"
    rows.write_text("number,name\nI-1,Imported\n")
    mapping = world.folder / "mapping.yaml"
    mapping.write_text(
        "{number: {column: number}, name: {column: name}, currency: {value: USD},"
        " bill_group: {value: Default Bill Group}}\n"
    )
    answer = world.ask("import", "customers", str(rows), "--mapping", str(mapping))
    assert answer.status == 0, answer.err
    assert term_of(world, "I-1") == "Strict"
