"""What can be wrong with the database, each with a stable code and a remedy."""

import re
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Pages could not be written; the index beside the file could not grow when it was opened.
_WRITES_FAILED = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
_PASSWORD = re.compile(r"(://[^/@:]*:)[^/]*@")


class StoreError(Exception):
    """The database cannot be used. Nothing was written. Codes are part of the interface."""

    def __init__(self, code: str, sentence: str, **details: object) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.details: Mapping[str, object] = details

    def __reduce__(self) -> tuple[object, ...]:
        """Comes whole out of another process."""
        return _again, (self.code, self.sentence, dict(self.details))


def _again(code: str, sentence: str, details: Mapping[str, object]) -> StoreError:
    return StoreError(code, sentence, **details)


def not_a_sandbox() -> StoreError:
    return StoreError(
        "not_a_sandbox",
        "the clock of this database is the computer's: "
        "make a sandbox with `billstream init --sandbox --clock TIME`",
    )


def clock_goes_back() -> StoreError:
    return StoreError("clock_goes_back", "a clock cannot be set back")


def missing(path: Path) -> StoreError:
    return StoreError(
        "database_missing",
        f"there is no database at {path}: make one with `billstream init` or `billstream apply`, "
        "or name another with --database",
        path=str(path),
    )


def url_invalid(url: str) -> StoreError:
    """A password in the URL is not repeated."""
    shown = _PASSWORD.sub(r"\1***@", url)
    return StoreError(
        "database_url_invalid", f"{shown!r} is not a database URL: write sqlite:///PATH", url=shown
    )


def not_ours(path: Path, why: str) -> StoreError:
    return StoreError(
        "database_not_ours",
        f"{path} {why}: name another file with --database",
        path=str(path),
    )


def read_only(path: Path) -> StoreError:
    return StoreError(
        "database_read_only",
        f"{path} cannot be written: allow writing to the file and its folder",
        path=str(path),
    )


def newer(path: Path, found: int, known: int) -> StoreError:
    return StoreError(
        "database_newer",
        f"{path} was made by a newer billstream (file version {found}, this one knows {known}): "
        "install the newer one",
        path=str(path),
        found=found,
        known=known,
    )


def exists(path: Path) -> StoreError:
    return StoreError(
        "database_exists",
        f"{path} already holds a database: name another file with --database",
        path=str(path),
    )


def _locked(path: Path) -> StoreError:
    return StoreError(
        "database_locked",
        f"another process holds {path} and did not let go: try again when it has finished",
        path=str(path),
    )


def _full(path: Path) -> StoreError:
    return StoreError(
        "disk_full",
        f"the disk of {path} is full and only what was finished before is written: free some "
        "space and try again",
        path=str(path),
    )


def _damaged(path: Path, error: Exception) -> StoreError:
    return StoreError(
        "database_damaged",
        f"{path} is damaged ({error}): restore a backup",
        path=str(path),
    )


def _unusable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        "database_failed",
        f"{path} could not be used ({error}): look at the file, its folder and its disk",
        path=str(path),
    )


def store_error(path: Path, error: sqlite3.Error) -> StoreError | None:
    """The error of ours behind one of SQLite's; None for an error of the program."""
    if "Could not decode to UTF-8" in str(error):  # the driver's own, which has no code
        return _damaged(path, error)
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return None
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _locked(path)
        case sqlite3.SQLITE_FULL:
            return _full(path)
        case sqlite3.SQLITE_IOERR:
            return _full(path) if code in _WRITES_FAILED else _unusable(path, error)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return read_only(path)
        case sqlite3.SQLITE_CORRUPT:
            return _damaged(path, error)
        case sqlite3.SQLITE_NOTADB:
            return not_ours(path, "is not a database of billstream")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH | sqlite3.SQLITE_PROTOCOL:
            return _unusable(path, error)
        case _:
            return None


@contextmanager
def translated(path: Path) -> Generator[None]:
    """Raises ours for SQLite's inside the block, and for a file that may not be touched."""
    try:
        yield
    except PermissionError as error:
        raise read_only(path) from error
    except sqlite3.Error as error:
        ours = store_error(path, error)
        if ours is None:
            raise
        raise ours from error
