"""Asking for bill runs: schedule one, bill one account, pause, resume, cancel (R2, R3, R5).

The messages are what the command line and every other door say; what they mean is decided in
`aggregates.schedule`. Firing what falls due is `commands.firing`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Tag

from aggregates import identity
from aggregates import schedule as rules
from aggregates.bill_run import BillRunState
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from aggregates.schedule import Occurrence, ScheduleEvent, ScheduleState, Timing
from commands.asking import CatchUp, Message, Part
from commands.books import check_open
from commands.handling import Outcome, run_command
from commands.local_time import local_of, parse_time, zone
from commands.message import DIRECT, Command, Origin
from commands.recurrence import Recurrence, first_after
from commands.recurrence_rule import parse
from commands.setup.entry import Day
from commands.store import Reading, Store
from commands.workspace import Workspace


class At(Part):
    """Once, at a TIME: local time in the owner's zone unless it has an offset."""

    at: str


class Every(Part):
    """Again and again, by an RFC 5545 recurrence rule."""

    every: str


def _kind(asked: object) -> str | None:
    """Which timing is meant, so that only its own faults are named."""
    if isinstance(asked, At | Every):
        return type(asked).__name__.lower()
    if isinstance(asked, Mapping):
        return next((kind for kind in ("at", "every") if kind in asked), None)
    return "now" if asked == "now" else None


Now = Annotated[Literal["now"], Tag("now")]
Once = Annotated[At, Tag("at")]
Again = Annotated[Every, Tag("every")]

OneTime = Annotated[
    Now | Once,
    Discriminator(
        _kind,
        custom_error_type="wrong_type",
        custom_error_message='must be "now" or {"at": TIME}',
    ),
]
AnyTime = Annotated[
    Now | Once | Again,
    Discriminator(
        _kind,
        custom_error_type="wrong_type",
        custom_error_message='must be "now", {"at": TIME} or {"every": RRULE}',
    ),
]


class BillingPeriod(Part):
    """Both ends inclusive (R7). A recurring schedule gives the first start only."""

    start: Day
    end: Day | None = None


class ScheduleBillRun(Message):
    """Execute a bill run now, at a time or repeatedly."""

    bill_run: str
    billing_period: BillingPeriod
    timing: AnyTime = "now"
    posting_date: Day | None = None
    catch_up: CatchUp = "one"


class BillAccount(Message):
    """Execute a bill run for a single account, now or at a time (R3)."""

    account: str
    bill_run: str
    billing_period: BillingPeriod
    timing: OneTime = "now"
    posting_date: Day | None = None
    catch_up: CatchUp = "one"


class ChangeSchedule(Message):
    """Pause, resume or cancel a schedule."""

    schedule: str


def schedule_bill_run(
    store: Store, message: ScheduleBillRun, source: str, id: str, origin: Origin = DIRECT
) -> Outcome:
    """The result names the `schedule` and, if it fires once only, its `execution` to be."""
    return _schedule(store, message, message.command("schedule_bill_run", source, id, origin), None)


def bill_account(
    store: Store, message: BillAccount, source: str, id: str, origin: Origin = DIRECT
) -> Outcome:
    """Like `schedule_bill_run`, for one account of the run's groups (R3)."""
    return _schedule(
        store, message, message.command("bill_account", source, id, origin), message.account
    )


def pause_schedule(
    store: Store, message: ChangeSchedule, source: str, id: str, origin: Origin = DIRECT
) -> Outcome:
    """Nothing fires until it is resumed."""
    command = message.command("pause_schedule", source, id, origin)
    return _change(store, message, command, lambda _, state: rules.pause(state))


def resume_schedule(
    store: Store, message: ChangeSchedule, source: str, id: str, origin: Origin = DIRECT
) -> Outcome:
    """Occurrences while it was paused are dropped (R5)."""

    def decide(workspace: Workspace, state: ScheduleState) -> ScheduleEvent:
        where = zone(workspace.owner().time_zone)
        recurrence = recurrence_of(state.timing, where)
        return rules.resume(state, recurrence.after(workspace.now) if recurrence else None)

    return _change(store, message, message.command("resume_schedule", source, id, origin), decide)


def cancel_schedule(
    store: Store, message: ChangeSchedule, source: str, id: str, origin: Origin = DIRECT
) -> Outcome:
    """What was fired before goes on as an execution."""
    command = message.command("cancel_schedule", source, id, origin)
    return _change(store, message, command, lambda _, state: rules.cancel(state))


def recurrence_of(timing: Timing, where: ZoneInfo) -> Recurrence | None:
    """How the schedule recurs; None for a one-time schedule."""
    if timing.rule is None or timing.begins is None:
        return None
    return Recurrence(timing.rule, timing.begins, where)


def parse_schedule(written: str) -> StreamId:
    """The schedule's id behind its text; `schedule_unknown` for anything else."""
    try:
        return identity.parse(written)
    except ValueError:
        raise _unknown(written) from None


def find_schedule(reading: Reading, written: str) -> tuple[StreamId, ScheduleState]:
    """The schedule of an id; `schedule_unknown` when there is none."""
    stream = parse_schedule(written)
    found = reading.get("schedule", stream)
    if found is None:
        raise _unknown(written)
    state: ScheduleState = found.state
    return stream, state


def _schedule(
    store: Store, message: ScheduleBillRun | BillAccount, command: Command, account: str | None
) -> Outcome:
    stream = identity.schedule(command.stream)

    def decide(workspace: Workspace) -> dict[str, str]:
        where = zone(workspace.owner().time_zone)
        run = _bill_run(workspace, message.bill_run)
        if account is not None:
            _check_account(workspace, account, run)
        if message.posting_date is not None:
            check_open(workspace, message.posting_date)
        timing, first = _timing(message.timing, workspace.now, where)
        event = rules.schedule(
            bill_run=run.name,
            timing=timing,
            first=first,
            period_start=message.billing_period.start,
            period_end=message.billing_period.end,
            posting_date=message.posting_date,
            catch_up=message.catch_up,
            account=account,
            requested_by=message.requested_by,
        )
        workspace.stage("schedule", stream, [event])
        result = {"schedule": identity.text(stream)}
        if timing.kind != "every":
            due = first.local.isoformat()
            result["execution"] = identity.text(identity.execution(stream, due))
        return result

    return run_command(store, command, decide)


def _timing(
    asked: Literal["now"] | At | Every, now: datetime, where: ZoneInfo
) -> tuple[Timing, Occurrence]:
    """When it is to run, and the first time it falls due."""
    local = local_of(now, where)
    if isinstance(asked, At):
        first = parse_time(asked.at, where)
        return Timing(kind="at", at=first.local), first
    if isinstance(asked, Every):
        rule = parse(asked.every, where).text
        return Timing(kind="every", rule=rule, begins=local), first_after(rule, local, now, where)
    return Timing(kind="now"), Occurrence(local=local, instant=now.replace(microsecond=0))


def _bill_run(workspace: Workspace, name: str) -> BillRunState:
    run: BillRunState | None = workspace.find("bill_run", identity.named("bill_run", name))
    if run is None:
        raise Refusal(
            "bill_run_unknown",
            f"there is no bill run named {name!r}; `billstream bill-run list` shows the ones "
            "there are",
            bill_run=name,
        )
    return run


def _check_account(workspace: Workspace, number: str, run: BillRunState) -> None:
    """The account is in the run's groups. Exclusions do not count: it was asked for by name."""
    account = workspace.account(number)
    if account is None:
        raise Refusal(
            "account_unknown",
            f"there is no account {number!r}; `billstream account search` finds accounts",
            account=number,
        )
    if account.bill_group not in run.settings.bill_groups:
        raise Refusal(
            "account_not_in_bill_run",
            f"account {number} is in bill group {account.bill_group!r}, which bill run "
            f"{run.name!r} does not bill: name a bill run of that group",
            account=number,
            bill_group=account.bill_group,
            bill_run=run.name,
        )


def _change(
    store: Store,
    message: ChangeSchedule,
    command: Command,
    decide: Callable[[Workspace, ScheduleState], ScheduleEvent],
) -> Outcome:
    stream = parse_schedule(message.schedule)

    def body(workspace: Workspace) -> dict[str, str]:
        state: ScheduleState | None = workspace.find("schedule", stream)
        if state is None:
            raise _unknown(message.schedule)
        workspace.stage("schedule", stream, [decide(workspace, state)])
        return {"schedule": identity.text(stream)}

    return run_command(store, command, body)


def _unknown(written: str) -> Refusal:
    return Refusal(
        "schedule_unknown",
        f"there is no schedule {written!r}; `billstream bill-run scheduled` lists those to come",
        schedule=written,
    )
