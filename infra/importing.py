"""A customer file imported by as many processes as can run at once."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager

from commands.billing.rare_collections import rare_collections
from commands.customer_file import SMALL, Batch, Spread, Step, import_step
from infra import personal_keys
from infra.store.crew import Reader, cores, crew
from infra.store.owned import OwnedStore


@contextmanager
def helpers(store: OwnedStore, rows: int, processes: int = 0) -> Generator[Spread]:
    """What imports the steps of a file of so many rows."""
    count = (processes or cores()) if rows > SMALL else 1
    with crew(store, count, reading=False) as work:

        def spread(steps: Iterable[Step]) -> Iterator[Batch]:
            return work.each(_step, steps)

        yield spread


def _step(reader: Reader, step: Step) -> Batch:
    with rare_collections():
        return import_step(reader.store, step, personal_keys, set())
