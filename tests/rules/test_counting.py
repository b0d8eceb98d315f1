"""What counts toward a commitment is found in history when its period closes (R31)."""

import calendar
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aggregates import identity
from commands.contract_charges import charges_under, has_counted
from commands.executions import open_running, run_chunk, start_execution
from commands.store import Reading
from tests.rules.half_way import opened
from tests.rules.support import DECEMBER, NOVEMBER, OCTOBER, bill_account, bill_run, refused_setup
from tests.rules.under_contract import (
    SEPTEMBER_START,
    closed,
    contract,
    counted,
    events_of,
    signed,
    sound,
    two_days,
    void_latest,
)
from tests.support import seed
from tests.support.world import account, package

JANUARY = ("2021-01-01", "2021-01-31")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else None


def months(year: int, first: int, last: int) -> Iterator[tuple[str, str]]:
    """Billing periods, a month each."""
    for month in range(first, last + 1):
        end = calendar.monthrange(year, month)[1]
        yield date(year, month, 1).isoformat(), date(year, month, end).isoformat()


# over what spans of history it is counted


def test_a_year_counts_without_an_event_of_the_contract_in_between(
    tmp_path: Path, url: str | None
) -> None:
    yearly = contract(term="every 2 years", commitment={"amount": "300.00", "per": "annual"})
    world = signed(tmp_path, yearly, url=url)
    for run, period in zip(("Default", "Plain") * 6, months(2020, 10, 12), strict=False):
        world.bill(*period, run=run)
    for period in months(2021, 1, 9):
        world.bill(*period)
    types = {one["type"] for one in world.read("history", "list")}
    assert {type for type in types if type.startswith("contract.")} == {"contract.signed"}
    assert counted(world) == "240.00"
    seen = world.preview("2021-10-01", "2021-10-31")["invoices"][0]["lines"]
    world.bill("2021-10-01", "2021-10-31")
    assert closed(world) == [("2020-10-01", "240.00", "60.00")]
    assert seen == world.invoices()[-1]["lines"]
    assert counted(world) == "20.00"
    sound(world)


def test_a_run_that_catches_up_closes_several_periods_and_charges_in_each(
    tmp_path: Path, url: str | None
) -> None:
    world = signed(tmp_path, contract(), url=url)
    world.bill(*OCTOBER)
    options = ("--catch-up", "all")
    seen = world.preview(*JANUARY, *options)["invoices"][0]["lines"]
    world.bill(*JANUARY, *options)
    assert closed(world) == [
        ("2020-10-01", "20.00", "80.00"),
        ("2020-11-01", "20.00", "80.00"),
        ("2020-12-01", "20.00", "80.00"),
    ]
    assert seen == world.invoices()[-1]["lines"]
    assert counted(world) == "20.00"
    world.bill("2021-02-01", "2021-02-28")
    assert closed(world)[3:] == [("2021-01-01", "20.00", "80.00")]
    sound(world)


def test_charges_of_periods_that_close_later_are_not_lost(tmp_path: Path, url: str | None) -> None:
    """Packages are billed ahead; the terms follow month by month, the last two in one run."""
    world = signed(tmp_path, contract(commitment={"amount": "20.00"}), url=url)
    for period in (OCTOBER, NOVEMBER, DECEMBER, JANUARY):
        world.bill(*period, run="Plain")
    world.bill(*NOVEMBER, run="Terms")
    assert closed(world) == [("2020-10-01", "20.00", "0.00")]
    assert counted(world) == "20.00"
    world.bill(*JANUARY, run="Terms")
    assert closed(world)[1:] == [("2020-11-01", "20.00", "0.00"), ("2020-12-01", "20.00", "0.00")]
    (first, *_, last) = [one["counted_to"] for one in events_of(world, "contract.period_closed")]
    assert first < last
    assert counted(world) == "20.00"
    sound(world)


def test_what_is_charged_after_its_period_closed_counts_for_nothing(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*NOVEMBER, run="Terms")
    assert closed(world) == [("2020-10-01", "0.00", "100.00")]
    world.bill(*OCTOBER, run="Plain")
    assert counted(world) == "0.00"
    world.bill(*NOVEMBER, run="Plain")
    world.bill(*DECEMBER, run="Terms")
    assert closed(world)[1:] == [("2020-11-01", "20.00", "80.00")]
    sound(world)


def test_what_was_charged_before_the_contract_was_signed_does_not_count(tmp_path: Path) -> None:
    world = signed(tmp_path)
    world.bill(*OCTOBER)
    world.apply({"contracts": [contract()]})
    assert counted(world) == "0.00"
    world.bill(*NOVEMBER)
    assert closed(world) == [("2020-10-01", "0.00", "100.00")]
    assert counted(world) == "20.00"
    sound(world)


def test_what_was_charged_before_it_was_signed_counts_when_it_is_charged_again(
    tmp_path: Path,
) -> None:
    world = signed(tmp_path)
    world.bill(*OCTOBER)
    world.apply({"contracts": [contract()]})
    void_latest(world)
    assert counted(world) == "0.00"
    world.bill(*OCTOBER)
    assert counted(world) == "20.00"


def test_charges_dated_after_an_early_end_do_not_count(tmp_path: Path) -> None:
    weekly = {"code": "weekly", "name": "W", "frequency": "weekly", "prices": {"USD": "7.00"}}
    held = [account("A-1", package("w", "2020-10-01", "weekly"))]
    world = signed(tmp_path, contract(), packages=[weekly], accounts=held)
    world.bill(*OCTOBER, "--catch-up", "all")
    assert counted(world) == "28.00"
    world.must("contract", "terminate", "K-1", "--as-of", "2020-10-16")
    assert counted(world) == "14.00"
    world.bill(*NOVEMBER)
    assert closed(world) == [("2020-10-01", "14.00", "34.39")]
    sound(world)


# what was taken back


def test_a_cycle_taken_back_and_billed_again_counts_once(tmp_path: Path, url: str | None) -> None:
    world = signed(tmp_path, contract(), url=url)
    for _ in range(2):
        world.bill(*OCTOBER)
        void_latest(world)
    assert counted(world) == "0.00"
    world.bill(*OCTOBER)
    assert counted(world) == "20.00"
    world.bill(*NOVEMBER)
    assert closed(world) == [("2020-10-01", "20.00", "80.00")]
    assert events_of(world, "contract.counted") == []
    sound(world)


def test_a_reversal_takes_off_what_it_takes_back(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    november = world.bill(*NOVEMBER, run="Plain")
    assert world.read("execution", "reverse", november, "--yes")["status"] == "reversed"
    world.bill(*NOVEMBER, run="Terms")
    assert counted(world) == "0.00"
    world.bill(*NOVEMBER, run="Plain")
    assert counted(world) == "20.00"
    world.bill(*DECEMBER)
    assert closed(world) == [("2020-10-01", "20.00", "80.00"), ("2020-11-01", "20.00", "80.00")]
    sound(world)


def test_a_period_stays_closed_when_what_it_counted_is_taken_back(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER, run="Terms")
    void_latest(world)
    assert closed(world) == [("2020-10-01", "20.00", "80.00")]
    world.bill(*OCTOBER, run="Plain")
    assert counted(world) == "0.00"
    world.bill(*NOVEMBER, run="Plain")
    world.bill(*DECEMBER)
    assert closed(world)[1:] == [("2020-11-01", "20.00", "80.00")]
    sound(world)


# whose charges count


def test_each_contract_of_an_account_counts_its_own_packages(tmp_path: Path) -> None:
    held = [account("A-1", package("a", SEPTEMBER_START), package("b", SEPTEMBER_START))]
    other = contract(id="K-2", packages=["b"], start="2020-11-01")
    world = signed(tmp_path, contract(), other, accounts=held)
    for period in (OCTOBER, NOVEMBER, DECEMBER):
        world.bill(*period)
    assert closed(world) == [("2020-10-01", "40.00", "60.00"), ("2020-11-01", "40.00", "60.00")]
    assert closed(world, "K-2") == [("2020-11-01", "20.00", "80.00")]
    assert (counted(world), counted(world, "K-2")) == ("40.00", "20.00")
    sound(world)


def test_each_contract_of_an_account_looks_back_from_its_own_place(tmp_path: Path) -> None:
    """The one that begins first was signed last."""
    world = signed(tmp_path, contract(id="K-2", start="2020-11-01"))
    world.bill(*NOVEMBER, "--catch-up", "all", run="Plain")
    world.apply({"contracts": [contract(start="2020-10-01")]})
    assert (counted(world), counted(world, "K-2")) == ("0.00", "20.00")
    world.bill(*DECEMBER)
    assert closed(world, "K-2") == [("2020-11-01", "20.00", "80.00")]
    assert closed(world)[1:] == [("2020-11-01", "0.00", "100.00")]
    sound(world)


def test_charges_count_wherever_their_account_is_billed(tmp_path: Path, url: str | None) -> None:
    accounts = [
        account("P-1"),
        account("P-2"),
        account("A-1", package("a", SEPTEMBER_START), parent="P-1", invoicer="parent"),
        account("A-2", package("c", SEPTEMBER_START), parent="P-1", invoicer="parent"),
    ]
    other = contract(id="K-2", account="A-2", commitment={"amount": "100.00", "per": "quarterly"})
    world = signed(tmp_path, contract(), other, url=url, accounts=accounts)
    world.bill(*OCTOBER)
    world.apply({"accounts": [{"number": "A-1", "invoicer": "A-1"}]})
    world.bill(*NOVEMBER, run="Plain")
    world.apply({"accounts": [{"number": "A-1", "parent": "P-2", "invoicer": "parent"}]})
    bill_account(world, "A-1", *DECEMBER)
    assert closed(world) == [("2020-10-01", "20.00", "80.00"), ("2020-11-01", "20.00", "80.00")]
    assert closed(world, "K-2") == []
    world.bill(*DECEMBER)
    world.bill(*JANUARY)
    assert closed(world, "K-2") == [("2020-10-01", "60.00", "40.00")]
    sound(world)


def test_a_suspended_account_counts_what_it_was_charged_before(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    world.bill(*OCTOBER)
    world.apply({"accounts": [{"number": "A-1", "status": "suspended"}]})
    world.bill(*NOVEMBER)
    world.bill(*DECEMBER)
    assert closed(world) == []
    world.apply({"accounts": [{"number": "A-1", "status": "active"}]})
    world.bill(*DECEMBER, "--catch-up", "all")
    assert closed(world) == [("2020-10-01", "20.00", "80.00"), ("2020-11-01", "20.00", "80.00")]
    sound(world)


# once something counted, terms are fixed


def test_terms_are_fixed_once_something_was_charged_that_counts(tmp_path: Path) -> None:
    held = [account("A-1", package("a", SEPTEMBER_START), package("b", "2020-10-01"))]
    world = signed(tmp_path, contract(packages=["b"]), accounts=held)
    world.bill(*OCTOBER, run="Plain")  # b is billed in November for the first time
    world.apply({"contracts": [contract(packages=["a"])]})
    assert counted(world) == "0.00"
    world.apply({"contracts": [contract(packages=["a"], renewal="auto")]})
    world.bill(*NOVEMBER, run="Plain")
    assert counted(world) == "0.00"
    lower = {"amount": "5.00", "per": "monthly"}
    for more in ({"packages": ["b"]}, {"commitment": lower}, {"start": "2020-11-01"}):
        changed = {"contracts": [contract(packages=["a"], renewal="auto") | more]}
        assert refused_setup(world, changed) == "cannot_change"
    void_latest(world)
    assert refused_setup(world, {"contracts": [contract(packages=["b"])]}) == "cannot_change"
    world.apply({"contracts": [contract(packages=["a"])]})
    sound(world)


def test_an_amendment_waits_for_what_is_charged_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its reading and its writing a run charges something that counts."""
    world = signed(tmp_path, contract())
    looked: list[bool] = []

    def interrupted(reading: Reading, row: Any) -> bool:
        answer = has_counted(reading, row)
        if not looked:
            world.bill(*OCTOBER, run="Plain")
        looked.append(answer)
        return answer

    monkeypatch.setattr("commands.setup.contract.has_counted", interrupted)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps({"contracts": [contract(commitment={"amount": "5.00"})]}))
    assert world.refused("apply", str(path)) == "cannot_change"
    assert looked == [False, True]


# two at once


@pytest.mark.parametrize(
    ("amount", "found"),
    [
        # With a fee both write what waits on the account: the later one decides again.
        ("100.00", [("2020-10-01", "40.00", "60.00")]),
        # Without one both go through: the charge counts as one that came when it was closed.
        ("10.00", [("2020-10-01", "20.00", "0.00")]),
    ],
)
def test_a_charge_that_comes_while_a_period_is_closed(
    tmp_path: Path,
    url: str | None,
    monkeypatch: pytest.MonkeyPatch,
    amount: str,
    found: list[tuple[str, str, str]],
) -> None:
    """Another run bills another package of the account after this one has read."""
    charge = bill_run("Charge", actions=["bill_packages"])
    world = signed(tmp_path, contract(commitment={"amount": amount}), url=url, accounts=two_days())
    world.apply({"bill_runs": [charge]})
    world.bill("2020-10-01", "2020-10-14", run="Charge")
    meanwhile: list[str] = []

    def interrupted(reading: Reading, contracts: Any) -> Any:
        charges = charges_under(reading, contracts)
        if not meanwhile:
            meanwhile.append("once")
            world.bill("2020-10-15", "2020-10-15", run="Charge")
        return charges

    monkeypatch.setattr("commands.billing.facts.charges_under", interrupted)
    when = ("--period-start", NOVEMBER[0], "--period-end", NOVEMBER[1])
    world.must("bill-run", "schedule", "Terms", "--now", *when)
    monkeypatch.undo()
    assert meanwhile
    assert closed(world) == found
    assert counted(world) == "0.00"
    world.bill(*DECEMBER, "--catch-up", "all")
    assert closed(world)[1][:2] == ("2020-11-01", "40.00")
    sound(world)


def test_a_cancelled_run_counts_what_it_charged(tmp_path: Path) -> None:
    world = signed(tmp_path, contract())
    with opened(world) as store:
        stream = seed.queue(store, date(2020, 10, 1), date(2020, 10, 31), "october")
        start_execution(store, stream)
        running = open_running(store, stream)
        for index in range(running.chunks):
            assert run_chunk(store, running, index) is not None
    world.must("execution", "cancel", identity.text(stream))
    assert counted(world) == "20.00"
