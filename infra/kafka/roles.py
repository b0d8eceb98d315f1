"""The roles over Kafka, put together: what `billstream run` runs."""

import os
import secrets
import socket

from consumers.commands_in import CommandsIn
from consumers.publishing import Publisher
from consumers.relay import Relay
from consumers.role import Meter
from infra import personal_keys
from infra.kafka.codec import open_codec
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.history import StoredHistory
from infra.kafka.inbox import KafkaInbox
from infra.kafka.settings import KafkaSettings
from infra.kafka.start import begin
from infra.kafka.topics import RELAY
from infra.kafka.work_queue import SESSION_MS
from infra.run.faults import not_the_commands
from infra.store.owned import OwnedStore
from schemas import topics as names


def open_relay(store: OwnedStore, settings: KafkaSettings, meter: Meter | None = None) -> Relay:
    """Events out."""
    begin(store, settings, [RELAY])
    me = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    publisher = Publisher(open_codec(settings), settings.topic_prefix)
    return Relay(StoredHistory(store), KafkaEventLog(settings, me), publisher, me, meter)


def open_commands(
    store: OwnedStore,
    settings: KafkaSettings,
    meter: Meter | None = None,
    session_ms: int = SESSION_MS,
) -> CommandsIn:
    """Commands in."""
    called = begin(store, settings, [names.COMMANDS, names.REPLIES, names.DEAD_LETTERS])
    codec = open_codec(settings)
    inbox = KafkaInbox(settings, called, codec, session_ms)
    return CommandsIn(store, inbox, codec, personal_keys, not_the_commands, meter)
