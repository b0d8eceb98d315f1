"""Verbs that correct what was billed: void an invoice, credit it, reverse an execution."""

from typing import TYPE_CHECKING, Any

import click

from infra.cli.changing import Asking, ask, changing, confirmed, yes_option
from infra.cli.options import command_options, database_option, example, json_option

if TYPE_CHECKING:
    from commands.corrections.reversing import Reversal
    from commands.handling import Outcome
    from commands.store import Reading
    from infra.composition import App


@click.command(epilog=example("billstream invoice void INV-007854 --reason 'wrong price' --yes"))
@click.argument("number")
@click.option("--reason", default="", help="Why; it stands on the counter-invoice.")
@yes_option
@changing
def void(number: str, reason: str, yes: bool, asking: Asking) -> None:
    """Void the invoice NUMBER, if it is its account's latest, or a credit note.

    A counter-invoice takes every line back; the packages are due again, manual transactions wait
    again, payments are kept and pay no invoice.
    """
    from aggregates import identity
    from aggregates.invoice_state import SERIES
    from commands.corrections.voiding import VoidInvoice, void_invoice

    confirmed(yes, asking, f"Void invoice {number}?")

    def message(by: str) -> VoidInvoice:
        return VoidInvoice(invoice=number, reason=reason, requested_by=by)

    def said(reading: "Reading", outcome: "Outcome") -> str:
        counter = reading.get("invoice", identity.parse(outcome.result["reversal"]))
        if counter is None or counter.state.series == SERIES:
            return f"Invoice {number} is void; bill again what is due."
        return f"Credit note {number} is void; what it credited is owed again."

    ask(asking, void_invoice, message, said)


@click.command(
    epilog=example(
        "billstream invoice credit INV-007854 --line 1 --amount 5.00 --reason 'slow line'",
        "billstream invoice credit INV-007854 --reason goodwill",
    )
)
@click.argument("number")
@click.option("--line", "lines", type=int, multiple=True, help="The line; else all lines.")
@click.option("--amount", "amounts", multiple=True, help="Of that line; else all left of it.")
@click.option("--reason", default="", help="Why; it stands on the credit note.")
@changing
def credit(
    number: str, lines: tuple[int, ...], amounts: tuple[str, ...], reason: str, asking: Asking
) -> None:
    """Credit the invoice NUMBER with a credit note: all that is left of it, or some lines. Give
    --amount once for each --line, in the same order, or not at all.
    """
    from aggregates import identity
    from commands.corrections.crediting import CreditInvoice, LineCredit, credit_invoice

    if amounts and len(amounts) != len(lines):
        raise click.UsageError("give --amount once for each --line, or leave it out")
    wanted = None
    if lines:
        each = amounts or (None,) * len(lines)
        wanted = tuple(LineCredit(line=n, amount=a) for n, a in zip(lines, each, strict=True))

    def message(by: str) -> CreditInvoice:
        return CreditInvoice(invoice=number, lines=wanted, reason=reason, requested_by=by)

    def said(reading: "Reading", outcome: "Outcome") -> str:
        note = reading.get("invoice", identity.parse(outcome.result["credit_note"]))
        called = note.state.number if note is not None else outcome.result["credit_note"]
        return f"Credited invoice {number} with credit note {called}."

    ask(asking, credit_invoice, message, said)


@click.command(epilog=example("billstream execution reverse 01c2f7a0 --yes"))
@click.argument("execution")
@yes_option
@command_options
@json_option
@database_option
def reverse(
    execution: str,
    yes: bool,
    database: str | None,
    as_json: bool,
    command_id: str | None,
    requested_by: str | None,
) -> int:
    """Take EXECUTION back: void every invoice it made and all it charged that waits.

    What cannot be taken back is listed with its cause; ask again when it is mended. Also goes on
    with a reversal whose process died.
    """
    from aggregates import identity
    from commands.corrections.reversing import carry_out
    from commands.execution_control import reverse_execution
    from infra.cli.looking import Look, execution_id
    from infra.cli.output import progress
    from infra.cli.runs import command_about
    from infra.composition import open_app

    asking = Asking(database, as_json, command_id, requested_by)
    confirmed(yes, asking, f"Take back all of execution {execution}?")
    with open_app(database) as app:
        execution = execution_id(Look(app), execution)
        command = command_about("reverse_execution", execution, command_id, requested_by)
        reverse_execution(app.store, command, execution)
        with progress("reversing", 1, "chunks") as report:
            reversal = carry_out(app.store, identity.parse(execution), lambda n, _: report(n))
        return _show(app, execution, reversal, as_json)


def _show(app: "App", execution: str, reversal: "Reversal", as_json: bool) -> int:
    from infra.cli.errors import COMPLETED_WITH_FAILURES
    from infra.cli.output import counted, print_json, say

    failures: list[dict[str, Any]] = [
        {
            "invoicer": one.invoicer,
            "account": one.account,
            "account_package": one.account_package,
            "code": one.code,
            "message": one.message,
        }
        for one in reversal.failures
    ]
    if as_json:
        print_json(
            {
                "execution": execution,
                "status": reversal.state.status,
                "invoices_voided": reversal.invoices,
                "packages_taken_back": reversal.packages,
                "failures": failures,
            }
        )
    else:
        say(
            f"Execution {execution} is {reversal.state.status.replace('_', ' ')}: "
            f"{counted(reversal.invoices, 'invoice')} voided, "
            f"{counted(reversal.packages, 'package')} taken back."
        )
        for one in failures:
            say(f"not taken back, {one['invoicer']}: {one['code']}: {one['message']}")
    return COMPLETED_WITH_FAILURES if failures else 0
