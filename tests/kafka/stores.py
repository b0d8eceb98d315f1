"""Histories to be published, on either database."""

from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.support import seed


def seeded_at(url: str, accounts: int = 3) -> OwnedStore:
    """A history with setup and accounts."""
    store = open_store(url, create=True)
    seed.set_up(store)
    seed.add_accounts(store, accounts)
    return store
