"""What the collector writes: each step is one transaction, and can be repeated by anyone (R23).

The gateway is never asked inside a transaction: it was asked before, and its answer is written
here if it is still news.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from aggregates import identity
from aggregates.account import AccountState
from aggregates.ar_term import ArTermState
from aggregates.identity import StreamId
from aggregates.payment import rules
from aggregates.payment.state import PaymentState
from aggregates.payment_methods import used_for_auto_pay
from aggregates.refusal import Refusal
from commands.gateway import Answer
from commands.payments.money import (
    BEGINNINGS,
    KIND,
    disburse_all,
    methods_of,
    money_came,
    payer,
    stage,
    standing,
)
from commands.store import Conflict, Metadata, Store
from commands.workspace import Workspace

ATTEMPTS = 50
"""How often a step is decided again after somebody else wrote in between."""


class News(NamedTuple):
    """What came of asking about a payment, or about a refund of it. An `answer` of None: the
    gateway was told to charge and did not answer, for the reason in `why`.
    """

    payment: StreamId
    answer: Answer | None
    refund: str = ""
    why: str = ""


def write(store: Store, body: Callable[[Workspace], object]) -> bool:
    """Decides on a workspace and appends what was staged; whether anything was. Decided anew when
    others changed what it read.
    """
    for _ in range(ATTEMPTS):
        with store.snapshot() as reading:
            workspace = Workspace(store, reading, None)
            body(workspace)
            workspace.finish()
        if not workspace.changed:
            return False
        try:
            store.append(workspace.batch(Metadata(requested_by="collector")))
        except Conflict:
            continue
        return True
    raise Refusal("busy", "others kept writing to the same payments; try again in a moment")


def write_news(store: Store, news: Sequence[News]) -> bool:
    """What the gateway said about some payments, in one transaction."""
    if not news:
        return False

    def body(workspace: Workspace) -> None:
        workspace.prefetch(KIND, [one.payment for one in news])
        for one in news:
            learn(workspace, one)

    return write(store, body)


def prepared_as(store: Store, payments: Sequence[StreamId]) -> dict[StreamId, str]:
    """Under which reference each payment is on record: the only one that may be confirmed."""
    with store.snapshot() as reading:
        found = reading.get_many(KIND, payments)
    return {stream: row.state.reference for stream, row in found.items() if row.state.is_pending}


def learn(workspace: Workspace, news: News) -> None:
    """Stages what is still news of what the gateway said."""
    state: PaymentState = workspace.get(KIND, news.payment)
    today = workspace.today()
    if news.refund:
        _learn_of_refund(workspace, state, news, today)
        return
    answer = news.answer
    if answer is None:
        stage(workspace, news.payment, rules.unanswered(state, news.why, today))
        return
    match answer.status:
        case "ready":
            stage(workspace, news.payment, rules.prepare(state, answer.reference, today))
        case "succeeded":
            succeed(workspace, news.payment, state, answer.reference)
        case "declined":
            terms = retry_terms(workspace, state.account)
            events = rules.decline(state, answer.code, answer.message, today, terms)
            stage(workspace, news.payment, events)
        case _:
            pass


def succeed(
    workspace: Workspace, payment: StreamId, state: PaymentState, reference: str
) -> PaymentState:
    """The gateway has the money: it pays the oldest invoices."""
    today = workspace.today()
    events = rules.succeed(state, reference, today)
    if not events:
        return state
    stage(workspace, payment, events)
    money_came(workspace, identity.account(state.account), payment, today)
    after: PaymentState = workspace.get(KIND, payment)
    return after


def _learn_of_refund(workspace: Workspace, state: PaymentState, news: News, today: date) -> None:
    answer = news.answer
    if answer is None:
        return
    if answer.status == "succeeded":
        events = rules.refunded(state, news.refund, answer.reference, today)
        stage(workspace, news.payment, events)
    elif answer.status == "declined":
        given = rules.refunds_in(recorded.event for recorded in workspace.history(news.payment))
        events = rules.refund_fell_through(
            state, given, news.refund, answer.code, answer.message, today
        )
        stage(workspace, news.payment, events)
        disburse_all(workspace, identity.account(state.account), today)


def retry_terms(workspace: Workspace, number: str) -> tuple[int, ...]:
    """The retry terms of an account: those of its AR term (R24)."""
    account: AccountState | None = workspace.account(number)
    if account is None or account.ar_term is None:
        return ()
    term: ArTermState | None = workspace.find("ar_term", identity.named("ar_term", account.ar_term))
    return () if term is None else term.settings.payment_retries


def retry_due(store: Store, payment: StreamId) -> bool:
    """Asks again for what was declined, if its day has come and it is still owed."""
    return write(store, lambda workspace: _retry(workspace, payment))


def _retry(workspace: Workspace, payment: StreamId) -> None:
    state: PaymentState = workspace.get(KIND, payment)
    today = workspace.today()
    if state.retry_on is None or state.retry_on > today:
        return
    account, owner = payer(workspace, state.account)
    workspace.alone_with(account, *BEGINNINGS)
    methods = methods_of(workspace, account)
    method = used_for_auto_pay(methods) if methods is not None else None
    if method is None:
        stage(workspace, payment, rules.close_retry(state, "no_method", today))
        return
    what = "account_balance" if state.collection == "account_balance" else "balance_due"
    amount = standing(workspace, account, owner).to_collect(what, today)
    if amount <= 0:
        stage(workspace, payment, rules.close_retry(state, "settled", today))
        return
    again = identity.payment(account, f"retry/{identity.text(payment)}")
    name = identity.text(again)
    stage(workspace, payment, rules.close_retry(state, "retried", today, name))
    asked = rules.request(
        account=state.account,
        currency=owner.currency,
        amount=amount,
        method=method,
        collection=what,
        on=today,
        execution=state.execution,
        after=state,
        after_id=identity.text(payment),
    )
    stage(workspace, again, [asked])


def spend(store: Store, account: StreamId) -> bool:
    """Spends what an account has on what it owes."""
    return write(store, lambda workspace: disburse_all(workspace, account, workspace.today()))
