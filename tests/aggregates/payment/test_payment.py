"""The life of a payment (R23)."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.event import ImpossibleEvent
from aggregates.payment import rules
from aggregates.payment.events import PaymentDisbursed, PaymentEvent
from aggregates.payment.retries import next_attempt
from aggregates.payment.state import PaymentState, evolve
from aggregates.payment_methods import Method
from aggregates.refusal import Refusal

TODAY = date(2020, 10, 5)
CARD = Method(ref="visa", kind="card", token="p1.secret", auto_pay=True)
TERMS = (3, 5, 7)


def fold(state: PaymentState | None, events: list[PaymentEvent]) -> PaymentState:
    for event in events:
        state = evolve(state, event)
    assert state is not None
    return state


def requested(amount: int = 1000) -> PaymentState:
    return evolve(
        None,
        rules.request(
            account="P-1",
            currency="EUR",
            amount=amount,
            method=CARD,
            collection="balance_due",
            on=TODAY,
        ),
    )


def prepared(amount: int = 1000) -> PaymentState:
    state = requested(amount)
    return fold(state, rules.prepare(state, "pi_1", TODAY))


def succeeded(amount: int = 1000, *shares: tuple[str, int]) -> PaymentState:
    state = prepared(amount)
    state = fold(state, rules.succeed(state, "pi_1", TODAY))
    return fold(state, [PaymentDisbursed(invoice=i, amount=a, on=TODAY) for i, a in shares])


def recorded(amount: int = 1000) -> PaymentState:
    return fold(None, record(amount=amount))


def record(
    *, amount: int = 1000, kind: str = "cash", currency: str = "EUR", on: date = TODAY
) -> list[PaymentEvent]:
    return rules.record(
        account="P-1",
        account_currency="EUR",
        currency=currency,
        amount=amount,
        kind=kind,
        on=on,
        today=TODAY,
    )


def code(action: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value.code


def test_only_the_first_reference_is_kept() -> None:
    state = prepared()
    assert state.reference == "pi_1"
    assert rules.prepare(state, "pi_2", TODAY) == []


def test_what_is_told_twice_happens_once() -> None:
    state = succeeded()
    assert rules.succeed(state, "pi_1", TODAY) == []
    assert rules.decline(state, "card_declined", "no", TODAY, TERMS) == [], "old news"
    assert rules.unanswered(state, "timed out", TODAY) == []


def test_an_unanswered_payment_is_noted_once_and_stays_pending() -> None:
    state = prepared()
    state = fold(state, rules.unanswered(state, "timed out", TODAY))
    assert (state.status, state.is_pending, state.work) == ("unknown", True, "requested")
    assert rules.unanswered(state, "timed out", TODAY) == []


def test_a_decline_is_tried_again_by_the_terms_counted_from_the_first() -> None:
    state = prepared()
    state = fold(state, rules.decline(state, "card_declined", "no", TODAY, TERMS))
    assert (state.status, state.work, state.retry_on) == ("declined", "retry", date(2020, 10, 8))
    again = rules.request(
        account="P-1",
        currency="EUR",
        amount=1000,
        method=CARD,
        collection="retry",
        on=date(2020, 10, 8),
        after=state,
        after_id="p",
    )
    second = evolve(None, again)
    assert (second.attempt, second.first_declined) == (2, TODAY)
    second = fold(second, rules.decline(second, "card_declined", "no", date(2020, 10, 8), TERMS))
    assert second.retry_on == date(2020, 10, 10), "5 days after the first decline"


def test_terms_are_used_up_and_missed_days_are_made_up_for() -> None:
    late = TODAY + timedelta(days=30)
    assert next_attempt(TERMS, attempt=1, first_declined=TODAY, today=late) == date(2020, 11, 5)
    assert next_attempt(TERMS, attempt=4, first_declined=TODAY, today=late) is None
    assert next_attempt((), attempt=1, first_declined=TODAY, today=TODAY) is None


def test_money_that_came_although_a_decline_was_told_is_believed() -> None:
    state = prepared()
    state = fold(state, rules.decline(state, "card_declined", "no", TODAY, TERMS))
    state = fold(state, rules.succeed(state, "pi_1", TODAY))
    assert (state.status, state.retry_on, state.rest) == ("succeeded", None, 1000)
    assert rules.succeed(fold(None, record()), "pi_9", TODAY) == []


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (lambda: record(kind="card"), "payment_kind_unknown"),
        (lambda: record(currency="USD"), "wrong_currency"),
        (lambda: record(amount=0), "amount_invalid"),
        (lambda: record(amount=-5), "amount_invalid"),
        (lambda: record(on=TODAY + timedelta(days=1)), "payment_in_future"),
        (lambda: rules.refund(succeeded(), refund="r", amount=1001, on=TODAY), "refund_too_large"),
        (lambda: rules.refund(succeeded(), refund="r", amount=0, on=TODAY), "amount_invalid"),
        (lambda: rules.refund(prepared(), refund="r", amount=1, on=TODAY), "payment_not_succeeded"),
        (lambda: rules.remove(succeeded(), TODAY), "payment_not_recorded"),
    ],
)
def test_refused(events: Callable[[], object], expected: str) -> None:
    assert code(events) == expected


def test_a_refund_takes_the_newest_shares_off_first_and_then_waits_for_the_gateway() -> None:
    state = succeeded(1000, ("old", 600), ("new", 300))
    state = fold(state, rules.refund(state, refund="r1", amount=500, on=TODAY))
    assert {s.invoice: s.amount for s in state.shares} == {"old": 500}
    assert (state.rest, state.kept, state.work) == (0, 500, "refund")
    assert code(lambda: rules.refund(state, refund="r2", amount=501, on=TODAY)) == (
        "refund_too_large"
    )
    done = fold(state, rules.refunded(state, "r1", "re_1", TODAY))
    assert (done.refunded, done.kept, done.work) == (500, 500, "")
    assert rules.refunded(done, "r1", "re_1", TODAY) == [], "told twice"
    failed = fold(state, rules.refund_failed(state, "r1", "expired", "no", TODAY))
    assert (failed.rest, failed.kept) == (500, 1000), "the money is the account's again"


def test_a_refund_that_was_given_and_came_back_is_the_accounts_again() -> None:
    state = succeeded(1000, ("old", 1000))
    asked = rules.refund(state, refund="r1", amount=400, on=TODAY)
    given = rules.refunded(fold(state, asked), "r1", "re_1", TODAY)
    history: list[PaymentEvent] = [*asked, *given]
    after = fold(state, history)
    assert rules.refunds_in(history) == {"r1": 400}

    def back(refund: str) -> list[PaymentEvent]:
        standing = rules.refunds_in(history)
        return rules.refund_fell_through(after, standing, refund, "expired", "no", TODAY)

    assert back("r2") == [], "nobody knows it"
    history += back("r1")
    after = fold(after, history[-1:])
    assert (after.refunded, after.rest, after.kept) == (0, 400, 1000)
    assert rules.refunds_in(history) == {}
    assert back("r1") == [], "told twice"


def test_a_recorded_payment_is_given_back_at_once_and_can_be_removed_before() -> None:
    state = recorded()
    given = fold(state, rules.refund(state, refund="r", amount=None, on=TODAY))
    assert (given.refunded, given.rest) == (1000, 0)
    assert code(lambda: rules.remove(given, TODAY)) == "payment_refunded"
    paid = fold(state, [PaymentDisbursed(invoice="i", amount=700, on=TODAY)])
    removed = fold(paid, rules.remove(paid, TODAY))
    assert (removed.shares, removed.rest, removed.work) == ((), 0, "")
    assert code(lambda: rules.remove(removed, TODAY)) == "payment_removed"
    assert code(lambda: rules.refund(removed, refund="r", amount=1, on=TODAY)) == (
        "payment_not_succeeded"
    )


def test_a_charge_back_opens_the_invoices_and_is_undone_when_the_case_is_won() -> None:
    state = succeeded(1000, ("i", 1000))
    events = rules.charge_back(state, "dp_1", 1000, TODAY)
    back = fold(state, events)
    assert (back.kept, back.shares) == (0, ())
    assert rules.charge_back(back, "dp_1", 1000, TODAY) == [], "told twice"
    assert code(lambda: rules.refund(back, refund="r", amount=None, on=TODAY)) == (
        "nothing_to_refund"
    )
    won = fold(back, rules.win_charge_back(back, "dp_1", TODAY))
    assert (won.kept, won.rest) == (1000, 1000)
    assert rules.win_charge_back(won, "dp_1", TODAY) == []


def test_a_damaged_stream_is_noticed() -> None:
    with pytest.raises(ImpossibleEvent):
        evolve(None, PaymentDisbursed(invoice="i", amount=1, on=TODAY))
    with pytest.raises(ImpossibleEvent):
        fold(recorded(), record())


@given(st.integers(1, 10_000), st.randoms(use_true_random=False))
def test_no_order_of_happenings_gives_back_more_than_came(amount: int, dice: Random) -> None:
    """Whatever happens, what is kept lies between nothing and the payment, and so does the rest."""
    state = succeeded(amount)
    history: list[PaymentEvent] = []
    for step in range(25):
        size = dice.randint(1, amount)
        match dice.randint(0, 6):
            case 0 if state.rest:
                paid = min(size, state.rest)
                events: list[PaymentEvent] = [
                    PaymentDisbursed(invoice=f"i{step % 4}", amount=paid, on=TODAY)
                ]
            case 6 if standing := rules.refunds_in(history):
                back = dice.choice(sorted(standing))
                events = rules.refund_fell_through(state, standing, back, "x", "y", TODAY)
            case 1 if size <= state.kept:
                events = rules.refund(state, refund=f"r{step}", amount=size, on=TODAY)
            case 2 if state.refunding:
                one = dice.choice(state.refunding)
                answers = (
                    rules.refunded(state, one.refund, "re", TODAY),
                    rules.refund_failed(state, one.refund, "x", "y", TODAY),
                )
                events = dice.choice(answers)
            case 3:
                events = rules.charge_back(state, f"d{dice.randint(0, 5)}", size, TODAY)
            case 4 if state.disputes:
                events = rules.win_charge_back(state, dice.choice(state.disputes).dispute, TODAY)
            case _:
                events = rules.detach(state, f"i{step % 4}", TODAY, "void")
        state = fold(state, events)
        history += events
        assert state.refunded >= 0
        assert 0 <= state.rest <= state.kept <= amount
        assert state.refunded <= amount
