"""`billstream execution show|failures|left-behind`."""

from typing import Any

import click

from infra.cli.bill_runs import with_proof
from infra.cli.looking import execution_id, looking, short
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


@click.command(epilog=example("billstream execution show 3f2a91c0"))
@click.argument("execution")
@reading
def show(execution: str, database: str | None, as_json: bool) -> None:
    """Show EXECUTION (its id or the first digits of it) with its counts."""
    from projections import executions

    with looking(database) as look:
        id = execution_id(look, execution)
        found = with_proof(look, executions.one(look.views, look.showing, id) or {})
        if as_json:
            print_json(found)
            return
        print_card(_card(found))
        if found["head"]:
            say(f"head {found['head']}")
        for retry, status in executions.retries(look.views, id):
            say(f"Retried by {retry}: {status.replace('_', ' ')}")


def _card(found: dict[str, Any]) -> list[tuple[str, object]]:
    period = found["billing_period"]
    totals = ", ".join(f"{total} {currency}" for currency, total in found["totals"].items())
    shown = {
        **found,
        "status": found["status"].replace("_", " "),
        "billing_period": f"{period['start']} to {period['end']}",
        "totals": totals,
    }
    del shown["head"]
    return [(key.replace("_", " "), value) for key, value in shown.items()]


@click.command(epilog=example("billstream execution failures 3f2a91c0"))
@click.argument("execution")
@reading
def failures(execution: str, database: str | None, as_json: bool) -> None:
    """List the invoicers that EXECUTION could not bill, why, and what resolved it."""
    from projections import failures

    with looking(database) as look:
        id = execution_id(look, execution)
        found = failures.of_execution(look.views, id)
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Invoicer"),
            Column("Account"),
            Column("Code", keep=True),
            Column("Message", wrap=True),
            Column("Resolved by", keep=True),
        )
        open_ones = 0
        rows: list[tuple[object, ...]] = []
        for one in found:
            resolved = one["resolved_by"]
            open_ones += resolved is None
            rows.append(
                (one["invoicer"], one["account"], one["code"], one["message"], short(resolved))
            )
        print_table(columns, rows, "No failures.")
        if open_ones:
            say(f"Bill them again: billstream execution retry {short(id)}")


@click.command("left-behind", epilog=example("billstream execution left-behind 3f2a91c0"))
@click.argument("execution")
@reading
def left_behind(execution: str, database: str | None, as_json: bool) -> None:
    """List the packages that stayed due after EXECUTION, each with its reason."""
    from projections import left_behind

    with looking(database) as look:
        found = left_behind.of_execution(look.views, execution_id(look, execution))
        columns: Shown = (
            (Column("Account-package", keep=True), "account_package"),
            (Column("Account"), "account"),
            (Column("Next bill date", keep=True), "next_bill_date"),
            (Column("Reason", keep=True), lambda one: one["reason"].replace("_", " ")),
        )
        print_list(found, as_json, columns, "Nothing was left behind.")
