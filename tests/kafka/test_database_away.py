"""The database goes away while commands come in: they wait, and each is done once."""

import signal

import pytest
from tenacity import Retrying, retry_if_exception, stop_after_delay

from consumers.commands_in import CommandsIn
from infra.kafka.dead_letters import letters
from infra.kafka.roles import open_commands
from infra.run.faults import passes
from infra.store.errors import StoreError
from infra.store.owned import OwnedStore
from tests.kafka.senders import Sender, body
from tests.kafka.stores import seeded_at
from tests.kafka.support import make_topics, settings_of
from tests.support.servers import KafkaServer, OwnPostgres

COMMANDS = 150

pytestmark = pytest.mark.chaos


def accepted(store: OwnedStore) -> list[str]:
    return [one.event.id for one in store.log(0, 100_000) if one.type == "command.accepted"]


def step_for_ever(role: CommandsIn) -> None:
    while True:
        role.step()


def test_commands_wait_for_the_database(kafka: KafkaServer, own_postgres: OwnPostgres) -> None:
    settings, store = settings_of(kafka), seeded_at(own_postgres.url)
    make_topics(settings)
    sender, role = Sender(settings), open_commands(store, settings)
    for number in range(COMMANDS):
        sender.send(str(number), body())
    sender.flush()
    while not role.step():
        pass
    before = accepted(store)
    assert 0 < len(before) < COMMANDS
    own_postgres.server.stop(signal.SIGQUIT)
    with pytest.raises(StoreError) as away:
        step_for_ever(role)
    assert passes(away.value)
    own_postgres.server.start()
    again = Retrying(retry=retry_if_exception(passes), stop=stop_after_delay(60), reraise=True)
    while len(accepted(store)) < COMMANDS:
        again(role.step)
    assert sorted(accepted(store)) == sorted(str(number) for number in range(COMMANDS))
    assert list(letters(settings)) == []
    role.close()
    sender.close()
    store.close()
