"""The general ledger, as commands ask for it (R26)."""

from datetime import date

from aggregates import identity
from aggregates.ledger import LedgerState, refuse_closed
from commands.workspace import Workspace


def books(workspace: Workspace) -> LedgerState | None:
    """None while no period was ever closed."""
    state: LedgerState | None = workspace.get("ledger", identity.ledger())
    return state


def check_open(workspace: Workspace, posting_date: date) -> None:
    """Raises `period_closed` when the books take nothing of that day any more."""
    refuse_closed(books(workspace), posting_date)
