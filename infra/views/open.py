"""Views over a store, with the personal data of its accounts."""

from collections.abc import Sequence

from infra.store.owned import OwnedStore
from infra.views.feed import RevealMany
from infra.views.registry import VIEWS
from infra.views.views import BATCH, Views
from projections.accounts import ERASED
from projections.view import View


def open_views(store: OwnedStore, views: Sequence[View] = VIEWS, batch: int = BATCH) -> Views:
    """The views kept beside a store's history."""
    return Views(store.views_database(), revealing(store), views, batch)


def revealing(store: OwnedStore) -> RevealMany:
    """Plain names, while their keys exist."""

    def reveal_many(pairs: Sequence[tuple[bytes, str]]) -> list[str]:
        from infra.personal_keys import decrypt

        keys = store.keys_of(sorted({account for account, _ in pairs}))
        return [
            decrypt(keys.get(account), account, written) or ERASED for account, written in pairs
        ]

    return reveal_many
