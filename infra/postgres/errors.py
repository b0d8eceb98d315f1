"""What can be wrong with the server or the schema, each with a stable code and a remedy."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import psycopg

from infra.postgres.address import Address, secrets_of
from infra.store.errors import StoreError

TRY_AGAIN = ("40P01", "40001")
"""Deadlock and serialization failure: nothing was written, decide again."""


def missing(address: Address) -> StoreError:
    return StoreError(
        "database_missing",
        f"there is no billstream in schema {address.schema} of {address.shown}: make one with "
        "`billstream init` or `billstream apply`, or name another with --database",
        url=address.shown,
    )


def not_ours(address: Address) -> StoreError:
    return StoreError(
        "schema_not_ours",
        f"schema {address.schema} of {address.shown} holds tables of another program: "
        "name another schema with ?schema=NAME",
        url=address.shown,
    )


def newer(address: Address, found: int, known: int) -> StoreError:
    return StoreError(
        "database_newer",
        f"{address.shown} was made by a newer billstream (version {found} of its tables, this one "
        f"knows {known}): install the newer one",
        url=address.shown,
        found=found,
        known=known,
    )


def exists(address: Address) -> StoreError:
    return StoreError(
        "database_exists",
        f"{address.shown} already holds a database: name another schema with ?schema=NAME",
        url=address.shown,
    )


def unsuitable(address: Address, why: str) -> StoreError:
    return StoreError("database_unsuitable", f"{address.shown}: {why}", url=address.shown)


def locked(address: Address) -> StoreError:
    return StoreError(
        "database_locked",
        f"another process holds {address.shown} and did not let go: try again when it has finished",
        url=address.shown,
    )


def unreachable(address: Address, error: Exception) -> StoreError:
    return StoreError(
        "database_unreachable",
        f"{address.shown} does not answer ({_said(address, error)}): look at the server, the "
        "address and the network; what was being written is either whole or not there",
        url=address.shown,
    )


def denied(address: Address, error: Exception | str) -> StoreError:
    return StoreError(
        "permission_denied",
        f"{address.shown} refuses ({_said(address, error)}): look at the user, its password, "
        "certificates (sslmode, sslrootcert, sslcert, sslkey) and its grants",
        url=address.shown,
    )


def _full(address: Address) -> StoreError:
    return StoreError(
        "disk_full",
        f"the disk of {address.shown} is full; nothing was written: free some space and try again",
        url=address.shown,
    )


def _read_only(address: Address) -> StoreError:
    return StoreError(
        "database_read_only",
        f"{address.shown} cannot be written (a standby?): name the primary server",
        url=address.shown,
    )


def _damaged(address: Address, error: Exception) -> StoreError:
    return StoreError(
        "database_damaged",
        f"{address.shown} is damaged ({_said(address, error)}): restore a backup",
        url=address.shown,
    )


def _too_long(address: Address) -> StoreError:
    return StoreError(
        "database_timeout",
        f"{address.shown} took too long and was stopped; nothing was written: try again",
        url=address.shown,
    )


def _text(address: Address) -> StoreError:
    return StoreError(
        "text_not_storable",
        "a text holds a character that PostgreSQL cannot keep (U+0000): remove it",
        url=address.shown,
    )


def store_error(address: Address, error: psycopg.Error) -> StoreError | None:
    """The error of ours behind one of the driver's; None for an error of the program."""
    match error.sqlstate or "":
        case "":
            return _without_state(address, error)
        case "42501" | "28000" | "28P01":
            return denied(address, error)
        case "XX001" | "XX002":
            return _damaged(address, error)
        case state if state in _PLAIN:
            return _PLAIN[state](address)
        case state if state.startswith(("08", "53", "58", "57P", "25P")):
            return unreachable(address, error)
        case _:
            return None


def _without_state(address: Address, error: psycopg.Error) -> StoreError | None:
    """Failures to connect come without a state: the server's own words have to do."""
    if isinstance(error, psycopg.DataError):
        return _text(address) if "NUL" in str(error) else None
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return None
    words = str(error)
    if "does not exist" in words and "database" in words:
        return _no_database(address)
    if any(sign in words for sign in _REFUSED):
        return denied(address, error)
    return unreachable(address, error)


_REFUSED = (
    *("authentication failed", "role ", "pg_hba.conf", "denied", "certificate"),
    *("private key file", "SSL error", "does not support SSL"),
)
"""What a server says that does not let us in, or that we do not trust."""


def _no_database(address: Address) -> StoreError:
    return StoreError(
        "database_missing",
        f"the server of {address.shown} has no such database: make it with createdb",
        url=address.shown,
    )


_PLAIN: dict[str, Callable[[Address], StoreError]] = {
    "55P03": locked,
    "57014": _too_long,
    "53100": _full,
    "25006": _read_only,
    "3D000": _no_database,
    "42P01": not_ours,
    "3F000": not_ours,
    "22021": _text,
}


def _said(address: Address, error: Exception | str) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    for secret in secrets_of(address.conninfo):
        words = words.replace(secret, "***")
    return words[:300]


@contextmanager
def translated(address: Address) -> Generator[None]:
    """Raises ours for the driver's inside the block."""
    try:
        yield
    except psycopg.Error as error:
        ours = store_error(address, error)
        if ours is None:
            raise
        raise ours from None
