"""Collecting payments, from a run to the gateway and back (R23)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.gateway import Served, gateway_server
from tests.support.world import World, account, base

ACTIONS = ["bill_packages", "generate_invoice", "collect_payment"]


def run(**more: Any) -> list[dict[str, Any]]:
    settings = {
        "name": "Default",
        "actions": ACTIONS,
        "bill_groups": ["Default Bill Group"],
        "exchange_rates": "October 2020",
    }
    return [{**settings, **more}]


def held(ref: str, **more: Any) -> dict[str, Any]:
    return {"id": ref, "package": "internet", "effective": "2020-09-01", **more}


def paying(number: str, token: str = "pm_visa", **more: Any) -> dict[str, Any]:
    """An account with a package and a card with auto pay."""
    method = {"id": "visa", "kind": "card", "token": token, "auto_pay": True}
    return account(number, held(f"{number}/internet"), payment_methods=[method], **more)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def due_days(number: str = "P-1", token: str = "pm_visa") -> dict[str, Any]:
    """Billed on 4, 5 and 6 October, due on receipt: yesterday, today and tomorrow."""
    package = {"code": "daily", "name": "Daily", "frequency": "daily", "prices": {"USD": "10.00"}}
    method = {"id": "visa", "kind": "card", "token": token, "auto_pay": True}
    held = {"id": f"{number}/daily", "package": "daily", "effective": "2020-10-03"}
    return base(
        bill_groups=[{"name": "Default Bill Group", "bill_day": 1}],
        packages=[package],
        accounts=[account(number, held, payment_methods=[method])],
        bill_runs=[
            *run(actions=["bill_packages", "generate_invoice"]),
            *run(name="Due", actions=["collect_payment"]),
            *run(name="All", actions=["collect_payment"], collection="account_balance"),
        ],
    )


def bill_three_days(world: World, setup: dict[str, Any]) -> list[str]:
    """The numbers of invoices of 10.00 each, due yesterday, today and tomorrow."""
    world.apply(setup)
    for day in ("2020-10-04", "2020-10-05", "2020-10-06"):
        world.bill(day, day)
    assert [i["due_date"] for i in world.invoices()] == ["2020-10-04", "2020-10-05", "2020-10-06"]
    return [invoice["number"] for invoice in world.invoices()]


def paid(world: World, payment: str) -> dict[str, str]:
    """What a payment pays, by invoice."""
    found: dict[str, str] = {}
    for entry in world.read("payment", "show", payment)["entries"]:
        if entry["entry"] == "disbursed":
            found[entry["invoice"]] = entry["amount"]
    return found


def test_worked_example_11_balance_due_collects_what_is_due_yesterday_and_today(
    world: World, gateway: Served
) -> None:
    """Balance due; invoices due yesterday, today, tomorrow: the first two are collected."""
    yesterday, today, _ = bill_three_days(world, due_days())
    world.bill("2020-10-05", "2020-10-05", run="Due")
    (payment,) = world.read("payment", "list")
    assert (payment["status"], payment["amount"]) == ("succeeded", "20.00")
    assert paid(world, payment["id"]) == {yesterday: "10.00", today: "10.00"}
    assert gateway.charged == [(payment["id"], 2000)]
    assert world.read("account", "balance", "P-1")["balance"] == "10.00"
    world.bill("2020-10-05", "2020-10-05", run="Due")
    assert len(gateway.charged) == 1, "nothing more is due"


def test_account_balance_collects_what_is_not_due_too(world: World, gateway: Served) -> None:
    bill_three_days(world, due_days())
    world.bill("2020-10-05", "2020-10-05", run="All")
    assert [amount for _, amount in gateway.charged] == [3000]
    assert world.read("account", "balance", "P-1")["balance"] == "0.00"
    world.must("verify")


def test_a_run_collects_its_own_invoice_when_it_is_due(world: World, gateway: Served) -> None:
    world.apply(
        base(
            bill_groups=[{"name": "Default Bill Group", "bill_day": 1}],
            accounts=[paying("P-1"), account("P-2", held("P-2/internet"))],
            bill_runs=run(),
        )
    )
    execution = world.bill("2020-10-01", "2020-10-31")
    (payment,) = world.read("payment", "list")
    assert (payment["account"], payment["amount"], payment["execution"]) == (
        "P-1",
        "20.00",
        execution,
    )
    assert world.read("account", "balance", "P-2")["balance"] == "20.00", "no method, no attempt"
    world.must("execution", "replay", execution)
    world.must("verify")


def test_without_a_gateway_the_intent_waits_and_is_not_asked_for_again(world: World) -> None:
    bill_three_days(world, due_days())
    world.bill("2020-10-05", "2020-10-05", run="Due")
    world.bill("2020-10-05", "2020-10-05", run="Due")
    (payment,) = world.read("payment", "list", "--status", "pending")
    assert payment["amount"] == "20.00"
    with gateway_server() as gateway, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BILLSTREAM_GATEWAY_URL", gateway.url)
        assert world.refused("payment", "collect") == "gateway_settings_invalid"
        patch.setenv("BILLSTREAM_GATEWAY_KEY", "sk_test")
        assert world.read("payment", "collect")["pending"] == 0
        assert gateway.charged == [(payment["id"], 2000)]


@pytest.mark.parametrize("whose", ["the account's", "the owner's"])
def test_a_decline_keeps_the_invoice_and_is_retried_by_the_ar_term(
    world: World, gateway: Served, whose: str
) -> None:
    setup = due_days(token="pm_declined")
    setup["ar_terms"] = [{"name": "Strict", "payment_retries": [3, 5]}]
    having = setup["owner"] if whose == "the owner's" else setup["accounts"][0]
    having["ar_term"] = "Strict"
    bill_three_days(world, setup)
    world.bill("2020-10-05", "2020-10-05", run="Due")
    (first,) = world.read("payment", "list")
    assert (first["status"], first["code"]) == ("declined", "insufficient_funds")
    assert first["retry_on"] == "2020-10-08"
    assert world.read("account", "balance", "P-1")["balance"] == "30.00"
    world.bill("2020-10-05", "2020-10-05", run="Due")
    assert len(world.read("payment", "list")) == 1, "a run does not run ahead of the terms"
    world.must("clock", "advance", "--to", "2020-10-08T12:00")
    first, second = world.read("payment", "list")
    assert (first["retry_on"], second["attempt"], second["retry_of"]) == (None, 2, first["id"])
    assert (second["amount"], second["retry_on"]) == ("30.00", "2020-10-10")
    world.must("payment-method", "change", "P-1", "visa", "--token", "pm_good")
    world.must("clock", "advance", "--to", "2020-10-10T12:00")
    third = world.read("payment", "list")[-1]
    assert (third["status"], third["attempt"]) == ("succeeded", 3)
    assert world.read("account", "balance", "P-1")["balance"] == "0.00"
    assert gateway.charged == [(third["id"], 3000)]
    world.must("verify")


def test_any_successful_payment_resets_the_retry_terms(world: World, gateway: Served) -> None:
    setup = due_days(token="pm_declined")
    setup["ar_terms"] = [{"name": "Strict", "payment_retries": [3]}]
    setup["accounts"][0]["ar_term"] = "Strict"
    bill_three_days(world, setup)
    world.bill("2020-10-05", "2020-10-05", run="Due")
    world.must("payment", "record", "P-1", "5.00", "--kind", "cash")
    first, cash = world.read("payment", "list")
    assert (first["retry_on"], cash["status"]) == (None, "succeeded")
    world.must("clock", "advance", "--to", "2020-10-09T12:00")
    assert len(world.read("payment", "list")) == 2
    world.bill("2020-10-05", "2020-10-05", run="Due")
    third = world.read("payment", "list")[-1]
    assert (third["attempt"], third["amount"]) == (1, "25.00"), "the terms begin anew"


def test_over_payment_waits_for_the_next_invoice(world: World, gateway: Served) -> None:
    setup = due_days()
    world.apply(setup)
    world.bill("2020-10-04", "2020-10-04")
    world.must("payment", "record", "P-1", "15.00", "--kind", "transfer", "--reference", "42")
    (payment,) = world.read("payment", "list")
    assert payment["undisbursed"] == "5.00"
    assert world.read("account", "balance", "P-1")["balance"] == "-5.00"
    world.bill("2020-10-05", "2020-10-05")
    assert world.read("payment", "list")[0]["undisbursed"] == "0.00"
    assert len(paid(world, payment["id"])) == 2
    world.bill("2020-10-05", "2020-10-05", run="Due")
    assert [amount for _, amount in gateway.charged] == [500], "only the rest is asked for"
    world.must("verify")


def test_refunds_partial_and_whole_and_over(world: World, gateway: Served) -> None:
    bill_three_days(world, due_days())
    world.bill("2020-10-05", "2020-10-05", run="Due")
    (payment,) = world.read("payment", "list")
    id = payment["id"]
    world.must("payment", "refund", id[:8], "--amount", "5.00", "--yes")
    assert world.read("payment", "show", id)["refunded"] == "5.00"
    assert world.read("account", "balance", "P-1")["balance"] == "15.00"
    assert world.refused("payment", "refund", id, "--amount", "15.01", "--yes") == (
        "refund_too_large"
    )
    world.must("payment", "refund", id, "--yes")
    assert gateway.total == 0
    assert world.read("account", "balance", "P-1")["balance"] == "30.00"
    assert world.refused("payment", "refund", id, "--yes") == "nothing_to_refund"
    world.must("verify")


def test_refused(world: World, gateway: Served) -> None:
    bill_three_days(world, due_days())
    record = ("payment", "record", "P-1")
    assert world.refused(*record, "5.00", "--kind", "cash", "--currency", "EUR") == (
        "wrong_currency"
    )
    assert world.refused(*record, "5.00", "--kind", "cash", "--on", "2020-10-06") == (
        "payment_in_future"
    )
    assert world.refused(*record, "0.00", "--kind", "cash") == "amount_invalid"
    assert world.refused(*record, "0.001", "--kind", "cash") == "amount_too_precise"
    assert world.refused("payment", "record", "P-9", "5.00", "--kind", "cash") == "account_unknown"
    assert world.refused(*record, "5.00", "--kind", "cash", "--invoice", "INV-1") == (
        "invoice_unknown"
    )
    assert world.refused("payment", "refund", "abcdef01", "--yes") == "payment_unknown"
    collect = ("payment", "collect", "--account", "P-1")
    assert world.refused(*collect, "--amount", "30.01") == "collection_too_large"
    assert world.refused(*collect, "--method", "bank") == "payment_method_unknown"
    world.must(*collect)
    assert world.refused(*collect) == "nothing_to_collect"
    gone = world.read("payment", "list")[0]["id"]
    assert world.refused("payment", "remove", gone, "--yes") == "payment_not_recorded"
    world.must("payment-method", "remove", "P-1", "visa", "--yes")
    assert world.refused(*collect) == "no_payment_method"
    assert gateway.charged == [(gone, 2000)]


def test_a_recorded_payment_is_removed_and_its_invoices_are_open_again(world: World) -> None:
    first, second, _ = bill_three_days(world, due_days())
    world.must("payment", "record", "P-1", "12.00", "--kind", "cash", "--invoice", second)
    (payment,) = world.read("payment", "list")
    assert paid(world, payment["id"]) == {second: "10.00", first: "2.00"}
    world.must("payment", "remove", payment["id"], "--reason", "wrong account", "--yes")
    assert world.read("account", "balance", "P-1")["balance"] == "30.00"
    assert world.refused("payment", "remove", payment["id"], "--yes") == "payment_removed"
    world.must("verify")


def test_the_token_is_never_shown_and_is_forgotten_with_the_person(
    world: World, gateway: Served
) -> None:
    bill_three_days(world, due_days(token="pm_secret_token"))
    shown = world.must("payment-method", "list", "--account", "P-1", "--json")
    history = world.must("history", "export").out
    assert "pm_secret_token" not in shown.out + history
    (method,) = world.read("payment-method", "list", "--account", "P-1")
    assert (method["status"], method["active"], method["auto_pay"]) == ("active", True, True)
    world.must("account", "erase", "P-1", "--yes")
    (method,) = world.read("payment-method", "list", "--account", "P-1")
    assert (method["status"], method["active"], method["auto_pay"]) == ("erased", False, False)
    row = world.must("payment-method", "list", "--account", "P-1").out.splitlines()[-1]
    assert row.split()[-2:] == ["no", "erased"]
    world.bill("2020-10-05", "2020-10-05", run="Due")
    (payment,) = world.read("payment", "list")
    assert (payment["status"], payment["code"]) == ("declined", "payment_method_erased")
    assert gateway.asked == []


def test_a_preview_of_a_run_that_collects_writes_nothing_and_gives_the_same_invoices(
    world: World, gateway: Served
) -> None:
    world.apply(
        base(
            bill_groups=[{"name": "Default Bill Group", "bill_day": 1}],
            accounts=[paying("P-1")],
            bill_runs=run(),
        )
    )
    before = len(world.read("history", "list"))
    previewed = world.preview("2020-10-01", "2020-10-31")
    assert len(world.read("history", "list")) == before
    assert gateway.asked == []
    world.bill("2020-10-01", "2020-10-31")
    assert [invoice["total"] for invoice in previewed["invoices"]] == world.totals()


def test_an_account_with_payments_keeps_its_currency_and_stays(world: World) -> None:
    accounts = [account("P-1"), account("C-1", parent="P-1", invoicer="parent")]
    world.apply(base(accounts=accounts))
    record = ("payment", "record")
    assert world.refused(*record, "C-1", "5.00", "--kind", "cash") == "pays_through_invoicer"
    world.must("account", "delete", "C-1")
    world.must(*record, "P-1", "5.00", "--kind", "cash")
    assert world.refused("account", "delete", "P-1") == "in_use"
    path = world.folder / "setup.yaml"
    path.write_text("accounts: [{number: P-1, currency: EUR}]")
    assert world.ask("apply", str(path)).status == 1


def test_methods_in_a_section_of_their_own_and_applied_twice(world: World) -> None:
    methods: list[dict[str, Any]] = [
        {"account": "P-1", "id": "visa", "kind": "card", "token": "pm_1", "auto_pay": True},
        {"account": "P-2", "id": "visa", "kind": "bank", "token": "pm_2", "label": "Giro"},
    ]
    setup = base(accounts=[account("P-1"), account("P-2")], payment_methods=methods)
    world.apply(setup)
    position = len(world.read("history", "list"))
    world.apply(setup)
    assert len(world.read("history", "list")) == position
    (shown,) = world.read("payment-method", "list", "--account", "P-2")
    assert shown == {
        "id": "visa",
        "account": "P-2",
        "kind": "bank",
        "label": "Giro",
        "auto_pay": False,
        "active": True,
        "status": "active",
    }
    methods[0]["kind"] = "cash"
    path = world.folder / "setup.yaml"
    path.write_text(yaml.safe_dump({"payment_methods": methods}))
    answer = world.ask("apply", str(path))
    assert "payment_method_kind_unknown" in answer.err
    assert len(world.read("history", "list")) == position


def test_a_void_invoice_gives_its_money_back_and_takes_no_more(world: World) -> None:
    *_, latest = bill_three_days(world, due_days())
    world.must("payment", "record", "P-1", "25.00", "--kind", "cash")
    world.must("invoice", "void", latest, "--yes")
    assert world.read("payment", "list")[0]["undisbursed"] == "5.00"
    assert world.read("account", "balance", "P-1")["balance"] == "-5.00"
    record = ("payment", "record", "P-1", "1.00", "--kind", "cash", "--invoice")
    assert world.refused(*record, latest) == "invoice_void"
    world.bill("2020-10-06", "2020-10-06")
    assert world.read("payment", "list")[0]["undisbursed"] == "0.00"
    assert world.read("account", "balance", "P-1")["balance"] == "5.00"
    world.must("verify")


def test_payments_of_one_run_are_told_apart_by_what_the_list_shows(
    world: World, gateway: Served
) -> None:
    """Their ids end alike, those of one account begin alike."""
    accounts = [paying(f"P-{n}") for n in range(3)]
    world.apply(base(accounts=accounts, bill_runs=run(collection="account_balance")))
    for month in ("2020-10", "2020-11"):
        world.bill(f"{month}-01", f"{month}-28")
    payments = world.read("payment", "list")
    listed = [line.split()[0] for line in world.must("payment", "list").out.splitlines()[2:]]
    assert len(set(listed)) == len(payments) == 6
    found = [world.read("payment", "show", digits)["id"] for digits in listed]
    assert found == [payment["id"] for payment in payments]
    assert world.refused("payment", "show", listed[0][-6:]) == "id_ambiguous"
