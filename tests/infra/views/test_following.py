"""Views follow history: once and for all, from several processes, and anew."""

from dataclasses import replace
from typing import Any

import pytest

from aggregates import identity
from aggregates.account import AccountErased, AccountRenamed
from infra.store.open import open_store
from infra.store.sqlite import SqliteStore
from infra.views import feed
from infra.views.compare import compare_with_rebuild
from infra.views.open import open_views
from infra.views.positions import places
from infra.views.registry import VIEWS, Dispatch
from infra.views.sql import public_name
from infra.views.views import Views
from projections.view import View
from tests.support.past import Past


def everything(views: Views) -> dict[str, list[Any]]:
    """Every row of every public name."""
    return {
        table.name: sorted(views.rows(f"SELECT * FROM {public_name(table)}"), key=repr)
        for view in VIEWS
        for table in view.tables
    }


def test_catching_up_reaches_the_head_and_has_rows(past: Past) -> None:
    views = open_views(past.store)
    assert views.catch_up() == past.store.head.position == views.head()
    assert views.behind() == 0
    counts = {place.name: rows for place, rows in views.places()}
    assert counts == {
        "account_packages": 2,
        "accounts": 3,
        "balances": 1,
        "contracts": 0,
        "dunning": 0,
        "executions": 2,
        "failures": 1,
        "invoices": 2,
        "left_behind": 1,
        "payments": 0,
        "schedules": 1,
        "transactions": 0,
    }


def test_the_size_of_batches_does_not_matter(past: Past) -> None:
    views = open_views(past.store, batch=1)
    views.catch_up()
    one_by_one = everything(views)
    views.rebuild()
    assert everything(views) == one_by_one
    open_views(past.store).rebuild()
    assert everything(views) == one_by_one


def test_following_step_by_step_is_the_same_as_a_rebuild(url: str) -> None:
    past = Past(url)
    views = open_views(past.store)
    views.catch_up()
    for step in (past.set_up, lambda: past.opens("C-1", "Child"), lambda: past.takes("C-1")):
        step()
        views.catch_up()
    assert compare_with_rebuild(past.store).differences == []
    past.close()


def test_a_stretch_applied_twice_is_the_same_as_once(past: Past) -> None:
    views = open_views(past.store)
    views.catch_up()
    before = everything(views)
    past.store.views_database().execute("UPDATE views SET position = 0")
    views.catch_up()
    assert everything(views) == before


def test_another_process_that_moved_the_position_makes_us_read_again(past: Past) -> None:
    ours, other = open_views(past.store), open_store(past.url)
    theirs = open_views(other)
    ours.catch_up()
    past.opens("N-1", "New Ltd")

    def interfering(pairs: Any) -> list[str]:
        theirs.catch_up()
        return ["wrong"] * len(pairs)

    Views(past.store.views_database(), interfering).catch_up()
    names = [row[0] for row in ours.rows("SELECT name FROM view_accounts WHERE number = 'N-1'")]
    assert names == ["New Ltd"]
    other.close()


def test_a_view_of_another_version_is_built_beside_the_old_one_and_replaces_it(past: Past) -> None:
    open_views(past.store).catch_up()
    newer = tuple(replace(view, version=3) if view.name == "invoices" else view for view in VIEWS)
    views = open_views(past.store, newer)
    views.catch_up()
    assert past.store.views_database().has_table("view_invoices_v3_g2")
    assert not past.store.views_database().has_table("view_invoices_v2_g1")
    assert len(list(views.rows("SELECT 1 FROM view_invoices"))) == 2
    assert {p.name: p.version for p in places(past.store.views_database())}["invoices"] == 3


def test_a_view_ahead_of_history_is_built_anew(past: Past) -> None:
    views = open_views(past.store)
    views.catch_up()
    past.store.views_database().execute("UPDATE views SET position = 9999 WHERE name = 'accounts'")
    assert views.behind() == past.store.head.position
    assert compare_with_rebuild(past.store).differences == []
    assert {place.name: place.generation for place, _ in views.places()}["accounts"] == 2


def test_a_build_left_unfinished_is_taken_up(past: Past) -> None:
    class Stopped(Exception):
        pass

    def stop(_: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        open_views(past.store, batch=3).catch_up(stop)
    begun = places(past.store.views_database())
    assert {place.position for place in begun} == {3}
    views = open_views(past.store)
    views.catch_up()
    assert {place.generation for place, _ in views.places()} == {1}
    assert compare_with_rebuild(past.store).differences == []


def test_a_rebuild_reads_all_of_history_and_says_how_far_it_is(past: Past) -> None:
    views = open_views(past.store, batch=10)
    views.catch_up()
    told: list[int] = []
    views.rebuild(["accounts"], told.append)
    head = past.store.head.position
    assert told == [10, 20, head]
    assert {place.name: place.generation for place, _ in views.places()}["accounts"] == 2


def test_an_erased_name_leaves_the_views_and_the_file(past: Past) -> None:
    """Of a server's files we only know that no row says it any more."""
    views = open_views(past.store)
    account = identity.account("B-1")
    views.catch_up()
    past.happens("account", account, AccountErased(), destroyed_keys=[account])
    views.catch_up()
    (name,) = next(iter(views.rows("SELECT name FROM view_accounts WHERE number = 'B-1'")))
    assert name == "erased"
    assert compare_with_rebuild(past.store).differences == []
    folder = past.store.path.parent.iterdir() if isinstance(past.store, SqliteStore) else ()
    for file in folder:
        assert "Béatrice".encode() not in file.read_bytes(), file


def test_a_rebuild_after_an_erasure_shows_no_name(past: Past) -> None:
    account = identity.account("B-1")
    past.happens("account", account, AccountErased(), destroyed_keys=[account])
    views = open_views(past.store)
    views.catch_up()
    names = {row[0] for row in views.rows("SELECT name FROM view_accounts")}
    assert names == {"Child Ltd", "Parent Ltd", "erased"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "UPDATE {invoices} SET total = 1 WHERE number = 'INV-007854'",
            "in the row with number INV-007854, total is 1, history says 1700",
        ),
        ("DELETE FROM {invoices} WHERE number = 'INV-007855'", "number INV-007855 is missing"),
        (
            "INSERT INTO {invoices} SELECT position + 1000, id, 'X-1', series, status, account,"
            " currency, invoice_date, due_date, posting_date, net, tax, total, execution,"
            " exchange_rates, first, lines, kind, reverses, reversal, reason"
            " FROM {invoices} LIMIT 1",
            "the row with number X-1 is not from history",
        ),
    ],
)
def test_a_changed_row_is_found_and_named(past: Past, change: str, expected: str) -> None:
    open_views(past.store).catch_up()
    past.store.views_database().execute(change.format(invoices="view_invoices_v2_g1"))
    (difference,) = compare_with_rebuild(past.store).differences
    assert difference.view == "invoices"
    assert expected in str(difference)


def test_events_that_no_view_listens_to_are_skipped(past: Past) -> None:
    only = Dispatch([view for view in VIEWS if view.name == "left_behind"])
    changes = feed.read(
        past.store.views_database(), only, lambda pairs: [], 0, past.store.head.position
    )
    assert [(run.view, len(run.rows)) for run in changes.runs] == [("left_behind", 1)]


def test_views_that_disagree_about_a_slice_are_a_mistake() -> None:
    invoices = next(view for view in VIEWS if view.name == "invoices")
    other = View("other", 1, (), {"invoice.generated": invoices.handlers["invoice.generated"]})
    with pytest.raises(TypeError, match="slice"):
        Dispatch([invoices, other]).listener("invoice.generated", 1)


def test_every_type_a_view_listens_to_is_in_the_catalogue() -> None:
    from schemas.catalogue import BY_NAME

    for view in VIEWS:
        assert set(view.handlers) <= set(BY_NAME), view.name
        assert set(view.slices) <= set(view.handlers), view.name


def test_a_renamed_account_is_found_under_its_new_name(past: Past) -> None:
    from infra.personal_keys import encrypt

    account = identity.account("C-1")
    key = past.store.keys_of([account])[account]
    past.happens("account", account, AccountRenamed(name=encrypt(key, account, "Kind GmbH")))
    views = open_views(past.store)
    views.catch_up()
    assert list(views.rows("SELECT name FROM view_accounts WHERE number = 'C-1'")) == [
        ("Kind GmbH",)
    ]


def test_views_that_stand_still_are_not_waited_for(past: Past) -> None:
    views = open_views(past.store)
    head = views.catch_up()
    assert views.wait_for(head)
    assert not views.wait_for(head + 1, seconds=0.1)
