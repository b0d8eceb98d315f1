"""Whatever is billed, paid, credited, voided and reversed: the books balance (R21-R26)."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.effort import long, quick
from tests.properties.money import Money


def test_money_lived_at_random_is_in_the_books() -> None:
    run_state_machine_as_test(Money, settings=quick(12))


@pytest.mark.chaos
def test_many_lives_of_money_are_in_the_books() -> None:
    run_state_machine_as_test(Money, settings=long(150))
