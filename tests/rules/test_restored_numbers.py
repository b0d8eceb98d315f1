"""R19 after an older database was restored: no number of an invoice or of a credit note that was
sent is given again, in either series.
"""

from pathlib import Path
from typing import Any

import pytest

from aggregates.invoice_state import CREDIT_NOTES, SERIES
from commands.message import Command
from commands.restoring import Published, finish_restore
from tests.rules.half_way import opened
from tests.rules.support import NOVEMBER, OCTOBER, refused_setup
from tests.support.world import World, account, base, package


@pytest.fixture(params=["sqlite", "postgres"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """One invoice, INV-007854; credit notes begin at CN-00100."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    made = World(tmp_path, url=url)
    setup = base(accounts=[account("C-1", package("C-1/internet", "2020-09-01"))])
    setup["owner"]["credit_note_numbers"] = {"prefix": "CN-", "start": 100, "length": 5}
    made.apply(setup)
    made.bill(*OCTOBER)
    return made


def restored(world: World, *, invoices: int, credit_notes: int, id: str = "r-1") -> dict[str, Any]:
    """The outcome, where the world had seen so much."""
    command = Command("finish_restore", "test", id, {}, "anna")
    with opened(world) as store:
        seen = Published(store.head.position + 50, invoices, credit_notes, 1)
        return dict(finish_restore(store, command, seen, f"epoch {id}").result)


def credit(world: World, invoice: str = "INV-007854") -> str:
    """The number of a new credit note."""
    world.must("invoice", "credit", invoice, "--line", "1", "--amount", "1.00")
    found: str = world.invoices()[-1]["number"]
    return found


def next_numbers(world: World) -> list[int]:
    """Of both series, the same by the rows of now and by history."""
    with opened(world) as store:
        head = store.head.position
        with store.snapshot() as now, store.as_of(head) as then:
            found = [now.next_number(series) for series in (SERIES, CREDIT_NOTES)]
            assert found == [then.next_number(series) for series in (SERIES, CREDIT_NOTES)]
    return found


def test_both_series_go_on_above_what_was_sent(world: World) -> None:
    assert credit(world) == "CN-00100"
    done = restored(world, invoices=7860, credit_notes=105)
    assert (done["next_number"], done["next_credit_note"]) == ("7861", "106")
    assert next_numbers(world) == [7861, 106]
    assert credit(world) == "CN-00106"
    world.bill(*NOVEMBER)
    assert world.invoices()[-1]["number"] == "INV-007861"
    assert next_numbers(world) == [7862, 107]
    world.must("verify")


def test_where_the_restored_one_has_no_credit_note_yet(world: World) -> None:
    restored(world, invoices=7854, credit_notes=120)
    assert next_numbers(world) == [7855, 121]
    world.must("verify")
    assert credit(world) == "CN-00121"
    world.must("verify")


def test_where_nobody_ever_made_one_their_numbers_begin_as_the_owner_says(world: World) -> None:
    assert restored(world, invoices=7854, credit_notes=0)["next_credit_note"] == "0"
    assert next_numbers(world) == [7855, 0]
    assert credit(world) == "CN-00100"
    world.must("verify")


def test_a_later_start_that_was_kept_stays_above(world: World) -> None:
    credit(world)
    world.apply({"owner": {"credit_note_numbers": {"start": 500}}})
    restored(world, invoices=7854, credit_notes=120)
    assert credit(world) == "CN-00500"
    world.must("verify")


def test_what_was_sent_less_than_is_known_lowers_nothing(world: World) -> None:
    credit(world)
    restored(world, invoices=1, credit_notes=1)
    restored(world, invoices=1, credit_notes=1, id="r-2")
    assert next_numbers(world) == [7855, 101]
    assert credit(world) == "CN-00101"
    world.must("verify")


def test_a_start_set_aside_cannot_be_gone_below(world: World) -> None:
    """By the setup, before the first credit note, as by a restore."""
    low = {"owner": {"credit_note_numbers": {"start": 99}}}
    assert refused_setup(world, low) == "number_start_too_low"
    restored(world, invoices=7854, credit_notes=120)
    low = {"owner": {"credit_note_numbers": {"start": 120}}}
    assert refused_setup(world, low) == "number_start_too_low"
    world.apply({"owner": {"credit_note_numbers": {"start": 121}}})
    assert credit(world) == "CN-00121"
    world.must("verify")
