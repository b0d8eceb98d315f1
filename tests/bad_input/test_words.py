"""Command lines that make no sense, and times, rules and databases that are none."""

from pathlib import Path

import pytest

from infra.cli.errors import guarded
from infra.cli.main import run
from tests.bad_input.asking import Desk

PERIOD = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")
SCHEDULE = ("bill-run", "schedule", "Default")
NOW = (*SCHEDULE, "--now")
SUSPEND = ("account-package", "suspend", "A-1/net")
PREVIEW = ("bill-run", "preview", "Default")
ALL_TIME = ("--period-start", "0001-01-01", "--period-end", "9999-12-31")
BACKWARDS = ("--period-start", "2020-10-31", "--period-end", "2020-10-01")
EVERY = (*SCHEDULE, "--period-start", "2020-10-01", "--every")


@pytest.mark.parametrize(
    "words",
    [
        ("nope",),
        ("account", "nope"),
        ("account", "show"),
        ("account", "list", "extra"),
        ("account", "list", "--nope"),
        (*SCHEDULE,),
        (*NOW,),
        (*SCHEDULE, *PERIOD),
        (*NOW, "--at", "2020-11-01", *PERIOD),
        (*NOW, "--period-start", "2020-02-30", "--period-end", "2020-03-01"),
        (*NOW, *PERIOD, "--posting-date", "soon"),
        (*SCHEDULE, "--at", "2020-11-01T25:00", *PERIOD),
        (*SCHEDULE, "--at", "", *PERIOD),
        ("account-package", "cancel", "A-1/net", "--as-of", "2020-02-30"),
        ("account-package", "set-price", "A-1/net", "-5"),
        ("history", "list", "--after", "99999999999999999999"),
        ("history", "list", "--limit", "99999999999999999999"),
        ("bill-run", "completed", "--limit", "99999999999999999999"),
        ("history", "show", "nonsense"),
        ("scheduler", "--poll", "nan"),
        ("scheduler", "--poll", "0"),
        ("clock", "advance", "--to", "tomorrow"),
        ("account", "show", "\udcff"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_hint(desk: Desk, words: tuple[str, ...]) -> None:
    before = desk.position
    answer = desk.ask(*words)
    assert answer.status == 2, answer.err
    assert answer.err.startswith(("error: wrong_usage: ", "error: not_utf8: "))
    assert answer.err.count("\n") == 1
    assert desk.position == before


def test_the_hint_is_a_sentence_of_its_own(desk: Desk) -> None:
    assert desk.ask("history", "show", "x").err.endswith(
        "such as account:C-1. See `billstream history show --help`.\n"
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("period_end_before_start", (*NOW, *BACKWARDS)),
        ("period_end_missing", (*NOW, "--period-start", "2020-10-01")),
        ("date_out_of_range", (*NOW, *ALL_TIME)),
        ("date_out_of_range", (*NOW, *PERIOD, "--posting-date", "9999-12-31")),
        ("date_out_of_range", (*PREVIEW, *ALL_TIME)),
        ("not_confirmed", ("account", "erase", "A-1")),
        ("catch_up_invalid", (*NOW, *PERIOD, "--catch-up", "-1")),
        ("catch_up_invalid", (*NOW, *PERIOD, "--catch-up", "1e3")),
        ("catch_up_invalid", (*NOW, *PERIOD, "--catch-up", "١")),
        ("bill_run_unknown", ("bill-run", "schedule", "", "--now", *PERIOD)),
        ("bill_run_unknown", ("bill-run", "schedule", "a\nb", "--now", *PERIOD)),
        ("bill_run_unknown", ("bill-run", "delete", "Nope")),
        ("exchange_rates_unknown", ("exchange-rates", "delete", "Nope")),
        ("in_use", ("bill-group", "delete", "Default Bill Group")),
        ("in_use", ("package", "delete", "internet")),
        ("in_use", ("exchange-rates", "delete", "October 2020")),
        ("recurrence_too_frequent", (*EVERY, "FREQ=SECONDLY")),
        ("recurrence_too_frequent", (*EVERY, "FREQ=DAILY;BYMINUTE=0,30")),
        ("recurrence_never_fires", (*EVERY, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")),
        ("recurrence_never_fires", (*EVERY, "FREQ=YEARLY;INTERVAL=10000")),
        ("recurrence_never_fires", (*EVERY, "FREQ=DAILY;UNTIL=20200101")),
        ("recurrence_invalid", (*EVERY, "")),
        ("recurrence_invalid", (*EVERY, "FREQ=DAILY\nFREQ=DAILY")),
        ("amount_invalid", ("account-package", "set-price", "A-1/net", "NaN")),
        ("amount_too_precise", ("account-package", "set-price", "A-1/net", "1.234")),
        ("suspension_empty", (*SUSPEND, "--as-of", "2020-10-10", "--until", "2020-10-01")),
        ("not_suspended", ("account-package", "resume", "A-1/net")),
        ("schedule_unknown", ("bill-run", "cancel", "____")),
        ("execution_unknown", ("execution", "retry", "")),
        ("execution_unknown", ("execution", "resume", "abcd")),
        ("clock_goes_back", ("clock", "advance", "--to", "2019-01-01")),
        ("head_invalid", ("verify", "--expect", "x")),
        ("database_exists", ("init",)),
        ("view_unknown", ("views", "rebuild", "nope")),
    ],
)
def test_what_is_refused_says_what_to_do(desk: Desk, code: str, words: tuple[str, ...]) -> None:
    if words[0] == "views":
        answer = desk.ask(*words)
        assert (answer.status, answer.err.split(": ")[1]) == (1, code)
        return
    found, sentence = desk.told(*words)
    assert found == code
    assert len(sentence) > 20


def told(capsys: pytest.CaptureFixture[str], url: str, *words: str) -> str:
    """The error of a command line that names another database."""
    line = [*words, "--database", url]
    assert guarded(line, lambda: run(line)) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    "url", ["sqlite:///", "sqlite://x.db", "x.db", "/x.db", "mysql://h/d", "sqlite:///a%00b"]
)
def test_a_url_that_is_none(capsys: pytest.CaptureFixture[str], url: str) -> None:
    for words in (("init",), ("account", "list")):
        assert told(capsys, url, *words).startswith("error: database_url_invalid: ")


def test_a_password_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert "secret" not in told(capsys, "mysql://u:secret@h/d", "account", "list")


@pytest.mark.parametrize(
    "name", ["sp ace.db", "é😀.db", "a?mode=ro", "a#b", "100%25.db", "q'\"uote"]
)
def test_odd_paths_are_paths(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path}/{name}"
    assert guarded([], lambda: run(["init", "--database", url])) == 0
    assert guarded([], lambda: run(["account", "list", "--database", url])) == 0
    assert (tmp_path / name.replace("%25", "%")).is_file()
