"""A restored older database is noticed, and `restore finish` leads out of it (decision 27)."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aggregates.invoice import InvoiceGenerated
from aggregates.invoice_state import CREDIT_NOTES, SERIES
from aggregates.refusal import Refusal
from consumers.worker import run_execution
from infra.kafka.roles import open_commands, open_relay
from infra.kafka.settings import KafkaSettings
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.kafka.senders import Sender, body
from tests.kafka.support import drain, make_topics, positions, published, seeded, settings_of
from tests.kafka.verbs import Operator
from tests.support import seed
from tests.support.servers import KafkaServer

OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))


def _bill(store: OwnedStore, name: str) -> None:
    run_execution(store, seed.queue(store, *OCTOBER, name=name))


def _relay_all(store: OwnedStore, settings: KafkaSettings) -> None:
    relay = open_relay(store, settings)
    try:
        drain(relay.step)
    finally:
        relay.close()


def _documents(store: OwnedStore, series: str) -> list[InvoiceGenerated]:
    made = (e.event for e in store.log(0, 10_000) if e.type == "invoice.generated")
    return [event for event in made if event.series == series]


def _numbers(store: OwnedStore, series: str = SERIES) -> list[int]:
    return [event.sequence for event in _documents(store, series)]


def _invoices(store: OwnedStore) -> list[str]:
    return [event.number for event in _documents(store, SERIES)]


@pytest.mark.parametrize("written_since", [False, True])
def test_a_restored_database(kafka: KafkaServer, tmp_path: Path, written_since: bool) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    _relay_all(store, settings)
    store.close()
    path = tmp_path / "billstream.db"
    backup = tmp_path / "backup.db"
    shutil.copy(path, backup)
    store = open_store(f"sqlite:///{path}")
    _bill(store, "first")
    operator = Operator(settings, f"sqlite:///{path}")
    for invoice in _invoices(store)[:3]:
        operator.must("invoice", "credit", invoice, "--line", "1", "--amount", "0.01")
    _relay_all(store, settings)
    sent, notes = _numbers(store), _numbers(store, CREDIT_NOTES)
    assert len(notes) == 3
    store.close()
    for leftover in tmp_path.glob("billstream.db*"):
        leftover.unlink()
    shutil.copy(backup, path)

    store = open_store(f"sqlite:///{path}")
    if written_since:
        seed.add_accounts(store, 20, first=100)
    with pytest.raises(Refusal, match="history_behind_topics"):
        _relay_all(store, settings)
    done = json.loads(operator.must("restore", "finish", "--yes", "--json"))
    assert done["generation"] == 2
    assert done["next_number"] == max(sent) + 1
    assert done["next_credit_note"] == max(notes) + 1
    _bill(store, "again")
    operator.must("invoice", "credit", _invoices(store)[0], "--line", "1", "--amount", "0.01")
    _relay_all(store, settings)
    assert min(_numbers(store)) == max(sent) + 1
    assert _numbers(store, CREDIT_NOTES) == [max(notes) + 1]
    assert [one.position for one in published(settings, generation=2)] == positions(store)
    assert operator.must("verify")
    assert operator.refused("restore", "finish", "--yes") == "nothing_restored"
    store.close()


def test_commands_that_a_restore_has_lost_are_done_again(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    """What was known before the backup is answered again and not done again. A TIME counts whole
    seconds, so what is known was sent well before the backup.
    """
    settings, store = settings_of(kafka), seeded(tmp_path)
    at = datetime.now(UTC)
    make_topics(settings)
    sender, operator = Sender(settings), Operator(settings, store.url)
    _answer(store, settings, sender, "known", at - timedelta(hours=1))
    store.close()
    path, backup = tmp_path / "billstream.db", tmp_path / "backup.db"
    shutil.copy(path, backup)
    store = open_store(f"sqlite:///{path}")
    _answer(store, settings, sender, "lost", at)
    store.close()
    for leftover in tmp_path.glob("billstream.db*"):
        leftover.unlink()
    shutil.copy(backup, path)

    store = open_store(f"sqlite:///{path}")
    running = open_commands(store, settings)
    sender.send("new", body())
    sender.flush()
    while not running.step():
        pass
    sender.close()
    assert operator.refused("restore", "commands", "--since", at.isoformat()) == "commands_running"
    running.close()
    assert _accepted(store) == ["known", "new"]
    for since, messages in ((at.isoformat(), 2), ("beginning", 3)):
        told = operator.must("restore", "commands", "--since", since, "--json")
        assert json.loads(told)["messages"] == messages
        role = open_commands(store, settings)
        while operator_lag(operator) > 0:
            role.step()
        role.close()
        assert _accepted(store) == ["known", "new", "lost"]
    assert operator.ask("restore", "commands", "--since", "soon").returncode == 2
    store.close()


def _answer(
    store: OwnedStore, settings: KafkaSettings, sender: Sender, id: str, at: datetime
) -> None:
    """Sends a command and lets it be done."""
    sender.send(id, body(), at=at)
    sender.flush()
    role = open_commands(store, settings)
    while id not in _accepted(store):
        role.step()
    role.close()


def operator_lag(operator: Operator) -> int:
    """Commands that nobody has read yet."""
    found = json.loads(operator.must("lag", "--json"))
    return int(next(one["events"] for one in found if one["consumer"] == "commands"))


def _accepted(store: OwnedStore) -> list[str]:
    every = store.log(0, 10_000)
    return [e.event.id for e in every if e.type == "command.accepted" and e.event.source == "crm"]


def test_nothing_was_restored(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    _relay_all(store, settings)
    operator = Operator(settings, store.url)
    assert operator.refused("restore", "finish", "--yes") == "nothing_restored"
    store.close()
