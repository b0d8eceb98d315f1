"""A row is a function of one stream: however streams are interleaved, the views are the same."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates import account, chunk, execution, identity, owner
from aggregates.account_package.events import SuspensionEnded
from aggregates.account_package.state import Suspension
from aggregates.execution import Counts
from infra.views.registry import VIEWS
from projections.account_packages import Billed, StateAfter
from projections.invoices import Generated, LinesAdded
from tests.projections import test_account_packages as packages
from tests.projections import test_accounts as accounts
from tests.projections.memory import Rows, apply, empty, occurrence
from tests.projections.owed_streams import OWED
from tests.support.past import scheduled

DAY = date(2020, 10, 1)
EXECUTION = identity.execution(b"first", "now")
RETRY = identity.retry(EXECUTION, 1)
ID = identity.text(EXECUTION)


def _page(data: bytes) -> Any:
    import msgspec

    return msgspec.Raw(data)


STREAMS: list[list[tuple[str, bytes, Any]]] = [
    [
        (
            "owner.set_up",
            identity.owner(),
            owner.OwnerSetUp(name="O", currency="USD", currencies={"USD": 2}, time_zone="UTC"),
        ),
        (
            "owner.time_zone_changed",
            identity.owner(),
            owner.TimeZoneChanged(time_zone="Asia/Tokyo"),
        ),
        ("owner.renamed", identity.owner(), owner.OwnerRenamed(name="P")),
    ],
    [
        ("account.opened", accounts.STREAM, accounts.OPENED),
        ("account.renamed", accounts.STREAM, account.AccountRenamed(name="New")),
        ("account.erased", accounts.STREAM, account.AccountErased()),
    ],
    [
        ("account_package.added", packages.STREAM, packages.ADDED),
        (
            "account_package.billed",
            packages.STREAM,
            Billed(state=StateAfter(next_bill_date="2020-11-01")),
        ),
        (
            "account_package.suspension_ended",
            packages.STREAM,
            SuspensionEnded(start=Suspension(start=date(2020, 9, 5)).start, until=DAY),
        ),
        ("account_package.billed", packages.STREAM, Billed(state=StateAfter())),
    ],
    [("bill_run.scheduled", identity.schedule(b"s"), scheduled())],
    [
        (
            "execution.queued",
            EXECUTION,
            execution.ExecutionQueued(bill_run="R", period_start=DAY, period_end=DAY),
        ),
        (
            "execution.started",
            EXECUTION,
            execution.ExecutionStarted(business_date=DAY, time_zone="UTC", position=1, chunks=1),
        ),
        (
            "execution.completed",
            EXECUTION,
            execution.ExecutionCompleted(status="completed", counts=Counts(totals={"USD": 5})),
        ),
    ],
    [
        (
            "execution.scope_cut",
            RETRY,
            execution.ScopeCut(first=0, bounds=("", ""), retries=(0,)),
        )
    ],
    [
        (
            "chunk.failures_recorded",
            identity.chunk(EXECUTION, 0),
            chunk.FailuresRecorded(
                execution=ID,
                first=1,
                failures=(chunk.Failure(invoicer="I", account="A", code="c", message="m"),),
            ),
        ),
        (
            "chunk.packages_left_behind",
            identity.chunk(EXECUTION, 0),
            chunk.PackagesLeftBehind(
                execution=ID,
                first=1,
                packages=(
                    chunk.LeftBehind(
                        account_package="P", account="A", next_bill_date=DAY, reason="failed"
                    ),
                ),
            ),
        ),
        (
            "chunk.billed",
            identity.chunk(EXECUTION, 0),
            chunk.ChunkBilled(execution=ID, index=0, position=1, counts=Counts(failed=1)),
        ),
    ],
    [
        (
            "chunk.not_reached",
            identity.chunk(EXECUTION, 1),
            chunk.ChunkNotReached(execution=ID, index=1, left_behind=2),
        )
    ],
    [
        ("invoice.lines_added", b"invoice", LinesAdded(first=1, lines=_page(b"[1]"))),
        (
            "invoice.generated",
            b"invoice",
            Generated(
                number="INV-1",
                execution=ID,
                account="A",
                currency="USD",
                invoice_date="2020-10-01",
                due_date="2020-10-01",
                posting_date="2020-10-01",
                net=1,
                tax=0,
                total=1,
                lines=_page(b"[2]"),
                first=2,
            ),
        ),
    ],
    *OWED,
]
POSITIONS = {
    (stream, version): 100 * stream + version
    for stream, events in enumerate(STREAMS)
    for version in range(len(events))
}


def seen(order: list[int]) -> dict[str, Rows]:
    """The views after the streams' events, the next of each stream in the order given."""
    rows = {view.name: empty(view) for view in VIEWS}
    following = [0] * len(STREAMS)
    for stream in order:
        version = following[stream]
        following[stream] += 1
        topic, id, event = STREAMS[stream][version]
        at = occurrence(id, POSITIONS[stream, version])
        for view in VIEWS:
            if topic in view.handlers:
                apply(rows[view.name], view.handlers[topic](at, event))
    return rows


IN_ORDER = [stream for stream, events in enumerate(STREAMS) for _ in events]


@settings(max_examples=100, deadline=None)
@given(st.permutations(IN_ORDER))
def test_streams_may_be_interleaved_in_any_way(order: list[int]) -> None:
    assert seen(order) == seen(IN_ORDER)


def test_every_event_a_view_listens_to_more_than_in_passing_is_among_the_streams() -> None:
    listened = {topic for events in STREAMS for topic, _, _ in events}
    unseen = {topic for view in VIEWS for topic in view.handlers} - listened
    assert {topic.partition(".")[0] for topic in unseen} <= {
        "account",
        "account_package",
        "schedule",
        "execution",
    }
