"""The collector: stands between payments asked for and the gateway (R23).

Its work list is in the items' rows, so nothing is lost when it dies. Any number may run, and any
may die at any moment: a payment is confirmed under the one reference on record, and a reference is
charged once; refunds are looked for before they are asked for.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import monotonic

import structlog

from aggregates.identity import StreamId, owner, text
from aggregates.payment.state import PaymentState
from aggregates.refusal import Refusal
from commands.gateway import Answer, Charge, Gateway, RefundOrder, Unanswered, Unreachable
from commands.local_time import business_date, zone
from commands.payments.outcomes import News, prepared_as, retry_due, spend, write_news
from commands.personal import PersonalData
from commands.store import ItemRow, Store
from consumers.role import Meter, Silent, Unavailable

PAGE = 64
"""Payments asked about at once."""
ASKERS = 8
"""Questions to the gateway that are on their way at the same time."""
SPENDING = 2.0
"""Seconds between two looks for money that waits for an invoice."""
FIRST, MOST = 0.5, 300.0
"""Seconds until the gateway is asked again about what it did not know; doubled each time."""

log = structlog.get_logger()


class Collector:
    """One look at everything that waits for the gateway. `patience` scales how long to wait before
    asking again about the same payment; 0: ask each time.
    """

    def __init__(
        self,
        store: Store,
        gateway: Gateway | None,
        personal: PersonalData,
        meter: Meter | None = None,
        patience: float = 1.0,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._personal = personal
        self._meter = meter or Silent()
        self._patience = patience
        self._waits: dict[StreamId, tuple[float, float]] = {}
        """When to ask again about a payment, and how long it waits then."""
        self._retried: date | None = None
        self._spent = (-1, 0.0)
        """Up to where history was looked through for money that waits, and when to look again."""
        self.away = ""
        """Why the gateway could not be reached at the last look; "" when it could."""

    def look(self) -> bool:
        """One pass: payments, refunds, retries that are due, money that waits for an invoice.
        Whether anything came of it.
        """
        self.away = ""
        moved = self._retry()
        if self._gateway is not None:
            moved |= self._pages("requested", self._charge)
            moved |= self._pages("refund", self._refund)
        return self._spend() or moved

    def close(self) -> None:
        if self._gateway is not None:
            self._gateway.close()

    def waiting(self) -> int:
        """How many payments and refunds wait for the gateway; at most a page of each is counted."""
        with self._store.snapshot() as reading:
            found = [reading.items_at_work("payment", key) for key in ("requested", "refund")]
        return sum(map(len, found))

    def _pages(self, key: str, work: Callable[[Gateway, list[ItemRow]], bool]) -> bool:
        assert self._gateway is not None
        moved, after = False, b""
        while not self.away:
            with self._store.snapshot() as reading:
                rows = reading.items_at_work("payment", key, after, PAGE)
            if not rows:
                break
            after = rows[-1].stream
            due = [row for row in rows if self._is_due(row.stream)]
            if due:
                moved |= work(self._gateway, due)
        return moved

    # charges

    def _charge(self, gateway: Gateway, rows: list[ItemRow]) -> bool:
        """Prepares what is new, writes the references down, then confirms those on record. What
        was prepared before is looked at first: it may have been charged.
        """
        new = [row for row in rows if row.state.status == "requested"]
        known = [row for row in rows if row.state.status != "requested"]
        looked = self._ask(known, lambda row: gateway.look(row.state.reference))
        confirm = [row.stream for row, said in looked if _says(said, "ready")]
        news = [News(row.stream, said) for row, said in looked if isinstance(said, Answer)]
        prepared = self._prepare(gateway, new)
        news += [News(row.stream, said) for row, said in prepared if isinstance(said, Answer)]
        moved = write_news(self._store, news)
        confirm += [row.stream for row, said in prepared if _says(said, "ready")]
        moved |= self._confirm(gateway, confirm)
        self._count(news)
        return moved

    def _prepare(
        self, gateway: Gateway, rows: list[ItemRow]
    ) -> list[tuple[ItemRow, Answer | Exception]]:
        charges = self._charges(rows)
        return self._ask(rows, lambda row: _prepared(gateway, charges[row.stream]))

    def _confirm(self, gateway: Gateway, payments: list[StreamId]) -> bool:
        references = prepared_as(self._store, payments)
        told = self._ask_each(list(references), lambda p: gateway.confirm(references[p], text(p)))
        news: list[News] = []
        for payment, said in told:
            if isinstance(said, Answer):
                news.append(News(payment, said))
                self._seen(payment, said)
            elif isinstance(said, Unanswered):
                news.append(News(payment, None, why=str(said)))
                self._later(payment)
        self._count(news)
        return write_news(self._store, news)

    def _charges(self, rows: list[ItemRow]) -> dict[StreamId, "Charge | Answer"]:
        """What to ask for, with the token in the clear; a method that is gone declines at once."""
        owners = list(dict.fromkeys(row.account for row in rows))
        with self._store.snapshot() as reading:
            methods = reading.items_of("payment_methods", owners, only_open=False)
        keys = self._store.keys_of(owners)
        found: dict[StreamId, Charge | Answer] = {}
        for row in rows:
            state: PaymentState = row.state
            known = methods[row.account][0].state.methods if row.account in methods else ()
            method = next((m for m in known if m.ref == state.method and not m.removed), None)
            if method is None:
                found[row.stream] = _gone("payment_method_removed", "was removed")
                continue
            token = self._personal.decrypt(keys.get(row.account), row.account, method.token)
            if token is None:
                found[row.stream] = _gone("payment_method_erased", "was forgotten")
                continue
            found[row.stream] = Charge(
                text(row.stream), state.amount, state.currency, method.kind, token
            )
        return found

    # refunds

    def _refund(self, gateway: Gateway, rows: list[ItemRow]) -> bool:
        def ask(row: ItemRow) -> Answer:
            first = row.state.refunding[0]
            return gateway.refund(RefundOrder(first.refund, row.state.reference, first.amount))

        said = self._ask(rows, ask)
        news = [
            News(row.stream, answer, row.state.refunding[0].refund)
            for row, answer in said
            if isinstance(answer, Answer)
        ]
        return write_news(self._store, news)

    # what needs no gateway

    def _retry(self) -> bool:
        """Declined payments whose day has come; looked for once a business date."""
        today = self._today()
        if today is None or today == self._retried:
            return False
        moved, after = False, b""
        while True:
            with self._store.snapshot() as reading:
                rows = reading.items_at_work("payment", "retry", after, PAGE)
            if not rows:
                break
            after = rows[-1].stream
            for row in rows:
                if row.state.retry_on is not None and row.state.retry_on <= today:
                    moved |= retry_due(self._store, row.stream)
        self._retried = today
        return moved

    def _spend(self) -> bool:
        """Money that pays no invoice yet, where there is one meanwhile; looked for when history
        has gone on, and not all the time while it does.
        """
        with self._store.snapshot() as reading:
            head = reading.head.position
        if head == self._spent[0] or monotonic() < self._spent[1]:
            return False
        moved = False
        for kind, key in (("payment", "undisbursed"), ("invoice", "credit")):
            after = b""
            while True:
                with self._store.snapshot() as reading:
                    rows = reading.items_at_work(kind, key, after, PAGE)
                    owners = dict.fromkeys(row.account for row in rows)
                    owing = reading.items_of("invoice", owners) if rows else {}
                if not rows:
                    break
                after = rows[-1].stream
                for one in owners:
                    if any(row.state.open_balance > 0 for row in owing.get(one, ())):
                        moved |= spend(self._store, one)
        self._spent = (head, monotonic() + SPENDING * self._patience)
        return moved

    def _today(self) -> date | None:
        with self._store.snapshot() as reading:
            found = reading.get("owner", owner())
        if found is None:
            return None
        return business_date(self._store.now(), zone(found.state.time_zone))

    # asking, many at a time

    def _ask(
        self, rows: list[ItemRow], ask: Callable[[ItemRow], Answer]
    ) -> list[tuple[ItemRow, Answer | Exception]]:
        by_stream = {row.stream: row for row in rows}
        told = self._ask_each(list(by_stream), lambda stream: ask(by_stream[stream]))
        for stream, said in told:
            if isinstance(said, Answer):
                self._seen(stream, said)
            else:
                self._later(stream)
        return [(by_stream[stream], said) for stream, said in told]

    def _ask_each(
        self, payments: list[StreamId], ask: Callable[[StreamId], Answer]
    ) -> list[tuple[StreamId, Answer | Exception]]:
        """What the gateway says about each; that it is away is remembered. Any other refusal, of
        our key for one, goes up when all have been asked.
        """

        def one(payment: StreamId) -> Answer | Exception:
            try:
                return ask(payment)
            except (Unreachable, Unanswered) as away:
                return away

        if not payments:
            return []
        with ThreadPoolExecutor(min(ASKERS, len(payments))) as askers:
            said = list(askers.map(one, payments))
        reached = any(isinstance(answer, Answer) for answer in said)
        if not reached:
            self.away = str(said[-1])
        return list(zip(payments, said, strict=True))

    # when to ask again

    def _is_due(self, payment: StreamId) -> bool:
        return self._waits.get(payment, (0.0, 0.0))[0] <= monotonic()

    def _seen(self, payment: StreamId, answer: Answer) -> None:
        if answer.status == "pending":
            self._later(payment)
        else:
            self._waits.pop(payment, None)

    def _later(self, payment: StreamId) -> None:
        before = self._waits.get(payment, (0.0, 0.0))[1]
        wait = min(MOST, max(FIRST, before * 2)) * self._patience
        self._waits[payment] = (monotonic() + wait, wait)

    def _count(self, news: Sequence[News]) -> None:
        for one in news:
            if one.answer is not None and one.answer.status in ("succeeded", "declined"):
                self._meter.add(f"payments_{one.answer.status}")


class Collecting:
    """The role `collector`. `pause` waits for so many seconds, or less when it has to stop."""

    name = "collector"

    def __init__(
        self, collector: Collector, pause: Callable[[float], object], poll: float = 0.5
    ) -> None:
        self._collector = collector
        self._pause = pause
        self._poll = poll

    def step(self) -> bool:
        try:
            moved = self._collector.look()
        except Refusal as refusal:
            # Other roles in the process go on while an operator gives the gateway another key.
            if refusal.code != "gateway_refused":
                raise
            raise Unavailable(refusal.sentence) from refusal
        if self._collector.away:
            raise Unavailable(self._collector.away)
        if not moved:
            self._pause(self._poll)
        return moved

    def close(self) -> None:
        self._collector.close()


def _prepared(gateway: Gateway, charge: Charge | Answer) -> Answer:
    return charge if isinstance(charge, Answer) else gateway.prepare(charge)


def _gone(code: str, what: str) -> Answer:
    return Answer("declined", "", code, f"the payment method {what}: give another one")


def _says(said: object, status: str) -> bool:
    return isinstance(said, Answer) and said.status == status
