"""How a run ended, for people and programs: the same after schedule, retry and resume."""

from typing import TYPE_CHECKING, Any

from aggregates import identity

if TYPE_CHECKING:
    from infra.composition import App


def show_outcome(app: "App", execution_id: bytes, as_json: bool) -> None:
    """The execution as it ended."""
    from infra.cli.bill_runs import with_proof
    from infra.cli.looking import Look
    from infra.cli.output import print_json
    from projections import executions

    look = Look(app)
    found = executions.one(look.views, look.showing, identity.text(execution_id))
    if found is None:
        raise LookupError(f"execution {identity.text(execution_id)} is in no view")
    if as_json:
        print_json(with_proof(look, found))
    else:
        tell(found)


def tell(found: dict[str, Any]) -> None:
    """The outcome in a few lines."""
    from infra.cli.output import counted, say

    status = found["status"].replace("_", " ")
    say(f"Execution {found['id']} {status}.")
    billed, cycles = found["packages_billed"], found["cycles_billed"]
    more = "" if cycles == billed else f" in {cycles:,} cycles"
    totals = ", ".join(f"{amount} {currency}" for currency, amount in found["totals"].items())
    say(
        f"{counted(billed, 'package')} billed{more}, "
        f"{counted(found['invoices_generated'], 'invoice')}"
        f"{f' ({totals})' if totals else ''}."
    )
    if found["failed"]:
        say(
            f"{counted(found['failed'], 'invoicer')} failed: "
            f"billstream execution failures {found['id'][:8]}"
        )
    if found["left_behind"]:
        say(
            f"{counted(found['left_behind'], 'package')} left behind: "
            f"billstream execution left-behind {found['id'][:8]}"
        )
