"""R23: the gateway times out, hangs up or answers nonsense at every point of a payment and of a
refund, before and after it did what was asked: nothing is lost, nothing happens twice.
"""

from pathlib import Path

import pytest

from tests.rules.test_collect_payment import bill_three_days, due_days
from tests.support.gateway import Served
from tests.support.world import World

BEFORE = ("hang_before", "cut_before", "500_before", "409", "429")
AFTER = ("hang_after", "cut_after", "500_after", "garbage")


@pytest.fixture
def gateway(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv("BILLSTREAM_GATEWAY_TIMEOUT", "0.15")
    return gateway


def settled(world: World, gateway: Served) -> None:
    """The collector looks until nothing waits; a day later the gateway forgets our keys."""
    for _ in range(12):
        gateway.forget_keys()
        if not world.read("payment", "collect")["pending"]:
            return
    raise AssertionError("payments still wait for the gateway")


def sound(world: World, balance: str) -> None:
    assert world.read("account", "balance", "P-1")["balance"] == balance
    world.must("verify")


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("operation", ["prepare", "confirm", "look"])
def test_a_payment_happens_once(
    tmp_path: Path, gateway: Served, operation: str, after: str
) -> None:
    world = World(tmp_path)
    bill_three_days(world, due_days())
    if operation == "look":
        gateway.fail("confirm", "cut_before", "cut_after")
    gateway.fail(operation, *BEFORE, after)
    world.bill("2020-10-05", "2020-10-05", run="Due")
    settled(world, gateway)
    assert not gateway.faults[operation], "every fault was met"
    (payment,) = world.read("payment", "list")
    assert (payment["status"], payment["amount"]) == ("succeeded", "20.00")
    assert gateway.charged == [(payment["id"], 2000)]
    sound(world, "10.00")


@pytest.mark.parametrize("after", AFTER)
def test_one_that_waits_for_the_customer_is_called_off_once(
    tmp_path: Path, gateway: Served, after: str
) -> None:
    world = World(tmp_path)
    bill_three_days(world, due_days(token="pm_action"))
    gateway.fail("cancel", *BEFORE, after)
    world.bill("2020-10-05", "2020-10-05", run="Due")
    settled(world, gateway)
    (payment,) = world.read("payment", "list")
    assert payment["status"] == "declined"
    assert gateway.charged == []
    sound(world, "30.00")


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("operation", ["refunds", "refund"])
def test_a_refund_is_given_once(
    tmp_path: Path, gateway: Served, operation: str, after: str
) -> None:
    world = World(tmp_path)
    bill_three_days(world, due_days())
    world.bill("2020-10-05", "2020-10-05", run="Due")
    (payment,) = world.read("payment", "list")
    gateway.fail(operation, *BEFORE, after)
    world.must("payment", "refund", payment["id"], "--amount", "5.00", "--yes")
    settled(world, gateway)
    assert not gateway.faults[operation], "every fault was met"
    assert gateway.total == 1500
    assert world.read("payment", "show", payment["id"])["refunded"] == "5.00"
    sound(world, "15.00")
