"""Going back to a bill date (R21): billing again charges what is right, in another round (R14)."""

from collections.abc import Callable

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregates.account_package.events import PackageBilled
from aggregates.account_package.taking_back import standing
from tests.aggregates.account_package.histories import (
    HORIZON,
    START,
    Step,
    bill_to_the_end,
    histories,
    taken,
    tell,
)
from tests.support.held import Held, package

QUICK = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.filter_too_much]
)
back = st.integers(1, 6)


def live(held: Held, history: list[Step]) -> None:
    for step in history:
        if step.run is not None:
            held.bill(str(START), str(step.on), step.run)
        tell(held, step)


@QUICK
@given(taken(), histories, back)
def test_going_back_makes_no_difference_to_what_is_charged_in_the_end(
    take: Callable[[], Held], history: list[Step], cycles: int
) -> None:
    straight, returned = take(), take()
    live(straight, history)
    live(returned, history)
    assume(standing(returned.history))
    taken_back = returned.go_back(cycles)
    bill_to_the_end(straight)
    bill_to_the_end(returned)
    assert returned.total - sum(charge.amount for charge in taken_back) == straight.total


@QUICK
@given(taken(), histories)
def test_the_same_run_charges_the_same_in_the_next_round(
    take: Callable[[], Held], history: list[Step]
) -> None:
    held = take()
    live(held, history)
    stood = held.state
    assume(isinstance(held.history[-1], PackageBilled))
    assume(stood.catalogue == held.package.revision)
    charged = held.go_back(1)
    assert held.state.next_bill_date == held.bill_dates[-1]
    again_from = len(held.charges)
    held.bill(str(START), HORIZON, "1")
    again = held.charges[again_from:]
    assert [replace(charge, round=0) for charge in again] == charged
    assert {charge.round for charge in again} <= {1}
    assert replace(held.state, rounds={}) == stood


def test_a_bill_date_taken_back_twice_is_in_its_third_round() -> None:
    held = Held(package(), "2023-01-01")
    for round in range(3):
        held.bill("2023-02-01", "2023-02-01")
        assert held.charges[-1].round == round
        assert held.next == "2023-03-01"
        held.go_back(1)
        assert held.next == "2023-02-01"


def test_once_is_billed_again_and_never_more() -> None:
    held = Held(package(frequency="once"), "2023-01-05")
    held.bill("2023-01-01", "2023-01-31")
    assert held.next is None
    held.go_back(1)
    assert held.next == "2023-01-05"
    held.bill("2023-01-01", "2023-01-31")
    assert (held.next, held.state.ended) == (None, True)
