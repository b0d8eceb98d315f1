"""Whatever is billed, taken back and closed in whatever order: a commit period counts what stands
charged in it when it is closed (R31), also where executions of older forms wrote it down.
"""

import calendar
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates import execution, identity
from aggregates.account_package.events import PackageBilled, PackageTakenBack
from aggregates.contract import CommitPeriodClosed
from commands.store import Recorded
from infra.store.open import open_store
from tests.properties.conversion import money
from tests.properties.effort import long, quick
from tests.rules.under_contract import contract, counted, signed, sound, two_days
from tests.support.world import World

A_YEAR = 12


class Bills(NamedTuple):
    """A run over some months from October 2020 on, written in a form."""

    run: str
    first: int
    months: int
    catch_up: str
    form: int


class Takes(NamedTuple):
    """The latest invoice is void, or an execution is reversed."""

    what: str
    which: int


class Signs(NamedTuple):
    """A contract is signed, if it is not there."""

    ref: str
    per: str
    packages: tuple[str, ...]
    start: int


Step = Bills | Takes | Signs

bills = st.builds(
    Bills,
    st.sampled_from(["Default", "Default", "Plain", "Terms"]),
    st.integers(0, 5),
    st.integers(1, 2),
    st.sampled_from(["one", "one", "all"]),
    st.sampled_from([2, 2, 2, 1, 0]),
)
takes = st.builds(Takes, st.sampled_from(["void", "reverse"]), st.integers(0, 5))
signs = st.builds(
    Signs,
    st.sampled_from(["K-1", "K-2"]),
    st.sampled_from(["monthly", "monthly", "quarterly"]),
    st.sampled_from([(), ("a",), ("b",)]),
    st.integers(0, 2),
)
steps = st.lists(bills | bills | takes | signs, min_size=3, max_size=12)


def first_of(month: int) -> date:
    return date(2020 + (9 + month) // A_YEAR, (9 + month) % A_YEAR + 1, 1)


def last_of(month: int) -> date:
    first = first_of(month)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def live(world: World, life: list[Step]) -> None:
    """What cannot be done is refused, and history stays as it was."""
    signed_already = {"K-0"}
    for step in life:
        match step:
            case Bills(run, first, months, catch_up, form):
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(execution, "FORM", form)
                    period = (first_of(first).isoformat(), last_of(first + months - 1).isoformat())
                    world.bill(*period, "--catch-up", catch_up, run=run)
            case Takes("void", _):
                invoices = [one for one in world.invoices() if one["status"] == "posted"]
                if invoices:
                    world.ask("invoice", "void", invoices[-1]["number"], "--yes")
            case Takes(_, which):
                done = world.read("bill-run", "completed")
                if which < len(done):
                    world.ask("execution", "reverse", done[which]["id"], "--yes")
            case Signs(ref, per, packages, start) if ref not in signed_already:
                signed_already.add(ref)
                terms = {"amount": "100.00", "per": per}
                more = {"packages": list(packages), "start": first_of(start).isoformat()}
                world.apply({"contracts": [contract(id=ref, commitment=terms, **more)]})
            case _:
                pass


class Audit:
    """Goes through history: what stands charged, what each closed period should have counted."""

    def __init__(self) -> None:
        self.standing: dict[tuple[str, date], tuple[int, int]] = {}
        self.closed: list[tuple[Recorded, int]] = []
        self.refs = {
            identity.account_package(identity.account("A-1"), ref): ref for ref in ("a", "b")
        }
        self.signed_at: dict[bytes, int] = {}
        self.packages: dict[bytes, tuple[str, ...]] = {}

    def follow(self, history: list[Recorded]) -> None:
        for recorded in history:
            event, stream = recorded.event, recorded.stream
            if isinstance(event, PackageBilled):
                amount = sum(charge.amount for charge in event.charges)
                self.standing[self.refs[stream], event.bill_date] = recorded.position, amount
            elif isinstance(event, PackageTakenBack):
                for day in event.bill_dates:
                    del self.standing[self.refs[stream], day]
            elif recorded.type == "contract.signed":
                self.signed_at[stream] = recorded.position
                self.packages[stream] = event.terms.packages
            elif isinstance(event, CommitPeriodClosed):
                self.closed.append((recorded, self.reached(stream, event.start, event.end)))

    def reached(self, contract: bytes, start: date, end: date) -> int:
        """Packages stand in a commit before contracts."""
        covered = self.packages[contract] or ("a", "b")
        return sum(
            amount
            for (ref, day), (position, amount) in self.standing.items()
            if ref in covered and start <= day < end and position > self.signed_at[contract]
        )


def check(life: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        world = signed(Path(folder), contract(id="K-0"), accounts=two_days())
        live(world, life)
        audit = Audit()
        with closing(open_store(world.url)) as store:
            audit.follow(store.log(0, 1_000_000))
        for recorded, expected in audit.closed:
            event = recorded.event
            assert event.counted == expected, recorded
            assert event.shortfall == max(0, event.commitment - expected)
        for one in world.read("contract", "list"):
            running = world.read("contract", "show", one["id"])["running"]
            stream = identity.contract(identity.account("A-1"), one["id"])
            span = (date.fromisoformat(running["start"]), date.fromisoformat(running["end"]))
            assert counted(world, one["id"]) == money(audit.reached(stream, *span))
        sound(world)


@quick(20)
@given(steps)
def test_a_commit_period_counts_what_stands_charged_in_it(life: list[Step]) -> None:
    check(life)


@pytest.mark.chaos
@long(300)
@given(steps)
def test_many_lives_of_contracts(life: list[Step]) -> None:
    check(life)
