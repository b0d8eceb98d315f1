"""`billstream bill-run list|show|scheduled|completed`."""

from typing import Any

import click

from infra.cli.looking import LAST, Look, looking, minutes, short
from infra.cli.options import example, reading
from infra.cli.output import (
    Column,
    Shown,
    print_card,
    print_json,
    print_json_list,
    print_list,
    print_table,
    say,
)


@click.command("list", epilog=example("billstream bill-run list"))
@reading
def list_bill_runs(database: str | None, as_json: bool) -> None:
    """List the bill runs, by name."""
    from projections import setup

    with looking(database) as look:
        found = [setup.bill_run(state) for state in look.states("bill_run")]
        columns: Shown = (
            (Column("Name"), "name"),
            (Column("Actions", wrap=True), lambda one: ", ".join(one["actions"])),
            (Column("Bill groups", wrap=True), lambda one: ", ".join(one["bill_groups"])),
            (Column("Exchange rates"), "exchange_rates"),
        )
        print_list(found, as_json, columns, "There are no bill runs.")


@click.command(epilog=example("billstream bill-run show Default"))
@click.argument("name")
@reading
def show(name: str, database: str | None, as_json: bool) -> None:
    """Show the bill run NAME."""
    from projections import setup

    with looking(database) as look:
        found = setup.bill_run(look.state("bill_run", name, "bill-run"))
        if as_json:
            print_json(found)
            return
        found["actions"] = ", ".join(found["actions"])
        found["bill_groups"] = ", ".join(found["bill_groups"])
        print_card((key.replace("_", " "), value) for key, value in found.items())


@click.command(
    epilog=example("billstream bill-run scheduled", "billstream bill-run scheduled --all")
)
@click.option("--all", "everything", is_flag=True, help="Also those that are done or cancelled.")
@reading
def scheduled(everything: bool, database: str | None, as_json: bool) -> None:
    """List the schedules that will run, the next one first."""
    from projections import executions, schedules

    with looking(database) as look:
        found = schedules.scheduled(look.views, look.showing, all=everything)
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Schedule", keep=True),
            Column("Bill run", wrap=True),
            Column("Timing", wrap=True),
            Column("Next", keep=True),
            Column("Billing period", keep=True),
        )
        rows = (
            (
                short(one["id"]),
                one["bill_run"],
                one["timing"].replace(";", "; "),
                minutes(one["next_at"]) if one["status"] == "pending" else one["status"],
                _period(one["billing_period"]),
            )
            for one in found
        )
        print_table(columns, rows, "Nothing is scheduled.")
        for one in executions.unfinished(look.views, look.showing):
            say(
                f"Execution {short(one['id'])} of {one['bill_run']} is {one['status']}: "
                f"`billstream execution show {short(one['id'])}`"
            )


@click.command(epilog=example("billstream bill-run completed"))
@click.option("--bill-run", metavar="NAME", default=None, help="Only those of this bill run.")
@click.option("--limit", type=click.IntRange(1, LAST), default=None, help="At most so many.")
@reading
def completed(bill_run: str | None, limit: int | None, database: str | None, as_json: bool) -> None:
    """List the executions that have ended, the latest first."""
    from itertools import islice

    from projections import executions

    with looking(database) as look:
        if bill_run is not None:
            look.state("bill_run", bill_run, "bill-run")
        ended = islice(executions.completed(look.views, look.showing, bill_run), limit)
        found = (with_proof(look, one) for one in ended)
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Execution", keep=True),
            Column("Bill run", wrap=True),
            Column("Started", keep=True),
            Column("Completed", keep=True),
            Column("Cycles", right=True),
            Column("Invoices", right=True),
            Column("Status", wrap=True),
        )
        rows = (_completed_row(one) for one in found)
        print_table(columns, rows, "No execution has ended yet.")


def _completed_row(one: dict[str, Any]) -> tuple[object, ...]:
    started, ended = minutes(one["started_at"]), one["completed_at"]
    same_day = started is not None and started[:10] == ended[:10]
    return (
        short(one["id"]),
        one["bill_run"],
        started,
        ended[11:19] if same_day else minutes(ended),
        one["cycles_billed"],
        one["invoices_generated"],
        _status(one),
    )


def _status(one: dict[str, Any]) -> str:
    """`completed`, `completed, 3 failed`, `cancelled`."""
    word = one["status"].removesuffix("_with_failures")
    return f"{word}, {one['failed']:,} failed" if one["failed"] else word


def with_proof(look: Look, execution: dict[str, Any]) -> dict[str, Any]:
    """The execution with the root that proves history up to its end."""
    head = execution["head"]
    return {**execution, "head": None if head is None else look.views.proof(head)}


def _period(period: dict[str, Any]) -> str:
    return f"{period['start']}/{period['end']}"
