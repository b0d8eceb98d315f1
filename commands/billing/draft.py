"""The work on one invoicer while the stages pass over it."""

import msgspec

from aggregates.account_package.cycles import Billing
from aggregates.account_package.events import Charge
from aggregates.chunk import LeftBehind
from aggregates.invoice import InvoiceGenerated, InvoiceLine, InvoiceLinesAdded
from aggregates.receivables import Waiting
from aggregates.refusal import Refusal
from commands.billing.facts import AccountFacts, InvoicerFacts
from commands.store import PackageRow


class CannotBill(Exception):
    """The invoicer cannot be charged or invoiced (R28); says where the cause lies."""

    def __init__(self, account: str, account_package: str | None, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.account = account
        self.account_package = account_package
        self.refusal = refusal


class ChargedPackage(msgspec.Struct):
    """An account-package whose cycles were charged, with the books of each."""

    row: PackageRow
    billing: Billing


class NewCharge(msgspec.Struct):
    """A charge of this execution, looking for an invoice."""

    account: AccountFacts
    package: PackageRow
    waiting: Waiting

    @property
    def charge(self) -> Charge:
        return self.waiting.charge


class Draft(msgspec.Struct):
    """Filled by the stages in their order (R4). `invoice` and `pages` are the invoice, if one is
    made; `new_waiting` the charges that go on none, with the reason; `collected` tells that what
    waited up to the period's end went on the invoice, `closed` that its lines of 0.00 were closed.
    """

    facts: InvoicerFacts
    charged: list[ChargedPackage] = []
    charges: list[NewCharge] = []
    left: list[LeftBehind] = []
    invoice: InvoiceGenerated | None = None
    pages: list[InvoiceLinesAdded] = []
    new_waiting: list[NewCharge] = []
    waiting_reason: str = ""
    collected: bool = False
    closed: bool = False
    lines: list[InvoiceLine] = []
