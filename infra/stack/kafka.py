"""A real Apache Kafka broker in KRaft mode: broker and controller in one process."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from infra.stack.parts import KAFKA_VERSION, java, kafka_jars
from infra.stack.ports import HOST, accepts
from infra.stack.server import Server, written_whole

_SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENTS",
    "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": "data",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
}
"""For one node. The short session makes a start after a kill quick: the node waits until its own
old registration has run out.
"""

_LOGGING = """\
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = FILE
appender.file.type = RollingFile
appender.file.name = FILE
appender.file.fileName = broker.log
appender.file.filePattern = broker.log.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS} %p %m (%c)%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""

_JAVA_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class Kafka(Server):
    """Apache Kafka on two ports: clients', and the controller's own."""

    name: ClassVar[str] = "kafka"

    def __init__(
        self,
        folder: Path,
        ports: Sequence[int],
        cluster: str,
        settings: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
        client: Mapping[str, object] | None = None,
    ) -> None:
        """`users` are made with their passwords (SCRAM-SHA-512) together with the data; `client`
        is what kafka-python needs besides the address.
        """
        super().__init__(folder, ports)
        self._cluster = cluster
        self._settings = {**_SETTINGS, **(settings or {})}
        self._users = users or {}
        self._client = client or {}

    @property
    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.port}"

    def logs(self) -> Sequence[Path]:
        return [self.folder / "broker.log", self.log]

    def version(self) -> str:
        return KAFKA_VERSION

    @property
    def mark(self) -> str:
        return f"-Dbillstream.folder={self.folder}"

    def command(self) -> Sequence[str | Path]:
        return [*self._java(*_JAVA_OPTIONS, self.mark), "kafka.Kafka", "server.properties"]

    def prepare(self) -> None:
        self._write_properties("server.properties", "data")
        written_whole(self.folder / "log4j2.properties", _LOGGING)
        if not (self.folder / "data").exists():
            self._format()

    def is_ready(self) -> bool:
        """A request for metadata names a broker and a controller."""
        if not accepts(self.port):
            return False
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        try:
            admin = KafkaAdminClient(
                bootstrap_servers=self.bootstrap_servers,
                bootstrap_timeout_ms=5_000,
                **self._client,
            )
        except KafkaError:
            return False
        try:
            cluster = admin.describe_cluster()
            return bool(cluster["brokers"]) and cluster["controller_id"] >= 0
        except KafkaError:
            return False
        finally:
            admin.close()

    def _java(self, *options: str) -> list[str | Path]:
        path = ":".join(str(jar) for jar in kafka_jars())
        logging = "-Dlog4j2.configurationFile=log4j2.properties"
        return [java(), *options, logging, "-cp", path]

    def _format(self) -> None:
        """A new log folder, made aside and renamed when whole."""
        aside = self.aside()
        properties = f"{aside.name}.properties"
        self._write_properties(properties, aside.name)
        words = [
            *self._java("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
            *("kafka.tools.StorageTool", "format", "-t", self._cluster),
            *("-c", properties),
        ]
        for user, password in self._users.items():
            secret = f"SCRAM-SHA-512=[name={user},password={password},iterations=4096]"
            words += ["--add-scram", secret]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise self.failed_to_make_data(done.stderr + done.stdout)
        (self.folder / properties).unlink()
        aside.rename(self.folder / "data")

    def _write_properties(self, name: str, data: str) -> None:
        clients, controller = self.ports
        properties = {
            **self._settings,
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"CLIENTS://{HOST}:{clients},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"CLIENTS://{HOST}:{clients}",
            "log.dirs": data,
        }
        lines = "".join(f"{key}={_escaped(value)}\n" for key, value in properties.items())
        written_whole(self.folder / name, lines)


def _escaped(value: str) -> str:
    """A value as Java reads it from a properties file."""
    shown = value.replace("\\", "\\\\").replace("\n", "\\n")
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in shown)
