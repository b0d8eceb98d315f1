"""A refused command on a database that was not there leaves none behind."""

from pathlib import Path

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
