"""One SQLite file keeps the contract of a store."""

from tests.infra.store.contract import StoreContract


class TestSqliteStore(StoreContract):
    """The fixture `store` opens a new file."""
