"""What the bar says beside the packages: invoices, failures and each worker's part."""

from aggregates.execution import Counts
from consumers.worker import Progress
from infra.cli.running import Tally


def _so_far(done: int, packages: int, worker: int | None) -> Progress:
    counts = Counts(packages_billed=packages, invoices_generated=packages - 1, failed=1)
    return Progress(done, 3, counts, worker)


def test_one_process_tells_invoices_and_failures() -> None:
    tally = Tally()
    assert tally.told(Progress(0, 3, Counts())) == "0 invoices, 0 failed"
    assert tally.told(_so_far(1, 1000, None)) == "999 invoices, 1 failed"


def test_each_worker_has_its_part() -> None:
    tally = Tally()
    for so_far in (_so_far(1, 1000, 17), _so_far(2, 1900, None), _so_far(3, 2500, 17)):
        told = tally.told(so_far)
    assert told == "2,499 invoices, 1 failed, 17: 1,600, here: 900"
