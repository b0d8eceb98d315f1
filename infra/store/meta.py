"""Facts about the database: its epoch, whether it is a sandbox, and the sandbox's clock."""

from datetime import UTC, datetime, timedelta

from infra.store.database import Database

EPOCH = "epoch"
SANDBOX_CLOCK = "sandbox_clock"

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """A time as history stores it."""
    return (at - _BEGINNING) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The time (UTC) behind its stored form."""
    return _BEGINNING + timedelta(microseconds=microseconds)


def read(database: Database, key: str) -> str | None:
    row = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def write(database: Database, key: str, value: str) -> None:
    database.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def read_clock(database: Database) -> datetime | None:
    """The sandbox's clock; None where the computer's counts."""
    stored = read(database, SANDBOX_CLOCK)
    return None if stored is None else moment(int(stored))


def write_clock(database: Database, at: datetime) -> None:
    write(database, SANDBOX_CLOCK, str(microseconds(at)))
