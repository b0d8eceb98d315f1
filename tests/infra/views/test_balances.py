"""Balances, ages, declines and overdue accounts as dashboards read them, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.store.owned import OwnedStore
from infra.views.open import open_views
from infra.views.registry import VIEWS
from projections import balances
from tests.crash.harness import Existing
from tests.support.owed_life import live
from tests.support.owed_office import Direct, opened, served
from tests.support.past import Past


@pytest.fixture
def store(url: str) -> Iterator[OwnedStore]:
    """After a month of money owed, on 1 November."""
    with opened(url) as found, served() as gateway:
        live(Direct(found, gateway, url))
        yield found


def told(store: OwnedStore, name: str) -> list[dict[str, Any]]:
    """The rows of a public name."""
    views = open_views(store)
    views.catch_up()
    query = {
        "balances": "account, currency, documents, waiting, unapplied, balance, pending",
        "aging": "account, currency, current, days_1_30, days_31_60, days_61_90, over_90,"
        " unapplied, total",
        "declines": "account, payment, amount, code, attempt, retry_of, retry_on, retry_due",
        "collections": "account, status, ar_term, overdue, invoices, oldest_due_date,"
        " days_past_due, levels, reached_on, retry_on",
    }[name]
    names = [column.strip() for column in query.split(",")]
    rows = views.rows(f"SELECT {query} FROM view_{name} ORDER BY account")
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_an_older_database_gets_them_at_the_next_look(past: Past) -> None:
    """One that was made before they were thought of; later one of their views is built anew."""
    before = tuple(view for view in VIEWS if view is not balances.VIEW)
    open_views(past.store, before).catch_up()
    for name in ("aging", "balances", "collections", "declines"):
        told(past.store, name)
    totals = {one["account"]: one["total"] for one in told(past.store, "aging")}
    assert totals
    open_views(past.store).rebuild(["invoices"])
    assert {one["account"]: one["total"] for one in told(past.store, "aging")} == totals


def _cents(written: str) -> int:
    return int(Decimal(written) * 100)


def test_every_balance_is_that_of_the_account(store: OwnedStore, url: str) -> None:
    world = Existing(url)
    found = {(one["account"], one["currency"]): one for one in told(store, "balances")}
    assert len(found) > 3
    for number in ("A-1", "A-2", "A-3", "B-1", "C-1", "D-1", "E-1", "F-1"):
        says = world.read("account", "balance", number)
        row = found.get((number, says["currency"]), {"balance": 0})
        assert row["balance"] == _cents(says["balance"]), (says, row)
    for row in found.values():
        assert row["balance"] == row["documents"] + row["waiting"] - row["unapplied"]


def test_ages_are_those_of_the_books(store: OwnedStore, url: str) -> None:
    """On any day, for the owner's today is the sandbox's."""
    world = Existing(url)
    for days in (0, 3, 30, 1, 60):
        store.set_clock(store.now() + timedelta(days=days))
        rows = world.read("ledger", "aging")
        assert rows
        books = [
            {
                name if name[0].isalpha() else f"days_{name}": (
                    value if name in ("account", "currency") else _cents(value)
                )
                for name, value in row.items()
            }
            for row in rows
        ]
        assert told(store, "aging") == books


def test_declines_and_overdue_accounts_are_listed(store: OwnedStore) -> None:
    declines = told(store, "declines")
    assert {one["account"] for one in declines} == {"A-3"}
    assert [one["attempt"] for one in declines] == [1, 2]
    assert {one["code"] for one in declines} == {"insufficient_funds"}
    store.set_clock(store.now() + timedelta(days=90))
    overdue = {one["account"]: one for one in told(store, "collections")}
    late = overdue["D-1"]
    assert late["overdue"] > 0
    assert late["days_past_due"] > 60
