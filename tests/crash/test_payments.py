"""A payment never happens twice and is never lost: the process, the gateway and the network die
before, during and after every call (R23).
"""

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.harness import finish, start
from tests.support.gateway import Served, gateway_server
from tests.support.world import World, account, base

ACTIONS = ["bill_packages", "generate_invoice", "collect_payment"]
PERIOD = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")
RUN = ("bill-run", "schedule", "Default", "--now", *PERIOD)
COLLECT = ("payment", "collect")


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with gateway_server() as served:
        monkeypatch.setenv("BILLSTREAM_GATEWAY_URL", served.url)
        monkeypatch.setenv("BILLSTREAM_GATEWAY_KEY", "sk_test")
        monkeypatch.setenv("BILLSTREAM_GATEWAY_TIMEOUT", "0.3")
        yield served


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    """None: a file of the test's own."""
    found: str | None = None
    if request.param == "postgres":
        found = request.getfixturevalue("postgres_url")
    return found


def books(folder: Path, url: str | None, accounts: int) -> World:
    """Accounts that owe 20.00 on the day of the run and pay by card."""
    world = World(folder, url=url)
    method = {"id": "visa", "kind": "card", "token": "pm_visa", "auto_pay": True}
    held = [
        account(
            f"A-{n}",
            {"id": f"A-{n}/internet", "package": "internet", "effective": "2020-09-01"},
            payment_methods=[method],
        )
        for n in range(accounts)
    ]
    group = {"name": "Default Bill Group", "bill_day": 1}
    run = {
        "name": "Default",
        "actions": ACTIONS,
        "bill_groups": ["Default Bill Group"],
        "exchange_rates": "October 2020",
    }
    world.apply(base(bill_groups=[group], accounts=held, bill_runs=[run]))
    return world


def assert_paid_once(world: World, gateway: Served, accounts: int) -> None:
    """Every account was charged its 20.00 once, and nobody owes anything."""
    payments = world.read("payment", "list")
    assert {p["status"] for p in payments} == {"succeeded"}
    assert Counter(p["account"] for p in payments) == {f"A-{n}": 1 for n in range(accounts)}
    assert sorted(gateway.charged) == sorted((p["id"], 2000) for p in payments)
    for n in range(accounts):
        assert world.read("account", "balance", f"A-{n}")["balance"] == "0.00"
    world.must("verify")


def killed_by(gateway: Served, process: "subprocess.Popen[str]") -> None:
    gateway.called = lambda: os.kill(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("operation", ["prepare", "confirm"])
def test_the_process_dies_at_a_call(
    tmp_path: Path, url: str | None, gateway: Served, operation: str, moment: str
) -> None:
    """SIGKILL while the gateway has the request in hand, before or after it did what was asked.
    A day later it has forgotten the idempotency keys.
    """
    world = books(tmp_path, url, 3)
    gateway.fail(operation, f"call_{moment}")
    process = start(world.url, RUN)
    killed_by(gateway, process)
    assert finish(process).status == -signal.SIGKILL
    gateway.forget_keys()
    world.must(*COLLECT)
    assert_paid_once(world, gateway, 3)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_process_dies_while_it_asks_what_became_of_a_payment(
    tmp_path: Path, url: str | None, gateway: Served, moment: str
) -> None:
    world = books(tmp_path, url, 2)
    gateway.fail("confirm", "cut_after", "hang_before")
    gateway.fail("look", f"call_{moment}")
    process = start(world.url, RUN)
    killed_by(gateway, process)
    assert finish(process).status == -signal.SIGKILL
    gateway.forget_keys()
    world.must(*COLLECT)
    assert_paid_once(world, gateway, 2)


@pytest.mark.parametrize("operation", ["refund", "refunds"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_process_dies_at_a_refund(
    tmp_path: Path, url: str | None, gateway: Served, operation: str, moment: str
) -> None:
    world = books(tmp_path, url, 1)
    world.must(*RUN)
    payment = world.read("payment", "list")[0]["id"]
    gateway.fail(operation, f"call_{moment}")
    process = start(world.url, ["payment", "refund", payment, "--amount", "5.00", "--yes"])
    killed_by(gateway, process)
    assert finish(process).status == -signal.SIGKILL
    gateway.forget_keys()
    world.must(*COLLECT)
    assert gateway.total == 1500
    assert world.read("payment", "show", payment)["refunded"] == "5.00"
    assert world.read("account", "balance", "A-0")["balance"] == "5.00"
    world.must("verify")


def test_the_gateway_is_down_and_comes_back(
    tmp_path: Path, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run stands without it; what was asked for waits, and is asked for once."""
    with gateway_server() as gateway:
        pass
    monkeypatch.setenv("BILLSTREAM_GATEWAY_URL", gateway.url)
    monkeypatch.setenv("BILLSTREAM_GATEWAY_KEY", "sk_test")
    world = books(tmp_path, url, 3)
    answer = world.must(*RUN)
    assert "3 payments wait for the gateway" in answer.err
    world.must(*RUN)
    assert {p["status"] for p in world.read("payment", "list")} == {"requested"}
    port = int(gateway.url.rpartition(":")[2])
    with gateway_server(gateway, port):
        world.must(*COLLECT)
        assert_paid_once(world, gateway, 3)


FAULTS = ("cut", "hang", "500", "call")
OPERATIONS = ("prepare", "confirm", "look")


def survive(folder: Path, url: str | None, gateway: Served, seed: int) -> None:
    """Two collectors at once, killed at random, over a network that fails at random."""
    dice, accounts = random.Random(seed), 6
    world = books(folder, url, accounts)
    for operation in OPERATIONS:
        moments = [f"{dice.choice(FAULTS)}_{dice.choice(['before', 'after'])}" for _ in range(5)]
        gateway.fail(
            operation, *moments, *(["garbage", "429", "409"] if dice.random() < 0.5 else [])
        )
    processes = [start(world.url, RUN)]
    gateway.called = lambda: os.kill(dice.choice(processes).pid, signal.SIGKILL)
    for _ in range(3):
        for process in processes:
            finish(process)
            if dice.random() < 0.5:
                gateway.forget_keys()
        processes[:] = [start(world.url, COLLECT) for _ in range(2)]
    for process in processes:
        finish(process)
    gateway.faults.clear()
    world.must(*RUN)
    world.must(*COLLECT)
    assert_paid_once(world, gateway, accounts)


@pytest.mark.parametrize("seed", range(4))
def test_everything_fails_at_random_and_everyone_pays_once(
    tmp_path: Path, url: str | None, gateway: Served, seed: int
) -> None:
    survive(tmp_path, url, gateway, seed)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(1_000, 1_060))
def test_everything_fails_at_random_sixty_times(
    tmp_path: Path, url: str | None, gateway: Served, seed: int
) -> None:
    survive(tmp_path, url, gateway, seed)
