"""Stage 6: collect payment (R23): the intent is written here, the gateway is asked afterwards."""

from collections.abc import Iterable
from datetime import date

from aggregates import identity
from aggregates.balance import waiting_manually
from aggregates.collection import Document, OpenDocument
from aggregates.identity import StreamId
from aggregates.invoice_state import InvoiceState
from aggregates.payment import rules
from aggregates.payment_methods import used_for_auto_pay
from aggregates.standing import Standing
from commands.billing.draft import Draft
from commands.billing.facts import AccountFacts
from commands.billing.packages import is_charged
from commands.billing.settings import RunSettings
from commands.store import ItemRow, Untouched

ASKING = frozenset({"dunning", "collect_payment"})
"""Actions that ask accounts for money."""

RELIED_ON = (
    "payment.requested",
    "payment.recorded",
    "invoice.generated",
    "invoice.settled",
    "invoice.voided",
    "payment_methods.changed",
    "payment_methods.removed",
)
"""What nobody may do to an account between our reading and our asking it for money."""


def relied_on(
    settings: RunSettings, low: bytes, high: bytes, also: Iterable[StreamId] = ()
) -> list[Untouched]:
    """What a chunk relies on when its run asks for money, so that two runs never ask for the same
    at once. `also` are accounts outside its range that it asks.
    """
    if not ASKING.intersection(settings.actions):
        return []
    outside = [account for account in also if account < low or (high and account >= high)]
    ranges = [(low, high), *((account, account + b"\x00") for account in outside)]
    return [Untouched(RELIED_ON, *one) for one in ranges]


def collect_payment(draft: Draft, settings: RunSettings) -> None:
    """Asks who owes for what is owed, if it has a method with auto pay."""
    collection = settings.collection
    for facts in draft.payers:
        if draft.is_invoicer(facts):
            ask_for_money(draft, settings, facts, collection, collection, settings.execution)
        elif is_charged(facts, draft, settings):
            # An id of its own: this run may have asked it as an invoicer, before it moved.
            key = f"{settings.execution}\x1f{draft.facts.row.state.number}"
            ask_for_money(draft, settings, facts, collection, collection, key)


def ask_for_money(
    draft: Draft,
    settings: RunSettings,
    facts: AccountFacts,
    collection: str,
    why: str,
    key: str,
    also_due: StreamId = b"",
) -> StreamId | None:
    """Stages a payment for what an account owes by `collection`, attempts pending taken off, the
    invoice of this run included. None when there is nothing to ask for, no way to pay it, or a
    declined one is to be tried again later (the day it is due, this is that attempt). `key` tells
    the attempts of one run apart; `also_due` is an invoice that is asked for before its due date.
    """
    methods = facts.items.get("payment_methods")
    method = used_for_auto_pay(methods[0].state) if methods else None
    if method is None:
        return None
    today, under_way = settings.business_date, _payments(draft, facts)
    declined = [one for one in under_way if one.state.retry_on is not None]
    if declined and any([one.state.retry_on > today for one in declined]):
        return None
    standing = Standing(
        _documents(draft, facts, also_due, today),
        [one.state for one in under_way],
        waiting_by_hand(draft, settings, facts),
    )
    amount = standing.to_collect(collection, today)
    if amount <= 0:
        return None
    account = facts.row.stream
    payment = identity.payment(account, key)
    last: ItemRow | None = None
    for one in declined:
        closed = rules.close_retry(one.state, "retried", today, identity.text(payment))
        draft.stage("payment", one.stream, one.version, one.state, closed, account=account)
        if last is None or one.state.attempt > last.state.attempt:
            last = one
    asked = rules.request(
        account=facts.row.state.number,
        currency=facts.row.state.currency,
        amount=amount,
        method=method,
        collection=why,
        on=today,
        execution=settings.execution,
        after=None if last is None else last.state,
        after_id=None if last is None else identity.text(last.stream),
    )
    draft.stage("payment", payment, 0, None, [asked], account=account)
    return payment


def _payments(draft: Draft, facts: AccountFacts) -> list[ItemRow]:
    """Payments under way of an account with the versions they were read at, and with what this
    run has staged.
    """
    read, staged = facts.items.get("payment", []), draft.also.get("payment")
    if staged is None:
        return read
    rows = [
        ItemRow(stream, one.expected, facts.row.stream, 0, one.state)
        for stream, one in staged.items()
    ]
    number = facts.row.state.number
    unchanged = [row for row in read if row.stream not in staged]
    return unchanged + [row for row in rows if row.state.account == number]


def _documents(
    draft: Draft, facts: AccountFacts, also_due: StreamId, today: date
) -> list[Document]:
    found: list[Document] = []
    for row in facts.items.get("invoice", ()):
        document: InvoiceState = draft.state_of("invoice", row.stream, row.state)
        if row.stream == also_due and document.due_date > today:
            found.append(OpenDocument(document.open_balance, today))
        else:
            found.append(document)
    if draft.invoice is not None and draft.is_invoicer(facts):
        found.append(OpenDocument(draft.invoice.total, draft.invoice.due_date))
    return found


def waiting_by_hand(draft: Draft, settings: RunSettings, facts: AccountFacts) -> int:
    """Manual transactions that wait for an account's invoice and did not go on that of this run;
    none do while its invoices go to another.
    """
    if not draft.is_invoicer(facts):
        return 0
    waiting = 0
    for account in draft.facts.accounts:
        if account.receivables is not None:
            currency = facts.row.state.currency
            up_to = settings.period_end if draft.collected else None
            waiting += waiting_manually(account.receivables.state, currency, after=up_to)
    return waiting
