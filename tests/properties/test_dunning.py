"""Whatever is charged, invoiced and paid, and whenever a run comes: the levels that act, their days
and their fees are those of the rule, worked out here a second time and naively (R23, R24).
"""

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.conversion import money, rounded
from tests.properties.effort import long, quick
from tests.rules.support import BY_RENDER_DATE, bill_run, group
from tests.rules.under_contract import sound
from tests.support.world import World, account, base

FIRST = date(2020, 10, 5)
TERM = 10
"""Days that an invoice may be paid in."""


class Turn(NamedTuple):
    """Days go by; then a charge waits for the next invoice, money comes in, perhaps more than is
    owed (minor units, 0: none), and a run duns, with or without an invoice of what waits.
    """

    days: int
    charge: int
    paid: int
    run: str


class Level(NamedTuple):
    """A level of the rule: its days count from the due date; `value` is cents or per cent."""

    event: str
    days: int
    action: str
    value: int = 0

    @property
    def name(self) -> str:
        return f"{self.event}: {self.action}" if self.event == "on" else self._with_days

    @property
    def _with_days(self) -> str:
        return f"{self.event} {self.days}: {self.action}"

    @property
    def offset(self) -> int:
        return {"prior": -self.days, "on": 0, "after": self.days}[self.event]

    def written(self) -> dict[str, Any]:
        """As the setup file has it."""
        found: dict[str, Any] = {"event": self.event, "action": self.action}
        if self.event != "on":
            found["days"] = self.days
        match self.action:
            case "late_fee":
                found["amount"] = {"USD": money(self.value)}
            case "late_fee_percent":
                found["percent"] = str(self.value)
            case "notify":
                found["notice"] = "reminder"
            case _:
                pass
        return found


class Rule(NamedTuple):
    """A dunning rule with the least that has to be overdue."""

    levels: tuple[Level, ...]
    minimum: int


LEVELS = (
    Level("prior", 3, "notify"),
    Level("on", 0, "notify"),
    Level("after", 1, "late_fee_percent", 15),
    Level("after", 5, "late_fee", 250),
    Level("after", 5, "notify"),
    Level("after", 9, "suspend"),
    Level("after", 30, "late_fee_percent", 1),
)

rules = st.builds(
    Rule,
    st.lists(st.sampled_from(LEVELS), min_size=3, unique=True).map(tuple),
    st.sampled_from([0, 0, 0, 1500]),
)
turns = st.lists(
    st.builds(
        Turn,
        st.integers(1, 14),
        st.sampled_from([0, 0, 1, 333, 1000, 2999]),
        st.sampled_from([0, 0, 0, 0, 0, 1, 333, 1500]),
        st.sampled_from(["Dunning", "Invoice"]),
    ),
    min_size=8,
    max_size=14,
)


class Invoice:
    """What the second reckoning keeps of an invoice."""

    def __init__(self, charged: int, fees: int, due: date) -> None:
        self.charged = charged
        self.fees = fees
        self.due = due
        self.acted: dict[str, tuple[date, int]] = {}


class Reckoning:
    """The rule, over everything again at every step: all money ever paid covers the oldest
    invoices, and of an invoice what was charged before the late fees on it.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.today = FIRST
        self.invoices: list[Invoice] = []
        self.charges = self.fees = self.paid = 0
        self.suspended = False

    def pass_by(self, days: int) -> None:
        self.today += timedelta(days)

    def charge(self, amount: int) -> None:
        self.charges += amount

    def pay(self, amount: int) -> None:
        self.paid += amount
        self._set_free()

    def run(self, name: str) -> None:
        self._dun()
        if name == "Invoice" and self.charges + self.fees:
            due = self.today + timedelta(TERM)
            self.invoices.append(Invoice(self.charges, self.fees, due))
            self.charges = self.fees = 0

    def left(self, one: Invoice) -> int:
        before = sum(x.charged + x.fees for x in self.invoices[: self.invoices.index(one)])
        whole = one.charged + one.fees
        return min(whole, max(0, before + whole - self.paid))

    @property
    def status(self) -> str:
        return "suspended" if self.suspended else "active"

    def _overdue(self) -> list[Invoice]:
        return [one for one in self.invoices if one.due < self.today and self.left(one)]

    def _set_free(self) -> None:
        if not self._overdue():
            self.suspended = False

    def _dun(self) -> None:
        self._set_free()
        for one in self.invoices:
            looked_at = {*self._overdue(), one}
            if self.left(one) and sum(map(self.left, looked_at)) >= self.rule.minimum:
                for level in self.rule.levels:
                    self._act(one, level)

    def _act(self, one: Invoice, level: Level) -> None:
        day = one.due + timedelta(level.offset)
        lapsed = level.event == "prior" and self.today > one.due
        if day > self.today or lapsed or level.name in one.acted:
            return
        fee = self._fee(one, level)
        one.acted[level.name] = self.today, fee
        self.fees += fee
        if level.action == "suspend":
            self.suspended = True

    def _fee(self, one: Invoice, level: Level) -> int:
        bearing = max(0, self.left(one) - one.fees)
        match level.action:
            case "late_fee" if bearing:
                return level.value
            case "late_fee_percent":
                return rounded(Fraction(bearing * level.value, 100), "half_up")
            case _:
                return 0


def begun(folder: Path, rule: Rule) -> World:
    """An account with nothing but its AR term; its invoices are dated the day they are made."""
    world = World(folder, clock=f"{FIRST}T15:00:00Z")
    term: dict[str, Any] = {
        "name": "Strict",
        "payment_term": f"net {TERM}",
        "levels": [level.written() for level in rule.levels],
    }
    if rule.minimum:
        term["minimum_overdue"] = {"USD": money(rule.minimum)}
    runs = [
        bill_run("Dunning", actions=["dunning"]),
        bill_run("Invoice", actions=["dunning", "generate_invoice"]),
    ]
    world.apply(
        base(
            ar_terms=[term],
            bill_groups=[group(payment_term="net 20", **BY_RENDER_DATE)],
            accounts=[account("A-1", ar_term="Strict")],
            bill_runs=runs,
        )
    )
    return world


def status(world: World) -> str:
    return str(world.read("account", "show", "A-1")["status"])


def acted(world: World) -> list[dict[str, tuple[date, int]]]:
    """Levels that acted on each invoice, in the order in which they were made."""
    made = world.read("history", "list", "--type", "invoice.generated")
    places = {one["stream"]: place for place, one in enumerate(made)}
    found: list[dict[str, tuple[date, int]]] = [{} for _ in places]
    for one in world.read("history", "list", "--type", "invoice.dunning_level_reached"):
        event = one["event"]
        on = date.fromisoformat(event["on"])
        levels = found[places[one["stream"]]]
        assert event["level"] not in levels, "once an invoice"
        levels[event["level"]] = on, event.get("fee", 0)
    return found


def live(world: World, expected: Reckoning, turn: Turn) -> None:
    """One turn in both, and the account's status after each thing that may change it."""
    expected.pass_by(turn.days)
    world.must("clock", "advance", "--to", f"{expected.today}T15:00:00Z")
    if turn.charge:
        expected.charge(turn.charge)
        world.must("account", "charge", "A-1", money(turn.charge), "--reason", "work")
    if turn.paid:
        expected.pay(turn.paid)
        world.must("payment", "record", "A-1", money(turn.paid), "--kind", "cash")
        assert status(world) == expected.status
    expected.run(turn.run)
    first = expected.today.replace(day=1)
    world.bill(first.isoformat(), expected.today.isoformat(), run=turn.run)
    assert status(world) == expected.status


def check(rule: Rule, life: list[Turn]) -> Reckoning:
    with TemporaryDirectory() as folder:
        world, expected = begun(Path(folder), rule), Reckoning(rule)
        for turn in life:
            live(world, expected, turn)
        assert acted(world) == [one.acted for one in expected.invoices]
        assert world.totals() == [money(one.charged + one.fees) for one in expected.invoices]
        sound(world)
        return expected


@quick(12)
@given(rules, turns)
def test_levels_act_as_the_rule_says(rule: Rule, life: list[Turn]) -> None:
    check(rule, life)


@pytest.mark.chaos
@long(200)
@given(rules, turns)
def test_many_lives_of_late_payers(rule: Rule, life: list[Turn]) -> None:
    check(rule, life)


def test_every_level_acts_in_the_life_of_who_never_pays() -> None:
    """The reckoning itself is not idle."""
    life = [Turn(7, 1000, 0, "Invoice"), *[Turn(3, 0, 0, "Invoice")] * 16]
    found = check(Rule(LEVELS, 0), life)
    assert found.invoices[0].acted.keys() == {level.name for level in LEVELS}
    assert [one.fees for one in found.invoices] == [0, 150, 250, 10]
    assert found.status == "suspended"
