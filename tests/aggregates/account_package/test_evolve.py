"""History that cannot be: a damaged stream is named, not folded."""

import pytest

from aggregates.account_package import events
from aggregates.account_package.evolve import evolve
from aggregates.account_package.lifecycle import remove
from aggregates.account_package.state import AccountPackageState
from aggregates.event import ImpossibleEvent
from aggregates.refusal import Refusal
from tests.support.held import Held, closed, day, package


def added(state: AccountPackageState) -> events.PackageAdded:
    return events.PackageAdded(
        ref=state.ref,
        account=state.account,
        package=state.package,
        currency=state.currency,
        effective=state.effective,
        calendar=state.calendar,
        next_bill_date=state.next_bill_date,
    )


def test_nothing_precedes_the_adding() -> None:
    with pytest.raises(ImpossibleEvent):
        evolve(None, events.PackageRemoved())
    held = Held(package(), "2020-10-01")
    with pytest.raises(ImpossibleEvent):
        evolve(held.state, added(held.state))


def test_what_was_not_begun_does_not_end() -> None:
    ended = events.SuspensionEnded(start=day("2020-10-05"), until=day("2020-10-06"))
    with pytest.raises(ImpossibleEvent):
        evolve(Held(package(), "2020-10-01").state, ended)


def test_what_has_ended_is_not_billed() -> None:
    held = Held(package(frequency="once"), "2020-10-01")
    billing = held.bill("2020-10-01", "2020-10-01")
    with pytest.raises(ImpossibleEvent):
        evolve(held.state, closed(billing.cycles[0]))


def test_a_package_never_billed_can_be_removed() -> None:
    held = Held(package(), "2020-10-01")
    held.happened(remove(held.state))
    assert (held.state.deleted, held.next, remove(held.state)) == (True, None, [])
    with pytest.raises(ImpossibleEvent):
        evolve(held.state, events.PackageRemoved())


def test_a_billed_one_stays_on_record() -> None:
    held = Held(package(), "2020-10-01")
    held.bill_on("2020-11-01")
    with pytest.raises(Refusal) as refused:
        remove(held.state)
    assert refused.value.code == "already_billed"
