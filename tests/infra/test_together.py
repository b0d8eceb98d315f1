"""What several processes do together comes to the same as what one does."""

import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import date
from io import StringIO
from multiprocessing import active_children
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
import pytest

from commands.customer_file import CustomerFile
from commands.customer_import import Imported, Reject, import_customers
from commands.customer_mapping import read_mapping
from commands.message import Command
from consumers.worker import run_execution
from infra import personal_keys
from infra.importing import helpers
from infra.replay import replay
from infra.store.crew import Together
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.store.verify_history import verify_history
from tests.infra.store.tampering import by_hand, rows_by_hand
from tests.support import seed

MAPPING = b"""
number: {column: id}
name: {column: name}
currency: {value: USD}
bill_group: {value: G}
packages:
  - id: {template: "{id}/internet"}
    package: {column: plan}
    effective: {column: since}
"""
HEADER = "id,name,plan,since\n"


@pytest.fixture
def store(store: OwnedStore) -> OwnedStore:
    seed.set_up(store)
    return store


def test_a_run_replayed_together(store: OwnedStore) -> None:
    seed.add_accounts(store, 2_500)
    execution = seed.queue(store, date(2020, 10, 1), date(2020, 10, 31))
    run_execution(store, execution)
    told: list[tuple[int, int]] = []
    done = replay(store, execution, lambda done, total: told.append((done, total)), Together(2))
    assert done == replay(store, execution, together=Together(1))
    assert (done.invoices, done.charges, done.differences) == (2_500, 2_500, [])
    assert told == [(n, done.chunks) for n in range(1, done.chunks + 1)]
    assert done.chunks > 1
    replaced = "cast(replace(payload, '2000', '1000') AS BLOB)"
    billed = "topic = 'account_package.billed'"
    by_hand(store, f"UPDATE events SET payload = {replaced} WHERE {billed} AND position % 20 = 1")
    differs = replay(store, execution, together=Together(2))
    assert differs == replay(store, execution, together=Together(1))
    assert len(differs.differences) == 100


def rows(count: int) -> list[str]:
    return [f"C-{n},Jane {n},internet,2020-09-01\n" for n in range(count)]


def imported(
    store: OwnedStore, lines: list[str], processes: int
) -> tuple[Imported, list[tuple[int, str]]]:
    """What came of a file, and the rows set aside."""
    aside: list[tuple[int, str]] = []

    def rejected(reject: Reject) -> None:
        aside.append((reject.line.number, reject.reason))

    mapping = read_mapping("mapping.yaml", MAPPING)
    file = CustomerFile("customers.csv", mapping, StringIO(HEADER + "".join(lines)))
    command = Command("import_customers", "test", f"import-{len(lines)}-{processes}")
    with helpers(store.opening, 0, processes) as others:
        done = import_customers(
            store,
            file,
            personal_keys,
            command=command,
            strict=False,
            rejected=rejected,
            spread=others.of(store),
        )
    return done, aside


def accounts(store: OwnedStore) -> list[Any]:
    query = "SELECT stream, bill_group, live, version FROM accounts ORDER BY stream"
    return rows_by_hand(store, query) + rows_by_hand(
        store, "SELECT ref, package, next_bill_date, version FROM account_packages ORDER BY ref"
    )


def test_customers_imported_together(store: OwnedStore, tmp_path: Path) -> None:
    lines = rows(13_000)
    lines[5] = "C-5,Jane,,2020-09-01\n"
    lines[7_000] = "C-7000,Jane,internet,yesterday\n"
    lines[12_000] = "C-12000,Jane,nothing,2020-09-01\n"
    with closing(open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True)) as other:
        seed.set_up(other)
        alone = imported(other, lines, 1)
        done, aside = imported(store, lines, 2)
        assert (done, aside) == alone
        assert accounts(store) == accounts(other)
    assert [number for number, _ in aside] == [7, 7_002, 12_002]
    assert (done.created, done.rejected) == (len(lines) - 3, 3)
    again, _ = imported(store, lines[:-1], 2)
    assert (again.created, again.unchanged) == (0, len(lines) - 4)
    assert verify_history(store).clean


def test_rows_that_stand_twice_are_told_as_ever(store: OwnedStore) -> None:
    lines = rows(11_000)
    lines[-1] = "C-3,Another name,internet,2020-09-01\n"
    _, aside = imported(store, lines, 2)
    ((number, reason),) = aside
    assert number == len(lines) + 1
    assert "stands in the file before" in reason


def test_killed_in_the_middle_it_goes_on(store: OwnedStore, tmp_path: Path) -> None:
    count = 60_000
    file, mapping = tmp_path / "customers.csv", tmp_path / "mapping.yaml"
    file.write_text(HEADER + "".join(rows(count)))
    mapping.write_bytes(MAPPING)
    program = str(Path(sys.executable).with_name("billstream"))
    words = [program, "import", "customers", str(file), "--mapping", str(mapping), "--json"]
    environment = {**os.environ, "BILLSTREAM_DATABASE_URL": store.opening}
    began = store.head.position
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as killed:
        deadline = monotonic() + 60
        while store.head.position == began:
            assert monotonic() < deadline
        others = psutil.Process(killed.pid).children(recursive=True)
        killed.kill()
    assert psutil.wait_procs(others, timeout=60)[1] == []
    done = len(rows_by_hand(store, "SELECT stream FROM accounts"))
    assert 0 < done < count
    assert verify_history(store).clean
    again = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    told = json.loads(again.stdout)
    assert (told["rows"], told["created"], told["unchanged"]) == (count, count - done, done)
    assert verify_history(store).clean


def test_the_death_of_a_helper_goes_unnoticed(store: OwnedStore) -> None:
    lines = rows(20_000)
    file = CustomerFile(
        "customers.csv",
        read_mapping("mapping.yaml", MAPPING),
        StringIO(HEADER + "".join(lines)),
    )
    before = set(active_children())
    with helpers(store.opening, 0, 2) as others:
        (helper,) = set(active_children()) - before
        helper.kill()
        done = import_customers(
            store,
            file,
            personal_keys,
            command=Command("import_customers", "test", "dies"),
            strict=False,
            rejected=lambda reject: None,
            spread=others.of(store),
        )
    assert (done.rows, done.rejected) == (20_000, 0)
    assert len(rows_by_hand(store, "SELECT stream FROM accounts")) == 20_000
    assert verify_history(store).clean
