"""The gateway's adapter against a server that misbehaves on purpose."""

from collections.abc import Iterator

import pytest

from aggregates.refusal import Refusal
from commands.gateway import Charge, RefundOrder, Unanswered, Unreachable
from infra.gateway.payment_intents import PaymentIntents
from tests.support.gateway import Served, gateway_server

CHARGE = Charge("p-1", 2000, "EUR", "card", "pm_visa")


@pytest.fixture
def gateway() -> Iterator[Served]:
    with gateway_server() as served:
        yield served


@pytest.fixture
def client(gateway: Served) -> Iterator[PaymentIntents]:
    found = PaymentIntents(gateway.url, "sk_test", timeout=0.3)
    yield found
    found.close()


def test_prepared_charges_nothing_and_confirmed_charges_once(
    client: PaymentIntents, gateway: Served
) -> None:
    ready = client.prepare(CHARGE)
    assert (ready.status, gateway.charged) == ("ready", [])
    assert client.look(ready.reference).status == "ready"
    assert client.payment_of(ready.reference) == "p-1"
    for _ in range(3):
        assert client.confirm(ready.reference, "p-1").status == "succeeded"
        gateway.forget_keys()
    assert gateway.charged == [("p-1", 2000)]
    assert gateway.intents[ready.reference]["currency"] == "eur"


def test_prepared_again_is_the_same_while_its_key_is_known(
    client: PaymentIntents, gateway: Served
) -> None:
    assert client.prepare(CHARGE) == client.prepare(CHARGE)
    assert len(gateway.intents) == 1


def test_a_decline_says_why(client: PaymentIntents, gateway: Served) -> None:
    ready = client.prepare(CHARGE._replace(token="pm_declined"))
    declined = client.confirm(ready.reference, "p-1")
    assert declined == (
        "declined",
        ready.reference,
        "insufficient_funds",
        "Your card was declined.",
    )
    assert client.look(ready.reference) == declined
    unknown = client.prepare(CHARGE._replace(token="pm_gone", payment="p-2"))
    assert (unknown.status, unknown.code) == ("declined", "resource_missing")


def test_one_that_is_processing_is_pending(client: PaymentIntents, gateway: Served) -> None:
    ready = client.prepare(CHARGE._replace(token="pm_slow"))
    assert client.confirm(ready.reference, "p-1").status == "pending"
    assert client.look(ready.reference).status == "pending"
    gateway.settle(ready.reference)
    assert client.look(ready.reference).status == "succeeded"


def test_one_that_waits_for_the_customer_is_called_off_before_it_is_declined(
    client: PaymentIntents, gateway: Served
) -> None:
    """Or it could still succeed after it was tried again."""
    ready = client.prepare(CHARGE._replace(token="pm_action"))
    gateway.fail("cancel", "500_before")
    with pytest.raises(Unanswered):
        client.confirm(ready.reference, "p-1")
    assert client.look(ready.reference).status == "declined"
    gateway.settle(ready.reference)
    assert gateway.charged == []


def test_one_that_is_not_known_is_not_taken_for_declined(
    client: PaymentIntents, gateway: Served
) -> None:
    """Another key may have been set: it is no reason to charge again."""
    with pytest.raises(Unanswered, match="pi_77"):
        client.look("pi_77")
    with pytest.raises(Unanswered, match="pi_77"):
        client.confirm("pi_77", "p-1")
    assert client.payment_of("pi_77") is None


FAULTS = (
    "cut_before",
    "cut_after",
    "hang_before",
    "hang_after",
    "500_before",
    "500_after",
    "garbage",
    "409",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_breaks_at_a_confirmation_is_told_as_unanswered_and_never_charged_twice(
    client: PaymentIntents, gateway: Served, fault: str
) -> None:
    ready = client.prepare(CHARGE)
    gateway.fail("confirm", fault)
    with pytest.raises(Unanswered):
        client.confirm(ready.reference, "p-1")
    gateway.forget_keys()
    assert client.confirm(ready.reference, "p-1").status == "succeeded"
    assert gateway.charged == [("p-1", 2000)]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_breaks_at_a_refund_it_is_given_back_once(
    client: PaymentIntents, gateway: Served, fault: str
) -> None:
    ready = client.prepare(CHARGE)
    client.confirm(ready.reference, "p-1")
    order = RefundOrder("r-1", ready.reference, 500)
    gateway.fail("refund", fault)
    with pytest.raises(Unanswered):
        client.refund(order)
    gateway.forget_keys()
    assert client.refund(order).status == "succeeded"
    assert client.refund(order).status == "succeeded"
    assert gateway.total == 1500
    too_much = client.refund(RefundOrder("r-2", ready.reference, 1501))
    assert (too_much.status, too_much.code) == ("declined", "amount_too_large")


def test_nobody_there_and_too_many_requests_mean_that_nothing_was_done(
    client: PaymentIntents, gateway: Served
) -> None:
    gateway.fail("prepare", "429")
    with pytest.raises(Unreachable):
        client.prepare(CHARGE)
    with gateway_server() as gone:
        pass
    nobody = PaymentIntents(gone.url, "sk_test", timeout=0.3)
    with pytest.raises(Unreachable):
        nobody.prepare(CHARGE)
    nobody.close()


def test_a_key_that_is_not_taken_stops_with_the_setting_to_change(
    client: PaymentIntents, gateway: Served
) -> None:
    gateway.fail("prepare", "401")
    with pytest.raises(Refusal, match="BILLSTREAM_GATEWAY_KEY") as caught:
        client.prepare(CHARGE)
    assert caught.value.code == "gateway_refused"
    assert "sk_test" not in str(caught.value)
