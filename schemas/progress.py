"""How far a run is, as a message on topic `progress`: told while it runs, and once at its end.

No event: nothing here is a fact of history, and losing a message loses nothing. The counts are
those of `chunk.billed` and, at the end, of the execution itself.
"""

from datetime import UTC, datetime

import msgspec

from aggregates.event import Fact
from schemas.headers import AVRO, EventHeaders, Pairs, write_event
from schemas.wire import Codec
from schemas.wire_types import type_of

PROGRESS = type_of("execution.progress", 1)

_OF_HISTORY = frozenset({"position", "stream_version", "hash"})
"""Headers that only an event has."""


class WorkerProgress(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one worker has done of the run. `worker` is "" where one process does all; rate and
    remaining time as for the whole run, null for a worker that did nothing of late.
    """

    worker: str
    chunks_done: int
    packages_billed: int
    cycles_billed: int
    invoices_generated: int
    failed: int
    packages_per_second: int | None = None
    remaining_seconds: int | None = None


class ExecutionProgress(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How far an execution is, at most once a second while it runs and once at its end. `status` is
    running, or how it ended: then the counts are the execution's own. Counts never go back, and a
    resumed execution begins with what is done; a message with fewer `chunks_done` than one before
    it came late: leave it out. The rate is of the last seconds, null while too little is known.
    """

    execution: str
    bill_run: str
    status: str
    at: datetime
    chunks_done: int
    chunks: int
    packages_billed: int
    cycles_billed: int
    invoices_generated: int
    failed: int
    left_behind: int
    packages_per_second: int | None = None
    remaining_seconds: int | None = None
    workers: tuple[WorkerProgress, ...] = ()

    @property
    def is_last(self) -> bool:
        return self.status != "running"


def encode_progress(codec: Codec, progress: ExecutionProgress) -> bytes:
    """The message in Avro."""
    return codec.encode_fields(PROGRESS, msgspec.to_builtins(progress))


def decode_progress(codec: Codec, data: bytes) -> ExecutionProgress:
    """The message in Avro, read."""
    fields = codec.decode_fields(data, PROGRESS).fields
    return msgspec.convert(fields, ExecutionProgress)


def progress_headers(progress: ExecutionProgress, source: str) -> Pairs:
    """What stands above it. The last message has one id for ever: it may come twice."""
    told = "end" if progress.is_last else progress.at.astimezone(UTC).isoformat()
    above = EventHeaders(
        id=f"{progress.execution}/progress/{told}",
        type=PROGRESS,
        source=source,
        time=progress.at,
        content_type=AVRO,
        correlation_id=progress.execution,
        causation_id="",
        position=0,
        stream_version=0,
        hash=b"",
    )
    return [pair for pair in write_event(above) if pair[0] not in _OF_HISTORY]
