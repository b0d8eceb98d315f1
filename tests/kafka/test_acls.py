"""The operator's guide gives each role the ACLs it needs, and no others."""

import json
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, closing
from time import monotonic
from typing import Any, NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
)

from aggregates.identity import text
from aggregates.refusal import Refusal
from commands import firing
from consumers.role import Role
from consumers.worker import unfinished
from infra.kafka.marks import last_mark
from infra.kafka.start import cluster_of
from infra.kafka.tie import check_tie
from infra.run.faults import passes
from infra.run.metrics import Metrics
from infra.run.roles import Setup, open_role
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.views.open import open_views
from tests.kafka.senders import SCHEDULE, body, headers
from tests.kafka.support import make_topics, secured_settings
from tests.support import seed
from tests.support.database_user import database_user
from tests.support.guide import Granted, granted
from tests.support.servers import SecureKafka

SECURITY = {
    "READ topics": (ResourceType.TOPIC, ACLOperation.READ),
    "WRITE topics": (ResourceType.TOPIC, ACLOperation.WRITE),
    "READ groups": (ResourceType.GROUP, ACLOperation.READ),
    "WRITE transactional ids": (ResourceType.TRANSACTIONAL_ID, ACLOperation.WRITE),
}
"""What the headings of the operator's guide mean."""

ROLE_ACLS = granted("The smallest Kafka ACLs")
ROLE_GRANTS = granted("The smallest database grants")

RECORD, REVERSE = "billstream.record_payment.v1", "billstream.reverse_execution.v1"

WITHIN = 20.0
"""Seconds until the broker has surely heard of a changed ACL."""


class Secured(NamedTuple):
    """A history on PostgreSQL and topics on the secured broker, which one role after the other
    works with as a user of its own.
    """

    kafka: SecureKafka
    admin: KafkaAdminClient
    owner: OwnedStore
    urls: Mapping[str, str]

    def allow(self, role: str, acls: Iterable[Granted]) -> None:
        self.admin.create_acls([self._acl(role, *acl) for acl in acls])

    def forbid(self, role: str, acl: Granted) -> None:
        kind, operation = SECURITY[acl[0]]
        pattern = ResourcePattern(kind, f"{self.kafka.prefix}.{acl[1]}")
        self.admin.delete_acls(
            [ACLFilter(f"User:{role}", "*", operation, ACLPermissionType.ALLOW, pattern)]
        )

    def open(self, role: str) -> Role:
        settings = secured_settings(self.kafka, role)
        return open_role(role, Setup(self.urls[role], settings, Metrics(), threading.Event()))

    def send(self, id: str, what: Mapping[str, Any], type: str = SCHEDULE) -> None:
        """A command by somebody who may."""
        producer = KafkaProducer(
            bootstrap_servers=self.kafka.bootstrap_servers, **self.kafka.as_user("admin")
        )
        topic = f"{self.kafka.prefix}.commands"
        producer.send(topic, json.dumps(what).encode(), b"k", headers(id, type))
        producer.close()

    def _acl(self, role: str, heading: str, name: str) -> ACL:
        kind, operation = SECURITY[heading]
        pattern = ResourcePattern(kind, f"{self.kafka.prefix}.{name}")
        return ACL(f"User:{role}", "*", operation, ACLPermissionType.ALLOW, pattern)


@pytest.fixture
def secured(secure_kafka: SecureKafka, postgres_url: str) -> Generator[Secured]:
    settings = secured_settings(secure_kafka, "admin")
    make_topics(settings)
    admin = KafkaAdminClient(
        bootstrap_servers=secure_kafka.bootstrap_servers, **secure_kafka.as_user("admin")
    )
    with ExitStack() as stack:
        stack.callback(admin.close)
        owner = stack.enter_context(closing(open_store(postgres_url, create=True)))
        seed.set_up(owner)
        seed.add_accounts(owner, 3)
        check_tie(owner, settings, cluster_of(admin, settings))
        users = {
            role: stack.enter_context(database_user(postgres_url, role)) for role in ROLE_GRANTS
        }
        for role, user in users.items():
            user.grant(ROLE_GRANTS[role])
        urls = {role: user.url for role, user in users.items()}
        yield Secured(secure_kafka, admin, owner, urls)


def _opened(secured: Secured, role: str) -> Role:
    """Opens a role as soon as the broker knows what it may."""
    until = monotonic() + WITHIN
    while True:
        try:
            return secured.open(role)
        except Refusal:
            if monotonic() > until:
                raise


def _work(role: Role, done: Callable[[], bool]) -> None:
    until = monotonic() + 60
    while not done():
        assert monotonic() < until, role.name
        role.step()


def test_a_bill_run_with_the_smallest_acls_and_grants(secured: Secured) -> None:
    """Every role as a user of Kafka and of the database who has what the guide says: a run, money
    that pays for it, and all of the run taken back.
    """
    assert list(ROLE_ACLS) == list(ROLE_GRANTS)
    for role, acls in ROLE_ACLS.items():
        secured.allow(role, acls)
    store = secured.owner
    with ExitStack() as stack:
        roles = {role: stack.enter_context(closing(_opened(secured, role))) for role in ROLE_ACLS}
        secured.send("1", body())
        _work(roles["commands"], lambda: firing.next_due(store) is not None)
        _work(roles["scheduler"], lambda: _cut(store))
        _work(roles["worker"], lambda: not unfinished(store))
        secured.send("2", {"account": "A-0", "amount": "1.00", "kind": "cash"}, RECORD)
        _work(roles["commands"], lambda: "payment.recorded" in _types(store))
        roles["collector"].step()
        secured.send("3", {"execution": _execution(store)}, REVERSE)
        _work(roles["commands"], lambda: "execution.reversal_requested" in _types(store))
        _work(roles["scheduler"], lambda: "execution.reversed" in _types(store))
        _work(roles["relay"], lambda: _published(secured) == store.head.position)
        views = open_views(store)
        _work(roles["projector"], lambda: views.reached() == store.head.position)
    assert _types(store).count("invoice.generated") == 6
    assert _types(store).count("invoice.voided") == 3


@pytest.mark.parametrize("role", [role for role, acls in ROLE_ACLS.items() if acls])
def test_a_role_needs_every_acl(secured: Secured, role: str) -> None:
    """Without any one of them it is told what it may not do."""
    secured.allow(role, ROLE_ACLS[role])
    with closing(_opened(secured, role)) as opened:
        while opened.step():  # so that there is something to go on from
            pass
    for acl in ROLE_ACLS[role]:
        secured.forbid(role, acl)
        assert _refusal(secured, role) in ("topic_missing", "kafka_refused"), acl
        secured.allow(role, [acl])
        _opened(secured, role).close()


def _refusal(secured: Secured, role: str) -> str:
    """The code with which a role ends that has something to do."""
    until = monotonic() + WITHIN
    secured.send(str(until), body())
    seed.add_accounts(secured.owner, 1, first=secured.owner.head.position)
    while monotonic() < until:
        try:
            with closing(secured.open(role)) as opened:
                while monotonic() < until:
                    opened.step()
        except Refusal as refusal:
            if not passes(refusal):
                return refusal.code
    return ""


def _types(store: OwnedStore) -> list[str]:
    return [one.type for one in store.log(0, 1000)]


def _cut(store: OwnedStore) -> bool:
    """An execution has been cut into chunks."""
    return "execution.scope_cut" in _types(store)


def _execution(store: OwnedStore) -> str:
    """The one there is."""
    (found,) = {text(e.stream) for e in store.log(0, 1000) if e.type == "execution.completed"}
    return found


def _published(secured: Secured) -> int:
    mark = last_mark(secured_settings(secured.kafka, "admin"))
    return mark.position if mark else 0
