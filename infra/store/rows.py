"""From rows to what readers get: states and events, decoded."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import islice, pairwise
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from aggregates.identity import StreamId
from commands.store import AccountRow, ItemRow, PackageRow, ReceivablesRow, Recorded
from infra.store.meta import moment
from schemas import unreadable
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


def pieces() -> Iterator[tuple[bytes, bytes]]:
    """All accounts in 256 ranges of their ids, for who wants few of them in memory."""
    bounds = [b"", *(bytes([first]) for first in range(1, 256)), b""]
    return pairwise(bounds)


def recorded(row: tuple[Any, ...]) -> Recorded:
    """A row of EVENT_COLUMNS as an event of the newest version."""
    position, stream, version, topic, schema_version, payload, metadata, at, hash = row
    try:
        event, of_commit = decode(topic, schema_version, payload), _of_commit(metadata, at)
    except unreadable.DAMAGED as fault:
        raise unreadable.of_event(position, topic, stream, fault) from fault
    return Recorded(position, stream, version, topic, event, *of_commit, hash)


@lru_cache(maxsize=16)
def _of_commit(metadata: bytes, at: int) -> tuple[Mapping[str, str], datetime]:
    """What all events of a commit share."""
    return MappingProxyType(_metadata.decode(metadata)), moment(at)


def read_event(
    position: int, stream: StreamId, topic: str, schema_version: int, payload: bytes
) -> Any:
    """An event of the newest version."""
    try:
        return decode(topic, schema_version, payload)
    except unreadable.DAMAGED as fault:
        raise unreadable.of_event(position, topic, stream, fault) from fault


def read_state(kind: str, stream: StreamId, stored: bytes) -> Any:
    """A stored state of a kind."""
    try:
        return state_decoder(kind).decode(stored)
    except unreadable.DAMAGED as fault:
        raise unreadable.of_state(kind, stream, fault) from fault


def account_row(stream: StreamId, version: int, invoicer: StreamId, state: bytes) -> AccountRow:
    try:
        return AccountRow(stream, version, invoicer, _account(state))
    except unreadable.DAMAGED as fault:
        raise unreadable.of_state("account", stream, fault) from fault


def package_row(stream: StreamId, version: int, account: StreamId, state: bytes) -> PackageRow:
    try:
        return PackageRow(stream, version, account, _package(state))
    except unreadable.DAMAGED as fault:
        raise unreadable.of_state("account_package", stream, fault) from fault


def receivables_row(
    stream: StreamId, version: int, account: StreamId, state: bytes
) -> ReceivablesRow:
    return ReceivablesRow(stream, version, account, read_state("receivables", stream, state))


ITEM_COLUMNS = "stream, version, account, ordinal, state, kind"


def item_rows(kind: str, rows: Iterable[tuple[Any, ...]]) -> list[ItemRow]:
    """Rows of ITEM_COLUMNS of one kind."""
    decode = state_decoder(kind).decode
    found: list[ItemRow] = []
    for stream, version, account, ordinal, state, _ in rows:
        try:
            found.append(ItemRow(stream, version, account, ordinal, decode(state)))
        except unreadable.DAMAGED as fault:
            raise unreadable.of_state(kind, stream, fault) from fault
    return found


def by_account(rows: Iterable[ItemRow]) -> dict[StreamId, list[ItemRow]]:
    """Accounts in their order, each one's items by their ordinal."""
    found: dict[StreamId, list[ItemRow]] = {}
    for row in rows:
        listed = found.get(row.account)
        if listed is None:
            found[row.account] = [row]
        else:
            listed.append(row)
    for listed in found.values():
        if len(listed) > 1:
            listed.sort(key=_place)
    return dict(sorted(found.items()))


def by_account_and_kind(
    kinds: Iterable[str], rows: Iterable[tuple[Any, ...]]
) -> dict[StreamId, dict[str, list[ItemRow]]]:
    """Rows of ITEM_COLUMNS of several kinds: what each account has of each, by their ordinal. In
    one go over them, for a run reads some of every account.
    """
    decoders = {kind: state_decoder(kind).decode for kind in kinds}
    found: dict[StreamId, dict[str, list[ItemRow]]] = {}
    several: list[list[ItemRow]] = []
    for stream, version, account, ordinal, state, kind in rows:
        try:
            row = ItemRow(stream, version, account, ordinal, decoders[kind](state))
        except unreadable.DAMAGED as fault:
            raise unreadable.of_state(kind, stream, fault) from fault
        of_account = found.get(account)
        if of_account is None:
            found[account] = {kind: [row]}
        elif kind in of_account:
            listed = of_account[kind]
            listed.append(row)
            several.append(listed)
        else:
            of_account[kind] = [row]
    for listed in several:
        listed.sort(key=_place)
    return found


def _place(row: ItemRow) -> tuple[int, StreamId]:
    return row.ordinal, row.stream


def span_of(low: bytes, high: bytes) -> tuple[bytes, bytes]:
    """Between which stream ids the things of accounts from `low` to `high` lie: ids share their
    first six bytes with the account's. An open end stays open.
    """
    if not high:
        return low[:6], b""
    return low[:6], high[:6] + b"\xff" * 11
