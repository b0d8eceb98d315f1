"""What holds for every account-package, however it is changed and billed."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregates.account_package.views import status_on
from aggregates.days import bill_day_in
from tests.aggregates.account_package.histories import (
    START,
    Step,
    bill_days,
    bill_to_the_end,
    days,
    histories,
    runs,
    taken,
    tell,
)
from tests.support.held import Held

QUICK = settings(deadline=None, max_examples=150)


class Move(NamedTuple):
    """A run, and then a change of the account's bill day."""

    on: date
    bill_day: int
    run: str | None


moves = st.lists(st.builds(Move, days, bill_days, runs), max_size=4).map(
    lambda found: sorted(found, key=lambda move: move.on)
)


def make(held: Held, move: Move) -> None:
    held.bill(str(START), str(move.on), move.run or "all")
    held.change_bill_day(move.bill_day, str(move.on))


@QUICK
@given(taken(), histories)
def test_neither_the_spacing_of_runs_nor_late_knowledge_changes_what_is_charged(
    take: Callable[[], Held], history: list[Step]
) -> None:
    lived, known = take(), take()
    accepted: list[Step] = []
    for step in history:
        if step.run is not None:
            lived.bill(str(START), str(step.on), step.run)
        if tell(lived, step):
            accepted.append(step)
    bill_to_the_end(lived)
    assume(all(tell(known, step) for step in accepted))
    bill_to_the_end(known)
    assert lived.total == known.total


@QUICK
@given(taken(), histories, moves)
def test_late_knowledge_makes_no_difference_across_changed_bill_days(
    take: Callable[[], Held], history: list[Step], changed: list[Move]
) -> None:
    """The runs and bill day changes are the same; the terms become known late, or at once."""
    lived, known = take(), take()
    accepted: list[Step] = []
    both: list[Step | Move] = [*history, *changed]
    for step in sorted(both, key=lambda entry: entry.on):
        if isinstance(step, Move):
            make(lived, step)
        elif tell(lived, step):
            accepted.append(step)
    assume(all(tell(known, step) for step in accepted))
    for move in changed:
        make(known, move)
    bill_to_the_end(lived)
    bill_to_the_end(known)
    assert lived.total == known.total


@QUICK
@given(taken(), histories, moves)
def test_charges_tile_the_active_time(
    take: Callable[[], Held], history: list[Step], changed: list[Move]
) -> None:
    held = take()
    for step in history:
        tell(held, step)
    for move in changed:
        make(held, move)
    bill_to_the_end(held)
    charged = [
        charge.start + timedelta(days=n)
        for charge in held.charges
        for n in range((charge.end - charge.start).days)
    ]
    first = max(held.state.effective, held.state.billed_to or held.state.effective)
    every = [first + timedelta(days=n) for n in range((_charged_up_to(held) - first).days)]
    assert sorted(charged) == [d for d in every if status_on(held.state, d) == "active"]
    assert all(charge.days == (charge.end - charge.start).days for charge in held.charges)
    assert {charge.kind for charge in held.charges} <= {"recurring", "stub"}


def _charged_up_to(held: Held) -> date:
    """The end of time for a package that was cancelled, else what its last bill date reached."""
    if held.state.terms.cancel is not None:
        return held.state.terms.cancel
    if held.package.billing == "arrears":
        return held.bill_dates[-1]
    assert held.state.next_bill_date is not None
    return held.state.next_bill_date


@QUICK
@given(taken())
def test_a_bill_date_never_drifts(take: Callable[[], Held]) -> None:
    held = take()
    bill_to_the_end(held)
    wanted = held.state.calendar[0].bill_day
    assume(wanted is not None)
    assert wanted is not None
    assert all(d == bill_day_in(d.year, d.month, wanted) for d in held.bill_dates)
    assert len(set(held.bill_dates)) == len(held.bill_dates)


@QUICK
@given(taken(), histories)
def test_billing_in_pieces_is_billing_at_once(
    take: Callable[[], Held], history: list[Step]
) -> None:
    pieces, at_once = take(), take()
    for step in history:
        assert tell(pieces, step) == tell(at_once, step)
    for step in history:
        pieces.bill(str(START), str(step.on), step.run or "one")
    bill_to_the_end(pieces)
    bill_to_the_end(at_once)
    assert pieces.charges == at_once.charges
    assert pieces.state == at_once.state
