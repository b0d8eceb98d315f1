"""Stage 1: dunning (R24). What an account owes decides; fees go on the run's own invoice, and a
suspension stops the charges of the same run.

Dunning looks at what an account's own money does not cover of its posted invoices, by its AR term:
the invoicer's, and those of an account from before another received its invoices (R15). A closed
account is not dunned any more. A status that dunning set is taken back as soon as nothing is
overdue.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from aggregates import identity
from aggregates.account_package.events import Charge
from aggregates.ar_term import ArTermState
from aggregates.days import day_after
from aggregates.dunning import (
    BY_DUNNING,
    Owed,
    Step,
    due_levels,
    is_below_minimum,
    late_fee,
    overdue_with,
    still_owed,
    suspend,
    take_back,
)
from aggregates.invoice import DunningLevelReached
from aggregates.invoice_state import InvoiceState
from aggregates.receivables import Waiting
from aggregates.refusal import Refusal
from commands.billing.collect_payment import ask_for_money, waiting_by_hand
from commands.billing.draft import CannotBill, Draft, NewCharge
from commands.billing.facts import AccountFacts
from commands.billing.packages import is_charged
from commands.billing.settings import RunSettings
from commands.store import ItemRow


class _Due(NamedTuple):
    """A level that acts now, the invoice it acts on, and what counts as open of that."""

    step: Step
    row: ItemRow
    balance: int


def dunning(draft: Draft, settings: RunSettings) -> None:
    """Acts on every level that open invoices have come to."""
    for account in draft.payers:
        if is_charged(account, draft, settings) and account.row.state.status != "closed":
            _dun(draft, settings, account)


def _dun(draft: Draft, settings: RunSettings, account: AccountFacts) -> None:
    rows, name = account.items.get("invoice", ()), account.row.state.ar_term or ""
    latest = settings.dunned.get(name, date.min)
    acts = any([row.state.due_date <= latest for row in rows])
    if not acts and account.row.state.status_by != BY_DUNNING:
        return
    money = sum(row.state.rest for row in account.items.get("payment", ()))
    waiting = waiting_by_hand(draft, settings, account)
    all_owed = still_owed([row.state for row in rows], money, waiting)
    term = settings.ar_terms.get(name)
    if acts and term is not None:
        for due in _due(rows, all_owed, term, settings):
            _act(draft, settings, account, term, due)
    _take_back(draft, settings, account, all_owed)


def _due(
    rows: Sequence[ItemRow], all_owed: Sequence[Owed], term: ArTermState, settings: RunSettings
) -> list[_Due]:
    """Oldest first, over all invoices; one invoice's levels of a day in the rule's order."""
    today, rule = settings.business_date, term.settings
    found: list[_Due] = []
    for row, owed in zip(rows, all_owed, strict=True):
        state: InvoiceState = row.state
        reached = [level.level for level in state.reached]
        steps = due_levels(owed, rule.levels, reached, today)
        if not steps:
            continue
        overdue = overdue_with(owed, all_owed, today)
        if not is_below_minimum(overdue, rule.minimum_overdue, state.currency):
            found += [_Due(step, row, owed.balance) for step in steps]
    return sorted(found, key=lambda due: due.step.fell_on)


def _act(
    draft: Draft, settings: RunSettings, account: AccountFacts, term: ArTermState, due: _Due
) -> None:
    level, state = due.step.level, due.row.state
    fee, transaction = 0, ""
    if level.action in ("late_fee", "late_fee_percent"):
        fee = _fee(settings, account, due)
        if fee:
            transaction = _charge_fee(draft, settings, account, due, fee)
    elif level.action == "suspend":
        _suspend(draft, account)
    payment = _collect(draft, settings, account, due) if level.action == "collect" else ""
    reached = DunningLevelReached(
        level=level.key,
        ar_term=term.name,
        action=level.action,
        on=settings.business_date,
        execution=settings.execution,
        fell_on=due.step.fell_on,
        balance=due.balance,
        fee=fee,
        transaction=transaction,
        payment=payment,
        notice=level.notice,
    )
    draft.stage("invoice", due.row.stream, due.row.version, state, [reached])


def _fee(settings: RunSettings, account: AccountFacts, due: _Due) -> int:
    level, state = due.step.level, due.row.state
    try:
        return late_fee(
            level, due.balance, state.late_fees, state.currency, settings.owner.rounding
        )
    except Refusal as refusal:
        raise CannotBill(account.row.state.number, None, refusal) from refusal


def _charge_fee(
    draft: Draft, settings: RunSettings, account: AccountFacts, due: _Due, fee: int
) -> str:
    """The fee as a charge of this run; its transaction's id. One fee, one id, however often it is
    worked out: it is named by the invoice and the level.
    """
    level, invoice = due.step.level, identity.text(due.row.stream)
    transaction = identity.text(identity.fee(account.row.stream, f"{invoice}\x1f{level.key}"))
    today = settings.business_date
    charge = Charge(
        service=level.service,
        name=level.name,
        kind="fee",
        start=today,
        end=day_after(today),
        days=1,
        full_days=1,
        amount=fee,
        unit_price=fee,
        gl_code=level.gl_code,
    )
    waiting = Waiting(
        account_package="",
        package="",
        bill_date=today,
        execution=settings.execution,
        charge=charge,
        transaction=transaction,
        description=f"invoice {due.row.state.number}, due {due.row.state.due_date}: {level.key}",
        of_invoice=invoice,
    )
    draft.charges.append(NewCharge(account, None, waiting))
    return transaction


def _collect(draft: Draft, settings: RunSettings, account: AccountFacts, due: _Due) -> str:
    """Asks for what is due, as a run that collects payment does, and for the invoice even before
    its due date; the payment's id, empty when there is nothing to ask for or no way to pay it.
    """
    key = f"{settings.execution}\x1f{identity.text(due.row.stream)}\x1f{due.step.level.key}"
    stream = due.row.stream
    payment = ask_for_money(
        draft, settings, account, "balance_due", BY_DUNNING, key, also_due=stream
    )
    return "" if payment is None else identity.text(payment)


def _suspend(draft: Draft, account: AccountFacts) -> None:
    row = account.row
    events = suspend(draft.state_of("account", row.stream, row.state))
    if events:
        draft.stage("account", row.stream, row.version, row.state, [*events])


def _take_back(
    draft: Draft, settings: RunSettings, account: AccountFacts, all_owed: Sequence[Owed]
) -> None:
    row = account.row
    events = take_back(row.state, all_owed, settings.business_date)
    if events:
        draft.stage("account", row.stream, row.version, row.state, [*events])
