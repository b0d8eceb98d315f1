"""What the decisions on an account-package check alike."""

from aggregates.account_package.state import AccountPackageState
from aggregates.refusal import Refusal


def is_billed(state: AccountPackageState) -> bool:
    """Whether any bill date of it was ever billed, with or without a line."""
    return state.catalogue != 0


def refuse_ended(state: AccountPackageState) -> None:
    """What has no next bill date is credited by hand only (R13)."""
    if state.ended or state.deleted or state.next_bill_date is None:
        raise Refusal(
            "already_ended",
            f"{state.ref} has ended and takes no changes: credit it by hand",
            account_package=state.ref,
        )


def refuse_bill_day(bill_day: int) -> None:
    """A bill day is 1 to 31 (R10)."""
    if not 1 <= bill_day <= 31:
        raise Refusal(
            "bill_day_invalid", f"bill day {bill_day} is not one of 1 to 31", bill_day=bill_day
        )
