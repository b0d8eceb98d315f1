"""`make chaos-kafka`: hundreds of faults at random instants, one life after the other, and a table.

`python -m tests.chaos [--faults 500] [--seed N] [--lives N] [--accounts 2000] [--pace 1.5]`
"""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.faults import plan
from tests.chaos.life import live
from tests.chaos.outcomes import Told, table
from tests.chaos.striking import Servers
from tests.support.servers import kafka_of_ones_own, postgres_of_ones_own
from tests.support.shared_run import this_run

A_LIFE = 50
"""Faults in one life."""


def main() -> int:
    """Status 1 when anything was wrong."""
    asked = _asked()
    lives = asked.lives or max(1, round(asked.faults / A_LIFE))
    print(f"{asked.faults} faults in {lives} lives, seed {asked.seed}", flush=True)
    told: list[Told] = []
    run = this_run()
    try:
        for number in range(lives):
            count = asked.faults // lives + (number < asked.faults % lives)
            faults = plan(asked.seed + number, count, asked.pace)
            folder = Path(tempfile.mkdtemp(prefix="billstream-chaos-"))
            with postgres_of_ones_own(run) as postgres, kafka_of_ones_own(run) as kafka:
                told.append(live(Servers(postgres, kafka), faults, asked.accounts, folder))
            _say(number, lives, asked.seed + number, told[-1], folder)
    finally:
        run.leave()
    print(f"\n{table(told)}")
    return int(any(one.wrong for one in told))


def _say(number: int, lives: int, seed: int, told: Told, folder: Path) -> None:
    """The logs of a life in which nothing was wrong are of no use to anybody."""
    tally = told.tally
    print(
        f"life {number + 1} of {lives} (seed {seed}): {len(told.outcomes)} faults, {tally.runs} "
        f"runs, {tally.invoices:,} invoices, {tally.seconds:.0f} s, {len(told.wrong)} wrong",
        flush=True,
    )
    for sentence in told.wrong:
        print(f"  WRONG: {sentence}", flush=True)
    if told.wrong:
        print(f"  logs: {folder}", flush=True)
    else:
        shutil.rmtree(folder)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument("--lives", type=int, default=0)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--pace", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
