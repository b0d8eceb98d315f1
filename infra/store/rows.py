"""From rows to what readers get: states and events, decoded."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from aggregates.identity import StreamId
from commands.store import AccountRow, PackageRow, ReceivablesRow, Recorded
from infra.store.meta import moment
from schemas.kinds import state_decoder
from schemas.stored import decode

T = TypeVar("T")

EVENT_COLUMNS = "position, stream, version, topic, schema_version, payload, metadata, at, hash"

_metadata = msgspec.json.Decoder(dict[str, str])
_account = state_decoder("account").decode
_package = state_decoder("account_package").decode


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Consecutive pieces of at most `size`."""
    iterator = iter(items)
    while piece := list(islice(iterator, size)):
        yield piece


def recorded(row: tuple[Any, ...]) -> Recorded:
    """A row of EVENT_COLUMNS as an event of the newest version."""
    position, stream, version, topic, schema_version, payload, metadata, at, hash = row
    event = decode(topic, schema_version, payload)
    return Recorded(position, stream, version, topic, event, *_of_commit(metadata, at), hash)


@lru_cache(maxsize=16)
def _of_commit(metadata: bytes, at: int) -> tuple[Mapping[str, str], datetime]:
    """What all events of a commit share."""
    return MappingProxyType(_metadata.decode(metadata)), moment(at)


def account_row(stream: StreamId, version: int, invoicer: StreamId, state: bytes) -> AccountRow:
    return AccountRow(stream, version, invoicer, _account(state))


def package_row(stream: StreamId, version: int, account: StreamId, state: bytes) -> PackageRow:
    return PackageRow(stream, version, account, _package(state))


def receivables_row(
    stream: StreamId, version: int, account: StreamId, state: bytes
) -> ReceivablesRow:
    return ReceivablesRow(stream, version, account, state_decoder("receivables").decode(state))
