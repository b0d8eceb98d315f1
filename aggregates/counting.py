"""What counts toward a commitment (R31): read from history when its commit period closes.

A charge says for itself that it was made (`account_package.billed`), and a void or a reversal that
it was taken back. So nothing else is written down about it: a contract looks through history from
where it was signed, or from where the period closed before it left off.

Executions of an older form wrote down what they charged, and what they wrote still stands in the
contract's state. Their own charges are passed over when history is looked through.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from aggregates.account_package.events import PackageBilled, PackageTakenBack
from aggregates.contract import (
    CommitPeriodClosed,
    ContractAmended,
    ContractCounted,
    ContractEvent,
    ContractSigned,
    ContractState,
)
from aggregates.contract_rules import fixed_terms

COUNTING = ("recurring", "stub", "usage", "credit", "adjustment")
"""Kinds of lines that count toward a commitment (R31)."""


class Line(NamedTuple):
    """What a cycle of an account-package adds to what is counted, dated by its bill date.
    `position` is where in history it was billed, 0 in the run that is under way.
    """

    account_package: str
    on: date
    amount: int
    position: int = 0
    execution: str = ""


class TakenBack(NamedTuple):
    """Cycles of an account-package that were taken back, by bill date."""

    account_package: str
    on: tuple[date, ...]
    position: int


Fact = Line | TakenBack
"""What happened to an account-package, as far as it matters to what counts."""


class Charges(NamedTuple):
    """What was charged under a contract, as history was when `read_at` was its head."""

    lines: Sequence[Line] = ()
    read_at: int = 0


class Basis(NamedTuple):
    """Where to look for what counts: after which position, and whose charges are passed over."""

    after: int
    counted_by: frozenset[str] = frozenset()


def covers(state: ContractState, account_package: str) -> bool:
    """The account-package is under the contract: named by it, or none is."""
    packages = state.terms.packages
    return account_package in packages if packages else account_package != ""


def basis_by_state(state: ContractState) -> Basis | None:
    """Where to look, as far as the state tells it: once a period has been closed, and nothing that
    executions of an older form wrote down is left. Else the contract's history has to be asked.
    """
    return Basis(state.counted_to) if state.counted_to and not state.counted else None


def basis_by_history(history: Iterable[tuple[int, ContractEvent]]) -> Basis:
    """The same by a contract's events, with their positions. What was charged before it was
    signed, or before what it fixes was changed for the last time, does not count.
    """
    after, fixed, counted_by = 0, None, set[str]()
    for position, event in history:
        match event:
            case ContractSigned() | ContractAmended():
                now = (event.start, *fixed_terms(event.terms))
                if now != fixed:
                    after, fixed = position, now
            case ContractCounted():
                counted_by.add(event.execution)
            case CommitPeriodClosed():
                after = event.counted_to or after
                if event.charged:
                    counted_by.add(event.execution)
            case _:
                pass
    return Basis(after, frozenset(counted_by))


def amount_counted(event: PackageBilled) -> int | None:
    """What a cycle adds to what is counted; None when none of its lines is of a kind that does."""
    amounts = [charge.amount for charge in event.charges if charge.kind in COUNTING]
    return sum(amounts) if amounts else None


def fact_of(
    position: int, account_package: str, event: PackageBilled | PackageTakenBack
) -> Fact | None:
    """What an event tells; None when nothing of it counts."""
    if isinstance(event, PackageTakenBack):
        return TakenBack(account_package, event.bill_dates, position)
    amount = amount_counted(event)
    if amount is None:
        return None
    return Line(account_package, event.bill_date, amount, position, event.execution)


def billed_under(state: ContractState, basis: Basis, facts: Iterable[Fact]) -> list[Line]:
    """The cycles billed under the contract since, also those that were taken back."""
    return [
        fact
        for fact in facts
        if isinstance(fact, Line)
        and fact.position > basis.after
        and fact.on >= state.closed_to
        and fact.execution not in basis.counted_by
        and covers(state, fact.account_package)
    ]


def standing_under(state: ContractState, basis: Basis, facts: Sequence[Fact]) -> list[Line]:
    """The cycles billed under the contract since that stand."""
    lines = billed_under(state, basis, facts)
    for fact in facts:
        if isinstance(fact, TakenBack):
            lines = [line for line in lines if not _takes_back(fact, line)]
    return lines


def _takes_back(fact: TakenBack, line: Line) -> bool:
    return (
        line.position < fact.position
        and line.account_package == fact.account_package
        and line.on in fact.on
    )


def reached(state: ContractState, charges: Charges, start: date, end: date) -> int:
    """What counts toward the commit period from `start` to before `end`."""
    written = sum([found.amount for found in state.counted if found.start == start])
    return written + sum([line.amount for line in charges.lines if start <= line.on < end])


def looked_through(charges: Charges, end: date) -> int:
    """Up to where history holds nothing for the periods from `end` on: the next one looks for
    charges after that. What the run itself charged comes later than what it read.
    """
    later = [one.position for one in charges.lines if one.on >= end and one.position]
    return min(later) - 1 if later else charges.read_at
