"""A refused command on a database that was not there leaves none behind; a new one is made once."""

import json
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path

import pytest

from infra.cli.errors import guarded
from infra.cli.main import run
from tests.crash.harness import Existing


def test_a_refused_apply_leaves_no_database_behind(tmp_path: Path) -> None:
    world = Existing(f"sqlite:///{tmp_path / 'new.db'}")
    setup = tmp_path / "setup.yaml"
    setup.write_text("bill_runs: [{name: D, actions: [bill_packages], bill_groups: [G]}]\n")
    world.must("apply", str(setup), status=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["setup.yaml"]


def test_an_accepted_apply_makes_it(tmp_path: Path) -> None:
    world = Existing(f"sqlite:///{tmp_path / 'new.db'}")
    setup = tmp_path / "setup.yaml"
    setup.write_text("owner: {name: A, currency: USD, currencies: [USD], time_zone: UTC}\n")
    world.must("apply", str(setup))
    assert (tmp_path / "new.db").exists()


@pytest.mark.parametrize("sandbox", [False, True])
def test_init_again_leaves_what_is_there(tmp_path: Path, postgres_url: str, sandbox: bool) -> None:
    """So that containers that start again do not stumble over it."""
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres_url):
        words = ["init", "--if-missing", "--json", "--database", url]
        words += ["--sandbox", "--clock", "2020-10-01"] if sandbox else []
        for made in (True, False):
            shown = StringIO()
            with redirect_stdout(shown):
                assert guarded(words, partial(run, words)) == 0
            told = json.loads(shown.getvalue())
            assert told["sandbox"] is sandbox
            assert told.get("made", True) is made
