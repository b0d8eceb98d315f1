"""The files for container engines: their shape, and that they say what the program understands."""

import json
import re
from typing import Any

import pytest
import yaml

from infra.stack.parts import KAFKA_VERSION
from tests.support.known_settings import known_settings
from tests.support.sources import ROOT
from tests.support.verbs import understood

FOLDER = ROOT / "infra" / "deploy"
CONDITIONS = {"service_healthy", "service_completed_successfully"}
ROLES = {"relay", "projector", "commands", "worker", "scheduler", "collector"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return read


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


@pytest.fixture(scope="module")
def stages() -> list[str]:
    """The Dockerfile, a text for each stage."""
    return re.split(r"^(?=FROM )", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]


def test_every_variable_is_a_real_setting() -> None:
    for path in FOLDER.iterdir():
        said = set(re.findall(r"BILLSTREAM_[A-Z_]+", path.read_text()))
        assert said - known_settings() == set(), path.name


def test_every_role_has_a_service_of_its_own(services: dict[str, Any]) -> None:
    assert {name for name, one in services.items() if one.get("command", [""])[0] == "run"} == ROLES
    assert all(services[role]["command"] == ["run", role] for role in ROLES)


def test_every_command_line_is_understood(services: dict[str, Any], stages: list[str]) -> None:
    """Verbs, their options and values: what stands here starts."""
    lines = {name: one["command"] for name, one in services.items() if "build" in one}
    assert '\nENTRYPOINT ["billstream"]\n' in stages[1]
    (default,) = re.findall(r"^CMD (.*)$", stages[1], re.MULTILINE)
    assert len(lines) == len(ROLES) + 2
    for words in (*lines.values(), json.loads(default)):
        understood(words)


def test_every_image_says_its_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert "build" in service or re.search(r":\d+\.\d", service["image"]), name
    assert services["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_services_wait_for_services_that_tell_when_they_are_ready(
    services: dict[str, Any],
) -> None:
    for name, service in services.items():
        for other, wish in service.get("depends_on", {}).items():
            assert wish["condition"] in CONDITIONS, name
            ends = services[other].get("restart") == "no"
            assert ends == (wish["condition"] == "service_completed_successfully"), (name, other)
            assert ends or "healthcheck" in services[other], (name, other)


def test_what_must_last_is_on_volumes(compose: dict[str, Any]) -> None:
    mounted = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert mounted == set(compose["volumes"]) == {"postgres", "kafka"}


def test_no_password_is_written_down(services: dict[str, Any]) -> None:
    secrets = [
        value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if "PASSWORD" in name or ("://" in value and "@" in value)
    ]
    assert secrets
    assert all("${POSTGRES_PASSWORD:?" in value for value in secrets)


def test_the_build_is_another_stage_than_what_runs(stages: list[str]) -> None:
    assert len(stages) == 2
    assert "pip install" in stages[0]
    assert "pip install" not in stages[1]
    assert "COPY --from=build" in stages[1]


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health(stages: list[str]) -> None:
    users = re.findall(r"^USER (\d+)", stages[1], flags=re.MULTILINE)
    assert users
    assert int(users[-1]) > 0
    assert re.search(r"^HEALTHCHECK .*\n.*/healthz", stages[1], flags=re.MULTILINE)


def test_every_room_is_in_the_image(stages: list[str]) -> None:
    from infra.own_packages import ROOMS

    copied = set(re.findall(r"^COPY (\w+) \1$", stages[0], flags=re.MULTILINE))
    assert copied == set(ROOMS)
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{room}" for room in ROOMS} <= set(ignored)
