"""What can come in between: a process that dies, somebody who writes at the wrong moment."""

from collections.abc import Callable
from typing import Any, cast

from commands.store import Batch, Committed, Store


class Crash(Exception):
    """The process died here."""


class _Proxy:
    """A store that does something of its own around an append."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Dying(_Proxy):
    def __init__(self, store: Store, appends: int, written: bool) -> None:
        super().__init__(store)
        self._left = appends
        self._written = written

    def append(self, batch: Batch) -> Committed:
        self._left -= 1
        if self._left >= 0:
            return self._store.append(batch)
        if self._written:
            self._store.append(batch)
        raise Crash


class _Crowded(_Proxy):
    def __init__(self, store: Store, others: list[Callable[[], object]]) -> None:
        super().__init__(store)
        self._others = others

    def append(self, batch: Batch) -> Committed:
        if self._others:
            self._others.pop(0)()
        return self._store.append(batch)


def dying(store: Store, appends: int, written: bool) -> Store:
    """The store of a process that dies after so many appends, just before or after the next."""
    return cast(Store, _Dying(store, appends, written))


def crowded(store: Store, *others: Callable[[], object]) -> Store:
    """The store of a process whose appends meet others': before each, one of them is done."""
    return cast(Store, _Crowded(store, list(others)))
