"""How long after a command is on its topic its effect can be seen in a view, with nothing else
going on: all roles in one process.
"""

import secrets
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import NamedTuple

import psycopg

from tests.benchmarks.kafka_owner import Servers, owner, seeded
from tests.kafka.senders import Sender
from tests.kafka_work.processes import fleet

COMMANDS = 300
PRICE = "billstream.set_account_package_price.v1"
PATIENCE = 20.0


class Latency(NamedTuple):
    """Seconds, one a command, in their order."""

    seconds: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def p99(self) -> float:
        return quantiles(self.seconds, n=100)[98]


def measure(on: Servers, commands: int = COMMANDS) -> Latency:
    """A command at a time, at moments that fall in step with nothing."""
    with owner(on) as of, tempfile.TemporaryDirectory() as folder:
        seeded(of, 20).close()
        with (
            fleet({**of.environment, "PYTHONWARNINGS": "ignore"}, Path(folder)) as processes,
            closing(Sender(of.settings)) as sender,
            psycopg.connect(on.database, autocommit=True) as looking,
        ):
            processes.start("all").ready()
            looking.execute(f"SET search_path = {of.url.partition('schema=')[2]}".encode())
            for price in range(1, 6):
                _one(sender, looking, price)
            chance = secrets.SystemRandom()
            found: list[float] = []
            for price in range(100, 100 + commands):
                sleep(chance.uniform(0.0, 0.1))
                found.append(_one(sender, looking, price))
            return Latency(found)


def _one(sender: Sender, looking: "psycopg.Connection[tuple[str, ...]]", price: int) -> float:
    """Seconds from the acknowledgement of a new price to the row that shows it."""
    asked = {"account_package": "A-3/internet", "price": f"{price}.00"}
    sender.send(secrets.token_hex(8), asked, PRICE)
    sender.flush()
    began = perf_counter()
    query = "SELECT 1 FROM view_account_package_prices WHERE amount = %s"
    while looking.execute(query, (price * 100,)).fetchone() is None:
        sleep(0.002)
        if perf_counter() - began > PATIENCE:
            raise TimeoutError(f"price {price} is not seen within {PATIENCE:.0f} s")
    return perf_counter() - began
