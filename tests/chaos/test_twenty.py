"""Twenty faults in one life: `make chaos-kafka` has hundreds."""

from pathlib import Path

from tests.chaos.faults import KINDS, plan
from tests.chaos.life import live
from tests.chaos.outcomes import table
from tests.chaos.striking import Servers
from tests.support.servers import OwnKafka, OwnPostgres

FAULTS = 20
ACCOUNTS = 2_000
SEED = 20
PACE = 0.7


def test_the_same_seed_makes_the_same_plan() -> None:
    assert plan(SEED, 100, PACE) == plan(SEED, 100, PACE)
    assert plan(SEED, 100, PACE) != plan(SEED + 1, 100, PACE)
    assert {fault.kind for fault in plan(SEED, FAULTS, PACE)} == set(KINDS)


def test_twenty_faults(own_postgres: OwnPostgres, own_kafka: OwnKafka, tmp_path: Path) -> None:
    """Each kind at least once."""
    faults = plan(SEED, FAULTS, PACE)
    told = live(Servers(own_postgres, own_kafka), faults, ACCOUNTS, tmp_path)
    assert told.wrong == [], f"seed {SEED}\n{table([told])}"
    assert len(told.outcomes) == FAULTS
    assert told.tally.runs > 0
