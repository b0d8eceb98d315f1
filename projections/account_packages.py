"""The view of account-packages: what each account holds, and when it is billed next."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from aggregates.account_package import events
from aggregates.account_package.offer import offer_of
from aggregates.package import PackageState
from aggregates.proration import price_at
from projections.shapes import Showing
from projections.view import (
    Column,
    Database,
    Occurrence,
    Operation,
    Row,
    Table,
    View,
    change,
    put,
    remove,
    written,
)

HELD = Table(
    "account_packages",
    key=("id",),
    columns=(
        Column("id", "bytes"),
        Column("ref", required=True),
        Column("account", required=True),
        Column("package", required=True),
        Column("currency", required=True),
        Column("effective", "date", required=True),
        Column("cancel", "date"),
        Column("next_bill_date", "date"),
    ),
    indexes=(("ref",), ("account",)),
    changing=True,
)
SUSPENSIONS = Table(
    "account_package_suspensions",
    key=("id", "start"),
    columns=(Column("id", "bytes"), Column("start", "date"), Column("until", "date")),
)
"""Days not charged: from `start` to before `until` (none: open)."""

PRICES = Table(
    "account_package_prices",
    key=("id", "holds_from"),
    columns=(Column("id", "bytes"), Column("holds_from"), Column("amount", "integer")),
)
"""The account-package's own price from a day on ("": from the beginning); no amount: the
catalogue's again.
"""

_PUT = put(HELD)
_RESCHEDULED = change(HELD, "effective", "next_bill_date")
_CANCEL = change(HELD, "cancel", "next_bill_date")
_NEXT = change(HELD, "next_bill_date")
_REMOVE = remove(HELD)
_SUSPEND = put(SUSPENSIONS)
_UNSUSPEND = remove(SUSPENSIONS)
_NO_SUSPENSIONS = remove(SUSPENSIONS, by=("id",))
_PRICE = put(PRICES)
_NO_PRICES = remove(PRICES, by=("id",))


class StateAfter(msgspec.Struct):
    next_bill_date: str | None = None


class Billed(msgspec.Struct):
    """All this view needs of `account_package.billed`, which comes in millions."""

    state: StateAfter


def _added(at: Occurrence, event: events.PackageAdded) -> list[Operation]:
    terms = event.terms
    row = (
        at.stream,
        event.ref,
        event.account,
        event.package,
        event.currency,
        event.effective.isoformat(),
        written(terms.cancel),
        written(event.next_bill_date),
    )
    operations: list[Operation] = [(_PUT, row)]
    for suspension in terms.suspensions:
        days = (suspension.start.isoformat(), written(suspension.until))
        operations.append((_SUSPEND, (at.stream, *days)))
    for price in terms.prices:
        holds_from = written(price.holds_from) or ""
        operations.append((_PRICE, (at.stream, holds_from, price.amount)))
    return operations


def _rescheduled(at: Occurrence, event: events.PackageRescheduled) -> tuple[Operation]:
    days = (event.effective.isoformat(), written(event.next_bill_date))
    return ((_RESCHEDULED, (at.stream, *days)),)


def _cancel_set(at: Occurrence, event: events.CancelSet) -> tuple[Operation]:
    days = (event.cancel.isoformat(), written(event.next_bill_date))
    return ((_CANCEL, (at.stream, *days)),)


def _cancel_withdrawn(at: Occurrence, event: events.CancelWithdrawn) -> tuple[Operation]:
    return ((_CANCEL, (at.stream, None, event.next_bill_date.isoformat())),)


def _suspended(at: Occurrence, event: events.PackageSuspended) -> tuple[Operation]:
    return ((_SUSPEND, (at.stream, event.start.isoformat(), written(event.until))),)


def _suspension_ended(at: Occurrence, event: events.SuspensionEnded) -> tuple[Operation]:
    start = event.start.isoformat()
    if event.until <= event.start:
        return ((_UNSUSPEND, (at.stream, start)),)
    return ((_SUSPEND, (at.stream, start, event.until.isoformat())),)


def _price_overridden(at: Occurrence, event: events.PriceOverridden) -> tuple[Operation]:
    holds_from = written(event.price.holds_from) or ""
    return ((_PRICE, (at.stream, holds_from, event.price.amount)),)


def _calendar_changed(at: Occurrence, event: events.CalendarChanged) -> tuple[Operation]:
    return ((_NEXT, (at.stream, written(event.next_bill_date))),)


def _billed(at: Occurrence, event: Billed) -> tuple[Operation]:
    return ((_NEXT, (at.stream, event.state.next_bill_date)),)


def _taken_back(at: Occurrence, event: events.PackageTakenBack) -> tuple[Operation]:
    return ((_NEXT, (at.stream, written(event.next_bill_date))),)


def _removed(at: Occurrence, _: events.PackageRemoved) -> tuple[Operation, ...]:
    key = (at.stream,)
    return ((_REMOVE, key), (_NO_SUSPENSIONS, key), (_NO_PRICES, key))


VIEW = View(
    "account_packages",
    version=2,
    tables=(HELD, SUSPENSIONS, PRICES),
    handlers={
        "account_package.added": _added,
        "account_package.rescheduled": _rescheduled,
        "account_package.cancel_set": _cancel_set,
        "account_package.cancel_withdrawn": _cancel_withdrawn,
        "account_package.suspended": _suspended,
        "account_package.suspension_ended": _suspension_ended,
        "account_package.price_overridden": _price_overridden,
        "account_package.calendar_changed": _calendar_changed,
        "account_package.billed": _billed,
        "account_package.taken_back": _taken_back,
        "account_package.removed": _removed,
    },
    slices={"account_package.billed": Billed},
)

_SELECT = """
    SELECT ref, account, package, currency, effective, cancel, next_bill_date,
        EXISTS (SELECT 1 FROM view_account_package_suspensions s WHERE s.id = h.id
            AND s.start <= ? AND (s.until IS NULL OR s.until > ?)),
        (SELECT CASE WHEN p.amount IS NULL THEN 'none' ELSE CAST(p.amount AS TEXT) END
            FROM view_account_package_prices p WHERE p.id = h.id AND p.holds_from <= ?
            ORDER BY p.holds_from DESC LIMIT 1)
    FROM view_account_packages h"""


def all_account_packages(
    views: Database,
    catalogue: Mapping[str, PackageState],
    showing: Showing,
    account: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Every account-package, or those of one account, by account number and id."""
    where = "" if account is None else " WHERE account = ?"
    rows = views.rows(
        f"{_SELECT}{where} ORDER BY account, ref",
        (*_today(showing), *(() if account is None else (account,))),
    )
    return (_shape(row, catalogue, showing) for row in rows)


def one(
    views: Database, catalogue: Mapping[str, PackageState], showing: Showing, ref: str
) -> dict[str, Any] | None:
    """The account-package with the id."""
    for row in views.rows(f"{_SELECT} WHERE ref = ?", (*_today(showing), ref)):
        return _shape(row, catalogue, showing)
    return None


def _today(showing: Showing) -> tuple[str, str, str]:
    today = showing.today.isoformat()
    return today, today, today


def _shape(row: Row, catalogue: Mapping[str, PackageState], showing: Showing) -> dict[str, Any]:
    ref, account, code, currency, effective, cancel, next_bill_date, suspended, own = row
    package = catalogue[code]
    today = showing.today.isoformat()
    cancelled = cancel is not None and cancel <= today
    status = "cancelled" if cancelled else "suspended" if suspended else "active"
    own_price = None if own is None or own == "none" else int(own)
    price = catalogue_price(package, currency, showing.today) if own_price is None else own_price
    return {
        "id": ref,
        "account": account,
        "package": code,
        "status": status,
        "frequency": package.frequency,
        "billing": package.billing,
        "effective": effective,
        "cancel": cancel,
        "next_bill_date": next_bill_date,
        "price": None if price is None else showing.amount(price, currency),
        "currency": currency,
    }


def catalogue_price(package: PackageState, currency: str, day: date) -> int | None:
    """A package's price on a day: the sum of its services'; None when one has none (R13, R33)."""
    total = 0
    for service in package.services:
        amount = service_price(package, service.code, currency, day)
        if amount is None:
            return None
        total += amount
    return total


def service_price(package: PackageState, service: str, currency: str, day: date) -> int | None:
    """The price of one service on a day."""
    return price_at(offer_of(package).steps(service, currency, package.revision), day)
