"""The servers of one folder together: up, status, down."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from infra.stack.folder import StackFolder
from infra.stack.kafka import Kafka
from infra.stack.postgres import Postgres
from infra.stack.registry import Registry
from infra.stack.server import Server


class ServerStatus(NamedTuple):
    """How one server is: `pid` is None when it does not run."""

    server: str
    pid: int | None
    port: int
    version: str


class Stack:
    """A real PostgreSQL and a real Apache Kafka, with a schema registry when it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = StackFolder(folder)

    def up(self, registry: bool = False, new_ports: bool = False) -> dict[str, str]:
        """Starts what does not run yet and answers the environment that points at the servers.
        Data, ports and password are those of the first time.
        """
        self.folder.make()
        with self.folder.alone():
            if registry:
                self.folder.add_registry()
            if new_ports:
                self._forget_ports()
            for server in self._servers():
                server.start()
            return self._environment()

    def status(self) -> list[ServerStatus]:
        """Each server of the folder, whether it runs or not."""
        self.folder.check_made()
        found: list[ServerStatus] = []
        for server in self._servers():
            running = server.running()
            pid = running.pid if running else None
            found.append(ServerStatus(server.name, pid, server.port, server.version()))
        return found

    def down(self) -> list[str]:
        """Stops what runs, the last started first; answers the names of what was stopped."""
        self.folder.check_made()
        with self.folder.alone():
            return [server.name for server in reversed(self._servers()) if server.stop()]

    def _servers(self) -> Sequence[Server]:
        postgres, kafka = self._postgres(), self._kafka()
        if not self.folder.has_registry():
            return [postgres, kafka]
        return [postgres, kafka, self._registry(postgres)]

    def _postgres(self) -> Postgres:
        port = self.folder.ports("postgres", 1)[0]
        return Postgres(self.folder.path / "postgres", port, self.folder.password())

    def _kafka(self) -> Kafka:
        ports = self.folder.ports("kafka", 2)
        return Kafka(self.folder.path / "kafka", ports, self.folder.cluster())

    def _registry(self, postgres: Postgres) -> Registry:
        port = self.folder.ports("registry", 1)[0]
        return Registry(self.folder.path / "registry", port, postgres)

    def _environment(self) -> dict[str, str]:
        postgres = self._postgres()
        environment = {
            "BILLSTREAM_DATABASE_URL": postgres.url,
            "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS": self._kafka().bootstrap_servers,
        }
        if self.folder.has_registry():
            environment["BILLSTREAM_SCHEMA_REGISTRY_URL"] = self._registry(postgres).url
        return environment

    def _forget_ports(self) -> None:
        """Servers that run keep theirs."""
        for server in self._servers():
            if server.running() is None:
                self.folder.set_ports(server.name, None)
