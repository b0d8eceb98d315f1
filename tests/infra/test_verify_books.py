"""Verifying while commands go on: what is of two moments is not called wrong."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.composition import App, open_app
from infra.verify import Report, verify_all
from infra.verify_books import TRIES
from tests.support.world import World, account, base, package


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.apply(base(accounts=[account("C-1", package("C-1/net", "2020-09-01"))]))
    world.must("ledger", "trial-balance")
    return world


@contextmanager
def meanwhile(world: World, times: int) -> Generator[App]:
    """Somebody charges the account whenever the journal was just brought up to date."""
    left = list(range(times))
    with open_app(world.url) as app, pytest.MonkeyPatch.context() as patch:
        catch_up = app.books.catch_up

        def overtaken() -> None:
            catch_up()
            if left:
                world.must("account", "charge", "C-1", f"1.{left.pop():02}", "--reason", "visit")

        patch.setattr(app.books, "catch_up", overtaken)
        yield app


def verified(app: App) -> Report:
    return verify_all(app, views=True, expect=None, progress=lambda _: None)


def test_history_that_goes_on_for_a_while_is_waited_for(world: World) -> None:
    with meanwhile(world, TRIES - 1) as app:
        report = verified(app)
    assert (report.found, report.books) == (0, True)


def test_history_that_never_stands_still_is_said_and_nothing_is_called_wrong(world: World) -> None:
    with meanwhile(world, TRIES) as app:
        report = verified(app)
    assert (report.found, report.books) == (0, False)


def test_verify_says_whether_the_books_were_compared(world: World) -> None:
    assert world.read("verify")["books_compared"] is True
    assert world.read("verify", "--history")["books_compared"] is None
