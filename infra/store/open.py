"""The door to an owner's history."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote

from infra.clock import utc_now
from infra.store import errors, meta
from infra.store.connect import check, create, path_of
from infra.store.sqlite import SqliteStore


def open_store(
    url: str,
    *,
    create: bool = False,
    sandbox_clock: datetime | None = None,
    lock_timeout: float = 60,
    clock: Callable[[], datetime] = utc_now,
) -> SqliteStore:
    """Opens the database of a URL. With `create`, makes it if it is not there; `sandbox_clock`
    makes the new one a sandbox whose clock stands at that time, and refuses one that is there.

    Raises StoreError: database_missing, database_not_ours, database_read_only, database_newer,
    database_locked, database_damaged, disk_full, database_exists, database_url_invalid.
    """
    path = path_of(url)
    with errors.translated(path):
        if create:
            _create(url, sandbox_clock, lock_timeout)
        check(path)
        return SqliteStore(path, lock_timeout, clock)


def _create(url: str, sandbox_clock: datetime | None, lock_timeout: float) -> None:
    path = path_of(url)
    is_there = path.exists() and (not path.is_file() or path.stat().st_size > 0)
    if is_there and sandbox_clock is not None:
        check(path)
        raise errors.exists(path)
    if is_there:
        return
    facts: dict[str, str] = {}
    if sandbox_clock is not None:
        facts[meta.SANDBOX_CLOCK] = str(meta.microseconds(sandbox_clock))
    create(path, lock_timeout, facts)


def is_missing(url: str) -> bool:
    """Whether no file is there yet."""
    return not path_of(url).exists()


@contextmanager
def new_store(url: str) -> Generator[SqliteStore]:
    """A database in the making. It gets its name when the block has ended well and something was
    written; else nothing is left of it. Refused with `database_exists` when another process has
    made one of that name meanwhile.
    """
    path = path_of(url)
    making = path.with_name(f".{path.name}.{os.getpid()}.new")
    store = open_store(f"sqlite:///{quote(str(making))}", create=True)
    try:
        yield store
        is_empty = store.head.position == 0
        store.close()
        if not is_empty:
            os.link(making, path)
    except FileExistsError:
        raise errors.exists(path) from None
    finally:
        store.close()
        for ending in ("", "-wal", "-shm"):
            making.with_name(making.name + ending).unlink(missing_ok=True)
