"""The operator's guide gives each role what it needs in the database, and nothing more."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest

from aggregates.command import CommandAccepted
from commands import firing
from commands.answering import answer
from commands.catalogue import BY_NAME, Request
from commands.message import DIRECT
from commands.store import Batch
from consumers.collecting import Collector
from consumers.spreading import Spreading
from consumers.telling import Telling
from consumers.worker import unfinished
from consumers.working import Working
from infra import personal_keys
from infra.composition import App
from infra.gateway.payment_intents import PaymentIntents
from infra.kafka.history import StoredHistory, identity_of
from infra.postgres.store import PostgresStore
from infra.run.attempts import StoredAttempts
from infra.run.isolated import Isolated
from infra.run.turns import StoredTurns
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.verify import verify_all
from infra.views.from_topics import TopicViews
from infra.views.open import open_views
from tests.consumers.test_telling import Heard
from tests.kafka_work.test_parts import Line
from tests.support import seed
from tests.support.database_user import DatabaseUser, database_user
from tests.support.gateway import Served, gateway_server
from tests.support.guide import Granted, granted
from tests.support.owed_life import live
from tests.support.owed_office import Direct, opened, served

GRANTS = granted("The smallest database grants")

OCTOBER = {"start": "2020-10-01", "end": "2020-10-31"}

CARD = {"kind": "card", "token": "pm_visa", "auto_pay": True}

STRICT = {
    "name": "Strict",
    "payment_retries": [1],
    "levels": [{"event": "after", "days": 1, "action": "suspend"}],
}

FEES = {
    "name": "Fees",
    "levels": [
        {"event": "after", "days": 1, "action": "late_fee", "amount": {"USD": "1.00"}},
        {"event": "after", "days": 2, "action": "suspend"},
    ],
}

_numbers = count(1)

_gateway = Served()
"""It remembers what it was asked for before a grant was missing."""

Job = Callable[[OwnedStore, OwnedStore], None]
"""What a role does: over its own connections, and the owner's for what others do meanwhile."""


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    """A sandbox, long after what it bills was due."""
    clock = datetime(2021, 1, 1, tzinfo=UTC)
    with closing(open_store(postgres_url, create=True, sandbox_clock=clock)) as opened:
        assert isinstance(opened, PostgresStore)
        yield opened


def _account(number: str, **more: Any) -> dict[str, Any]:
    package = {"id": f"{number}/internet", "package": "internet", "effective": "2020-09-01"}
    where = {"currency": "USD", "bill_group": "G", "bill_day": 1}
    return {"number": number, "name": f"{number} Ltd", **where, "packages": [package], **more}


def _ask(store: OwnedStore, name: str, **fields: Any) -> Mapping[str, str]:
    """The result of a command that has to be accepted."""
    type = BY_NAME[name]
    message = type.message.model_validate(fields)
    request = Request(type, message, "test", f"{name}-{next(_numbers)}", DIRECT)
    event = answer(store, request, personal_keys).event
    assert isinstance(event, CommandAccepted), event
    return event.result


def _new_accounts(owner: OwnedStore) -> None:
    _ask(owner, "apply", setup={"accounts": [_account(f"N-{next(_numbers)}")]})


def relay(store: OwnedStore, owner: OwnedStore) -> None:
    """Reads history and whose it is."""
    assert identity_of(store).generation == 1
    assert StoredHistory(store).read(0, 10, 10_000).events


def projector(store: OwnedStore, owner: OwnedStore) -> None:
    """Makes views that lag behind history, with names in plain."""
    _new_accounts(owner)
    assert identity_of(store).generation == 1
    TopicViews(store, ["invoices"]).begin()


def commands(store: OwnedStore, owner: OwnedStore) -> None:
    """Changes setup, accounts, what they hold and how they pay, forgets a name, asks for a run."""
    number = f"C-{next(_numbers)}"
    series = {"prefix": "N-", "start": 1000 + next(_numbers), "length": 6}
    _ask(store, "apply", setup={"owner": {"invoice_numbers": series}})
    _ask(store, "apply", setup={"accounts": [_account(number)]})
    held = {"account_package": f"{number}/internet"}
    _ask(store, "cancel_account_package", **held, as_of="2020-09-01")
    _ask(store, "apply", setup={"accounts": [{"number": number, "status": "closed"}]})
    _ask(store, "erase_account", account=number)
    _ask(store, "schedule_bill_run", bill_run="Default", billing_period=OCTOBER)
    payer = f"C-{next(_numbers)}"
    _ask(owner, "apply", setup={"accounts": [_account(payer)]})
    _ask(store, "set_payment_method", account=payer, payment_method="visa", **CARD)
    _ask(store, "set_payment_method", account=payer, payment_method="visa", label="Visa")
    for name in ("add_debit", "add_credit"):
        _ask(store, name, account=payer, amount="5.00", reason="as agreed")


def scheduler(store: OwnedStore, owner: OwnedStore) -> None:
    """Fires a schedule, cuts its execution into chunks, ends it; reverses what waits, what was
    dunned, with its fee, and what was invoiced, which lifts the suspension.
    """
    _finish(owner, owner, owner)
    _new_accounts(owner)
    _ask(owner, "schedule_bill_run", bill_run="Default", billing_period=OCTOBER)
    _finish(owner, store, owner)
    _ask(owner, "apply", setup={"ar_terms": [FEES]})
    billing = ["bill_packages"]
    invoiced = _bill(owner, [*billing, "generate_invoice"], owner, ar_term="Fees")
    dunned = _bill(owner, ["dunning", "generate_invoice"], owner)
    for execution in (_bill(owner, billing, owner), dunned, invoiced):
        _ask(owner, "reverse_execution", execution=execution)
        _finish(owner, store, owner)


def worker(store: OwnedStore, owner: OwnedStore) -> None:
    """Bills what is to wait, puts it on invoices, suspends who owes, ends the executions."""
    _finish(owner, owner, owner)
    _ask(owner, "apply", setup={"ar_terms": [STRICT]})
    billing = ["bill_packages"]
    for actions in (billing, [*billing, "generate_invoice"], ["dunning"]):
        _bill(owner, actions, store, ar_term="Strict")


def collector(store: OwnedStore, owner: OwnedStore) -> None:
    """Is declined, asks again a day later, and lifts the suspension of who has paid, while others
    write.
    """
    _finish(owner, owner, owner)
    _ask(owner, "apply", setup={"ar_terms": [STRICT]})
    holder: dict[str, Any] = {"ar_term": "Strict", "payment_methods": [{"id": "visa", **CARD}]}
    _bill(owner, ["bill_packages", "generate_invoice", "collect_payment"], owner, **holder)
    _bill(owner, ["dunning"], owner)
    append = store.append

    def overtaken(batch: Batch) -> Any:
        _new_accounts(owner)
        return append(batch)

    with gateway_server(_gateway) as gateway, patch.object(store, "append", overtaken):
        collector = Collector(
            store, PaymentIntents(gateway.url, "sk_test", 5.0), personal_keys, patience=0
        )
        with closing(collector):
            for declining in (True, False):
                gateway.declining = declining
                while collector.look():
                    pass
                owner.set_clock(owner.now() + timedelta(days=2))
            while collector.look():
                pass


def _bill(owner: OwnedStore, actions: list[str], works: OwnedStore, **account: Any) -> str:
    """A new account, and a new run over all of them that a worker works on; its execution."""
    name, number = f"R-{next(_numbers)}", f"N-{next(_numbers)}"
    run = {"name": name, "bill_groups": ["G"], "exchange_rates": "October", "actions": actions}
    setup = {"accounts": [_account(number, **account)], "bill_runs": [run]}
    _ask(owner, "apply", setup=setup)
    asked = _ask(owner, "schedule_bill_run", bill_run=name, billing_period=OCTOBER)
    _finish(owner, owner, works)
    return asked["execution"]


def _finish(owner: OwnedStore, schedules: OwnedStore, works: OwnedStore) -> None:
    """Lets a scheduler and a worker do everything there is to do."""
    line = Line()
    turns = StoredTurns(schedules.views_database(), "scheduler")
    telling = Telling(schedules, turns, Heard(), "scheduler", schedules.now)
    scheduler = Spreading(schedules, line, lambda _: None, resend=0, telling=telling)
    attempts = StoredAttempts(works.views_database())
    worker = Working(works, line, attempts, Isolated(works.url), wait=0)
    while firing.next_due(owner) or unfinished(owner) or _reversing(owner):
        scheduler.step()
        while worker.step():
            pass


def _reversing(owner: OwnedStore) -> bool:
    with owner.snapshot() as reading:
        return bool(firing.reversing(reading))


JOBS: dict[str, Job] = {
    "relay": relay,
    "projector": projector,
    "commands": commands,
    "scheduler": scheduler,
    "worker": worker,
    "collector": collector,
}


def test_the_guide_has_every_role() -> None:
    assert set(GRANTS) == set(JOBS)


@pytest.mark.parametrize("role", JOBS)
def test_a_role_needs_every_grant_and_no_other(
    store: PostgresStore, postgres_url: str, role: str
) -> None:
    """Without any one of them it is refused, and changes nothing for good."""
    seed.set_up(store)
    seed.add_accounts(store, 3)
    with database_user(postgres_url, role) as user:
        user.grant(GRANTS[role])
        refused: list[tuple[Granted, str]] = []
        for grant in GRANTS[role]:
            user.revoke([grant])
            try:
                _do(user, role, store)
            except StoreError as error:
                refused.append((grant, error.code))
            user.grant([grant])
        assert refused == [(grant, "permission_denied") for grant in GRANTS[role]]
        _do(user, role, store)


class Roles(Direct):
    """An office in which each role is a user of its own, who has what the guide says."""

    def __init__(
        self, owner: OwnedStore, gateway: Served, stores: Mapping[str, OwnedStore], hears: str
    ) -> None:
        super().__init__(owner, gateway, hears)
        self.stores = stores

    @property
    def commands(self) -> OwnedStore:
        return self.stores["commands"]

    @property
    def collector(self) -> OwnedStore:
        return self.stores["collector"]

    def work(self) -> None:
        _finish(self.store, self.stores["scheduler"], self.stores["worker"])


def test_a_month_of_money_owed_with_the_smallest_grants(postgres_url: str) -> None:
    """Every command there is, runs, a reversal, the gateway and its webhooks; then the views."""
    with ExitStack() as stack:
        owner = stack.enter_context(opened(postgres_url))
        users = {role: stack.enter_context(database_user(postgres_url, role)) for role in GRANTS}
        for role, user in users.items():
            user.grant(GRANTS[role])
        stores = {
            role: stack.enter_context(closing(open_store(user.url))) for role, user in users.items()
        }
        gateway = stack.enter_context(served())
        live(Roles(owner, gateway, stores, users["collector"].url))
        views = open_views(stores["projector"])
        views.catch_up()
        assert list(views.rows("SELECT 1 FROM view_balances"))
        report = verify_all(App(owner), views=False, expect=None, progress=lambda _: None)
        assert report.found == 0, report.findings


def _do(user: DatabaseUser, role: str, owner: OwnedStore) -> None:
    with closing(open_store(user.url)) as mine:
        JOBS[role](mine, owner)
