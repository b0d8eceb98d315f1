"""A chunk: a range of invoicers of one execution, billed in one transaction (decision 16)."""

from datetime import date

from aggregates.event import Event, Fact
from aggregates.execution import Counts


class Failure(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An invoicer for which nothing was written but this (R28). `account` and `account_package`
    say where the cause lies.
    """

    invoicer: str
    account: str
    code: str
    message: str
    account_package: str | None = None


class LeftBehind(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A package that stays due after the execution (R9). `reason`: before_period, more_cycles,
    failed, account_suspended, not_reached.
    """

    account_package: str
    account: str
    next_bill_date: date
    reason: str


class FailuresRecorded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    execution: str
    first: int
    failures: tuple[Failure, ...]


class PackagesLeftBehind(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    execution: str
    first: int
    packages: tuple[LeftBehind, ...]


class ChunkBilled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The done mark. `position` is the head of history its facts were read at; `events` counts the
    events of its transaction, this one included, which is the last; `worker` is the process that
    billed it where several work, "" where one does; the first and last invoice number are 0 when
    it made none and are filled in under the order lock.
    """

    execution: str
    index: int
    position: int
    counts: Counts
    events: int = 0
    worker: str = ""
    first_number: int = 0
    last_number: int = 0


class ChunkNotReached(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The execution was cancelled before this chunk; nothing of it was billed."""

    execution: str
    index: int
    left_behind: int


class ChunkReversed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a chunk billed was taken back (R22), in a stream of its own; tried again, it is the
    next version. `failures` are the invoices and packages that could not be.
    """

    execution: str
    index: int
    invoices: int
    packages: int
    failures: tuple[Failure, ...] = ()


ChunkEvent = FailuresRecorded | PackagesLeftBehind | ChunkBilled | ChunkNotReached
