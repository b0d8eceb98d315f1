"""Every kind of aggregate that keeps a state row: its state, its fold and how it is found.

The events are the truth; a state row is their fold, written in the same transaction (design
decision 9). `chunk`, `reversal` and `command` keep none.

Kinds with an `item` are many and belong to an account: invoices, payments, contracts. Their rows
stand in one table, by account and in an order of their own.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, cast

import msgspec

from aggregates import (
    account,
    ar_term,
    bill_group,
    bill_run,
    commitments,
    contract,
    exchange_rates,
    execution,
    gl_code,
    invoice_state,
    ledger,
    owner,
    package,
    payment_methods,
    receivables,
    schedule,
)
from aggregates.account_package.evolve import evolve as evolve_account_package
from aggregates.account_package.state import AccountPackageState
from aggregates.event import Event, State
from aggregates.invoice_state import InvoiceState
from aggregates.payment.state import PaymentState
from aggregates.payment.state import evolve as evolve_payment
from aggregates.payment_methods import PaymentMethodsState
from schemas.catalogue import BY_CLASS

Evolve = Callable[[Any, Any], State]

STATELESS = frozenset({"chunk", "command", "reversal"})


class Item(NamedTuple):
    """How a thing of an account is found: the account's number, its place among the account's
    things of the kind, and whether it is open (there is still something to do about it). Its key
    may be one that it keeps for ever: then the index of keys is left alone when it changes.
    """

    account: Callable[[Any], str]
    ordinal: Callable[[Any], int]
    is_open: Callable[[Any], bool]
    keeps_key: bool = False


class Kind(NamedTuple):
    """`key` says under which words a state of the kind is listed, "" where it is not. An item
    with a key is at work: somebody looks for it by its key (`Reading.items_at_work`).
    """

    name: str
    state: type[State]
    evolve: Evolve
    key: Callable[[Any], str]
    item: Item | None = None


def _no_key(_: State) -> str:
    return ""


def _account(state: Any) -> str:
    return cast(str, state.account)


def _sequence(state: InvoiceState) -> int:
    return state.sequence


def _is_owed(state: InvoiceState) -> bool:
    return state.open_balance != 0


def _comes(state: contract.ContractState) -> int:
    """The next day on which something comes, so that no run reads it before (R31)."""
    return commitments.next_day(state).toordinal()


def _goes_on(state: contract.ContractState) -> bool:
    return state.ended is None


def _reference(state: contract.ContractState) -> str:
    return state.ref


_CONTRACT = Item(_account, _comes, _goes_on, keeps_key=True)


def _credit(state: InvoiceState) -> str:
    """A document that the owner owes: it pays what is open as soon as something is (R23)."""
    return "credit" if state.open_balance < 0 else ""


_INVOICE = Item(_account, _sequence, _is_owed)


def _work(state: PaymentState) -> str:
    return state.work


def _day_of(state: PaymentState) -> int:
    return state.on.toordinal()


def _is_under_way(state: PaymentState) -> bool:
    return state.work != ""


def _first(_: PaymentMethodsState) -> int:
    return 0


def _has_auto_pay(state: PaymentMethodsState) -> bool:
    return payment_methods.used_for_auto_pay(state) is not None


_PAYMENT = Item(_account, _day_of, _is_under_way)
_METHODS = Item(_account, _first, _has_auto_pay, keeps_key=True)


def _named(state: Any) -> str:
    return cast(str, state.name)


def _coded(state: Any) -> str:
    return cast(str, state.code)


def _due(state: schedule.ScheduleState) -> str:
    """So that the schedules due are one range: `pending:2020-10-01T04:00:00Z`."""
    at = state.next_at
    return f"{state.status}:{at:%Y-%m-%dT%H:%M:%SZ}" if at else f"{state.status}:"


def _status(state: execution.ExecutionState) -> str:
    return "reversing" if state.reversing else state.status


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("owner", owner.OwnerState, owner.evolve, _named),
        Kind("exchange_rates", exchange_rates.ExchangeRatesState, exchange_rates.evolve, _named),
        Kind("ar_term", ar_term.ArTermState, ar_term.evolve, _named),
        Kind("bill_group", bill_group.BillGroupState, bill_group.evolve, _named),
        Kind("package", package.PackageState, package.evolve, _coded),
        Kind("account", account.AccountState, account.evolve, _no_key),
        Kind("account_package", AccountPackageState, evolve_account_package, _no_key),
        Kind("gl_code", gl_code.GlCodeState, gl_code.evolve, _coded),
        Kind("ledger", ledger.LedgerState, ledger.evolve, _named),
        Kind("bill_run", bill_run.BillRunState, bill_run.evolve, _named),
        Kind("schedule", schedule.ScheduleState, schedule.evolve, _due),
        Kind("execution", execution.ExecutionState, execution.evolve, _status),
        Kind("receivables", receivables.ReceivablesState, receivables.evolve, _no_key),
        Kind("contract", contract.ContractState, contract.evolve, _reference, _CONTRACT),
        Kind("invoice", InvoiceState, invoice_state.evolve, _credit, _INVOICE),
        Kind("payment", PaymentState, evolve_payment, _work, _PAYMENT),
        Kind("payment_methods", PaymentMethodsState, payment_methods.evolve, _no_key, _METHODS),
    )
}

ITEMS = frozenset(kind.name for kind in KINDS.values() if kind.item is not None)
"""Kinds whose rows stand in the table of items."""


def fold(kind: str, events: Iterable[Event]) -> State | None:
    """The state of a new stream after its events."""
    state: State | None = None
    evolve = KINDS[kind].evolve
    for event in events:
        state = evolve(state, event)
    return state


@cache
def kind_of_type(name: str) -> str:
    """The kind whose streams hold an event type: `invoice.generated` -> `invoice`."""
    return "schedule" if name == "bill_run.scheduled" else name.partition(".")[0]


@cache
def kind_of_class(cls: type[Event]) -> str:
    return kind_of_type(BY_CLASS[cls].name)


@cache
def state_decoder(kind: str) -> msgspec.json.Decoder[Any]:
    """Decodes the stored state of a kind; one per kind, made once."""
    return msgspec.json.Decoder(KINDS[kind].state)
