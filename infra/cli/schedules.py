"""Verbs that ask for bill runs: schedule one, bill one account, pause, resume, cancel."""

from datetime import date
from typing import Any, NamedTuple
from uuid import uuid4

import click

from infra.cli.options import (
    DATE,
    Function,
    command_options,
    database_option,
    example,
    json_option,
    workers_option,
)
from infra.cli.times import TIME


class Asked(NamedTuple):
    """What the options of one command line say."""

    period_start: date
    period_end: date | None
    posting_date: date | None
    catch_up: str
    wait: bool
    timing: Any


def _when(function: Function) -> Function:
    """The options that say when and what to bill."""
    for option in (
        click.option("--wait", is_flag=True, help="Wait for its time and for its end."),
        click.option("--catch-up", default="one", metavar="one|all|N", show_default=True,
                     help="Missed cycles a package may bill."),
        click.option("--posting-date", type=DATE, default=None, help="Else the business date."),
        click.option("--period-end", type=DATE, default=None, help="Last day to bill, inclusive."),
        click.option("--period-start", type=DATE, required=True, help="First day to bill."),
        click.option("--at", "at", type=TIME, default=None, help="Run it once at this time."),
        click.option("--now", "now", is_flag=True, help="Run it once, now, to its end."),
    ):  # fmt: skip
        function = option(function)
    return function


@click.command(
    epilog=example(
        "billstream bill-run schedule Default --now \\",
        "    --period-start 2020-10-01 --period-end 2020-10-31",
        "billstream bill-run schedule Default --at 2020-11-01T06:00 \\",
        "    --period-start 2020-10-01 --period-end 2020-10-31",
        "billstream bill-run schedule Default --period-start 2020-10-01 \\",
        "    --every 'FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=6'",
    )
)
@click.argument("name")
@_when
@click.option("--every", metavar="RRULE", default=None, help="Run it again and again (RFC 5545).")
@workers_option
@command_options
@json_option
@database_option
def schedule(
    name: str,
    every: str | None,
    as_json: bool,
    database: str | None,
    command_id: str | None,
    requested_by: str | None,
    **options: Any,
) -> int:
    """Schedule the bill run NAME: now, at a time, or by a recurrence rule.

    A recurring run's first period starts at --period-start; each ends on the day it fires.
    """
    from commands.schedules import ScheduleBillRun, schedule_bill_run
    from infra.cli.scheduling import ask

    asked = _asked(every=every, **options)
    message = ScheduleBillRun(bill_run=name, **_fields(asked, requested_by))
    id = command_id or str(uuid4())
    return ask(
        database, lambda store: schedule_bill_run(store, message, "cli", id), asked.wait, as_json
    )


@click.command(
    epilog=example(
        "billstream account bill C-1 --bill-run Default --now \\",
        "    --period-start 2020-10-01 --period-end 2020-10-31",
    )
)
@click.argument("account")
@click.option("--bill-run", "bill_run", required=True, metavar="NAME", help="What to do.")
@_when
@command_options
@json_option
@database_option
def bill_account(
    account: str,
    bill_run: str,
    as_json: bool,
    database: str | None,
    command_id: str | None,
    requested_by: str | None,
    **options: Any,
) -> int:
    """Run a bill run for ACCOUNT alone and, if it is an invoicer, the accounts it bills for."""
    from commands import schedules as commands
    from infra.cli.scheduling import ask

    asked = _asked(every=None, **options)
    fields = _fields(asked, requested_by)
    message = commands.BillAccount(account=account, bill_run=bill_run, **fields)
    id = command_id or str(uuid4())
    return ask(
        database, lambda store: commands.bill_account(store, message, "cli", id),
        asked.wait, as_json,
    )  # fmt: skip


def _change(name: str, help: str) -> click.Command:
    """A verb that changes a schedule."""

    @click.command(name, help=help, epilog=example(f"billstream bill-run {name} 01c2f7a0"))
    @click.argument("schedule")
    @command_options
    @json_option
    @database_option
    def verb(
        schedule: str,
        as_json: bool,
        database: str | None,
        command_id: str | None,
        requested_by: str | None,
    ) -> None:
        from infra.cli.scheduling import change

        change(name, database, schedule, command_id or str(uuid4()), requested_by, as_json)

    return verb


pause = _change("pause", "Pause SCHEDULE: nothing fires until it is resumed.")
resume = _change(
    "resume",
    "Let the paused SCHEDULE go on. What a recurring one missed is dropped; its next period "
    "takes the whole time.",
)
cancel = _change("cancel", "Cancel SCHEDULE before it starts. What it fired before goes on.")


def _asked(
    *,
    now: bool,
    at: str | None,
    every: str | None,
    period_start: date,
    period_end: date | None,
    posting_date: date | None,
    catch_up: str,
    wait: bool,
) -> Asked:
    if sum((now, at is not None, every is not None)) != 1:
        raise click.UsageError("say when, once: --now, --at TIME or --every RRULE")
    if every is not None and wait:
        raise click.UsageError("--wait is for a run that ends: use --now or --at")
    timing = "now" if now else {"at": at} if at is not None else {"every": every}
    return Asked(period_start, period_end, posting_date, catch_up, wait, timing)


def _fields(asked: Asked, requested_by: str | None) -> dict[str, Any]:
    from infra.settings import settings

    return {
        "timing": asked.timing,
        "billing_period": {"start": asked.period_start, "end": asked.period_end},
        "posting_date": asked.posting_date,
        "catch_up": asked.catch_up,
        "requested_by": requested_by or settings().requested_by,
    }
