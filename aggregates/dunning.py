"""Dunning: which levels of a rule an invoice has come to, and what a late fee is (R24).

A level acts once per invoice. Its day is the due date less or plus its days; a day that was missed
is caught up by the next run, oldest first, except that a level prior to the due date lapses once
that date has passed. An invoice paid in full has no levels any more, and one that the account's own
money covers counts as paid.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from aggregates.account import AccountState, AccountStatusChanged
from aggregates.ar_term import Level
from aggregates.disbursement import Owed as Open
from aggregates.disbursement import uncovered
from aggregates.invoice_state import InvoiceState
from aggregates.money import round_div
from aggregates.refusal import Refusal

BY_DUNNING = "dunning"
"""Who set a status that a level of the AR term set (`AccountState.status_by`)."""


class Step(NamedTuple):
    """A level that an invoice has come to, and the day on which it fell due."""

    level: Level
    fell_on: date


class Owed(msgspec.Struct, frozen=True, gc=False):
    """What is still open of an invoice, in minor units, and when it was or is due."""

    due_date: date
    balance: int


def still_owed(documents: Sequence[InvoiceState], money: int = 0, waiting: int = 0) -> list[Owed]:
    """What dunning looks at, for each document: what is open of it and neither covered by money of
    the account that pays no invoice yet nor by credits, those that wait among them (`waiting` below
    0). Who owes 10 and has 10 with us is not reminded of anything (R24, R25).
    """
    if money <= 0 <= waiting and all(one.open_balance >= 0 for one in documents):
        return [Owed(one.due_date, one.open_balance) for one in documents]
    left = uncovered(
        [
            Open(str(place), one.open_balance, one.invoice_date, one.sequence)
            for place, one in enumerate(documents)
        ],
        money,
        waiting,
    )
    return [Owed(one.due_date, open) for one, open in zip(documents, left, strict=True)]


def day_of(level: Level, due_date: date) -> date:
    """The day on which a level acts."""
    try:
        match level.event:
            case "prior":
                return due_date - timedelta(days=level.days)
            case "after":
                return due_date + timedelta(days=level.days)
            case _:
                return due_date
    except OverflowError:
        return date.min if level.event == "prior" else date.max


def looked_at(levels: Sequence[Level], today: date) -> date:
    """The latest due date whose day has come for one of the levels: an invoice that is due later
    has come to none of them. `date.min` without levels.
    """
    return max((_latest(level, today) for level in levels), default=date.min)


def _latest(level: Level, today: date) -> date:
    """The latest due date for which the level's day has come."""
    try:
        match level.event:
            case "prior":
                return today + timedelta(days=level.days)
            case "after":
                return today - timedelta(days=level.days)
            case _:
                return today
    except OverflowError:
        return date.max if level.event == "prior" else date.min


def due_levels(
    owed: Owed, levels: Sequence[Level], reached: Collection[str], today: date
) -> list[Step]:
    """The levels an invoice has come to and not reached before, oldest first; those of one day in
    the order of the rule.
    """
    if owed.balance <= 0:
        return []
    steps: list[Step] = []
    for level in levels:
        fell_on = day_of(level, owed.due_date)
        lapsed = level.event == "prior" and owed.due_date < today
        if fell_on <= today and not lapsed and level.key not in reached:
            steps.append(Step(level, fell_on))
    return sorted(steps, key=lambda step: step.fell_on) if len(steps) > 1 else steps


def is_overdue(owed: Owed, today: date) -> bool:
    """Something of it is open and the due date has passed."""
    return owed.balance > 0 and owed.due_date < today


def overdue_with(owed: Owed, all_owed: Iterable[Owed], today: date) -> int:
    """What the account owes overdue, the invoice looked at counted in although it may not be due
    yet: what is compared with the minimum of the rule (R24).
    """
    others = sum(other.balance for other in all_owed if is_overdue(other, today))
    return others if is_overdue(owed, today) else others + owed.balance


def is_below_minimum(overdue: int, minimum: Mapping[str, int], currency: str) -> bool:
    """Too little is overdue for the rule to act."""
    return overdue < minimum.get(currency, 0)


def late_fee(level: Level, owed: int, late_fees: int, currency: str, rounding: str) -> int:
    """A late fee in minor units; 0 when there is nothing to charge one for. A late fee bears no
    late fee: `late_fees` on the invoice count as its part that is still open.
    """
    base = owed - late_fees
    if base <= 0:
        return 0
    if level.percent is not None:
        numerator, denominator = level.percent.as_integer_ratio()
        return round_div(base * numerator, denominator * 100, rounding)
    amount = level.amount.get(currency)
    if amount is None:
        raise Refusal(
            "late_fee_missing",
            f"the dunning level `{level.key}` has no late fee in {currency}: add it to the AR term",
            currency=currency,
            level=level.key,
        )
    return amount


def suspend(account: AccountState) -> list[AccountStatusChanged]:
    """Stops charging an active account; another status is somebody's decision and stays."""
    if account.status != "active":
        return []
    return [AccountStatusChanged(status="suspended", by=BY_DUNNING)]


def take_back(
    account: AccountState, all_owed: Iterable[Owed], today: date
) -> list[AccountStatusChanged]:
    """A status that dunning set ends when nothing is overdue any more (R24)."""
    if account.status_by != BY_DUNNING or any(is_overdue(owed, today) for owed in all_owed):
        return []
    return [AccountStatusChanged(status="active", by=BY_DUNNING)]
