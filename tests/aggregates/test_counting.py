"""What counts toward a commitment, found in what happened to packages (R31)."""

from datetime import date

import msgspec
import pytest

from aggregates import commitments, counted_by_runs
from aggregates.account_package.events import Charge, PackageBilled, PackageTakenBack
from aggregates.contract import (
    Commitment,
    CommitPeriodClosed,
    ContractAmended,
    ContractCounted,
    ContractEvent,
    ContractRenewed,
    ContractSigned,
    ContractState,
    ContractTerms,
    Counted,
    Termination,
    evolve,
)
from aggregates.counting import (
    Basis,
    Charges,
    Fact,
    Line,
    basis_by_history,
    basis_by_state,
    billed_under,
    fact_of,
    looked_through,
    reached,
    standing_under,
)

TERMS = ContractTerms(term="annual", commitment=Commitment(amount=10000))
OCTOBER, NOVEMBER, DECEMBER = date(2020, 10, 1), date(2020, 11, 1), date(2020, 12, 1)


def signed(terms: ContractTerms = TERMS) -> ContractSigned:
    return ContractSigned(
        ref="K",
        account="C-1",
        currency="USD",
        start=OCTOBER,
        bill_day=1,
        term_end=date(2021, 10, 1),
        terms=terms,
    )


def amended(terms: ContractTerms, start: date = OCTOBER) -> ContractAmended:
    return ContractAmended(start=start, term_end=date(2021, 10, 1), terms=terms)


def closed(counted_to: int = 0, *charged: Counted, end: date = NOVEMBER) -> CommitPeriodClosed:
    return CommitPeriodClosed(
        execution="closing",
        start=OCTOBER,
        end=end,
        days=31,
        full_days=31,
        commitment=10000,
        counted=0,
        shortfall=10000,
        charged=charged,
        counted_to=counted_to,
    )


def state(*events: ContractEvent, terms: ContractTerms = TERMS) -> ContractState:
    found = evolve(None, signed(terms))
    for event in events:
        found = evolve(found, event)
    return found


def billed(
    position: int, day: date, *lines: tuple[str, int], ref: str = "a", execution: str = "e"
) -> Fact | None:
    charges = [
        Charge(
            service="s",
            name="S",
            kind=kind,
            start=day,
            end=day,
            days=1,
            full_days=1,
            amount=amount,
        )
        for kind, amount in lines
    ]
    event = PackageBilled(
        execution=execution,
        bill_date=day,
        posting_date=day,
        charges=tuple(charges),
        state=msgspec.Raw(b"{}"),
    )
    return fact_of(position, ref, event)


def taken_back(position: int, *days: date, ref: str = "a") -> Fact | None:
    event = PackageTakenBack(bill_dates=days, next_bill_date=days[0], on=days[0])
    return fact_of(position, ref, event)


def told(*facts: Fact | None) -> list[Fact]:
    return [fact for fact in facts if fact is not None]


# where to look


def test_a_contract_counts_from_where_it_was_signed() -> None:
    assert basis_by_history([(7, signed())]) == Basis(7)


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (amended(TERMS, NOVEMBER), 9),
        (amended(msgspec.structs.replace(TERMS, packages=("a",))), 9),
        (amended(msgspec.structs.replace(TERMS, commitment=Commitment(amount=5))), 9),
        (amended(msgspec.structs.replace(TERMS, termination=Termination(amount=5))), 9),
        (amended(msgspec.structs.replace(TERMS, renewal="auto")), 7),
        (ContractRenewed(execution="e", start=OCTOBER, end=NOVEMBER), 7),
    ],
)
def test_or_from_where_what_it_fixes_was_changed(change: ContractEvent, after: int) -> None:
    assert basis_by_history([(7, signed()), (9, change)]) == Basis(after)


def test_executions_that_wrote_down_what_they_charged_are_passed_over() -> None:
    november = Counted(start=NOVEMBER, amount=5)
    history: list[tuple[int, ContractEvent]] = [
        (7, signed()),
        (8, ContractCounted(counted=(november,), execution="old")),
        (9, closed(0, november)),
    ]
    assert basis_by_history(history) == Basis(7, frozenset({"old", "closing"}))
    history += [(20, closed(15)), (25, closed(0))]
    assert basis_by_history(history).after == 15


def test_the_state_tells_it_once_a_period_was_closed_and_nothing_written_is_left() -> None:
    november = Counted(start=NOVEMBER, amount=5)
    assert basis_by_state(state()) is None
    assert basis_by_state(state(closed(0))) is None
    assert basis_by_state(state(closed(15))) == Basis(15)
    assert basis_by_state(state(closed(15), closed(0))) == Basis(15)
    written = state(closed(15), ContractCounted(counted=(november,), execution="old"))
    assert basis_by_state(written) is None
    assert basis_by_state(evolve(written, closed(0, end=DECEMBER))) == Basis(15)


# what is found


def test_lines_of_some_kinds_count() -> None:
    kinds = ("recurring", "stub", "usage", "credit", "adjustment", "one_time", "fee")
    lines = [(kind, 10**place) for place, kind in enumerate(kinds)]
    facts = told(billed(9, OCTOBER, *lines), billed(10, OCTOBER, ("one_time", 5)))
    assert standing_under(state(), Basis(7), facts) == [Line("a", OCTOBER, 11111, 9, "e")]


def test_only_what_came_after_of_packages_under_it_not_written_down_and_not_closed() -> None:
    line = ("recurring", 2000)
    facts = told(
        billed(6, OCTOBER, line),
        billed(7, OCTOBER, line),
        billed(8, OCTOBER, line, ref="other"),
        billed(9, OCTOBER, line, execution="old"),
        billed(10, date(2020, 9, 30), line),
        billed(11, NOVEMBER, line),
    )
    under = state(terms=msgspec.structs.replace(TERMS, packages=("a",)))
    found = standing_under(under, Basis(7, frozenset({"old"})), facts)
    assert found == [Line("a", NOVEMBER, 2000, 11, "e")]


def test_cycles_taken_back_are_left_out_and_count_again_when_billed_again() -> None:
    line = ("recurring", 2000)
    facts = told(
        billed(8, OCTOBER, line),
        billed(9, OCTOBER, line, ref="b"),
        billed(10, NOVEMBER, line),
        taken_back(11, OCTOBER, NOVEMBER),
    )
    assert standing_under(state(), Basis(7), facts) == [Line("b", OCTOBER, 2000, 9, "e")]
    assert len(billed_under(state(), Basis(7), facts)) == 3
    facts += told(billed(12, OCTOBER, line))
    assert [one.position for one in standing_under(state(), Basis(7), facts)] == [9, 12]


def test_a_period_takes_what_is_dated_in_it_and_leaves_the_rest_to_be_found() -> None:
    lines = [
        Line("a", date(2020, 10, 31), 5, 30),
        Line("a", NOVEMBER, 7, 25),
        Line("a", DECEMBER, 9, 20),
        Line("a", OCTOBER, 100),
        Line("a", NOVEMBER, 200),
    ]
    charges = Charges(lines, 40)
    written = state(ContractCounted(counted=(Counted(start=OCTOBER, amount=1000),)))
    assert reached(written, charges, OCTOBER, NOVEMBER) == 1105
    assert reached(written, charges, NOVEMBER, DECEMBER) == 207
    assert looked_through(charges, NOVEMBER) == 19
    assert looked_through(charges, date(2020, 12, 2)) == 40
    assert looked_through(Charges([Line("a", NOVEMBER, 200)], 40), NOVEMBER) == 40


def test_a_period_is_not_closed_by_who_has_not_looked() -> None:
    with pytest.raises(ValueError, match="has not been read"):
        commitments.due_steps(state(), None, NOVEMBER, "half_up", "e")


@pytest.mark.parametrize(
    ("end", "due"), [(date(2020, 10, 31), False), (NOVEMBER, True), (DECEMBER, True)]
)
def test_who_closes_a_period_is_known_before(end: date, due: bool) -> None:
    assert commitments.closes(state(), end) is due
    events, _ = commitments.due_steps(state(), Charges(), end, "half_up", "e")
    assert any(isinstance(event, CommitPeriodClosed) for event in events) is due


def test_something_counts_that_is_dated_in_an_open_period() -> None:
    open_ones = [Line("a", date(2021, 9, 30), 5)]
    others = [Line("a", date(2020, 9, 30), 5), Line("a", date(2021, 10, 1), 5)]
    assert commitments.has_counted(state(), open_ones)
    assert not commitments.has_counted(state(), others)
    assert not commitments.has_counted(state(terms=ContractTerms(term="annual")), open_ones)


# executions of an older form


def test_older_executions_wrote_it_beside_the_period_closed_first_or_alone() -> None:
    """Either way the contract is the same after it."""
    written = (Counted(start=OCTOBER, amount=6000),)
    before = state(ContractCounted(counted=written, execution="old"))
    counted = counted_by_runs.count(before, [(date(2020, 10, 31), 1500), (NOVEMBER, 50)])
    end = date(2020, 11, 30)
    (joined,), after = counted_by_runs.due_steps(
        before, counted, Charges(), end, "half_up", "e", joined=True
    )
    apart, same = counted_by_runs.due_steps(
        before, counted, Charges(), end, "half_up", "e", joined=False
    )
    assert isinstance(joined, CommitPeriodClosed)
    assert (joined.counted, joined.shortfall, joined.charged) == (7500, 2500, counted)
    assert joined.counted_to == 0
    assert apart == [
        ContractCounted(counted=counted, execution="e"),
        msgspec.structs.replace(joined, charged=()),
    ]
    assert after == same == evolve(before, joined)
    assert after.counted == (Counted(start=NOVEMBER, amount=50),)
    alone, _ = counted_by_runs.due_steps(
        before, counted, None, date(2020, 10, 31), "half_up", "e", joined=True
    )
    assert alone == [ContractCounted(counted=counted, execution="e")]


def test_charges_dated_outside_the_contract_were_not_written_down() -> None:
    before = state()
    outside = [(date(2020, 9, 30), 5), (date(2021, 10, 1), 5)]
    assert counted_by_runs.count(before, outside) == ()
    assert counted_by_runs.count(state(terms=ContractTerms(term="annual")), [(NOVEMBER, 5)]) == ()
    assert counted_by_runs.count(evolve(before, closed()), [(date(2020, 10, 31), 5)]) == ()
