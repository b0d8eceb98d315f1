"""`billstream ledger …`: the books."""

import csv
import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import wraps
from typing import Any

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.looking import Look, both_ends, check_account, going_to, looking, unknown
from infra.cli.options import DATE, database_option, example, reading
from infra.cli.output import Column, print_card, print_json, print_json_list, print_table

FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)


def _days(function: Callable[..., None]) -> Callable[..., None]:
    """`--from` and `--to`: parameters `first` and `last`. Refused the wrong way round, for nothing
    lies between them and an empty answer would look like one.
    """

    @wraps(function)
    def verb(first: date | None, last: date | None, **options: Any) -> None:
        from aggregates.refusal import Refusal

        if first is not None and last is not None and last < first:
            raise Refusal(
                "period_end_before_start",
                f"--to {last} lies before --from {first}: exchange them",
            )
        function(first=first, last=last, **options)

    until = click.option(
        "--to", "last", type=DATE, default=None, help="The last posting date; else today."
    )(verb)
    return click.option("--from", "first", type=DATE, default=None, help="The first posting date.")(
        until
    )


@click.command(
    epilog=example(
        "billstream ledger journal --from 2020-10-01 --to 2020-10-31",
        "billstream ledger journal --account P-1 --json",
    )
)
@_days
@click.option("--account", metavar="NUMBER", default=None, help="Only this customer's.")
@reading
def journal(
    first: date | None, last: date | None, account: str | None, database: str | None, as_json: bool
) -> None:
    """Show the journal: every entry balances in its currency. Debits are positive."""
    with looking(database) as look:
        check_account(look, account)
        found = _shaped(look, first, last, account)
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Date", keep=True),
            Column("Entry", keep=True),
            Column("Customer", wrap=True),
            Column("Account", wrap=True),
            Column("Debit", right=True, keep=True),
            Column("Credit", right=True, keep=True),
            Column("", keep=True),
        )
        rows = (
            (
                entry["date"],
                entry["reference"] or entry["entry"].replace("_", " "),
                entry["customer"],
                posting["account"],
                posting["debit"],
                posting["credit"],
                entry["currency"],
            )
            for entry in found
            for posting in entry["postings"]
        )
        print_table(columns, rows, "There are no entries.")


def _shaped(
    look: Look, first: date | None, last: date | None, account: str | None
) -> Iterator[dict[str, Any]]:
    from projections.ledger import shape

    for entry in look.ledger.entries(first or FIRST, last or look.showing.today):
        if account is None or entry.account == account:
            yield shape(entry, look.showing)


@click.command("trial-balance", epilog=example("billstream ledger trial-balance --at 2020-10-31"))
@click.option("--at", type=DATE, default=None, help="At the end of this day; else today.")
@reading
def trial_balance(at: date | None, database: str | None, as_json: bool) -> None:
    """Show what stands on every account of the books. Each currency sums to zero."""
    from projections.ledger import balance_shape, totals

    with looking(database) as look:
        balances = look.ledger.trial_balance(at or look.showing.today)
        found = [balance_shape(balance, look.showing) for balance in balances]
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Account", wrap=True),
            Column("Debit", right=True, keep=True),
            Column("Credit", right=True, keep=True),
            Column("", keep=True),
        )
        rows = [
            (one["account"], one["debit"], one["credit"], one["currency"])
            for one in (*found, *totals(balances, look.showing))
        ]
        print_table(columns, rows, "Nothing was posted.")


@click.command(epilog=example("billstream ledger aging --at 2020-10-31"))
@click.option("--at", type=DATE, default=None, help="At the end of this day; else today.")
@reading
def aging(at: date | None, database: str | None, as_json: bool) -> None:
    """Show what customers owe by the days it is past due. Unapplied is money that pays no invoice
    yet.
    """
    from projections import owed

    with looking(database) as look:
        found = owed.aging(look.journal, look.showing, at or look.showing.today)
        if as_json:
            print_json_list(found)
            return
        currencies = {one["currency"] for one in found}
        of = f" {currencies.pop()}" if len(currencies) == 1 else ""
        columns = (
            Column("Account", keep=True),
            Column("Current", right=True),
            Column("1-30", right=True),
            Column("31-60", right=True),
            Column("61-90", right=True),
            Column("> 90", right=True),
            Column("Unapplied", right=True),
            Column(f"Total{of}", right=True, keep=True),
            *(() if of else (Column("", keep=True),)),
        )
        names = ("account", *owed.BUCKETS, "unapplied", "total", *(() if of else ("currency",)))
        rows = (tuple(one[name] for name in names) for one in found)
        print_table(columns, rows, "Nobody owes anything.")


@click.command(epilog=example("billstream ledger statement P-1 --from 2020-10-01 --to 2020-10-31"))
@click.argument("account")
@_days
@reading
def statement(
    account: str, first: date | None, last: date | None, database: str | None, as_json: bool
) -> None:
    """Show what ACCOUNT was billed and paid, with the balance after each entry."""
    from projections import accounts, owed

    with looking(database) as look:
        known = accounts.one(look.views, account)
        if known is None:
            raise unknown("account", account, "billstream account list")
        invoicer = known["invoicer"]
        found = owed.statement(
            look.journal,
            look.showing,
            account,
            known["currency"],
            first or FIRST,
            last or look.showing.today,
        )
        if as_json:
            print_json({**found, "invoicer": invoicer})
            return
        print_card(
            (
                ("account", account),
                *going_to(account, invoicer),
                ("opening balance", f"{found['opening_balance']} {found['currency']}"),
                ("closing balance", f"{found['closing_balance']} {found['currency']}"),
            )
        )
        columns = (
            Column("Date", keep=True),
            Column("Entry", keep=True),
            Column("Reference"),
            Column("Due"),
            Column("Amount", right=True, keep=True),
            Column("Balance", right=True, keep=True),
        )
        rows = (
            (
                one["date"],
                one["entry"].replace("_", " "),
                one["reference"] if one["due_date"] else both_ends(one["reference"]),
                one["due_date"],
                one["amount"],
                one["balance"],
            )
            for one in found["entries"]
        )
        print_table(columns, rows, "Nothing happened in these days.")


@click.command(
    epilog=example(
        "billstream ledger export --format beancount > books.beancount",
        "billstream ledger export --format hledger --from 2020-10-01 --to 2020-10-31",
    )
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "hledger", "beancount"]),
    default="csv",
    help="What it is to be read by.",
)
@_days
@database_option
def export(form: str, first: date | None, last: date | None, database: str | None) -> None:
    """Write the journal for other programs to standard output."""
    from projections import ledger_text

    with looking(database) as look:
        begin, end = first or FIRST, last or look.showing.today
        entries = look.ledger.entries(begin, end)
        digits = look.showing.digits
        if form == "csv":
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(ledger_text.CSV_COLUMNS)
            writer.writerows(ledger_text.csv_rows(entries, digits))
            return
        accounts = look.ledger.accounts(begin, end)
        if form == "hledger":
            lines = ledger_text.hledger(entries, digits, accounts)
        else:
            title = look.owner.name if look.owner else ""
            since = look.ledger.begins() or begin
            lines = ledger_text.beancount(entries, digits, accounts, title, since)
        for line in lines:
            sys.stdout.write(line + "\n")


@click.command(epilog=example("billstream ledger close --through 2020-10-31"))
@click.option("--through", type=DATE, required=True, help="The last day that is closed.")
@changing
def close(through: date, asking: Asking) -> None:
    """Close the books: nothing posts on or before a day any more. What is closed stays so."""

    from commands.ledger import CloseLedger, close_ledger

    ask(
        asking,
        close_ledger,
        lambda by: CloseLedger(through=through, requested_by=by),
        f"Closed the books through {through}.",
    )
