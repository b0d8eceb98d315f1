"""How much a run collects (R23), and what an account owes (R25)."""

from datetime import date, timedelta

import pytest

from aggregates.balance import balance
from aggregates.collection import OpenDocument, to_collect

TODAY = date(2020, 10, 5)
DAY = timedelta(days=1)
YESTERDAYS, TODAYS, TOMORROWS = (
    OpenDocument(1000, TODAY - DAY),
    OpenDocument(2000, TODAY),
    OpenDocument(4000, TODAY + DAY),
)
THREE = (YESTERDAYS, TODAYS, TOMORROWS)


def collect(
    collection: str = "balance_due",
    documents: tuple[OpenDocument, ...] = THREE,
    *,
    waiting: int = 0,
    undisbursed: int = 0,
    pending: int = 0,
) -> int:
    return to_collect(
        collection,
        documents=documents,
        waiting=waiting,
        undisbursed=undisbursed,
        pending=pending,
        today=TODAY,
    )


def test_worked_example_11_invoices_due_yesterday_and_today_not_tomorrow() -> None:
    assert collect("balance_due") == 3000
    assert collect("account_balance") == 7000


@pytest.mark.parametrize("collection", ["balance_due", "account_balance"])
def test_attempts_pending_and_money_not_yet_disbursed_are_not_asked_for_again(
    collection: str,
) -> None:
    assert collect(collection, undisbursed=500) == collect(collection) - 500
    assert collect(collection, pending=3000) == collect(collection) - 3000


def test_a_credit_note_counts_before_its_due_date() -> None:
    note = OpenDocument(-500, TODAY + 30 * DAY)
    assert collect(documents=(*THREE, note)) == 2500


def test_never_more_than_the_account_owes_in_all() -> None:
    assert collect(waiting=-6000) == 1000, "a credit that waits makes the balance smaller"
    assert collect(waiting=900) == 3000, "a debit that waits is not due yet"
    assert collect("account_balance", waiting=900) == 7900


def test_a_balance_is_documents_and_what_waits_less_money_not_disbursed() -> None:
    assert balance(documents=[1000, 2000, -500], waiting=300, undisbursed=[100, 50]) == 2650
