"""A database that cannot be used says why, with a code, and is left as it was."""

import multiprocessing
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.sqlite import SqliteStore
from tests.infra.store.build import batch, fill, open_account

AT = datetime(2020, 10, 1, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'history.db'}"


@pytest.fixture
def store(url: str) -> Iterator[SqliteStore]:
    with closing(open_store(url, create=True)) as opened:
        assert isinstance(opened, SqliteStore)
        yield opened


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as refused:
        work()
    assert refused.value.sentence
    return refused.value.code


@pytest.mark.parametrize("url", ["billstream.db", "mysql://x/y", "sqlite:///", "sqlite://x"])
def test_a_url_of_something_else(url: str) -> None:
    assert code_of(lambda: open_store(url)) == "database_url_invalid"


def test_missing(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert code_of(lambda: open_store(url_of(path))) == "database_missing"
    assert not path.exists()
    deeper = url_of(tmp_path / "no" / "folder.db")
    assert code_of(lambda: open_store(deeper, create=True)) == "database_missing"


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("content", [b"name;price\n", b"x" * 4096, b"SQLite format 3\x00"])
def test_not_a_database(tmp_path: Path, content: bytes, create: bool) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)
    assert code_of(lambda: open_store(url_of(path), create=create)) == "database_not_ours"
    assert path.read_bytes() == content


def test_a_folder(tmp_path: Path) -> None:
    assert code_of(lambda: open_store(url_of(tmp_path), create=True)) == "database_not_ours"


def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (name)")
    other.close()
    assert code_of(lambda: open_store(url_of(path), create=True)) == "database_not_ours"


def test_newer(store: SqliteStore, url: str) -> None:
    store.connection().execute("PRAGMA user_version=99")
    store.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert code_of(lambda: open_store(url)) == "database_newer"


def _open_as_nobody(path: Path) -> None:
    if os.getuid() == 0:
        os.setuid(65534)
    sys.exit(0 if code_of(lambda: open_store(url_of(path))) == "database_read_only" else 1)


def test_read_only(store: SqliteStore) -> None:
    store.close()
    path = store.path
    path.chmod(0o444)
    for folder in list(path.parents)[:4]:
        folder.chmod(0o755)
    process = FORK.Process(target=_open_as_nobody, args=(path,))
    process.start()
    process.join(30)
    assert process.exitcode == 0


def test_locked_by_another_waits_then_says_so(store: SqliteStore, url: str) -> None:
    holder = store.connection()
    holder.execute("BEGIN IMMEDIATE")
    with closing(open_store(url, lock_timeout=0.1)) as waiting:
        made = batch(waiting, open_account("A"))
        assert code_of(lambda: waiting.append(made)) == "database_locked"
        holder.execute("ROLLBACK")
        waiting.append(made)


def test_full_by_its_page_limit(store: SqliteStore) -> None:
    fill(store, 2)
    head = store.head
    with store.datastore.connection(commit=False) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
    many = batch(store, *(open_account(f"B-{n}") for n in range(2000)))
    assert code_of(lambda: store.append(many)) == "disk_full"
    assert store.head == head


def _fill_a_small_disk(url: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with closing(open_store(url)) as store:
        head = store.head
        made = batch(store, *(open_account(f"B-{n}") for n in range(5000)))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
        code = code_of(lambda: store.append(made))
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.exit(0 if code == "disk_full" and store.head == head else 1)


def test_full_by_its_file_system(store: SqliteStore, url: str) -> None:
    fill(store, 2)
    process = FORK.Process(target=_fill_a_small_disk, args=(url,))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    store.append(batch(store, open_account("B-1")))


def test_damaged(store: SqliteStore, url: str) -> None:
    fill(store, 200)
    store.close()
    path = store.path
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 8192):
        content[page * 8192 : page * 8192 + 100] = b"\xff" * 100
    path.write_bytes(bytes(content))

    def read() -> None:
        with closing(open_store(url)) as damaged:
            damaged.log(0, 9999)

    assert code_of(read) == "database_damaged"


def test_making_what_is_there_opens_it(store: SqliteStore, url: str) -> None:
    fill(store, 1)
    with closing(open_store(url, create=True)) as again:
        assert again.head == store.head
        assert again.epoch == store.epoch
    assert code_of(lambda: open_store(url, create=True, sandbox_clock=AT)) == "database_exists"


def test_an_empty_file_is_no_database_yet(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    assert code_of(lambda: open_store(url_of(path))) == "database_missing"
    with closing(open_store(url_of(path), create=True)) as store:
        assert store.head.position == 0


def test_a_sandbox_has_a_clock_of_its_own(tmp_path: Path) -> None:
    url = url_of(tmp_path / "sandbox.db")
    later = AT.replace(day=2)
    with closing(open_store(url, create=True, sandbox_clock=AT)) as store:
        assert store.is_sandbox
        assert store.now() == AT
        assert store.append(batch(store, open_account("A"))).head.at == AT
        store.set_clock(later)
        assert store.now() == later
        assert code_of(lambda: store.set_clock(AT)) == "clock_goes_back"
    with closing(open_store(url)) as again:
        assert again.is_sandbox
        assert again.now() == later


def test_only_a_sandbox_is_set(store: SqliteStore) -> None:
    assert not store.is_sandbox
    assert code_of(lambda: store.set_clock(AT)) == "not_a_sandbox"


def _open_on_a_full_disk(url: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    code = code_of(lambda: open_store(url))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    sys.exit(0 if code == "disk_full" else 1)


def test_full_before_it_is_opened(store: SqliteStore, url: str) -> None:
    fill(store, 2)
    store.close()
    process = FORK.Process(target=_open_on_a_full_disk, args=(url,))
    process.start()
    process.join(30)
    assert process.exitcode == 0
