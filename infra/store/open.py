"""The door to an owner's history."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote

from infra.clock import utc_now
from infra.store import errors, meta
from infra.store.owned import Clock, OwnedStore

_POSTGRES = ("postgresql://", "postgres://")


def open_store(
    url: str,
    *,
    create: bool = False,
    sandbox_clock: datetime | None = None,
    lock_timeout: float = 60,
    clock: Clock | None = None,
) -> OwnedStore:
    """Opens the database of a URL. With `create`, makes it if it is not there; `sandbox_clock`
    makes the new one a sandbox whose clock stands at that time, and refuses one that is there.
    Without a `clock`, the time is the database server's, or this computer's for a file.

    Raises StoreError: database_missing, database_not_ours, database_read_only, database_newer,
    database_locked, database_damaged, disk_full, database_exists, database_url_invalid; of a
    server also database_unreachable, schema_not_ours and permission_denied.
    """
    facts: dict[str, str] = {}
    if sandbox_clock is not None:
        facts[meta.SANDBOX_CLOCK] = str(meta.microseconds(sandbox_clock))
    if url.startswith(_POSTGRES):
        from infra.postgres.open import open_postgres

        return open_postgres(url, create, facts, lock_timeout, clock)
    return _open_file(url, create, facts, lock_timeout, clock)


def is_there(url: str) -> bool:
    """A database lies there already, ours or not."""
    if url.startswith(_POSTGRES):
        from infra.postgres.open import is_there as there

        return there(url)
    from infra.store.connect import path_of

    path = path_of(url)
    return path.exists() and (not path.is_file() or path.stat().st_size > 0)


def exists(url: str) -> errors.StoreError:
    """The refusal to make a database where one is."""
    if url.startswith(_POSTGRES):
        from infra.postgres.open import exists as there

        return there(url)
    from infra.store.connect import path_of

    return errors.exists(path_of(url))


def _open_file(
    url: str, create: bool, facts: dict[str, str], lock_timeout: float, clock: Clock | None
) -> OwnedStore:
    from infra.store.connect import check, path_of
    from infra.store.connect import create as make
    from infra.store.sqlite import SqliteStore

    path = path_of(url)
    with errors.translated(path):
        if create:
            there = is_there(url)
            if there and facts:
                check(path)
                raise errors.exists(path)
            if not there:
                make(path, lock_timeout, facts)
        check(path)
        return SqliteStore(path, lock_timeout, clock or utc_now)


def is_file(url: str) -> bool:
    """Whether the URL names a file, not a server."""
    return not url.startswith(_POSTGRES)


def is_missing_file(url: str) -> bool:
    """Whether the URL names a file and none is there yet."""
    from infra.store.connect import path_of

    return is_file(url) and not path_of(url).exists()


@contextmanager
def new_file(url: str) -> Generator[OwnedStore]:
    """A database file in the making. It gets its name when the block has ended well and something
    was written; else nothing is left of it. Refused with `database_exists` when another process
    has made one of that name meanwhile.
    """
    from infra.store.connect import path_of

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
