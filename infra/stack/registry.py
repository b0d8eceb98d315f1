"""A real schema registry (Apicurio, with Confluent's API), its schemas kept in the PostgreSQL."""

import shutil
import tarfile
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from infra.stack.parts import REGISTRY_VERSION, cache_folder, java, locked, registry_archive
from infra.stack.ports import HOST
from infra.stack.postgres import Postgres
from infra.stack.server import Server

_DATABASE = "registry"
_RUNNER = f"apicurio-registry-app-{REGISTRY_VERSION}-runner.jar"
_OPTIONS = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class Registry(Server):
    """Apicurio Registry over a running PostgreSQL. Spaces in a schema make no new one."""

    name: ClassVar[str] = "registry"

    def __init__(self, folder: Path, port: int, postgres: Postgres) -> None:
        super().__init__(folder, [port])
        self._postgres = postgres

    @property
    def url(self) -> str:
        """Where Confluent's API is."""
        return f"http://{HOST}:{self.port}/apis/ccompat/v7"

    def version(self) -> str:
        return REGISTRY_VERSION

    @property
    def mark(self) -> str:
        return f"-Dbillstream.folder={self.folder}"

    def prepare(self) -> None:
        self._postgres.make_database(_DATABASE)

    def command(self) -> Sequence[str | Path]:
        return [
            java(),
            *_OPTIONS,
            self.mark,
            f"-Dquarkus.http.host={HOST}",
            f"-Dquarkus.http.port={self.port}",
            "-Dapicurio.ccompat.use-canonical-hash=true",
            "-Dquarkus.log.level=WARN",
            "-Dquarkus.http.access-log.enabled=false",
            "-Dapicurio.storage.kind=sql",
            "-Dapicurio.storage.sql.kind=postgresql",
            "-jar",
            _unpacked() / _RUNNER,
        ]

    def environment(self) -> Mapping[str, str]:
        """Here and not in the command, which every user of the computer may read."""
        return {
            "APICURIO_DATASOURCE_URL": f"jdbc:postgresql://{HOST}:{self._postgres.port}/{_DATABASE}",
            "APICURIO_DATASOURCE_USERNAME": self._postgres.user,
            "APICURIO_DATASOURCE_PASSWORD": self._postgres.password,
        }

    def is_ready(self) -> bool:
        """Lists its subjects."""
        asked = f"{self.url}/subjects"
        with suppress(OSError), urllib.request.urlopen(asked, timeout=5) as answer:
            return bool(answer.status == 200)
        return False


def _unpacked() -> Path:
    """The registry's folder, unpacked once for all stacks of this user."""
    folder = cache_folder() / f"apicurio-registry-{REGISTRY_VERSION}"
    with locked(cache_folder() / "unpack.lock"):
        if not folder.exists():
            aside = folder.with_suffix(".new")
            shutil.rmtree(aside, ignore_errors=True)
            with tarfile.open(registry_archive()) as archive:
                archive.extractall(aside, filter="data")
            aside.rename(folder)
    return next(folder.rglob(_RUNNER)).parent
