"""Events out: history in commit order, a batch a transaction, its position in it (decision 23).

The position stands on a topic of its own, `relay`, in the same transaction as what it counts. It is
read back at the start and after every error, so a reader of committed messages misses nothing and
sees nothing twice, whatever dies. Two relays fence each other: the younger one stays.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from aggregates.invoice_state import CREDIT_NOTES, SERIES
from aggregates.refusal import Refusal
from commands.billing.rare_collections import rare_collections
from consumers.publishing import Message, Publisher, Stored, last_numbers
from consumers.role import Meter, Silent, Unavailable

BATCH_BYTES = 2_000_000
BATCH_EVENTS = 4_000
IDLE_SECONDS = 0.02

BEAT_SECONDS = 30.0
"""A relay that had nothing to say for so long says that: one that was fenced learns of it."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a relay is. `commit` and `root` are the newest commit that is out as a whole, so a
    cut-off history shows against them (`billstream verify --expect`). `hash` is that of the event
    at `position`, `invoices` and `credit_notes` the highest numbers that are out. `relay` wrote it.
    """

    database: str
    epoch: str
    generation: int = 1
    position: int = 0
    hash: str = ""
    commit: int = 0
    root: str = ""
    invoices: int = 0
    relay: str = ""
    partitions: dict[str, int] = {}
    credit_notes: int = 0


class Identity(NamedTuple):
    """Which history this is: the database it was begun in, and its epoch and generation of topics,
    which change when it has been restored (decision 27).
    """

    database: str
    epoch: str
    generation: int


class Page(NamedTuple):
    """The events after a position. `anchor` is the hash of the event at that position, "" when it
    is not there.
    """

    events: Sequence[Stored]
    anchor: str
    head: int
    now: datetime
    commit: int
    root: str


class Parcel(NamedTuple):
    """So many messages as the log wants them, made ready beforehand."""

    messages: int
    content: Any


class History(Protocol):
    """What a relay reads."""

    def identity(self) -> Identity: ...

    def read(self, after: int, most_events: int, most_bytes: int) -> Page: ...


class EventLog(Protocol):
    """Where a relay writes. Everything may raise Unavailable; `open` is then called again."""

    def look(self) -> Mark | None:
        """How far the last relay came. Nobody is fenced."""
        ...

    def open(self) -> Mark | None:
        """Fences every other relay of the owner, and answers how far the last one came."""
        ...

    def use(self, generation: int, kept: dict[str, int]) -> dict[str, int]:
        """Publishes to this generation of topics from now on. Refused when they cannot be used,
        or have other numbers of partitions than `kept`; answers their numbers.
        """
        ...

    def pack(self, messages: Sequence[Message]) -> Parcel:
        """Makes messages ready, for the generation in use. May be done while others are
        published, in another thread.
        """
        ...

    def publish(self, parcel: Parcel, mark: Mark) -> None:
        """All of it or nothing, once. Refused with `relay_fenced` when another relay has begun."""
        ...

    def close(self) -> None: ...


Prepared = tuple[Page, Parcel]
"""Events as read, and what they become."""


class Relay:
    """The role. `name` tells this relay from others."""

    name = "relay"

    def __init__(
        self,
        history: History,
        log: EventLog,
        publisher: Publisher,
        me: str,
        meter: Meter | None = None,
        wait: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._history = history
        self._log = log
        self._publisher = publisher
        self._me = me
        self._meter = meter or Silent()
        self._wait = wait
        self._clock = clock
        self._said = clock()
        self._mark: Mark | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relay-ahead")
        self._ahead: tuple[int, Future[Prepared]] | None = None

    def step(self) -> bool:
        with rare_collections():
            return self._step()

    def _step(self) -> bool:
        try:
            mark = self._mark or self._begin()
            page, parcel = self._next(mark.position)
            check_anchor(mark, page)
            if page.events:
                self._look_ahead(page)
                mark = self._publish(mark, page, parcel)
            elif self._clock() - self._said > BEAT_SECONDS:
                self._say(parcel, mark)
        except Unavailable:
            self._mark = None
            self._forget_ahead()
            raise
        self._mark = mark
        self._tell_lag(mark, page)
        if not page.events:
            self._wait(IDLE_SECONDS)
        return bool(page.events)

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        self._log.close()

    def _begin(self) -> Mark:
        """Looks before it fences: what may not publish here must not stop the one that does."""
        self._from(self._log.look())
        found = self._log.open()
        mark = self._from(found)
        same = found is not None and found.generation == mark.generation
        partitions = self._log.use(mark.generation, found.partitions if found and same else {})
        mark = msgspec.structs.replace(mark, relay=self._me, partitions=partitions)
        self._say(self._log.pack([]), mark)
        return mark

    def _from(self, found: Mark | None) -> Mark:
        mark = starting_mark(found, self._history.identity())
        check_anchor(mark, self._history.read(mark.position, 1, 1))
        return mark

    def _next(self, position: int) -> Prepared:
        """What follows the position: prepared already, unless nothing was there yet."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            after, prepared = ahead
            if prepared.exception() is None and after == position and prepared.result()[0].events:
                return prepared.result()
        return self._prepare(position)

    def _prepare(self, position: int) -> Prepared:
        page = self._history.read(position, BATCH_EVENTS, BATCH_BYTES)
        return page, self._log.pack(self._publisher.messages(page.events))

    def _look_ahead(self, page: Page) -> None:
        """The next batch is read and encoded while Kafka takes this one."""
        last = page.events[-1].position
        if last < page.head:
            self._ahead = last, self._thread.submit(self._prepare, last)

    def _forget_ahead(self) -> None:
        """What was made ready was so for a log that is opened anew."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead[1].exception()

    def _publish(self, mark: Mark, page: Page, parcel: Parcel) -> Mark:
        last, numbers = page.events[-1], last_numbers(page.events)
        mark = msgspec.structs.replace(
            mark,
            position=last.position,
            hash=last.hash.hex(),
            commit=page.commit,
            root=page.root,
            invoices=max(mark.invoices, numbers.get(SERIES, 0)),
            credit_notes=max(mark.credit_notes, numbers.get(CREDIT_NOTES, 0)),
        )
        self._say(parcel, mark)
        self._meter.add("relayed", parcel.messages)
        return mark

    def _say(self, parcel: Parcel, mark: Mark) -> None:
        self._log.publish(parcel, mark)
        self._said = self._clock()

    def _tell_lag(self, mark: Mark, page: Page) -> None:
        behind = page.head - mark.position
        oldest = page.events[-1].at if behind and page.events else page.now
        self._meter.lag(self.name, behind, max(0.0, (page.now - oldest).total_seconds()))


def starting_mark(found: Mark | None, mine: Identity) -> Mark:
    """From where this history is published. Refused when the topics know more than it does."""
    begin = Mark(database=mine.database, epoch=mine.epoch, generation=mine.generation)
    if found is None:
        return begin
    if found.database != mine.database:
        raise Refusal(
            "topic_prefix_taken",
            "another history is published under this prefix: set BILLSTREAM_TOPIC_PREFIX to one "
            "of its own",
            published=found.database,
            epoch=mine.database,
        )
    if found.epoch == mine.epoch:
        return found
    if found.generation < mine.generation:
        sent = {"invoices": found.invoices, "credit_notes": found.credit_notes}
        return msgspec.structs.replace(begin, **sent)
    raise behind(found, 0)


def check_anchor(mark: Mark, page: Page) -> None:
    """What was published last still stands where it stood."""
    if mark.position and page.anchor != mark.hash:
        raise behind(mark, page.head)


def behind(mark: Mark, head: int) -> Refusal:
    """The topics know a history that the database does not have: it was restored (decision 27)."""
    return Refusal(
        "history_behind_topics",
        f"events up to position {mark.position} were published and history, which stands at "
        f"{head}, does not have them: an older database was restored; put back a newer one, or go "
        "on from here with `billstream restore finish`",
        published=mark.position,
        head=head,
    )
