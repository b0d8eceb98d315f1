"""Exit codes, one line of error, empty lists, pipes and colours."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from aggregates import identity
from aggregates.execution import ExecutionQueued
from aggregates.refusal import Refusal
from infra.cli.errors import guarded
from infra.cli.main import load, program, run
from infra.cli.verbs import NOUNS, VERBS
from tests.infra.cli.conftest import Reader
from tests.support.past import OCTOBER, Past

ROOT = Path(__file__).parents[3]
RUN = "from infra.cli.main import main; main()"

LISTS = [
    ("account", "list"),
    ("account", "search", "x"),
    ("account-package", "list"),
    ("bill-group", "list"),
    ("exchange-rates", "list"),
    ("package", "list"),
    ("bill-run", "list"),
    ("bill-run", "scheduled"),
    ("bill-run", "completed"),
    ("invoice", "list"),
    ("history", "list"),
]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_an_empty_list_is_an_empty_array_and_a_sentence(
    nothing: Reader, words: tuple[str, ...]
) -> None:
    assert nothing.ask(*words, "--json").out == "[]\n"
    (sentence,) = nothing.table(*words)
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("account", "show", "X"), "account_unknown"),
        (("account-package", "show", "X"), "account_package_unknown"),
        (("account-package", "list", "--account", "X"), "account_unknown"),
        (("bill-group", "show", "X"), "bill_group_unknown"),
        (("exchange-rates", "show", "X"), "exchange_rates_unknown"),
        (("package", "show", "X"), "package_unknown"),
        (("bill-run", "show", "X"), "bill_run_unknown"),
        (("bill-run", "completed", "--bill-run", "X"), "bill_run_unknown"),
        (("execution", "show", "X"), "execution_unknown"),
        (("execution", "failures", "abcdef01"), "execution_unknown"),
        (("execution", "left-behind", "%%%%"), "execution_unknown"),
        (("invoice", "show", "X"), "invoice_unknown"),
        (("invoice", "list", "--account", "X"), "account_unknown"),
        (("invoice", "list", "--execution", "X"), "execution_unknown"),
        (("history", "show", "account:X"), "stream_unknown"),
        (("history", "show", "invoice:X"), "invoice_unknown"),
        (("history", "show", "account-package:X"), "account_package_unknown"),
        (("history", "list", "--type", "X"), "event_type_unknown"),
    ],
)
def test_what_is_unknown_is_refused_in_one_line(
    reader: Reader, words: tuple[str, ...], code: str
) -> None:
    said = reader.ask(*words)
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: {code}: ")
    assert said.err.count("\n") == 1
    said = reader.ask(*words, "--json")
    error = json.loads(said.out)["error"]
    assert (said.status, error["code"], list(error)) == (1, code, ["code", "message", "details"])


@pytest.mark.parametrize(
    "words",
    [
        ("account", "list", "--nonsense"),
        ("account", "nonsense"),
        ("nonsense",),
        ("account", "show"),
        ("history", "list", "--limit", "x"),
        ("history", "show", "nonsense:1"),
        ("history", "show", "nonsense"),
        ("invoice", "export", "--format", "xml"),
        ("completion", "tcsh"),
    ],
)
def test_wrong_usage_ends_with_2(reader: Reader, words: tuple[str, ...]) -> None:
    said = reader.ask(*words)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("error: wrong_usage: ")
    assert said.err.count("\n") == 1


def test_a_view_that_is_not_there_cannot_be_rebuilt(reader: Reader) -> None:
    assert reader.ask("views", "rebuild", "nonsense").err.startswith("error: view_unknown: ")


def test_a_missing_database_says_how_to_make_one(tmp_path: Path) -> None:
    said = Reader(f"sqlite:///{tmp_path}/none.db").ask("account", "list")
    assert said.status == 1
    assert said.err.startswith("error: database_missing: ")


def test_an_ambiguous_id_asks_for_more_of_it(past: Past) -> None:
    past.set_up()
    found: dict[str, bytes] = {}
    stream = other = b""
    for number in range(5_000):
        stream = identity.execution(str(number).encode(), "now")
        other = found.setdefault(stream.hex()[:4], stream)
        if other is not stream:
            break
    assert other is not stream, "no two ids begin alike"
    queued = ExecutionQueued(bill_run="Monthly", period_start=OCTOBER[0], period_end=OCTOBER[1])
    for id in (other, stream):
        past.happens("execution", id, queued)
    said = Reader(past.url).ask("execution", "show", stream.hex()[:4])
    assert said.err.startswith("error: id_ambiguous: ")
    assert len(Reader(past.url).table("bill-run", "scheduled")) == 3


def test_an_unexpected_error_is_one_line_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> int:
        raise ZeroDivisionError("by nought\nindeed")

    assert guarded([], broken) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: unexpected: ZeroDivisionError: by nought indeed.")
    assert "BILLSTREAM_DEBUG=1" in told
    assert told.count("\n") == 1


def test_a_refusal_in_json_has_its_details(capsys: pytest.CaptureFixture[str]) -> None:
    def refusing() -> int:
        raise Refusal("no_good", "that is no good", account="C-1")

    assert guarded(["--json"], refusing) == 1
    assert json.loads(capsys.readouterr().out) == {
        "error": {"code": "no_good", "message": "that is no good", "details": {"account": "C-1"}}
    }


def test_an_interruption_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert guarded([], interrupted) == 130
    told = capsys.readouterr().err
    assert told.startswith("error: interrupted: stopped;")
    assert told.count("\n") == 1


def _process(reader: Reader, *words: str, **variables: str) -> "subprocess.Popen[bytes]":
    where = {"PYTHONPATH": str(ROOT), "BILLSTREAM_DATABASE_URL": reader.url}
    environment = {**os.environ, **where, **variables}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    )


def test_nobody_reading_a_pipe_is_no_error(reader: Reader) -> None:
    process = _process(reader, "history", "export")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), told) == (141, b"")


def test_a_process_speaks_without_colours_off_a_terminal(reader: Reader) -> None:
    out, err = _process(reader, "account", "list").communicate()
    assert b"\x1b" not in out
    assert "Béatrice" in out.decode()
    assert err == b""


def test_help_imports_next_to_nothing(reader: Reader) -> None:
    heavy = "pydantic", "sqlalchemy", "rich", "msgspec", "eventsourcing", "yaml", "cryptography"
    script = (
        "import sys\nfrom infra.cli.main import run\nrun(['--help'])\nrun(['bill-run', '--help'])\n"
        f"found = [name for name in {heavy!r} if name in sys.modules]\n"
        "assert not found, found"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_reading_imports_no_pydantic(reader: Reader) -> None:
    script = (
        "import sys\nfrom infra.cli.main import run\n"
        f"run(['invoice', 'list', '--database', {reader.url!r}])\n"
        "assert 'pydantic' not in sys.modules\nassert 'rich' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_is_there_and_teaches_with_an_example(name: str) -> None:
    command = load(VERBS[name])
    assert command.help, name
    assert "Example" in (command.epilog or ""), name


def test_every_noun_has_verbs_and_every_verb_a_noun() -> None:
    nouns = {name.split()[0] for name in VERBS if " " in name}
    assert nouns == set(NOUNS)
    assert program().name == "billstream"


@pytest.mark.parametrize("words", [(), ("account",)])
def test_a_noun_alone_shows_its_verbs(words: tuple[str, ...]) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        assert guarded([*words], lambda: run([*words])) == 0
    assert "list" in out.getvalue()


def test_a_shell_is_told_nouns_and_verbs(reader: Reader) -> None:
    asked = {"COMP_WORDS": "billstream bill-run s", "COMP_CWORD": "2"}
    process = _process(reader, **asked, _BILLSTREAM_COMPLETE="bash_complete")
    out, _ = process.communicate()
    assert out.decode().split() == ["plain,show", "plain,schedule", "plain,scheduled"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_program(reader: Reader, shell: str) -> None:
    process = _process(reader, "completion", shell)
    out, _ = process.communicate()
    assert b"_BILLSTREAM_COMPLETE" in out
