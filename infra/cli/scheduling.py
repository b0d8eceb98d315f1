"""What the verbs over schedules do once their options are read: ask, run, wait, show."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregates import identity
from aggregates.execution import FINISHED, ExecutionState
from aggregates.identity import StreamId
from aggregates.schedule import ScheduleState
from commands import schedules as commands
from commands.firing import fire
from commands.handling import Outcome
from commands.schedules import ChangeSchedule
from commands.store import Store
from infra.cli.fired import Fires
from infra.cli.looking import Look, schedule_id
from infra.cli.output import print_json, say
from infra.cli.running import exit_status, run_to_end
from infra.cli.times import owner_zone
from infra.cli.watching import LOOK_AGAIN, follow, state_of, watch
from infra.composition import App, open_app
from infra.settings import settings

if TYPE_CHECKING:
    from infra.store.owned import OwnedStore

_CHANGES = {
    "pause": (commands.pause_schedule, "is paused"),
    "resume": (commands.resume_schedule, "goes on"),
    "cancel": (commands.cancel_schedule, "is cancelled"),
}


def ask(
    database: str | None, schedule: Callable[[Store], Outcome], wait: bool, as_json: bool
) -> int:
    """Schedules, says so, and runs what is due to its end; the exit status."""
    with open_app(database) as app:
        outcome = schedule(app.store)
        stream = identity.parse(outcome.result["schedule"])
        execution = outcome.result.get("execution")
        if not as_json:
            _tell(app, stream, wait)
        ended = None
        if settings().kafka_bootstrap_servers:
            # Work is spread: the roles of `billstream run` do it.
            if execution is not None and wait:
                ended = follow(app, identity.parse(execution))
        elif execution is not None and (wait or _is_due(app, stream)):
            Fires(app, owner_zone(app.store), quiet=True).recover()
            ended = _to_the_end(app, stream, identity.parse(execution), wait)
        _show(app, stream, execution if ended else None, as_json)
        return exit_status(ended) if ended else 0


def change(
    verb: str, database: str | None, written: str, id: str, by: str | None, as_json: bool
) -> None:
    """Pauses, resumes or cancels the schedule meant by an id or its first digits."""
    handler, says = _CHANGES[verb]
    with open_app(database) as app:
        schedule = schedule_id(Look(app), written)
        requested_by = by or settings().requested_by
        message = ChangeSchedule(schedule=schedule, requested_by=requested_by)
        handler(app.store, message, "cli", id)
        if as_json:
            print_json(_schedule_document(Look(app), schedule))
        else:
            state = _state(app.store, identity.parse(schedule))
            when = f", {_next(app, state)}" if verb == "resume" and state.next_at else ""
            say(f"Schedule {schedule} of bill run {state.bill_run} {says}{when}.")


def _to_the_end(
    app: App, schedule: StreamId, execution: StreamId, wait: bool
) -> ExecutionState | None:
    """Fires a one-time schedule when it is due and runs it to its end; None: it has not fired."""
    while True:
        now = app.now()
        fire(app.store, schedule, now)
        state = _state(app.store, schedule)
        if state.fired:
            return _finish(app, execution)
        over = state.status != "pending" or state.next_at is None
        if over or not wait:
            return None
        time.sleep(_nap(app.store, state.next_at, now))


def _nap(store: "OwnedStore", due: datetime | None, now: datetime) -> float:
    left = LOOK_AGAIN if due is None or store.is_sandbox else (due - now).total_seconds()
    return max(0.0, min(left, LOOK_AGAIN))


def _finish(app: App, execution: StreamId) -> ExecutionState:
    """The end of an execution: run here, or by the process that has taken it up."""
    watch(app.store, execution, lambda: not app.store.is_alive(execution))
    state = state_of(app.store, execution)
    if state is not None and state.status in FINISHED:
        return state
    return run_to_end(app, execution)


def _state(store: Store, schedule: StreamId) -> ScheduleState:
    with store.snapshot() as reading:
        return commands.find_schedule(reading, identity.text(schedule))[1]


def _is_due(app: App, schedule: StreamId) -> bool:
    due = _state(app.store, schedule).next_at
    return due is None or due <= app.now()


def _tell(app: App, schedule: StreamId, wait: bool) -> None:
    """The notice that the bill run is scheduled to run."""
    state = _state(app.store, schedule)
    whom = f" for account {state.account}" if state.account else ""
    when = " now" if state.timing.kind == "now" else f" {_next(app, state)}".rstrip()
    say(
        f"Bill run {state.bill_run}{whom} is scheduled to run{when} "
        f"(schedule {identity.text(schedule)})."
    )
    if settings().kafka_bootstrap_servers:
        say("`billstream run` does it.")
    elif not (wait or _is_due(app, schedule)):
        by = "clock advance" if app.store.is_sandbox else "scheduler"
        say(f"`billstream {by}` fires it when its time comes.")


def _next(app: App, state: ScheduleState) -> str:
    if state.next_at is None:
        return ""
    where = owner_zone(app.store)
    local = state.next_at.astimezone(where)
    word = "next at" if state.timing.kind == "every" else "at"
    return f"{word} {local:%Y-%m-%d %H:%M} {where.key}"


def _show(app: App, schedule: StreamId, execution: str | None, as_json: bool) -> None:
    if as_json:
        look = Look(app)
        document = _schedule_document(look, identity.text(schedule))
        document["execution"] = _execution_document(look, execution) if execution else None
        print_json(document)
    elif execution is not None:
        from infra.cli.outcome import show_outcome

        show_outcome(app, identity.parse(execution), as_json)


def _schedule_document(look: Look, schedule: str) -> dict[str, Any]:
    from projections import schedules

    return dict(schedules.one(look.views, look.showing, schedule) or {})


def _execution_document(look: Look, execution: str) -> dict[str, Any]:
    from infra.cli.bill_runs import with_proof
    from projections import executions

    found = executions.one(look.views, look.showing, execution)
    return with_proof(look, found) if found else {}
