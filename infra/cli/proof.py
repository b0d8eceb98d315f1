"""Verbs that prove: verify the whole history, replay an execution, explain an invoice line."""

from typing import TYPE_CHECKING, Any

import click

from infra.cli.options import example, reading

if TYPE_CHECKING:
    from commands.billing.replay import ReplayReport


@click.command(epilog=example("billstream execution replay 01c2f7a0-…"))
@click.argument("execution")
@reading
def replay(execution: str, database: str | None, as_json: bool) -> int:
    """Compute EXECUTION again from the history as it read it; compare every event, byte by byte."""
    from time import perf_counter

    from commands.execution_control import parse_execution
    from infra.cli.looking import Look, execution_id
    from infra.cli.output import progress
    from infra.composition import open_app
    from infra.replay import replay as replay_together

    with open_app(database) as app:
        began = perf_counter()
        with progress("replaying", None, "chunks") as report:
            result = replay_together(
                app.store,
                parse_execution(execution_id(Look(app), execution)),
                lambda done, total: report(done),
            )
        _show_replay(result, perf_counter() - began, as_json)
        return 1 if result.differences else 0


def _show_replay(result: "ReplayReport", seconds: float, as_json: bool) -> None:
    from infra.cli.output import counted, notice, print_json, say

    if as_json:
        print_json(
            {
                "execution": result.execution,
                "same": not result.differences,
                "chunks": result.chunks,
                "charges": result.charges,
                "invoices": result.invoices,
                "events": result.events,
                "seconds": round(seconds, 3),
                "differences": [found._asdict() for found in result.differences],
            }
        )
    else:
        say(
            f"Replayed {counted(result.charges, 'charge')} and "
            f"{counted(result.invoices, 'invoice')} ({counted(result.events, 'event')} in "
            f"{counted(result.chunks, 'chunk')}) in {seconds:.2f} s."
        )
        if not result.differences:
            say("Every event is the same, byte for byte.")
    for found in result.differences[:1]:
        notice(
            f"error: replay_differs: position {found.position}, {found.type} of stream "
            f"{found.stream}: {found.sentence}"
        )


@click.command(epilog=example("billstream explain INV-007854", "billstream explain INV-007854 1"))
@click.argument("invoice")
@click.argument("line", type=click.IntRange(min=1), required=False)
@reading
def explain(invoice: str, line: int | None, database: str | None, as_json: bool) -> None:
    """Show why each line of INVOICE, or LINE alone, is what it is."""
    from commands.explain import explain_invoice
    from infra.cli.looking import Look, unknown
    from infra.cli.output import print_json
    from infra.composition import open_app
    from projections import invoices

    with open_app(database) as app:
        found = invoices.id_of(Look(app).views, invoice)
        if found is None:
            raise unknown("invoice", invoice, "billstream invoice list")
        explained = explain_invoice(app.store, found, line)
        if as_json:
            print_json(explained)
        else:
            _show_explanation(explained)


def _show_explanation(explained: dict[str, Any]) -> None:
    from infra.cli.output import print_card, say

    say(f"Invoice {explained['invoice']}: {explained['total']} {explained['currency']}")
    print_card(
        [
            ("account", explained["account"]),
            *_origin(explained),
            ("recorded", f"{explained['recorded_at']}, position {explained['position']}"),
        ]
    )
    for line in explained["lines"]:
        say("")
        say(f"Line {line['line']}: {line['service']}, {line['amount']} {line['currency']}")
        print_card(_of_line(line))


def _origin(explained: dict[str, Any]) -> list[tuple[str, object]]:
    """The run behind an invoice, or the correction that it is."""
    origin = explained["execution"]
    if "bill_run" not in origin:
        what = f"{explained['kind'].replace('_', ' ')} of invoice {explained['reverses']}"
        return [("document", what), ("reason", explained["reason"])]
    period = origin["billing_period"]
    return [
        ("bill run", origin["bill_run"]),
        ("billing period", f"{period['start']} to {period['end']}, inclusive"),
        ("business date", origin["business_date"]),
        ("settings", f"as of position {origin['settings_as_of']}"),
        ("exchange rates", explained["exchange_rates"]),
        ("execution", origin["id"]),
        ("retry of", origin["retry_of"]),
        ("schedule", origin["schedule"]),
        ("command", origin["command"]),
        ("asked by", origin["requested_by"]),
    ]


def _of_line(line: dict[str, Any]) -> list[tuple[str, object]]:
    """A fee or a manual transaction has no account-package, and no price of one."""
    period, package = line["service_period"], line["account_package"]
    where = [("account", line["account"])]
    if package:
        where = [
            ("price", line.get("price_from")),
            ("account-package", f"{package} of account {line['account']}"),
        ]
    recorded: list[tuple[str, object]] = []
    if "position" in line:
        recorded = [("recorded", f"{line['recorded_at']}, position {line['position']}")]
    return [
        ("because", line["because"]),
        *where,
        ("service period", f"{period['start']} to {period['end']}, exclusive"),
        ("days", f"{line['days']} of {line['full_days']}"),
        ("bill date", line["bill_date"]),
        ("kind", line["kind"]),
        ("charged by", line["charged_by"]),
        *recorded,
    ]


@click.command(
    epilog=example("billstream verify", "billstream verify --history --expect 5120:9f2c…")
)
@click.option("--history", "history_only", is_flag=True, help="Leave the views out.")
@click.option("--expect", metavar="POSITION:ROOT", default=None, help="A head noted earlier.")
@reading
def verify(history_only: bool, expect: str | None, database: str | None, as_json: bool) -> int:
    """Check order, hashes, roots, folds, numbers and views; name the first thing that is wrong."""
    from infra.cli.output import progress
    from infra.cli.verify_output import show_report
    from infra.composition import open_app
    from infra.verify import verify_all

    with open_app(database) as app, progress("verifying", None, "events") as report:
        result = verify_all(app, views=not history_only, expect=expect, progress=report)
    show_report(result, as_json)
    return 1 if result.found else 0
