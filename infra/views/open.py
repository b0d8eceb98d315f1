"""Views over a store, with the personal data of its accounts."""

from collections.abc import Sequence

from infra.store.sqlite import SqliteStore
from infra.views.feed import RevealMany
from infra.views.registry import VIEWS
from infra.views.views import BATCH, Views
from projections.accounts import ERASED
from projections.view import View


def open_views(store: SqliteStore, views: Sequence[View] = VIEWS, batch: int = BATCH) -> Views:
    """The views of a store's file."""
    return Views(store, revealing(store), views, batch)


def revealing(store: SqliteStore) -> RevealMany:
    """Plain names, while their keys exist."""

    def reveal_many(pairs: Sequence[tuple[bytes, str]]) -> list[str]:
        from infra.personal_keys import decrypt

        keys = store.keys_of(sorted({account for account, _ in pairs}))
        return [
            decrypt(keys.get(account), account, written) or ERASED for account, written in pairs
        ]

    return reveal_many
