"""Dunning's rules: when a level acts, what ends it, what a late fee is (R24)."""

from datetime import date
from decimal import Decimal

import pytest

from aggregates import ar_term
from aggregates.ar_term import ArTermSettings, Level
from aggregates.dunning import Owed, due_levels, is_below_minimum, late_fee, overdue_with
from aggregates.refusal import Refusal

DUE = date(2020, 10, 21)
REMINDER = Level(event="prior", days=5, action="notify", notice="reminder")
ON_DUE = Level(event="on", action="notify")
FEE = Level(event="after", days=10, action="late_fee", amount={"USD": 500})
SUSPEND = Level(event="after", days=30, action="suspend")
RULE = (SUSPEND, FEE, ON_DUE, REMINDER)


def keys(today: date, balance: int = 2000, reached: tuple[str, ...] = ()) -> list[str]:
    return [step.level.key for step in due_levels(Owed(DUE, balance), RULE, reached, today)]


def day(n: int) -> date:
    return date.fromordinal(DUE.toordinal() + n)


@pytest.mark.parametrize(
    ("after_due", "expected"),
    [
        (-6, []),
        (-5, ["prior 5: notify"]),
        (-1, ["prior 5: notify"]),
        (0, ["prior 5: notify", "on: notify"]),
        (1, ["on: notify"]),
        (9, ["on: notify"]),
        (10, ["on: notify", "after 10: late_fee"]),
        (30, ["on: notify", "after 10: late_fee", "after 30: suspend"]),
    ],
)
def test_missed_days_are_caught_up_oldest_first_but_a_prior_level_lapses(
    after_due: int, expected: list[str]
) -> None:
    assert keys(day(after_due)) == expected


def test_a_level_acts_once() -> None:
    assert keys(day(30), reached=("on: notify", "after 30: suspend")) == ["after 10: late_fee"]


@pytest.mark.parametrize("balance", [0, -1])
def test_payment_in_full_ends_it(balance: int) -> None:
    assert keys(day(30), balance) == []


def test_a_level_beyond_the_calendar_is_never_reached() -> None:
    late = Level(event="after", days=3650, action="notify")
    assert due_levels(Owed(date.max, 1), (late,), (), date(9999, 1, 1)) == []


def test_the_minimum_is_compared_with_all_that_is_overdue_and_the_invoice_itself() -> None:
    old, new = Owed(DUE, 300), Owed(day(20), 500)
    paid = Owed(DUE, 0)
    assert overdue_with(old, [old, new, paid], day(5)) == 300
    assert overdue_with(new, [old, new, paid], day(5)) == 800
    assert overdue_with(new, [old, new, paid], day(25)) == 800
    assert is_below_minimum(300, {"USD": 301}, "USD")
    assert not is_below_minimum(301, {"USD": 301}, "USD")
    assert not is_below_minimum(1, {"USD": 301}, "EUR")


def test_a_late_fee_is_fixed_or_a_percentage_and_bears_no_late_fee() -> None:
    percent = Level(event="after", days=10, action="late_fee_percent", percent=Decimal("1.5"))
    assert late_fee(FEE, 2000, 0, "USD", "half_up") == 500
    assert late_fee(percent, 2030, 0, "USD", "half_up") == 30
    assert late_fee(percent, 2033, 0, "USD", "half_up") == 30
    assert late_fee(percent, 2034, 0, "USD", "half_up") == 31
    assert late_fee(percent, 2530, 500, "USD", "half_up") == 30
    assert late_fee(FEE, 500, 500, "USD", "half_up") == 0
    assert late_fee(percent, 400, 500, "USD", "half_up") == 0


def test_a_late_fee_needs_an_amount_in_the_currency() -> None:
    with pytest.raises(Refusal, match="late_fee_missing"):
        late_fee(FEE, 2000, 0, "EUR", "half_up")


@pytest.mark.parametrize(
    ("level", "code"),
    [
        (Level(event="before", days=1, action="notify"), "level_invalid"),
        (Level(event="after", days=1, action="sue"), "level_invalid"),
        (Level(event="on", days=1, action="notify"), "level_invalid"),
        (Level(event="after", action="notify"), "level_invalid"),
        (Level(event="after", days=4000, action="notify"), "level_invalid"),
        (Level(event="after", days=1, action="late_fee"), "level_invalid"),
        (Level(event="after", days=1, action="late_fee", amount={"USD": 0}), "level_invalid"),
        (Level(event="after", days=1, action="notify", amount={"USD": 1}), "level_invalid"),
        (Level(event="after", days=1, action="late_fee_percent"), "level_invalid"),
        (
            Level(event="after", days=1, action="late_fee_percent", percent=Decimal("100.01")),
            "percent_invalid",
        ),
        (
            Level(event="after", days=1, action="late_fee_percent", percent=Decimal("0.00001")),
            "percent_invalid",
        ),
        (Level(event="after", days=1, action="notify", percent=Decimal(1)), "level_invalid"),
        (Level(event="after", days=1, action="notify", name=""), "level_invalid"),
    ],
)
def test_a_level_that_makes_no_sense_is_refused(level: Level, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        ar_term.put(None, name="Strict", settings=ArTermSettings(levels=(level,)))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (ArTermSettings(payment_term="soon"), "payment_term_invalid"),
        (ArTermSettings(minimum_overdue={"USD": -1}), "minimum_overdue_invalid"),
        (ArTermSettings(levels=(FEE, FEE)), "level_invalid"),
        (ArTermSettings(payment_retries=(3, 3)), "payment_retries_invalid"),
        (ArTermSettings(payment_retries=(0, 3)), "payment_retries_invalid"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: ArTermSettings, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        ar_term.put(None, name="Strict", settings=settings)
    assert refused.value.code == code


def test_an_ar_term_is_created_changed_once_and_deleted_when_unused() -> None:
    settings = ArTermSettings(payment_term="net 10", levels=RULE, payment_retries=(3, 5))
    (created,) = ar_term.put(None, name="Strict", settings=settings)
    state = ar_term.evolve(None, created)
    assert ar_term.put(state, name="Strict", settings=settings) == []
    (changed,) = ar_term.put(state, name="Strict", settings=ArTermSettings())
    state = ar_term.evolve(state, changed)
    assert state.settings == ArTermSettings()
    with pytest.raises(Refusal, match="in_use"):
        ar_term.delete(state, accounts=["C-1"])
    (gone,) = ar_term.delete(state, accounts=[])
    assert ar_term.evolve(state, gone).deleted


def test_a_refused_level_names_the_way_out_and_the_percentage_as_it_was_written() -> None:
    with pytest.raises(Refusal, match="the due date itself is the event `on`"):
        ar_term.put(
            None,
            name="Strict",
            settings=ArTermSettings(levels=(Level(event="after", action="notify"),)),
        )
    with pytest.raises(Refusal, match="500 is not a percentage above 0"):
        ar_term.check_percent(Decimal("5E+2"))
