"""A store with an owner in Toronto, a bill run and two accounts, for the tests of schedules."""

from datetime import UTC, date, datetime
from pathlib import Path

from aggregates import identity
from aggregates.account import AccountOpened
from aggregates.bill_group import BillGroupCreated, BillGroupSettings
from aggregates.bill_run import BillRunCreated, BillRunSettings
from aggregates.execution import ExecutionState
from aggregates.identity import StreamId
from aggregates.owner import OwnerSetUp, TimeZoneChanged
from aggregates.schedule import ScheduleState
from commands.handling import run_command
from commands.message import Command
from commands.schedules import At, BillingPeriod, Every, ScheduleBillRun, schedule_bill_run
from commands.store import Store
from commands.workspace import Workspace
from infra.store.open import open_store
from infra.store.sqlite import SqliteStore

START = datetime(2020, 10, 15, 13, 7, 3, tzinfo=UTC)
"""09:07:03 in Toronto."""
OCTOBER = BillingPeriod(start=date(2020, 10, 1), end=date(2020, 10, 31))
FROM_OCTOBER = BillingPeriod(start=date(2020, 10, 1))


def new_store(folder: Path, time_zone: str = "America/Toronto") -> SqliteStore:
    """A sandbox with the small setup."""
    store = open_store(f"sqlite:///{folder / 'schedules.db'}", create=True, sandbox_clock=START)
    assert isinstance(store, SqliteStore)

    def decide(workspace: Workspace) -> dict[str, str]:
        owner = OwnerSetUp(name="Acme", currency="USD", currencies={"USD": 2}, time_zone=time_zone)
        workspace.stage("owner", _seen(workspace, "owner", identity.owner()), [owner])
        for group in ("Ours", "Theirs"):
            stream = _seen(workspace, "bill_group", identity.named("bill_group", group))
            created = BillGroupCreated(name=group, settings=BillGroupSettings())
            workspace.stage("bill_group", stream, [created])
            account = f"in-{group.lower()}"
            stream = _seen(workspace, "account", identity.account(account))
            workspace.stage("account", stream, [_opened(account, group)])
        settings = BillRunSettings(
            actions=("bill_packages",), bill_groups=("Ours",), exchange_rates="current"
        )
        stream = _seen(workspace, "bill_run", identity.named("bill_run", "Default"))
        workspace.stage("bill_run", stream, [BillRunCreated(name="Default", settings=settings)])
        return {}

    run_command(store, Command("set_up", "test", "setup"), decide)
    return store


def move_owner(store: Store, time_zone: str) -> None:
    """The owner moves to another time zone."""

    def decide(workspace: Workspace) -> dict[str, str]:
        workspace.owner()
        workspace.stage("owner", identity.owner(), [TimeZoneChanged(time_zone=time_zone)])
        return {}

    run_command(store, Command("move", "test", time_zone), decide)


def ask(
    store: Store,
    timing: str | At | Every = "now",
    period: BillingPeriod | None = None,
    id: str = "1",
    bill_run: str = "Default",
) -> StreamId:
    """Schedules the bill run; the schedule's id."""
    default = FROM_OCTOBER if isinstance(timing, Every) else OCTOBER
    message = ScheduleBillRun.model_validate(
        {
            "bill_run": bill_run,
            "timing": timing if isinstance(timing, str) else timing.model_dump(),
            "billing_period": (period or default).model_dump(),
        }
    )
    return identity.parse(schedule_bill_run(store, message, "test", id).result["schedule"])


def schedule(store: Store, stream: StreamId) -> ScheduleState:
    with store.snapshot() as reading:
        found = reading.get("schedule", stream)
    assert found is not None
    state: ScheduleState = found.state
    return state


def executions(store: Store) -> list[ExecutionState]:
    """Every execution, in the order of their periods."""
    with store.snapshot() as reading:
        found: list[ExecutionState] = [row.state for row in reading.all_of("execution")]
    return sorted(found, key=lambda state: (state.period_start, state.period_end))


def periods(store: Store) -> list[tuple[str, str]]:
    """The billing periods of every execution."""
    found = executions(store)
    return [(state.period_start.isoformat(), state.period_end.isoformat()) for state in found]


def _seen(workspace: Workspace, kind: str, stream: StreamId) -> StreamId:
    workspace.get(kind, stream)
    return stream


def _opened(number: str, group: str) -> AccountOpened:
    return AccountOpened(
        number=number,
        name=number,
        currency="USD",
        bill_group=group,
        bill_day=1,
        invoicer=number,
        opened_on=date(2020, 1, 1),
    )
