"""What an account-package is on a given day."""

from datetime import date

from aggregates.account_package.pricing import price_on
from aggregates.account_package.state import AccountPackageState

__all__ = ["price_on", "status_on"]


def status_on(state: AccountPackageState, day: date) -> str:
    """`cancelled` from the cancel date on, `suspended` on a suspended day, else `active`."""
    cancel = state.terms.cancel
    if cancel is not None and cancel <= day:
        return "cancelled"
    for suspension in state.terms.suspensions:
        if suspension.start <= day and (suspension.until is None or day < suspension.until):
            return "suspended"
    return "active"
