"""Whatever is billed, paid and corrected: what is open at the end of any day is as old as the rule
says, and aging, statement and trial balance of the day tell of the same money (R25, R26).
"""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.conversion import money
from tests.properties.effort import long, quick
from tests.properties.owed import AGES, Account
from tests.properties.owed_sides import FIRST
from tests.properties.owed_turns import Life, Turn, begun, lives, long_lives
from tests.rules.under_contract import sound

days = st.lists(st.integers(-5, 200), min_size=4, max_size=8, unique=True)
"""Counted from the first day of the life: also before it, and after its end."""


def row(name: str, owing: Account, day: date) -> dict[str, str]:
    columns = {age: money(amount) for age, amount in owing.ages(day).items()}
    free, whole = -owing.unapplied(day), owing.billed(day)
    columns |= {"unapplied": money(free), "total": money(whole)}
    return {"account": name, "currency": "USD", **columns}


def aging(life: Life, day: date) -> None:
    """Accounts with nothing open and nothing free may be left out."""
    told = {one["account"]: one for one in life.world.read("ledger", "aging", "--at", f"{day}")}
    for name, owing in life.accounts.items():
        ours = row(name, owing, day)
        nothing = all(ours[key] == "0.00" for key in (*AGES, "unapplied"))
        if name in told or not nothing:
            life.same(told.get(name), ours, f"aging at {day}")


def books(life: Life, day: date) -> None:
    """The statements of the day and the books say what the columns of aging add up to."""
    for name, owing in life.accounts.items():
        told = life.world.read("ledger", "statement", name, "--to", f"{day}")
        life.same(told["closing_balance"], money(owing.billed(day)), f"statement to {day}")
    trial = {
        one["account"]: one["debit"] or money_below(one["credit"])
        for one in life.world.read("ledger", "trial-balance", "--at", f"{day}")
    }
    owed = sum(owing.billed(day) for owing in life.accounts.values())
    cash = sum(one.came_to(at=day) for owing in life.accounts.values() for one in owing.payments)
    life.same(trial.get("Assets:Receivable", "0.00"), money(owed), f"receivables at {day}")
    life.same(trial.get("Assets:Cash", "0.00"), money(cash), f"cash at {day}")


def money_below(written: str) -> str:
    return written if written == "0.00" else f"-{written}"


def check(turns: list[Turn], offsets: list[int]) -> Life:
    with begun() as life:
        for turn in turns:
            life.live(turn)
            aging(life, life.today)
        for offset in offsets:
            day = FIRST + timedelta(offset)
            aging(life, day)
            books(life, day)
        sound(life.world)
        return life


@quick(3)
@given(lives, days)
def test_what_is_open_is_as_old_as_the_rule_says(turns: list[Turn], offsets: list[int]) -> None:
    check(turns, offsets)


@pytest.mark.chaos
@long(30)
@given(long_lives, days)
def test_many_lives_grow_old(turns: list[Turn], offsets: list[int]) -> None:
    check(turns, offsets)


def test_the_reckoning_of_ages_is_not_idle() -> None:
    """Invoices of 10.00 and 20.00, due on 8 and 30 October, and 3.00 paid on 30 October."""
    turns = [
        Turn("debit", "A-1", 0, 1000, 1),
        Turn("invoice", "A-1", 0, None, 4),
        Turn("wait", "A-1", 0, None, 25),
        Turn("debit", "A-1", 0, 2000, 1),
        Turn("invoice", "A-1", 0, None, 3),
        Turn("record", "A-1", 0, 300, 3),
    ]
    bounds = [(2020, 10, 4), (2020, 10, 8), (2020, 10, 9), (2020, 10, 30), (2020, 11, 7)]
    bounds += [(2020, 11, 8), (2020, 12, 7), (2020, 12, 8), (2021, 1, 6), (2021, 1, 7)]
    found = [date(*bound) for bound in bounds]
    life = check(turns, [(day - FIRST).days for day in found])
    assert [list(life.accounts["A-1"].ages(day).values()) for day in found] == [
        [0, 0, 0, 0, 0],
        [1000, 0, 0, 0, 0],
        [0, 1000, 0, 0, 0],
        [2000, 700, 0, 0, 0],
        [0, 2700, 0, 0, 0],
        [0, 2000, 700, 0, 0],
        [0, 0, 2700, 0, 0],
        [0, 0, 2000, 700, 0],
        [0, 0, 0, 2700, 0],
        [0, 0, 0, 2000, 700],
    ]
