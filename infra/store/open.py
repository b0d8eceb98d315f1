"""The door to an owner's history."""

from collections.abc import Callable
from datetime import datetime

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
