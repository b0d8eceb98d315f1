"""The door to an owner's schema."""

from contextlib import closing

from infra.postgres import errors
from infra.postgres.address import Address, parse
from infra.postgres.create import bring_up_to_date, look
from infra.postgres.create import create as make
from infra.postgres.session import connect
from infra.postgres.store import PostgresStore
from infra.postgres.tables import VERSION
from infra.store.errors import StoreError
from infra.store.owned import Clock


def open_postgres(
    url: str, create: bool, facts: dict[str, str], lock_timeout: float, clock: Clock | None
) -> PostgresStore:
    """Opens the schema of a URL; with `create`, makes it if it is not there, with `facts`."""
    address = parse(url)
    with errors.translated(address), closing(connect(address)) as session:
        found = look(session, address)
        if create and facts and found.meta is not None:
            raise errors.exists(address)
        if create and found.meta is None:
            make(session, address, facts)
            found = look(session, address)
        if found.meta is None:
            raise _nothing(address, found.tables)
        if int(found.meta["file_version"]) < VERSION:
            bring_up_to_date(session)
        return PostgresStore(address, found.meta, lock_timeout, clock)


def is_there(url: str) -> bool:
    """Our tables are in the schema already."""
    address = parse(url)
    with errors.translated(address), closing(connect(address)) as session:
        return look(session, address).meta is not None


def exists(url: str) -> StoreError:
    """The refusal to make a schema where one is."""
    return errors.exists(parse(url))


def _nothing(address: Address, tables: int) -> StoreError:
    return errors.not_ours(address) if tables else errors.missing(address)
