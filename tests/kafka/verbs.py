"""Command lines of an operator of the grown-up system, in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping

from infra.kafka.settings import KafkaSettings
from tests.support.sources import ROOT

PROGRAM = "from infra.start import main; main()"


def environment(settings: KafkaSettings, url: str, **more: str) -> dict[str, str]:
    """The variables of a process that works with the settings."""
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "BILLSTREAM_DATABASE_URL": url,
        "BILLSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "BILLSTREAM_KAFKA_PARTITIONS": str(settings.kafka_partitions),
    }
    return given | more


class Operator:
    """Asks for verbs; `more` are further variables."""

    def __init__(self, settings: KafkaSettings, url: str, **more: str) -> None:
        self.environment: Mapping[str, str] = environment(settings, url, **more)

    def ask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *words],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def must(self, *words: str) -> str:
        """What a verb says that has to go well."""
        done = self.ask(*words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def refused(self, *words: str) -> str:
        """The code with which a verb is refused."""
        done = self.ask(*words)
        assert done.returncode == 1, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.stderr.startswith("error: "), done.stderr
        return done.stderr.split(":")[1].strip()
