"""R31: runs do not look at a contract before the day on which something comes to it."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregates import commitments
from aggregates.contract import (
    Commitment,
    ContractState,
    ContractTerms,
    Escalator,
    NoticeGiven,
    PriceEscalated,
    Termination,
    evolve,
)
from aggregates.contract_rules import give_notice, sign, terminate
from aggregates.counting import Charges
from aggregates.refusal import Refusal

FREQUENCIES = ("monthly", "quarterly", "annual", "every 10 days", "every 5 months")

RENEWALS = (("none", 0), ("auto", 0), ("notice", 10), ("notice", 40))


def renewed(terms: ContractTerms, renewal: tuple[str, int]) -> ContractTerms:
    return replace(terms, renewal=renewal[0], notice_days=renewal[1])


UNRENEWED = st.builds(
    ContractTerms,
    term=st.sampled_from(FREQUENCIES),
    commitment=st.none()
    | st.builds(Commitment, amount=st.just(100), per=st.sampled_from(FREQUENCIES)),
    termination=st.none() | st.just(Termination(amount=50)),
    escalator=st.none()
    | st.builds(Escalator, percent=st.just(Decimal(3)), every=st.sampled_from(FREQUENCIES)),
)

TERMS = st.builds(renewed, UNRENEWED, st.sampled_from(RENEWALS))


def signed(terms: ContractTerms, start: date, bill_day: int) -> ContractState:
    (event,) = sign(
        ref="K", account="A", currency="USD", bill_day=bill_day, start=start, terms=terms
    )
    return evolve(None, event)


def is_idle(state: ContractState, period_end: date) -> bool:
    """A run whose billing period ends on the day finds nothing to do."""
    steps, _ = commitments.due_steps(state, Charges(), period_end, "half_up", "run")
    return not steps and not commitments.anniversaries(state, period_end)


def after_a_run(state: ContractState, period_end: date) -> ContractState:
    _, state = commitments.due_steps(state, Charges(), period_end, "half_up", "run")
    for day in commitments.anniversaries(state, period_end):
        state = evolve(state, PriceEscalated(execution="run", on=day, packages=()))
    return state


@given(
    TERMS,
    st.dates(date(2020, 1, 1), date(2021, 12, 31)),
    st.integers(1, 31),
    st.lists(st.tuples(st.sampled_from(("run", "notice", "terminate")), st.integers(0, 200))),
)
def test_nothing_comes_before_the_next_day_and_after_a_run_it_lies_ahead(
    terms: ContractTerms, start: date, bill_day: int, life: list[tuple[str, int]]
) -> None:
    state, today = signed(terms, start, bill_day), start
    for act, days in life:
        if state.ended is not None:
            return
        before = commitments.next_day(state) - timedelta(days=1)
        assert is_idle(state, before)
        today += timedelta(days=days)
        try:
            match act:
                case "notice":
                    for event in give_notice(state, today):
                        state = evolve(state, event)
                case "terminate":
                    for event in terminate(state, today, today):
                        state = evolve(state, event)
                case _:
                    state = after_a_run(state, today)
                    assert state.ended is not None or commitments.next_day(state) > today
        except Refusal:
            continue


def test_what_would_come_after_the_last_day_there_is_never_comes() -> None:
    every = Escalator(percent=Decimal(1), every="every 24 months")
    per = Commitment(amount=1, per="every 24 months")
    terms = ContractTerms(term="annual", escalator=every, commitment=per)
    assert commitments.next_day(signed(terms, date(9998, 12, 31), 1)) == date(9999, 1, 1)
    late = replace(signed(terms, date(9998, 6, 1), 1), closed_to=date(9999, 1, 1))
    assert commitments.next_day(late) == date(9999, 6, 1)


def test_notice_and_an_early_end_bring_it_nearer() -> None:
    state = signed(ContractTerms(term="every 24 months", renewal="auto"), date(2020, 1, 1), 1)
    assert commitments.next_day(state) == date(2022, 1, 1)
    noticed = evolve(state, NoticeGiven(on=date(2020, 2, 1), ends=date(2022, 1, 1)))
    assert commitments.next_day(noticed) == date(2022, 1, 1)
    (ended,) = terminate(state, date(2020, 5, 5), date(2020, 4, 1))
    assert commitments.next_day(evolve(state, ended)) == date(2020, 5, 5)
