"""Changing what an account holds: cancel, suspend, resume, set a price (R13).

Every change carries the date it holds from; without one it holds from the business date.
"""

from commands.asking import Message, changing
from commands.setup import account_package as held
from commands.setup.entry import Amount, Day
from commands.workspace import Workspace


class CancelAccountPackage(Message):
    """Cancel an account-package: `as_of` is the first day not charged any more."""

    account_package: str
    as_of: Day | None = None


class SuspendAccountPackage(Message):
    """Suspend an account-package: days from `as_of` are not charged; `until` is the first one
    charged again.
    """

    account_package: str
    as_of: Day | None = None
    until: Day | None = None


class ResumeAccountPackage(Message):
    """Resume an account-package: days from `as_of` are charged again."""

    account_package: str
    as_of: Day | None = None


class SetAccountPackagePrice(Message):
    """Give an account-package a price of its own from `as_of` on; null: the catalogue's again."""

    account_package: str
    price: Amount | None
    as_of: Day | None = None


def _cancel(workspace: Workspace, asked: CancelAccountPackage) -> None:
    held.cancel(workspace, asked.account_package, asked.as_of or workspace.today())


def _suspend(workspace: Workspace, asked: SuspendAccountPackage) -> None:
    as_of = asked.as_of or workspace.today()
    held.suspend(workspace, asked.account_package, as_of, asked.until)


def _resume(workspace: Workspace, asked: ResumeAccountPackage) -> None:
    held.resume(workspace, asked.account_package, asked.as_of or workspace.today())


def _set_price(workspace: Workspace, asked: SetAccountPackagePrice) -> None:
    as_of = asked.as_of or workspace.today()
    held.set_price(workspace, asked.account_package, asked.price, as_of)


cancel_account_package = changing(CancelAccountPackage, "cancel_account_package", _cancel)
suspend_account_package = changing(SuspendAccountPackage, "suspend_account_package", _suspend)
resume_account_package = changing(ResumeAccountPackage, "resume_account_package", _resume)
set_account_package_price = changing(
    SetAccountPackagePrice, "set_account_package_price", _set_price
)
