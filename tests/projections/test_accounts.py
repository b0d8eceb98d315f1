"""What is seen of accounts."""

from datetime import date
from typing import Any

from aggregates import account, identity
from projections.accounts import VIEW
from tests.projections.memory import seen

STREAM = identity.account("C-1")
OPENED = account.AccountOpened(
    number="C-1",
    name="Straße Ltd",
    currency="USD",
    bill_group="Default",
    bill_day=1,
    invoicer="C-1",
    opened_on=date(2020, 9, 1),
)


def row(*events: tuple[str, Any]) -> dict[str, Any] | None:
    past = [("account.opened", STREAM, OPENED), *((t, STREAM, event) for t, event in events)]
    return seen(VIEW, past)["accounts"].get((STREAM,))


def test_an_opened_account_is_seen_with_text_to_search() -> None:
    found = row()
    assert found is not None
    assert (found["number"], found["name"], found["name_folded"]) == (
        "C-1",
        "Straße Ltd",
        "strasse ltd",
    )


def test_every_change_of_an_account_is_seen() -> None:
    found = row(
        ("account.renamed", account.AccountRenamed(name="New Ltd")),
        ("account.moved", account.AccountMoved(parent="P-1")),
        ("account.invoicer_changed", account.InvoicerChanged(invoicer="P-1", previous="C-1")),
        ("account.bill_group_changed", account.BillGroupOfAccountChanged(bill_group="Other")),
        (
            "account.bill_day_changed",
            account.BillDayChanged(bill_day=15, holds_from=date(2020, 10, 1)),
        ),
        ("account.status_changed", account.AccountStatusChanged(status="suspended")),
        ("account.ar_term_changed", account.ArTermOfAccountChanged(ar_term="Strict")),
        ("account.currency_changed", account.AccountCurrencyChanged(currency="EUR")),
    )
    assert found == {
        "id": STREAM,
        "number": "C-1",
        "number_folded": "c-1",
        "name": "New Ltd",
        "name_folded": "new ltd",
        "currency": "EUR",
        "parent": "P-1",
        "invoicer": "P-1",
        "bill_group": "Other",
        "bill_day": 15,
        "status": "suspended",
        "ar_term": "Strict",
    }


def test_an_erased_name_is_gone() -> None:
    found = row(("account.erased", account.AccountErased()))
    assert found is not None
    assert (found["name"], found["name_folded"]) == ("erased", "erased")


def test_a_deleted_account_is_not_seen() -> None:
    assert row(("account.deleted", account.AccountDeleted())) is None
