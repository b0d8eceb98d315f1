"""An owner's history as the program works with it, whatever database it lies in."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self

from aggregates.identity import StreamId
from commands.store import Head, Store
from infra.store.database import Database

if TYPE_CHECKING:
    from eventsourcing.persistence import ProcessRecorder

    from infra.views.database import ViewsDatabase

Clock = Callable[[], datetime]


class OwnedStore(Store, Protocol):
    """The port of `commands.store`, and what running, proving and viewing need beside it."""

    @property
    def url(self) -> str:
        """Where it is, without secrets."""
        ...

    @property
    def is_sandbox(self) -> bool: ...

    @property
    def epoch(self) -> str:
        """The id of this history (design decision 27)."""
        ...

    @property
    def head(self) -> Head: ...

    @property
    def recorder(self) -> "ProcessRecorder":
        """The library's interface to this history (design decision 5)."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def set_clock(self, at: datetime) -> None:
        """Moves a sandbox's clock. It never goes back."""
        ...

    @property
    def opening(self) -> str:
        """The URL with which another process opens it: it may hold secrets, and is never shown."""
        ...

    def proving(self, of: str | None = None) -> AbstractContextManager[Database]:
        """One snapshot of everything, for `verify`: it reads even what was put there by hand.
        `of` names the snapshot that another process shares.
        """
        ...

    def sharing(self, join: Callable[[str], None]) -> AbstractContextManager[Database]:
        """The same, shared: `join` is told the snapshot's name at an instant at which nobody
        writes, and comes back when every other process has begun to read it.
        """
        ...

    def views_database(self) -> "ViewsDatabase":
        """Where views are kept: one for the life of the store."""
        ...

    # what is true of this database beside its history: never anything that was decided

    def fact(self, name: str) -> str | None:
        """A fact kept beside history; None when it was never kept."""
        ...

    def keep_fact(self, name: str, value: str) -> None:
        """Keeps a fact beside history; it takes the place of an older one of that name."""
        ...

    # which processes run an execution: a hint, never what keeps anything from being billed twice

    def mark_running(self, execution: StreamId) -> None:
        """This process runs the execution from now on."""
        ...

    def unmark(self, execution: StreamId) -> None:
        """This process does not run the execution any more."""
        ...

    def is_alive(self, execution: StreamId) -> bool:
        """Some process that lives runs the execution."""
        ...
