"""All views, and which events each of them listens to."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from projections import (
    account_packages,
    accounts,
    balances,
    contracts,
    dunning,
    executions,
    failures,
    invoices,
    journal,
    left_behind,
    payments,
    schedules,
    transactions,
)
from projections.view import Handler, Query, View
from schemas import stored
from schemas.catalogue import BY_NAME

VIEWS: tuple[View, ...] = (
    accounts.VIEW,
    account_packages.VIEW,
    schedules.VIEW,
    executions.VIEW,
    failures.VIEW,
    left_behind.VIEW,
    invoices.VIEW,
    transactions.VIEW,
    payments.VIEW,
    dunning.VIEW,
    contracts.VIEW,
    balances.VIEW,
)
"""Add a view here, and it is built from history at the next reading verb."""

ON_DEMAND: tuple[View, ...] = (journal.VIEW,)
"""Views that follow history when somebody asks for them, so that a run does not pay for them."""

QUERIES: tuple[Query, ...] = tuple(query for view in VIEWS for query in view.queries)

_NAMED = ("account.opened", "account.renamed")

BY_VIEW = {view.name: view for view in VIEWS + ON_DEMAND}

Decode = Callable[[bytes], Any]


class Listener(NamedTuple):
    """How a stored type and version is decoded, and who handles it, by view name. `named`: it
    carries a name as ciphertext; `forgets`: it takes personal data away.
    """

    decode: Decode
    handlers: tuple[tuple[str, Handler], ...]
    named: bool
    forgets: bool


class Dispatch:
    """What a set of views does with each type of event."""

    def __init__(self, views: Sequence[View]) -> None:
        self.views = tuple(views)
        self.topics = tuple(sorted({topic for view in views for topic in view.handlers}))
        self._known: dict[tuple[str, int], Listener] = {}

    def listener(self, topic: str, version: int) -> Listener:
        found = self._known.get((topic, version))
        if found is None:
            found = self._known[topic, version] = _listener(self.views, topic, version)
        return found


def _listener(views: Iterable[View], topic: str, version: int) -> Listener:
    listening = [view for view in views if topic in view.handlers]
    handlers = tuple((view.name, view.handlers[topic]) for view in listening)
    slices = {view.slices.get(topic) for view in listening}
    if len(slices) > 1:
        raise TypeError(f"views disagree about the slice of {topic}")
    decode = _decode(slices.pop(), topic, version)
    return Listener(decode, handlers, topic in _NAMED, topic == "account.erased")


def _decode(slice: type[msgspec.Struct] | None, topic: str, version: int) -> Decode:
    """Decodes the newest stored form as the slice at once; older ones are brought up first."""
    if slice is None:
        return lambda payload: stored.decode(topic, version, payload)
    decoder = msgspec.json.Decoder(slice)
    if version == BY_NAME[topic].version:
        return decoder.decode
    return lambda payload: decoder.decode(
        msgspec.json.encode(stored.decode(topic, version, payload))
    )
