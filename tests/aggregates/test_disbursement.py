"""Which money pays which invoice (R23)."""

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from aggregates.disbursement import Owed, Share, Source, disburse, uncovered

SEPTEMBER, OCTOBER, NOVEMBER = date(2020, 9, 1), date(2020, 10, 1), date(2020, 11, 1)


def test_the_oldest_invoice_is_paid_first_and_the_rest_stays() -> None:
    invoices = [Owed("b", 2000, OCTOBER), Owed("a", 1000, SEPTEMBER)]
    assert disburse([Source("p", 1500, NOVEMBER)], invoices) == [
        Share("p", "a", 1000),
        Share("p", "b", 500),
    ]
    assert disburse([Source("p", 5000, NOVEMBER)], invoices)[-1] == Share("p", "b", 2000)


def test_invoices_of_one_day_are_paid_in_the_order_of_their_numbers() -> None:
    invoices = [Owed("a", 100, OCTOBER, 8), Owed("b", 100, OCTOBER, 7)]
    assert [s.invoice for s in disburse([Source("p", 150, OCTOBER)], invoices)] == ["b", "a"]


def test_the_oldest_money_goes_first() -> None:
    sources = [Source("late", 50, NOVEMBER), Source("early", 50, OCTOBER)]
    assert [s.source for s in disburse(sources, [Owed("a", 60, OCTOBER)])] == ["early", "late"]


_AMOUNTS = st.lists(st.integers(-50, 500), max_size=6)


@given(_AMOUNTS, _AMOUNTS, st.randoms(use_true_random=False))
def test_nothing_is_overspent_or_overpaid_and_one_side_is_used_up(
    sources: list[int], invoices: list[int], shuffle: Random
) -> None:
    money = [Source(str(n), a, OCTOBER + timedelta(n)) for n, a in enumerate(sources)]
    owed = [Owed(str(n), a, OCTOBER + timedelta(n)) for n, a in enumerate(invoices)]
    shares = disburse(money, owed)
    available = sum(a for a in sources if a > 0)
    wanted = sum(a for a in invoices if a > 0)
    assert sum(share.amount for share in shares) == min(available, wanted)
    assert all(share.amount > 0 for share in shares)
    for n, amount in enumerate(sources):
        assert sum(s.amount for s in shares if s.source == str(n)) <= max(amount, 0)
    paid = [sum(s.amount for s in shares if s.invoice == str(n)) for n in range(len(invoices))]
    assert all(p <= max(a, 0) for p, a in zip(paid, invoices, strict=True))
    # Oldest first: an invoice gets nothing before every older one is paid in full.
    full = [p == max(a, 0) for p, a in zip(paid, invoices, strict=True)]
    assert all(all(full[:n]) for n, p in enumerate(paid) if p)
    shuffle.shuffle(money)
    shuffle.shuffle(owed)
    assert disburse(money, owed) == shares


def test_money_covers_the_oldest_and_credits_that_wait_the_newest() -> None:
    invoices = [Owed("b", 2000, OCTOBER), Owed("a", 1000, SEPTEMBER)]
    assert uncovered(invoices, 1500, 0) == [1500, 0]
    assert uncovered(invoices, 0, -1500) == [500, 1000]
    assert uncovered(invoices, 700, -2100) == [0, 200]
    note = Owed("n", -1200, NOVEMBER)
    assert uncovered([*invoices, note], 0, 0) == [1800, 0, 0]
    assert uncovered(invoices, 0, 900) == [2000, 1000], "a debit that waits is not owed yet"


@given(_AMOUNTS, st.integers(0, 800), st.integers(-800, 100))
def test_what_is_left_is_the_balance_unless_that_is_below_zero(
    documents: list[int], money: int, waiting: int
) -> None:
    owed = [Owed(str(n), a, OCTOBER + timedelta(n)) for n, a in enumerate(documents)]
    left = uncovered(owed, money, waiting)
    assert sum(left) == max(sum(documents) - money + min(waiting, 0), 0)
    assert all(0 <= now <= max(a, 0) for now, a in zip(left, documents, strict=True))
    assert uncovered(owed[::-1], money, waiting) == left[::-1]
