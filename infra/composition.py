"""The one place where everything is put together: a database becomes an `App`."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from infra.settings import settings

if TYPE_CHECKING:
    from infra.store.owned import OwnedStore
    from infra.views.views import Views


class App:
    """What a verb works with: the event store and the views over it, of one owner."""

    def __init__(self, store: "OwnedStore", address: str = "") -> None:
        self.store = store
        self.address = address
        """The database's URL with its secrets: for other processes, and never shown. Empty while
        it is in the making.
        """

    @cached_property
    def views(self) -> "Views":
        """What is seen. `app.views.catch_up()` before reading."""
        from infra.views.open import open_views

        return open_views(self.store)

    @cached_property
    def books(self) -> "Views":
        """The views that are followed when they are asked for: the journal.
        `app.books.catch_up()` before reading.
        """
        from infra.views.open import open_views
        from infra.views.registry import ON_DEMAND

        return open_views(self.store, ON_DEMAND)

    def now(self) -> datetime:
        """The clock (UTC): the computer's, or the sandbox's."""
        return self.store.now()

    def close(self) -> None:
        if "views" in self.__dict__:
            self.views.close()
        self.store.close()


@contextmanager
def open_app(url: str | None = None, *, create: bool = False) -> Generator[App]:
    """The application over the database at `url` (None: what the environment says). With `create`
    a missing database is made, and is there only once something was written to it.
    """
    from infra.store.open import is_missing_file, new_file, open_store

    address = url or settings().database_url
    if create and is_missing_file(address):
        with new_file(address) as store:
            yield App(store, address)
        return
    app = App(open_store(address, create=create), address)
    try:
        yield app
    finally:
        app.close()
