"""An account: a customer, its place in the tree and who receives its invoice (R10, R15, R32)."""

from datetime import date

from msgspec.structs import replace

from aggregates.event import Event, ImpossibleEvent, State


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
    ar_term: str | None = None


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
    """`by` is `dunning` when a level of the AR term did it, or took it back (R24)."""

    status: str
    by: str = ""


class ArTermOfAccountChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    ar_term: str | None = None


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
    | ArTermOfAccountChanged
    | AccountCurrencyChanged
    | MemberJoined
    | MemberLeft
    | AccountErased
    | AccountDeleted
)


class AccountState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`members` counts the other accounts this one receives invoices for; `had_members`: it once
    received them for another. `status_by` is `dunning` while the status is one that dunning set.
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
    status_by: str = ""
    ar_term: str | None = None
    members: int = 0
    had_members: bool = False
    erased: bool = False
    deleted: bool = False


def evolve(state: AccountState | None, event: AccountEvent) -> AccountState:
    """The account after the event."""
    if isinstance(event, AccountOpened):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"account {state.number} was opened twice")
        return _opened(event)
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} on an account that does not exist")
    match event:
        case InvoicerChanged() | MemberJoined() | MemberLeft():
            return _family_changed(state, event)
        case AccountErased():
            return replace(state, erased=True)
        case AccountDeleted():
            return replace(state, deleted=True)
        case _:
            return _changed(state, event)


def _changed(
    state: AccountState,
    event: AccountRenamed
    | AccountMoved
    | BillGroupOfAccountChanged
    | BillDayChanged
    | AccountStatusChanged
    | ArTermOfAccountChanged
    | AccountCurrencyChanged,
) -> AccountState:
    match event:
        case AccountRenamed():
            return replace(state, name=event.name)
        case AccountMoved():
            return replace(state, parent=event.parent)
        case BillGroupOfAccountChanged():
            return replace(state, bill_group=event.bill_group)
        case BillDayChanged():
            return replace(state, bill_day=event.bill_day)
        case AccountStatusChanged():
            by = event.by if event.status != "active" else ""
            return replace(state, status=event.status, status_by=by)
        case ArTermOfAccountChanged():
            return replace(state, ar_term=event.ar_term)
        case AccountCurrencyChanged():
            return replace(state, currency=event.currency)


def _family_changed(
    state: AccountState, event: InvoicerChanged | MemberJoined | MemberLeft
) -> AccountState:
    match event:
        case InvoicerChanged():
            return replace(state, invoicer=event.invoicer)
        case MemberJoined():
            return replace(state, members=state.members + 1, had_members=True)
        case MemberLeft():
            if not state.members:
                raise ImpossibleEvent(f"a member left account {state.number}, which has none")
            return replace(state, members=state.members - 1)


def _opened(event: AccountOpened) -> AccountState:
    return AccountState(
        number=event.number,
        name=event.name,
        currency=event.currency,
        bill_group=event.bill_group,
        bill_day=event.bill_day,
        invoicer=event.invoicer,
        opened_on=event.opened_on,
        parent=event.parent,
        status=event.status,
        ar_term=event.ar_term,
    )
