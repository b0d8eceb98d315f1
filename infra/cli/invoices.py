"""`billstream invoice list|show|export`."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from infra.cli.looking import Look, check_invoicer, execution_id, looking, short, unknown
from infra.cli.options import database_option, example, reading
from infra.cli.output import Column, print_card, print_json, print_json_list, print_table, say


def _narrowed(function: Any) -> Any:
    """`--account` and `--execution`."""
    function = click.option(
        "--execution", metavar="ID", default=None, help="Only those this execution made."
    )(function)
    return click.option(
        "--account", metavar="NUMBER", default=None, help="Only those of this invoicer."
    )(function)


def _find(
    look: Look,
    account: str | None,
    execution: str | None,
    *,
    lines: bool = False,
    as_json: bool = False,
) -> Iterator[dict[str, Any]]:
    from projections import invoices

    check_invoicer(look, account, as_json)
    made_by = None if execution is None else execution_id(look, execution)
    return invoices.invoices(look.views, look.showing, account, made_by, lines=lines)


@click.command(
    "list",
    epilog=example("billstream invoice list", "billstream invoice list --account P-1 --json"),
)
@_narrowed
@reading
def list_invoices(
    account: str | None, execution: str | None, database: str | None, as_json: bool
) -> None:
    """List the invoices in the order of their numbers, without their lines."""
    with looking(database) as look:
        found = _find(look, account, execution, as_json=as_json)
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Number", keep=True),
            Column("Account"),
            Column("Date", keep=True),
            Column("Due", keep=True),
            Column("Total", right=True),
            Column("", keep=True),
            Column("Status", keep=True),
            Column("Execution", keep=True, spare=True),
        )
        rows = (
            (
                one["number"],
                one["account"],
                one["invoice_date"],
                one["due_date"],
                one["total"],
                one["currency"],
                one["status"],
                short(one["execution"]),
            )
            for one in found
        )
        print_table(columns, rows, "There are no invoices.")


@click.command(epilog=example("billstream invoice show INV-007854"))
@click.argument("number")
@reading
def show(number: str, database: str | None, as_json: bool) -> None:
    """Show the invoice NUMBER with its lines."""
    from projections import accounts, invoices

    with looking(database) as look:
        found = invoices.one(look.views, look.showing, number)
        if found is None:
            raise unknown("invoice", number, "billstream invoice list")
        if as_json:
            print_json(found)
            return
        account = accounts.one(look.views, found["account"])
        print_invoice(found, account["name"] if account else None)


def _corrected(found: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """What became of it, for one that was corrected or corrects another."""
    if found["kind"] == "credit_note":
        yield "credits", found["reverses"]
    elif found["reverses"]:
        yield "takes back", found["reverses"]
    if found["reversed_by"]:
        yield "taken back by", found["reversed_by"]
    if found["reason"]:
        yield "reason", found["reason"]
    if found["balance"] != found["total"]:
        yield "balance", f"{found['balance']} {found['currency']}"


def print_invoice(found: dict[str, Any], name: str | None = None) -> None:
    """An invoice as people read it: what it says, then its lines, then what they come to."""
    currency = found["currency"]
    converted = any(line["original_currency"] for line in found["lines"])
    account = found["account"] + (f"  {name}" if name else "")
    print_card(
        (
            ("invoice", found["number"]),
            ("account", account),
            ("date", found["invoice_date"]),
            ("due", found["due_date"]),
            ("posted", found["posting_date"]),
            ("status", found["status"]),
            ("execution", found["execution"]),
            ("exchange rates", found["exchange_rates"]),
            *_corrected(found),
        )
    )
    say("")
    columns = (
        Column("#", right=True),
        Column("Account"),
        Column("Description", wrap=True),
        Column("From", keep=True),
        Column("To", keep=True),
        Column("Days", right=True),
        *((Column("Charged", right=True),) if converted else ()),
        Column(f"Amount {currency}", right=True),
    )
    print_table(columns, (_line(line, converted) for line in found["lines"]), "No lines.")
    say("")
    print_card(
        (
            ("net", f"{found['net']} {currency}"),
            ("tax", f"{found['tax']} {currency}"),
            ("total", f"{found['total']} {currency}"),
        )
    )


def _line(line: dict[str, Any], converted: bool) -> tuple[object, ...]:
    original = line["original_currency"]
    charged = f"{line['original_amount']} {original}" if original else None
    return (
        line["line"],
        line["account"],
        line["description"] + ("" if line["kind"] == "recurring" else f" ({line['kind']})"),
        line["service_period"]["start"],
        line["service_period"]["end"],
        f"{line['days']}/{line['full_days']}",
        *((charged,) if converted else ()),
        line["amount"],
    )


@click.command(
    epilog=example(
        "billstream invoice export > invoices.jsonl",
        "billstream invoice export --account P-1 --format csv > lines.csv",
    )
)
@_narrowed
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="jsonl: an invoice with its lines a line. csv: a row a line of an invoice.",
)
@database_option
def export(account: str | None, execution: str | None, form: str, database: str | None) -> None:
    """Write invoices with their lines to stdout, one after the other, however many there are."""
    with looking(database) as look:
        found = _find(look, account, execution, lines=True)
        if form == "jsonl":
            _write_jsonl(found)
        else:
            _write_csv(found)


def _write_jsonl(found: Iterable[dict[str, Any]]) -> None:
    import msgspec

    encode = msgspec.json.Encoder().encode
    for one in found:
        sys.stdout.write(encode(one).decode() + "\n")


_OF_LINE = (
    "line",
    "account",
    "account_package",
    "service",
    "kind",
    "description",
    "start",
    "end",
    "days",
    "full_days",
    "quantity",
    "unit_price",
    "amount",
    "tax",
    "original_amount",
    "original_currency",
    "rate",
    "rate_from",
    "rate_to",
    "gl_code",
)


def _write_csv(found: Iterable[dict[str, Any]]) -> None:
    import csv

    from projections.invoices import FIELDS

    of_invoice = (*FIELDS, "reverses", "reversed_by", "balance")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((*of_invoice, "line", *(f"line_{name}" for name in _OF_LINE[1:])))
    for one in found:
        head = [one[name] for name in of_invoice]
        nothing: dict[str, Any] = {"service_period": {}}
        lines: list[dict[str, Any]] = one["lines"] or [nothing]
        for line in lines:
            flat: dict[str, Any] = {**line, **line["service_period"]}
            writer.writerow((*head, *(flat.get(name) for name in _OF_LINE)))
