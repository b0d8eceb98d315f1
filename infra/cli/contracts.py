"""`billstream contract list|show|give-notice|terminate` (R31)."""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.looking import check_account, looking, unknown
from infra.cli.options import DATE, example, reading
from infra.cli.output import Column, Shown, print_card, print_json, print_list, print_table, say

if TYPE_CHECKING:
    from commands.handling import Outcome
    from commands.store import Reading


@click.command(
    "list",
    epilog=example("billstream contract list", "billstream contract list --account C-1 --json"),
)
@click.option("--account", metavar="NUMBER", default=None, help="Only those of this account.")
@reading
def list_contracts(account: str | None, database: str | None, as_json: bool) -> None:
    """List the contracts, by account and id."""
    from projections import contracts

    with looking(database) as look:
        check_account(look, account)
        found = contracts.all_contracts(look.views, look.showing, account)
        columns: Shown = (
            (Column("Id", keep=True), "id"),
            (Column("Account"), "account"),
            (Column("Status", keep=True), "status"),
            (Column("Start", keep=True, spare=True), "start"),
            (Column("Term ends", keep=True), lambda one: one["ends"] or one["term_end"]),
            (Column("Renewal", spare=True), "renewal"),
            (Column("Commitment", right=True), "commitment"),
            (
                Column("", keep=True),
                lambda one: f"{one['currency']} {one['per']}" if one["per"] else None,
            ),
        )
        print_list(found, as_json, columns, "There are no contracts.")


@click.command(epilog=example("billstream contract show C-1/2020"))
@click.argument("contract")
@reading
def show(contract: str, database: str | None, as_json: bool) -> None:
    """Show CONTRACT with its terms and commit periods."""
    from commands.contract_charges import running
    from projections import contracts

    with looking(database) as look:
        with look.app.store.snapshot() as reading:
            rows = reading.items_at_work("contract", contract, limit=1)
            if not rows:
                raise unknown("contract", contract, "billstream contract list")
            now = running(reading, rows[0])
        found = contracts.one(look.views, rows[0].stream, rows[0].state, now, look.showing)
        if as_json:
            print_json(found)
            return
        _print(found)


def _print(found: dict[str, Any]) -> None:
    currency, running = found["currency"], found["running"]
    shown = {key: value for key, value in found.items() if key not in ("periods", "running")}
    shown["commitment"] = _said(found["commitment"], currency, "per")
    shown["termination"] = _said(found["termination"], currency)
    escalator = found["escalator"]
    shown["escalator"] = f"{escalator['percent']} % {escalator['every']}" if escalator else None
    shown["packages"] = ", ".join(found["packages"])
    if running:
        counted = f"{running['counted']} {currency} counted"
        shown["commit period"] = f"{running['start']} to {running['end']}, {counted}"
    print_card((key.replace("_", " "), value) for key, value in shown.items())
    if found["periods"]:
        say("")
        columns = (
            Column("From", keep=True),
            Column("To", keep=True),
            Column("Committed", right=True),
            Column("Counted", right=True),
            Column("Short", right=True),
        )
        rows = (
            (one["start"], one["end"], one["commitment"], one["counted"], one["shortfall"])
            for one in found["periods"]
        )
        print_table(columns, rows, "", title="Commit periods closed")


def _said(part: dict[str, Any] | None, currency: str, more: str = "") -> str | None:
    if part is None:
        return None
    percent = part.get("percent")
    text = f"{percent} % of what is left" if percent else f"{part['amount']} {currency}"
    return f"{text} {part[more]}" if more else text


@click.command("give-notice", epilog=example("billstream contract give-notice C-1/2020"))
@click.argument("contract")
@changing
def give_notice(contract: str, asking: Asking) -> None:
    """Give notice of CONTRACT: it ends with its term, or with the next one if it is too late."""
    from commands.contract_changes import GiveContractNotice, give_contract_notice

    def message(by: str) -> GiveContractNotice:
        return GiveContractNotice(contract=contract, requested_by=by)

    def said(reading: "Reading", _: "Outcome") -> str:
        (row,) = reading.items_at_work("contract", contract, limit=1)
        return f"Gave notice of contract {contract}: it ends on {row.state.ends}."

    ask(asking, give_contract_notice, message, said)


@click.command(epilog=example("billstream contract terminate C-1/2020 --as-of 2021-06-01"))
@click.argument("contract")
@click.option("--as-of", "as_of", type=DATE, default=None, help="The first day not under it.")
@changing
def terminate(contract: str, as_of: date | None, asking: Asking) -> None:
    """End CONTRACT early, else as of today; the next run charges what that costs."""
    from commands.contract_changes import TerminateContract, terminate_contract

    def message(by: str) -> TerminateContract:
        return TerminateContract(contract=contract, as_of=as_of, requested_by=by)

    def said(reading: "Reading", _: "Outcome") -> str:
        (row,) = reading.items_at_work("contract", contract, limit=1)
        return f"Terminated contract {contract} as of {row.state.terminated}."

    ask(asking, terminate_contract, message, said)
