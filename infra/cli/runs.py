"""Verbs over runs: preview one, retry the failures of one, cancel and resume an execution."""

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from infra.cli.options import (
    DATE,
    command_options,
    database_option,
    example,
    json_option,
    reading,
    workers_option,
)

if TYPE_CHECKING:
    from commands.billing.preview import Preview
    from infra.composition import App


@click.command(
    epilog=example(
        "billstream bill-run preview Default --period-start 2020-10-01 --period-end 2020-10-31"
    )
)
@click.argument("name")
@click.option("--period-start", type=DATE, required=True, help="First day of the billing period.")
@click.option("--period-end", type=DATE, required=True, help="Last day of it, inclusive.")
@click.option("--posting-date", type=DATE, default=None, help="Else the business date.")
@click.option("--catch-up", default="one", metavar="one|all|N", help="Cycles a package may bill.")
@click.option("--account", default=None, help="Only this account, as `account bill` would.")
@reading
def preview(
    name: str,
    period_start: date,
    period_end: date,
    posting_date: date | None,
    catch_up: str,
    account: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Compute the run NAME as it would be now, with the same code, and write nothing."""
    from commands.billing.preview import preview_run
    from infra.composition import open_app

    with (
        open_app(database) as app,
        preview_run(
            app.store,
            name,
            period_start=period_start,
            period_end=period_end,
            posting_date=posting_date,
            catch_up=catch_up,
            account=account,
        ) as previewed,
    ):
        _show_preview(app, previewed, as_json)


def _show_preview(app: "App", previewed: "Preview", as_json: bool) -> None:
    from infra.cli.looking import Look
    from infra.cli.output import print_json, progress
    from infra.cli.preview_output import SHOWN, PreviewDocument, print_preview

    document = PreviewDocument(previewed, Look(app).showing, None if as_json else SHOWN)
    with progress("previewing", previewed.chunks, "chunks") as report:
        for done, written in enumerate(previewed.written(), 1):
            document.add(written)
            report(done)
    if as_json:
        print_json(document.as_json())
    else:
        print_preview(document)


@click.command(epilog=example("billstream execution retry 01c2f7a0-…"))
@click.argument("execution")
@workers_option
@command_options
@json_option
@database_option
def retry(
    execution: str,
    database: str | None,
    as_json: bool,
    command_id: str | None,
    requested_by: str | None,
) -> int:
    """Bill the invoicers that failed in EXECUTION again, as an execution of its own. With Kafka
    it is queued for `billstream run`, and waited for.
    """
    from aggregates import identity
    from commands.execution_control import retry_execution
    from infra.cli.looking import Look, execution_id
    from infra.cli.running import finish_abandoned
    from infra.composition import open_app
    from infra.settings import settings

    with open_app(database) as app:
        if not settings().kafka_bootstrap_servers:
            finish_abandoned(app)
        execution = execution_id(Look(app), execution)
        command = command_about("retry_execution", execution, command_id, requested_by)
        outcome = retry_execution(app.store, command, execution)
        return _run_and_show(app, identity.parse(outcome.result["execution"]), as_json, queue=True)


@click.command(epilog=example("billstream execution cancel 01c2f7a0-…"))
@click.argument("execution")
@command_options
@json_option
@database_option
def cancel(
    execution: str,
    database: str | None,
    as_json: bool,
    command_id: str | None,
    requested_by: str | None,
) -> None:
    """Stop EXECUTION between chunks. What was billed stays billed and is counted."""
    from aggregates import identity
    from commands.execution_control import cancel_execution
    from infra.cli.looking import Look, execution_id
    from infra.cli.output import print_json, say
    from infra.cli.running import run_to_end
    from infra.composition import open_app

    with open_app(database) as app:
        execution = execution_id(Look(app), execution)
        command = command_about("cancel_execution", execution, command_id, requested_by)
        cancel_execution(app.store, command, execution)
        stream = identity.parse(execution)
        if not app.store.is_alive(stream):
            run_to_end(app, stream)
        with app.store.snapshot() as found:
            state: Any = found.get("execution", stream)
        if as_json:
            print_json({"execution": execution, "status": state.state.status})
        elif state.state.status == "cancelled":
            say(f"Execution {execution} is cancelled.")
        else:
            say(f"Execution {execution} will stop after the chunk in hand.")


@click.command(epilog=example("billstream execution resume 01c2f7a0-…"))
@click.argument("execution")
@workers_option
@json_option
@database_option
def resume(execution: str, database: str | None, as_json: bool) -> int:
    """Finish EXECUTION, which a process that died left running. Nothing is billed twice."""
    from aggregates.refusal import Refusal
    from commands.execution_control import parse_execution
    from commands.executions import find_execution
    from infra.cli.looking import Look, execution_id
    from infra.composition import open_app

    with open_app(database) as app:
        stream = parse_execution(execution_id(Look(app), execution))
        with app.store.snapshot() as found:
            state = find_execution(found, stream).state
        if state.status not in ("queued", "running"):
            raise Refusal(
                "execution_finished", f"the execution is {state.status} already; nothing to resume"
            )
        return _run_and_show(app, stream, as_json)


def command_about(type: str, execution: str, id: str | None, by: str | None) -> Any:
    """A command about an execution."""
    from commands.execution_control import ChangeExecution
    from infra.settings import settings

    asked = by or settings().requested_by
    message = ChangeExecution(execution=execution, requested_by=asked)
    return message.command(type, "cli", id or str(uuid4()))


def _run_and_show(app: "App", stream: bytes, as_json: bool, queue: bool = False) -> int:
    """`queue`: with Kafka it is left to the workers and waited for."""
    from infra.cli.outcome import show_outcome
    from infra.cli.output import notice
    from infra.cli.running import exit_status, run_to_end
    from infra.cli.watching import follow, wait_for_views
    from infra.settings import settings

    if queue and settings().kafka_bootstrap_servers:
        notice("it is queued: `billstream run` does it; Ctrl-C ends the waiting, not the run")
        state = follow(app, stream)
    else:
        state = run_to_end(app, stream)
        wait_for_views(app)
    show_outcome(app, stream, as_json)
    return exit_status(state)
