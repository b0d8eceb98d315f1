"""Set a bill run, change or delete it (R1)."""

from pydantic import Field

from aggregates import bill_run, identity
from aggregates.bill_run import BillRunSettings, BillRunState
from aggregates.collection import COLLECTIONS
from aggregates.refusal import Refusal
from aggregates.schedule import ScheduleState
from commands.setup.entry import Done, Entry, came_of
from commands.workspace import Workspace

KIND = "bill_run"


class SetBillRun(Entry):
    """A named configuration of what to do, for which bill groups, with which rates."""

    name: str
    actions: list[str] = Field(default_factory=list[str])
    bill_groups: list[str] = Field(default_factory=list[str])
    exchange_rates: str = ""
    collection: str | None = None


def set_bill_run(workspace: Workspace, entry: SetBillRun) -> Done:
    """Puts a bill run; refused before there is a bill group and a set of rates."""
    stream = identity.named(KIND, entry.name)
    state: BillRunState | None = workspace.find(KIND, stream)
    if state is None:
        entry.need(f"bill run {entry.name!r}", "actions", "bill_groups", "exchange_rates")
        now = BillRunSettings(actions=(), bill_groups=(), exchange_rates="")
    else:
        now = state.settings
    settings = BillRunSettings(
        actions=tuple(dict.fromkeys(entry.kept("actions", list(now.actions)))),
        bill_groups=tuple(dict.fromkeys(entry.kept("bill_groups", list(now.bill_groups)))),
        exchange_rates=entry.kept("exchange_rates", now.exchange_rates),
        collection=entry.kept("collection", now.collection) or COLLECTIONS[0],
    )
    events = bill_run.put(
        state,
        name=entry.name,
        settings=settings,
        rate_sets={rates.name for rates in workspace.all_of("exchange_rates")},
        bill_groups={group.name for group in workspace.all_of("bill_group")},
    )
    workspace.stage(KIND, stream, events)
    return came_of(state is None, bool(events))


def delete_bill_run(workspace: Workspace, name: str) -> None:
    """Takes a bill run away that nothing is scheduled for."""
    stream = identity.named(KIND, name)
    state: BillRunState | None = workspace.find(KIND, stream)
    if state is None:
        raise Refusal(
            "bill_run_unknown",
            f"there is no bill run {name!r}: see `billstream bill-run list`",
            bill_run=name,
        )
    schedules = [s for s in open_schedules(workspace) if s.bill_run == name]
    waiting = [f"{s.status}, next at {s.next_at}" for s in schedules]
    workspace.stage(KIND, stream, bill_run.delete(state, open_schedules=waiting))


def open_schedules(workspace: Workspace) -> list[ScheduleState]:
    """Every schedule that is still to fire."""
    return [s for s in workspace.all_of("schedule") if s.status in ("pending", "paused")]
