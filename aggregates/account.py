"""An account: a customer, its place in the tree and who receives its invoice (R10, R15, R32)."""

from datetime import date

from aggregates.event import Event, State


class AccountOpened(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`name` is personal: ciphertext here, plain only in views. `invoicer` is the number of the
    account that receives the invoice, its own number when it pays itself. `bill_day` is resolved
    once, here, and then kept (R10).
    """

    number: str
    name: str
    currency: str
    bill_group: str
    bill_day: int
    invoicer: str
    opened_on: date
    parent: str | None = None
    status: str = "active"


class AccountRenamed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str


class AccountMoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Another place in the tree. Who receives the invoice does not change by it."""

    parent: str | None = None


class InvoicerChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    invoicer: str
    previous: str


class BillGroupOfAccountChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    bill_group: str


class BillDayChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Holds from the business date of the command (R10)."""

    bill_day: int
    holds_from: date


class AccountStatusChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    status: str


class AccountCurrencyChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    currency: str


class MemberJoined(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """On the invoicer's stream, whose version is the family's token (design decision 8)."""

    member: str


class MemberLeft(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    member: str


class AccountErased(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The key of the account's personal data was destroyed; history keeps only ciphertext."""


class AccountDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


AccountEvent = (
    AccountOpened
    | AccountRenamed
    | AccountMoved
    | InvoicerChanged
    | BillGroupOfAccountChanged
    | BillDayChanged
    | AccountStatusChanged
    | AccountCurrencyChanged
    | MemberJoined
    | MemberLeft
    | AccountErased
    | AccountDeleted
)


class AccountState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`members` counts the other accounts this one receives invoices for."""

    number: str
    name: str
    currency: str
    bill_group: str
    bill_day: int
    invoicer: str
    opened_on: date
    parent: str | None = None
    status: str = "active"
    members: int = 0
    erased: bool = False
    deleted: bool = False
