"""Money owed over Kafka and PostgreSQL: every command by topic, twice and as nonsense; its replies,
events and views are those of one file on one computer (R21-R26, R31).
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Any

import pytest

from commands.catalogue import BY_NAME
from infra.composition import App
from infra.kafka.dead_letters import letters
from infra.kafka.roles import open_commands, open_relay
from infra.kafka.settings import KafkaSettings
from infra.run.metrics import Metrics
from infra.run.roles import Setup, open_role
from infra.store.owned import OwnedStore
from infra.verify import verify_all
from infra.views.compare import compare_with_rebuild
from infra.views.open import open_views
from infra.views.registry import ON_DEMAND, QUERIES, VIEWS
from projections.view import Row
from tests.commands.test_catalogue import BODIES
from tests.kafka.senders import Sender, headers
from tests.kafka.support import drain, make_topics, positions, published, read_all, settings_of
from tests.kafka.test_fuzz import Counting
from tests.support.gateway import Served
from tests.support.owed_life import SETUP, STORY, Answered, Known, Step, live
from tests.support.owed_office import Direct, opened, served
from tests.support.servers import KafkaServer


class ByTopic(Direct):
    """Commands come by topic, and each comes twice."""

    def __init__(
        self, store: OwnedStore, gateway: Served, address: str, settings: KafkaSettings
    ) -> None:
        super().__init__(store, gateway, address)
        self.settings = settings
        self.meter = Counting()
        self.role = open_commands(store, settings, self.meter)
        self.sender = Sender(settings)

    def ask(self, name: str, body: Mapping[str, Any]) -> Answered:
        self.asked += 1
        before, done = self.store.head.position, self.meter.done
        for _ in range(2):
            self.sender.send(str(self.asked), dict(body), BY_NAME[name].ce_type)
        self.handle(done + 2)
        answers = [
            one.event
            for one in self.store.log(before, 10_000)
            if one.type in ("command.accepted", "command.refused")
        ]
        assert len(answers) == 1, (name, answers)
        found: Answered = answers[0]
        return found

    def handle(self, count: int) -> None:
        """Lets the role do commands until it has done so many."""
        self.sender.flush()
        while self.meter.done < count:
            self.role.step()

    def publish(self) -> None:
        relay = open_relay(self.store, self.settings)
        drain(relay.step)
        relay.close()

    def replies(self) -> dict[str, Any]:
        """By the command's id; there is one for each."""
        records = read_all(self.settings, [f"{self.settings.topic_prefix}.replies"])
        found = [json.loads(one.value) for one in records]
        assert len({one["id"] for one in found}) == len(found)
        return {one["id"]: one for one in found}

    def project(self) -> None:
        """Lets a projector bring the views to the head, from topics alone."""
        setup = Setup(self.address, self.settings, Metrics(), threading.Event())
        with closing(open_role("projector", setup)) as projector:
            views = open_views(self.store)
            while views.reached() < self.store.head.position:
                projector.step()
        assert {place.feed for place, _ in views.places()} == {"kafka"}

    def close(self) -> None:
        self.role.close()
        self.sender.close()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedStore]:
    """The month, lived in one file."""
    url = f"sqlite:///{tmp_path_factory.mktemp('embedded') / 'billstream.db'}"
    with opened(url) as store, served() as gateway:
        live(Direct(store, gateway, url))
        yield store


@pytest.fixture
def office(kafka: KafkaServer, postgres_url: str) -> Iterator[ByTopic]:
    """An empty one over PostgreSQL and Kafka."""
    settings = settings_of(kafka)
    with ExitStack() as stack:
        store = stack.enter_context(opened(postgres_url))
        make_topics(settings)
        gateway = stack.enter_context(served())
        yield stack.enter_context(closing(ByTopic(store, gateway, postgres_url, settings)))


def rows(store: OwnedStore) -> dict[str, list[Row]]:
    """Every row of every public name, books and queries too."""
    database = store.views_database()
    tables = [table for view in (*VIEWS, *ON_DEMAND) for table in view.tables]
    found = {
        table.name: sorted(_rows(database, table.name, table.names), key=repr) for table in tables
    }
    for query in QUERIES:
        columns = tuple(column.name for column in query.columns)
        found[query.name] = sorted(_rows(database, query.name, columns), key=repr)
    return found


def _rows(database: Any, name: str, columns: tuple[str, ...]) -> list[Row]:
    return list(database.rows(f"SELECT {', '.join(columns)} FROM view_{name}"))


def assert_sound(store: OwnedStore) -> None:
    """History, rows, views and books agree."""
    app = App(store, store.url)
    app.views.catch_up()
    app.books.catch_up()
    report = verify_all(app, views=True, expect=None, progress=lambda _: None)
    assert report.found == 0, report.findings


def test_the_month_has_every_command_of_the_catalogue() -> None:
    assert {step.name for step in STORY if isinstance(step, Step)} == set(BY_NAME)


def test_every_command_of_money_owed_by_topic(office: ByTopic, embedded: OwnedStore) -> None:
    known = live(office)
    store = office.store
    _replied(office, known)
    assert [one.position for one in published(office.settings)] == positions(store)
    office.project()
    assert compare_with_rebuild(store).differences == []
    assert_sound(store)
    assert_sound(embedded)
    theirs, ours = rows(embedded), rows(store)
    for name, found in theirs.items():
        assert ours[name] == found, name
    empty = {name for name, found in theirs.items() if not found}
    assert empty <= {"invoice_pages", "left_behind", "retried_chunks"}


def _replied(office: ByTopic, known: Known) -> None:
    """What was answered went out, once, in the words of the results."""
    office.publish()
    replies = office.replies()
    assert sorted(replies, key=int) == [str(n) for n in range(1, office.asked + 1)]
    steps = [step for step in STORY if isinstance(step, Step)]
    for number, step in enumerate(steps, 1):
        reply = replies[str(number)]
        assert reply["type"] == step.name
        assert reply["status"] == ("refused" if step.code else "accepted"), reply
        assert (reply.get("code") or "") == step.code
        if step.keep:
            assert reply["result"] == known[step.keep]


def test_every_command_of_money_owed_as_nonsense(office: ByTopic) -> None:
    """Whatever is wrong with it, it is answered and put aside; nothing else happens."""
    office.ask("apply", {"setup": SETUP})
    sent = 0
    for name, type in BY_NAME.items():
        whole = json.dumps(BODIES[name]).encode()
        wrong = [
            b"\0garbage",
            None,
            whole[:-1],
            json.dumps({**BODIES[name], "no_such_key": 1}).encode(),
            json.dumps({key: [1, {}] for key in BODIES[name]}).encode(),
            json.dumps(dict.fromkeys(BODIES[name], "")).encode(),
        ]
        for number, value in enumerate(wrong):
            office.sender.send_raw(value, headers(f"{name}-{number}", type.ce_type))
            sent += 1
    before = office.store.head.position
    office.handle(office.meter.done + sent)
    after = {one.type for one in office.store.log(before, 10_000)}
    assert after <= {"command.refused"}
    assert sum(1 for _ in letters(office.settings)) == sent
    office.publish()
    assert len(office.replies()) == sent + 1
    office.project()
    assert_sound(office.store)
