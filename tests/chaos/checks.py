"""What must be true after a life, whatever happened in it. Each answers what is wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aggregates import identity
from commands.store import Recorded
from infra.kafka.settings import KafkaSettings
from infra.store.owned import OwnedStore
from schemas.headers import read_event
from tests.chaos.service import Service, bill_dates
from tests.kafka.support import event_topics, read_all

PAGE = 20_000


class Facts(NamedTuple):
    """A history, gone through once."""

    events: int
    billed: dict[bytes, list[Any]]
    by_execution: dict[str, Counter[str]]
    lines: Counter[tuple[str, Any]]
    numbers: list[int]
    completed: dict[str, Any]
    started: int
    public: list[int]


def read_facts(store: OwnedStore) -> Facts:
    """Counts straight from the events."""
    head, no_lines = store.head.position, Counter[tuple[str, Any]]()
    facts = Facts(head, defaultdict(list), defaultdict(Counter), no_lines, [], {}, 0, [])
    started = 0
    for one in _all(store):
        if not one.type.startswith("command."):
            facts.public.append(one.position)
        event = one.event
        match one.type:
            case "account_package.billed":
                facts.billed[one.stream].append(event.bill_date)
                facts.by_execution[event.execution]["cycles"] += 1
            case "invoice.generated":
                facts.numbers.append(event.sequence)
                facts.by_execution[event.execution]["invoices"] += 1
                facts.by_execution[event.execution]["total"] += event.total
                _count_lines(facts, event)
            case "invoice.lines_added":
                _count_lines(facts, event)
            case "execution.started":
                started += 1
            case "execution.completed":
                facts.completed[identity.text(one.stream)] = event
            case _:
                pass
    return facts._replace(started=started)


def _count_lines(facts: Facts, event: Any) -> None:
    facts.lines.update((line.account_package, line.bill_date) for line in event.lines)


def _all(store: OwnedStore) -> Iterator[Recorded]:
    after = 0
    while page := store.log(after, PAGE):
        yield from page
        after = page[-1].position


def invoices(facts: Facts, accounts: int, service: Service) -> list[str]:
    """Every package was charged for every month once; each charge stands on one invoice."""
    wrong: list[str] = []
    expected = bill_dates(service.last_month)
    lost = accounts - len(facts.billed)
    doubled = 0
    for dates in facts.billed.values():
        counted = Counter(dates)
        doubled += sum(counted.values()) - len(counted)
        lost += len(set(expected) - set(counted))
        if set(counted) - set(expected):
            wrong.append("a month was billed that nobody asked for")
    if lost:
        wrong.append(f"{lost} cycles lost")
    if doubled:
        wrong.append(f"{doubled} cycles charged twice")
    charges = sum(len(dates) for dates in facts.billed.values())
    twice = sum(facts.lines.values()) - len(facts.lines)
    if twice or len(facts.lines) != charges:
        wrong.append(f"{charges} charges, {len(facts.lines)} on invoices, {twice} of them twice")
    if facts.numbers != list(range(1, len(facts.numbers) + 1)):
        wrong.append("invoice numbers have gaps, repeats or are out of order")
    return wrong


def executions(facts: Facts, store: OwnedStore) -> list[str]:
    """Each ended once, without a failure, and did what its counts say."""
    wrong: list[str] = []
    with store.snapshot() as reading:
        states = {identity.text(one.stream): one.state for one in reading.all_of("execution")}
    for execution, state in states.items():
        if (state.status, state.counts.failed, state.counts.left_behind) != ("completed", 0, 0):
            wrong.append(f"an execution is {state.status}: {state.counts}")
            continue
        did = facts.by_execution[execution]
        counts = facts.completed[execution].counts
        told = (counts.cycles_billed, counts.invoices_generated, sum(counts.totals.values()))
        if told != (did["cycles"], did["invoices"], did["total"]) or counts != state.counts:
            wrong.append(f"an execution counts {counts} and did {dict(did)}")
    if len(facts.completed) != len(states) or facts.started != len(states):
        ends = len(facts.completed)
        wrong.append(f"{len(states)} executions, {facts.started} starts, {ends} ends")
    return wrong


def answers(facts: Facts, service: Service) -> list[str]:
    """One reply to each command, however often it was sent, and one run for each that asks."""
    wrong: list[str] = []
    if set(service.replies) != {one.id for one in service.sent}:
        wrong.append("commands without a reply, or replies without a command")
    if twice := sum(service.replies.values()) - len(service.replies):
        wrong.append(f"{twice} replies too many")
    for one in service.sent:
        expected = "refused" if one.month is None else "accepted"
        if service.statuses.get(one.id) != expected:
            wrong.append(f"{one.id} was not {expected}")
    if len(facts.completed) != sum(1 for one in service.sent if one.month is not None):
        wrong.append("not one run for each command")
    return wrong


def topics(facts: Facts, settings: KafkaSettings) -> list[str]:
    """A reader of committed messages has every event once, each stream's in order."""
    wrong: list[str] = []
    positions: list[int] = []
    versions: dict[str, int] = {}
    for record in read_all(settings, event_topics(settings)):
        above = read_event(record.headers)
        positions.append(above.position)
        stream = above.id.rpartition("/")[0]
        if above.stream_version != versions.get(stream, 0) + 1:
            wrong.append("events of a stream are out of order")
        versions[stream] = above.stream_version
    if sorted(positions) != facts.public:
        missing = set(facts.public) - set(positions)
        wrong.append(f"topics: {len(missing)} events missing, {_twice(positions)} twice")
    return wrong


def _twice(positions: Sequence[int]) -> int:
    return len(positions) - len(set(positions))
