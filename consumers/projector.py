"""Events from topics into views: the loop and nothing else.

A batch and its offsets are one transaction (design decision 24). When somebody else has moved a
partition meanwhile, nothing is written and reading goes on from where that partition stands.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import structlog

from aggregates import identity
from aggregates.refusal import Refusal
from commands.billing.rare_collections import rare_collections
from consumers.role import Meter, Silent
from schemas.headers import read_event
from schemas.wire import Codec
from schemas.wire_error import WireError
from schemas.wire_types import event_named

log = structlog.get_logger()


class Record(NamedTuple):
    """A message as it lies in a partition, its headers by name."""

    offset: int
    headers: Mapping[str, bytes | None]
    value: bytes | None


class Part(NamedTuple):
    """A partition of a topic of events; `carries` is the topic without prefix and generation."""

    topic: str
    part: int
    carries: str


Start = Callable[[Part, int, int], int]
"""`Views.start`."""

Row = tuple[int, bytes, str, int, int, bytes]
"""Position, stream, type, its version, time in microseconds, payload as stored."""


class Stretch(NamedTuple):
    """What was read of a partition, up to before offset `next`."""

    part: Part
    next: int
    rows: list[Row]


class Reach(NamedTuple):
    """Every event up to `position` of history lies before these offsets."""

    position: int
    ends: Mapping[Part, int]


class Topics(Protocol):
    """Where events come from, as a member of the projectors' group."""

    def poll(self, wait: float) -> Mapping[Part, Sequence[Record]]:
        """The next messages of the partitions that are ours. For a partition that has just become
        ours, `start` is asked before anything of it is read.
        """
        ...

    def seek(self, part: Part, offset: int) -> None:
        """Goes on from an offset; nothing when the partition is not ours any more."""
        ...

    def restart(self) -> None:
        """Nothing that was polled counts as done: `start` is asked again for every partition."""
        ...

    def mine(self) -> Collection[Part]:
        """The partitions that are ours now."""
        ...

    def bounds(self, part: Part) -> tuple[int, int]:
        """The first offset that is still there, and the one after the last."""
        ...

    def reach(self) -> Reach:
        """How far history has been published."""
        ...

    def next_of(self, part: Part) -> int:
        """The offset from which reading goes on, past all that is no message."""
        ...

    def close(self) -> None: ...


class Views(Protocol):
    """Where events go."""

    def begin(self) -> Collection[str]:
        """Makes every view follow topics; the types of events they listen to."""
        ...

    def start(self, part: Part, first: int, end: int) -> int:
        """Where to go on reading a partition that holds the offsets from `first` to before `end`.
        Views are built anew from history when what they lack is gone from the topic. Refused with
        `topics_changed` when more was read than there is.
        """
        ...

    def apply(self, stretches: Sequence[Stretch]) -> bool:
        """All of it with its offsets, or nothing: False when somebody else has moved on."""
        ...

    def arrive(self, reach: Reach, at: Mapping[Part, int]) -> int:
        """Notes the position of history that has been read as a whole; the events still to come."""
        ...

    def close(self) -> None: ...


class Projector:
    """The role. It does not step before its views are built."""

    name = "projector"

    def __init__(
        self,
        topics: Callable[[Start], Topics],
        views: Views,
        codec: Codec,
        meter: Meter | None = None,
        wait: float = 0.1,
        look: float = 1.0,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._views = views
        self._types = frozenset(views.begin())
        self._codec = codec
        self._known: dict[bytes, bool] = {}
        self._latest: tuple[object, int] = (self, 0)
        self._meter = meter or Silent()
        self._wait = wait
        self._look = look
        self._clock = clock
        self._looked = -look
        self._astray = False
        self._arrived: tuple[int, Mapping[Part, int]] | None = None
        self._topics = topics(views.start)

    def step(self) -> bool:
        try:
            with rare_collections():
                return self._step()
        except BaseException:
            self._topics.restart()
            raise

    def _step(self) -> bool:
        found = self._topics.poll(self._wait)
        stretches = [self._stretch(part, records) for part, records in found.items() if records]
        if stretches and not self._views.apply(stretches):
            log.info("views moved by another projector", parts=len(stretches))
            self._go_back([stretch.part for stretch in stretches])
        elif stretches:
            self._meter.add("projected", sum(len(stretch.rows) for stretch in stretches))
        if not stretches or self._clock() - self._looked >= self._look:
            self._arrive()
        return bool(stretches)

    def close(self) -> None:
        self._topics.close()
        self._views.close()

    def _go_back(self, parts: Collection[Part]) -> None:
        for part in parts:
            self._topics.seek(part, self._views.start(part, *self._topics.bounds(part)))

    def _arrive(self) -> None:
        """Looks how far history is out, and notes when all of it has been read."""
        self._looked = self._clock()
        reach = self._topics.reach()
        at = {part: self._topics.next_of(part) for part in self._topics.mine()}
        if self._arrived != (reach.position, at):
            self._views.arrive(reach, at)
            self._arrived = (reach.position, at)

    def _stretch(self, part: Part, records: Sequence[Record]) -> Stretch:
        rows = [self._row(part, record) for record in records]
        return Stretch(part, records[-1].offset + 1, [row for row in rows if row is not None])

    def _row(self, part: Part, record: Record) -> Row | None:
        """The event as it is stored; None for what no view listens to, or is none of ours."""
        facts = record.headers
        try:
            if not self._listened(facts.get("ce_type") or b""):
                return None
            stream, _, _ = _text(facts.get("ce_id")).partition("/")
            position = int(facts.get("position") or b"")
            at = self._time(facts.get("ce_time"))
            stream_id = identity.parse(stream)
        except (WireError, ValueError):
            self._strange(part, record)
            return None
        try:
            stored = self._codec.decode_stored(record.value or b"")
        except WireError as error:
            raise Refusal(
                "event_unreadable",
                f"{part.topic}/{part.part} offset {record.offset}: {error.sentence}; views can be "
                "built from history with `billstream views rebuild --feed store`",
            ) from None
        return (position, stream_id, stored.name, stored.version, at, stored.payload)

    def _time(self, written: bytes | None) -> int:
        """The events of a commit share theirs."""
        if self._latest[0] != written:
            self._latest = (written, _microseconds(_text(written)))
        return self._latest[1]

    def _listened(self, ce_type: bytes) -> bool:
        """A view listens to events of this type."""
        known = self._known.get(ce_type)
        if known is None:
            known = event_named(_text(ce_type)).name in self._types
            self._known[ce_type] = known
        return known

    def _strange(self, part: Part, record: Record) -> None:
        """Not written by a relay: nothing that happened."""
        try:
            reason = f"{read_event(record.headers.items()).type} is no event"
        except WireError as error:
            reason = error.sentence
        log.warning(
            "message skipped", topic=part.topic, part=part.part, offset=record.offset, reason=reason
        )


def _text(value: bytes | None) -> str:
    return (value or b"").decode()


_BEGINNING = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)


def _microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - _BEGINNING) // _MICROSECOND
