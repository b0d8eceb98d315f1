"""A business lived at random stays right, step by step and in its audit (R6-R33)."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.effort import long, quick
from tests.properties.machine import Business


def test_a_business_lived_at_random_stays_right() -> None:
    run_state_machine_as_test(Business, settings=quick(80))


@pytest.mark.chaos
@pytest.mark.parametrize("half", [1, 2])
def test_many_lives_stay_right(half: int) -> None:
    run_state_machine_as_test(Business, settings=long(800))
