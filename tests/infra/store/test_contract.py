"""Every store keeps the contract of a store."""

from tests.infra.store.contract import StoreContract


class TestStore(StoreContract):
    """The fixture `store` opens a new one of each kind."""
