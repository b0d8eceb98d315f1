"""Every command comes in as JSON and as Avro, means the same, and is always answered."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregates.command import CommandAccepted, CommandRefused
from aggregates.refusal import Refusal
from commands.answering import answer
from commands.applying import Apply
from commands.catalogue import BY_NAME, COMMAND_TYPES, CommandType, read_command, write_command
from commands.schedules import At, Every, ScheduleBillRun
from infra import personal_keys
from infra.cli.verbs import VERBS
from infra.store.sqlite import SqliteStore
from schemas.headers import AVRO, JSON, CommandHeaders
from schemas.wire import MOST_BYTES, Codec
from schemas.wire_error import WireError
from tests.commands.schedules_support import new_store
from tests.support.world import account, base, package

CODEC = Codec()

PERIOD = {"start": "2020-10-01", "end": "2020-10-31"}
SCHEDULE = {"bill_run": "Default", "billing_period": PERIOD, "requested_by": "crm"}
HELD = {"account_package": "C-1/internet", "as_of": "2020-10-24"}
ONCE = {"account": "C-1", "amount": "5.00", "reason": "goodwill"}

BODIES: dict[str, dict[str, Any]] = {
    "apply": {"setup": base(accounts=[account("C-1", package("C-1/internet", "2020-09-01"))])},
    "schedule_bill_run": {**SCHEDULE, "timing": {"at": "2020-11-01T06:00"}, "catch_up": 3},
    "bill_account": {**SCHEDULE, "account": "C-1", "timing": "now"},
    "pause_schedule": {"schedule": "x"},
    "resume_schedule": {"schedule": "x"},
    "cancel_schedule": {"schedule": "x"},
    "cancel_execution": {"execution": "x"},
    "retry_execution": {"execution": "x"},
    "reverse_execution": {"execution": "x"},
    "add_credit": {**ONCE, "invoice": "INV-1", "line": 2},
    "add_debit": ONCE,
    "add_charge": {**ONCE, "currency": "USD", "date": "2020-10-05", "gl_code": "4000"},
    "remove_transaction": {"account": "C-1", "transaction": "x", "reason": "typed twice"},
    "credit_invoice": {"invoice": "INV-1", "lines": [{"line": 1, "amount": "5.00"}, {"line": 2}]},
    "void_invoice": {"invoice": "INV-1", "reason": "wrong price"},
    "terminate_contract": {"contract": "C-1/2020", "as_of": "2020-11-01"},
    "give_contract_notice": {"contract": "C-1/2020"},
    "delete_ar_term": {"name": "Strict"},
    "delete_gl_code": {"code": "4000"},
    "close_ledger": {"through": "2020-10-31"},
    "cancel_account_package": HELD,
    "suspend_account_package": {**HELD, "until": "2020-11-01"},
    "resume_account_package": {"account_package": "C-1/internet"},
    "set_account_package_price": {**HELD, "price": None},
    "record_payment": {"account": "C-1", "amount": "5.00", "kind": "cash", "on": "2020-10-05"},
    "remove_payment": {"payment": "x", "reason": "wrong account"},
    "refund_payment": {"payment": "x", "amount": "5.00"},
    "collect_payment": {"account": "C-1", "collection": "account_balance"},
    "set_payment_method": {
        "account": "C-1",
        "payment_method": "visa",
        "kind": "card",
        "token": "pm_1",
        "auto_pay": True,
    },
    "remove_payment_method": {"account": "C-1", "payment_method": "visa"},
    "delete_bill_group": {"name": "G"},
    "delete_exchange_rates": {"name": "R"},
    "delete_package": {"code": "internet"},
    "delete_bill_run": {"name": "Default"},
    "delete_account": {"account": "C-1"},
    "erase_account": {"account": "C-1"},
}

NO_COMMANDS = {
    "demo", "init", "scheduler", "verify", "explain", "completion", "clock advance", "clock show",
    "views rebuild", "import customers", "execution resume", "execution replay", "bill-run preview",
    "payment webhook", "payment check", "account balance", "account transactions",
    "invoice overdue", "execution watch",
    "ledger journal", "ledger trial-balance", "ledger aging", "ledger statement",
}  # fmt: skip
"""What changes nothing in history by itself, brings in what the gateway knows, or is for whoever
keeps the computer.
"""


def headers(name: str, content_type: str = JSON, id: str = "1") -> CommandHeaders:
    return CommandHeaders(id, f"billstream.{name}.v1", "crm", content_type, "corr")


def read(name: str, body: Any, content_type: str = JSON, id: str = "1") -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_command(CODEC, headers(name, content_type, id), data)


def refused(name: str, body: Any, content_type: str = JSON) -> WireError:
    with pytest.raises(WireError) as caught:
        read(name, body, content_type)
    return caught.value


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with new_store(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("entry", COMMAND_TYPES, ids=lambda entry: entry.name)
def test_json_and_avro_make_the_same_command(entry: CommandType) -> None:
    asked = read(entry.name, BODIES[entry.name])
    for content_type in (JSON, AVRO):
        sent = write_command(CODEC, entry, asked.message, content_type)
        again = read_command(CODEC, headers(entry.name, content_type), sent)
        assert again.message == asked.message
        assert again.command.body_hash == asked.command.body_hash
        assert again.origin == ("corr", content_type)
    assert (asked.source, asked.id, asked.type) == ("crm", "1", entry)


def test_timings_in_avro() -> None:
    entry = BY_NAME["schedule_bill_run"]
    for timing in ("now", At(at="2020-11-01T06:00"), Every(every="FREQ=DAILY")):
        message = ScheduleBillRun.model_validate({**SCHEDULE, "timing": timing})
        sent = write_command(CODEC, entry, message, AVRO)
        assert read_command(CODEC, headers(entry.name, AVRO), sent).message == message


def test_every_verb_that_changes_history_has_its_command() -> None:
    """By the words of the verb: `account-package set-price` is `set_account_package_price`."""
    reading = ("list", "show", "search", "export", "scheduled", "completed", "failures")
    there = {frozenset(entry.name.split("_")) for entry in COMMAND_TYPES}
    renamed = {"bill-run schedule": "schedule_bill_run", "account bill": "bill_account"} | {
        f"bill-run {verb}": f"{verb}_schedule" for verb in ("pause", "resume", "cancel")
    }
    renamed |= {f"account {kind}": f"add_{kind}" for kind in ("charge", "debit")}
    renamed |= {
        "credit remove": "remove_transaction",
        "contract give-notice": "give_contract_notice",
    }
    renamed |= {f"payment-method {verb}": "set_payment_method" for verb in ("add", "change")}
    for name in VERBS:
        if name in NO_COMMANDS or name.split()[-1] in (*reading, "left-behind"):
            continue
        if name.split()[0] in ("stack", "run", "topics", "lag", "dead-letters", "restore"):
            continue
        words = renamed.get(name, name).replace("-", " ").replace("_", " ").split()
        assert frozenset(words) in there, f"{name} has no command"


@pytest.mark.parametrize(
    ("name", "body", "code", "says"),
    [
        ("apply", b"", "message_empty", "no body"),
        ("apply", b"\xff", "message_malformed", "not UTF-8"),
        ("apply", b"{", "message_malformed", "cannot be read"),
        ("apply", b"[]", "message_malformed", "no object"),
        ("apply", b"[" * 100_000, "message_malformed", "too deeply"),
        ("apply", b'{"setup": NaN}', "message_malformed", "NaN is no number"),
        ("apply", b'{"setup": {}, "setup": {}}', "message_malformed", "'setup' stands there twice"),
        ("apply", b'{"setup": {"a": "\\u0000"}}', "message_malformed", "U+0000"),
        ("apply", b'{"setup": {"\\ud800": 1}}', "message_malformed", "half of a character"),
        ("apply", b" " * (MOST_BYTES + 1), "message_too_large", "send less"),
        ("apply", {"setup": "owner:"}, "wrong_type", "must be a mapping"),
        ("delete_package", {}, "missing_key", "`code` is missing"),
        ("delete_package", {"code": 5}, "wrong_type", "must be text"),
        ("delete_package", {"code": "x", "force": True}, "key_unknown", "`force`"),
        ("schedule_bill_run", {**SCHEDULE, "timing": "later"}, "wrong_type", 'must be "now"'),
        ("schedule_bill_run", {**SCHEDULE, "timing": {"at": 5}}, "wrong_type", "must be text"),
        ("bill_account", {**SCHEDULE, "timing": {"every": "x"}}, "missing_key", 'or {"at": TIME}'),
        ("schedule_bill_run", {**SCHEDULE, "catch_up": 1.5}, "wrong_type", "one, all or a number"),
        ("schedule_bill_run", {**SCHEDULE, "posting_date": 1601510400}, "wrong_type", "2020-10-31"),
        ("set_account_package_price", HELD, "missing_key", "`price` is missing"),
        ("set_account_package_price", {**HELD, "price": 19.99}, "wrong_type", "money in quotes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(name: str, body: Any, code: str, says: str) -> None:
    error = refused(name, body)
    assert error.code == code
    assert says in error.sentence


def test_everything_wrong_is_said_at_once() -> None:
    error = refused("schedule_bill_run", {"billing_period": {"start": "2020-02-30"}, "x": 1})
    assert error.code == "missing_key"
    assert error.details["count"] == 3
    assert "`bill_run` is missing" in error.sentence
    assert "a date that does not exist" in error.sentence
    assert "unknown key `x`" in error.sentence


def test_a_type_nobody_knows_is_refused() -> None:
    assert refused("make_coffee", {}).code == "command_unknown"
    assert refused("invoice.generated", {}).code == "command_unknown"


def test_avro_of_another_command_is_refused() -> None:
    sent = CODEC.encode_fields("billstream.delete_package.v1", {"code": "x"})
    assert refused("delete_account", sent, AVRO).code == "type_mismatch"
    assert refused("delete_package", sent, JSON).code == "message_malformed"
    assert refused("delete_package", b'{"code": "x"}', AVRO).code == "message_malformed"
    bad = CODEC.encode_fields("billstream.apply.v1", {"setup": "no json"})
    assert refused("apply", bad, AVRO).code == "message_malformed"


def test_a_command_is_done_and_answered_once(store: SqliteStore) -> None:
    asked = read("schedule_bill_run", {**SCHEDULE, "timing": "now"}, id="7")
    first = answer(store, asked, personal_keys)
    assert isinstance(first.event, CommandAccepted)
    assert set(first.event.result) == {"schedule", "execution"}
    assert first.event.content_type == JSON
    head = store.head.position
    again = answer(store, asked, personal_keys)
    assert (again.event, again.repeated, first.repeated) == (first.event, True, False)
    assert store.head.position == head
    (recorded,) = store.stream(asked.command.stream)
    assert recorded.event == first.event
    assert recorded.metadata["correlation"] == "corr"


def test_a_refusal_is_recorded_and_stays_one(store: SqliteStore) -> None:
    asked = read("bill_account", {**SCHEDULE, "bill_run": "Later", "account": "C-9"})
    first = answer(store, asked, personal_keys)
    assert isinstance(first.event, CommandRefused)
    assert first.event.code == "bill_run_unknown"
    assert answer(store, asked, personal_keys) == (first.event, True)


def test_the_same_id_with_another_body_is_refused_and_not_recorded(store: SqliteStore) -> None:
    answer(store, read("delete_package", {"code": "x"}), personal_keys)
    head = store.head.position
    with pytest.raises(Refusal) as caught:
        answer(store, read("delete_package", {"code": "y"}), personal_keys)
    assert caught.value.code == "command_id_reused"
    assert store.head.position == head


def test_apply_by_message(store: SqliteStore) -> None:
    group = {"bill_groups": [{"name": "Größe \U0001f600", "bill_day": 3}]}
    done = answer(store, read("apply", {"setup": group}, id="a"), personal_keys)
    assert isinstance(done.event, CommandAccepted), done
    same = answer(store, read("apply", {"setup": group}, id="b"), personal_keys)
    assert isinstance(same.event, CommandAccepted)
    assert len(store.stream(read("apply", {"setup": group}, id="b").command.stream)) == 1
    wrong = {"bill_groups": [{"name": "H", "bill_day": 41}, {"nom": "I"}]}
    no = answer(store, read("apply", {"setup": wrong}, id="c"), personal_keys)
    assert isinstance(no.event, CommandRefused)
    assert "setup:8: unknown key `nom`" in no.event.message


def test_no_name_of_a_person_stands_in_a_recorded_refusal(store: SqliteStore) -> None:
    """History cannot be forgotten; a refusal in it says what is wrong without the name."""
    entry = {"number": "C-1", "name": " Jane Doe", "currency": "USD", "bill_group": "G"}
    asked = read("apply", {"setup": {"accounts": [entry]}})
    answered = answer(store, asked, personal_keys)
    assert isinstance(answered.event, CommandRefused)
    assert answered.event.code == "name_invalid"
    assert "Jane" not in answered.event.message


def test_a_document_means_the_same_whatever_characters_it_holds() -> None:
    names = ["\x7f", "\x85", "\u2028", "\ufeff", "é", "\U0001f600", '"', "\\", "\t", "#", ": "]
    for char in names:
        document = {"bill_groups": [{"name": f"a{char}b"}]}
        asked = read("apply", {"setup": document})
        assert isinstance(asked.message, Apply)
        assert asked.message.setup == document
        assert asked.message.entries().sections["bill_groups"][0].entry().name == f"a{char}b"


def test_two_thousand_damaged_commands_are_refused_and_nothing_else_happens() -> None:
    chance = random.Random(4)
    good = [(entry, read(entry.name, BODIES[entry.name]).message) for entry in COMMAND_TYPES]
    sent = [
        (entry.name, kind, bytearray(write_command(CODEC, entry, message, kind)))
        for entry, message in good
        for kind in (JSON, AVRO)
    ]
    refusals = 0
    for _ in range(2_000):
        name, kind, data = chance.choice(sent)
        damaged = bytearray(data)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if chance.random() < 0.3:
            damaged = damaged[: chance.randrange(len(damaged))]
        try:
            read(name, bytes(damaged), kind)
        except WireError:
            refusals += 1
    assert refusals > 1_000
