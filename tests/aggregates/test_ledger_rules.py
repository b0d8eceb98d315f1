"""The books: codes whose accounts stay, revenue by day, entries that balance, closed periods."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates import gl_code, ledger, posting, recognition
from aggregates.gl_code import BUILT_IN, GlCodeState
from aggregates.posting import Posting
from aggregates.refusal import Refusal

AMOUNTS = st.integers(-(10**9), 10**9)
STARTS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
INTERNET = GlCodeState(
    code="4000",
    name="Internet",
    debit="Assets:Receivable",
    credit="Income:Internet",
    deferred="Liabilities:Deferred",
)


def put(state: GlCodeState | None, **changed: str) -> list[gl_code.GlCodeEvent]:
    wanted = {"name": "Internet", "debit": "Assets:Receivable", "credit": "Income:Internet"}
    return gl_code.put(state, code="4000", deferred="Liabilities:Deferred", **(wanted | changed))


def test_a_code_is_made_renamed_and_deleted() -> None:
    (created,) = put(None)
    state = gl_code.evolve(None, created)
    assert state == INTERNET
    assert put(state) == []
    (renamed,) = put(state, name="Broadband")
    assert gl_code.evolve(state, renamed).name == "Broadband"
    (deleted,) = gl_code.delete(state, used_by=())
    gone = gl_code.evolve(state, deleted)
    assert gone.deleted
    assert gl_code.evolve(gone, created) == INTERNET


def test_the_accounts_of_a_code_never_change() -> None:
    with pytest.raises(Refusal) as refused:
        put(INTERNET, credit="Income:Other")
    assert refused.value.code == "gl_code_fixed"


def test_a_code_used_in_a_closed_period_is_not_defined_afterwards() -> None:
    with pytest.raises(Refusal) as refused:
        gl_code.put(
            None,
            code="4000",
            name="Internet",
            debit="Assets:Receivable",
            credit="Income:Internet",
            deferred=None,
            posted_to=["package internet"],
        )
    assert refused.value.code == "gl_code_fixed"


def test_a_code_in_use_is_not_deleted() -> None:
    with pytest.raises(Refusal) as refused:
        gl_code.delete(INTERNET, used_by=["package internet"])
    assert refused.value.code == "in_use"
    assert "package internet" in refused.value.sentence


@pytest.mark.parametrize(
    "account", ["", "Assets", "Cash", "assets:Cash", "Assets:cash", "Assets::Cash", "Assets:A b"]
)
def test_what_is_no_account_of_the_books_is_refused(account: str) -> None:
    with pytest.raises(Refusal) as refused:
        put(None, debit=account)
    assert refused.value.code == "gl_account_invalid"


def test_a_code_that_nobody_defined_is_an_income_account_of_its_name() -> None:
    found = gl_code.accounts_of({}, "40/00 net", "recurring")
    assert (found.debit, found.credit) == ("Assets:Receivable", "Income:40-00-net")
    assert gl_code.check_account(found.credit)


def test_lines_without_a_code_post_to_charges_or_fees() -> None:
    assert gl_code.accounts_of({}, None, "recurring") == BUILT_IN["charge"]
    assert gl_code.accounts_of({}, None, "fee") == BUILT_IN["fee"]
    own = GlCodeState(code="fee", name="Fees", debit="Assets:Fees", credit="Income:Penalties")
    assert gl_code.accounts_of({"fee": own}, None, "fee") == own


@given(AMOUNTS, STARTS, st.integers(1, 400), st.integers(-40, 440), st.integers(-5, 400))
def test_what_is_earned_and_deferred_sums_to_the_amount(
    amount: int, start: date, days: int, posted_after: int, stop_after: int
) -> None:
    end, posted = start + timedelta(days), start + timedelta(posted_after)
    later = recognition.deferred(amount, start, end, posted, "half_up")
    stop = posted + timedelta(max(stop_after, 0))
    entries = list(recognition.earned(amount, start, end, posted + timedelta(1), stop, "half_up"))
    left = recognition.deferred(amount, start, end, stop, "half_up")
    assert sum(earned for _, earned in entries) + left == later
    assert all(posted < day <= stop for day, _ in entries)
    everything = recognition.earned(
        amount, start, end, posted + timedelta(1), end + timedelta(400), "half_up"
    )
    assert sum(earned for _, earned in everything) == later


def test_a_month_in_advance_is_earned_by_its_days() -> None:
    start, end = date(2023, 2, 1), date(2023, 3, 1)
    assert recognition.recognised(2800, start, end, date(2023, 1, 31), "half_up") == 0
    assert recognition.recognised(2800, start, end, date(2023, 2, 1), "half_up") == 100
    assert recognition.deferred(2800, start, end, date(2023, 2, 14), "half_up") == 1400
    assert recognition.recognised(2800, start, end, date(2023, 2, 28), "half_up") == 2800


def test_a_line_of_no_day_is_earned_at_once() -> None:
    day = date(2023, 2, 1)
    assert recognition.recognised(500, day, day, day, "half_up") == 500


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_every_entry_balances(amount: int, deferred: int, original: int) -> None:
    unbilled, conversion = BUILT_IN["unbilled"], BUILT_IN["conversion"]
    here, there = posting.converted(unbilled, INTERNET, conversion, amount, original)
    entries = [
        posting.invoiced(INTERNET, amount, deferred),
        posting.invoiced(BUILT_IN["payment"], amount, deferred),
        posting.earned(INTERNET, amount),
        posting.added(unbilled, INTERNET, amount),
        posting.billed(unbilled, INTERNET, amount),
        posting.moved(BUILT_IN["payment"], amount),
        here,
        there,
    ]
    for entry in entries:
        assert sum(one.amount for one in entry) == 0
        assert all(one.amount for one in entry)


def test_an_invoice_in_advance_owes_revenue_until_it_is_earned() -> None:
    assert posting.invoiced(INTERNET, 3000, 2900) == [
        Posting("Assets:Receivable", 3000),
        Posting("Income:Internet", -100),
        Posting("Liabilities:Deferred", -2900),
    ]
    assert posting.earned(INTERNET, 100) == [
        Posting("Liabilities:Deferred", 100),
        Posting("Income:Internet", -100),
    ]


def test_a_code_without_a_deferred_account_earns_at_once() -> None:
    plain = GlCodeState(code="1", name="1", debit="Assets:Receivable", credit="Income:One")
    assert posting.invoiced(plain, 3000, 2900) == [
        Posting("Assets:Receivable", 3000),
        Posting("Income:One", -3000),
    ]
    assert posting.earned(plain, 100) == []


def test_a_period_is_closed_once_it_is_over_and_stays_closed() -> None:
    today = date(2020, 11, 1)
    (closed,) = ledger.close(None, date(2020, 9, 30), today)
    state = ledger.evolve(None, closed)
    assert ledger.close(state, date(2020, 9, 30), today) == []
    ledger.refuse_closed(None, date(2020, 9, 1))
    ledger.refuse_closed(state, date(2020, 10, 1))
    for refuse, code in (
        (lambda: ledger.close(state, today, today), "period_not_over"),
        (lambda: ledger.close(state, date(2020, 8, 31), today), "period_closed"),
        (lambda: ledger.refuse_closed(state, date(2020, 9, 30)), "period_closed"),
    ):
        with pytest.raises(Refusal) as refused:
            refuse()
        assert refused.value.code == code
