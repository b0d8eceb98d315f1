"""A chunk is read, billed and made ready some invoicers at a time (R28, R29): how many at a time is
to be seen nowhere.
"""

from pathlib import Path
from typing import Any

import pytest

from commands.billing import readable
from tests.rules.support import OCTOBER
from tests.support.world import World, account, base, package

OWN = {"id", "execution", "number"}


def accounts() -> list[dict[str, Any]]:
    """One invoicer with more accounts under it than are read at a time, among others; two that
    have nothing due.
    """
    alone = [account(f"A-{n}", package(f"a{n}", "2020-09-01")) for n in range(7)]
    under = [account(f"C-{n}", package(f"c{n}", "2020-09-01"), invoicer="A-3") for n in range(5)]
    later = [account(f"L-{n}", package(f"l{n}", "2020-12-01")) for n in range(2)]
    return [*alone, *under, *later]


def billed(folder: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> list[Any]:
    """October's invoices, which are those of its preview, which its replay makes again."""
    monkeypatch.setattr(readable, "PIECE", at_a_time)
    folder.mkdir()
    world = World(folder)
    world.apply(base(accounts=accounts()))
    previewed = plain(world.preview(*OCTOBER)["invoices"])
    execution = world.bill(*OCTOBER)
    found = plain(world.invoices())
    assert sorted(previewed, key=by_account) == sorted(found, key=by_account)
    world.must("execution", "replay", execution)
    world.must("verify")
    return found


def plain(invoices: list[dict[str, Any]]) -> list[Any]:
    return [{name: value for name, value in found.items() if name not in OWN} for found in invoices]


def by_account(invoice: dict[str, Any]) -> str:
    return str(invoice["account"])


@pytest.mark.parametrize("at_a_time", [1, 2, 5, 13])
def test_invoices_and_their_order_do_not_tell_how_many_were_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    together = billed(tmp_path / "together", monkeypatch, 1000)
    assert len(together) == 7
    assert max(len(invoice["lines"]) for invoice in together) == 6
    assert billed(tmp_path / "apart", monkeypatch, at_a_time) == together
