"""How an account pays (R23)."""

import pytest

from aggregates.event import ImpossibleEvent
from aggregates.payment_methods import (
    Method,
    MethodRemoved,
    PaymentMethodsState,
    evolve,
    find,
    put,
    remove,
    used_for_auto_pay,
)
from aggregates.refusal import Refusal

VISA = Method(ref="visa", kind="card", token="p1.a", auto_pay=True)
BANK = Method(ref="bank", kind="bank", token="p1.b", auto_pay=True)


def having(*methods: Method) -> PaymentMethodsState | None:
    state: PaymentMethodsState | None = None
    for method in methods:
        for event in put(state, account="P-1", method=method):
            state = evolve(state, event)
    return state


def test_put_twice_changes_nothing() -> None:
    assert put(having(VISA), account="P-1", method=VISA) == []


def test_the_first_active_method_with_auto_pay_is_used() -> None:
    state = having(VISA, BANK)
    assert state is not None
    assert used_for_auto_pay(state) == VISA
    for event in remove(state, "visa"):
        state = evolve(state, event)
    assert used_for_auto_pay(state) == BANK
    assert find(state, "visa") is None


def test_an_id_can_be_given_anew_after_it_was_removed() -> None:
    state = having(VISA)
    assert state is not None
    state = evolve(state, MethodRemoved(ref="visa"))
    (event,) = put(state, account="P-1", method=VISA)
    assert find(evolve(state, event), "visa") == VISA


@pytest.mark.parametrize(
    ("method", "code"),
    [
        (Method(ref="a", kind="cash", token="t"), "payment_method_kind_unknown"),
        (Method(ref="a", kind="card", token=""), "token_missing"),
        (Method(ref=" a", kind="card", token="t"), "name_invalid"),
        (Method(ref="a", kind="card", token="t", auto_pay=True, active=False), "auto_pay_inactive"),
    ],
)
def test_refused(method: Method, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        put(None, account="P-1", method=method)
    assert caught.value.code == code


def test_what_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(Refusal, match="payment_method_unknown"):
        remove(having(VISA), "bank")
    with pytest.raises(ImpossibleEvent):
        evolve(None, MethodRemoved(ref="visa"))
