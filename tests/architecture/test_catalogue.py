"""Every event that a rule can return is in the catalogue, under a name that outlives the code."""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import aggregates
from aggregates.event import Event
from schemas.catalogue import BY_CLASS, BY_NAME, EVENT_TYPES
from schemas.kinds import KINDS, STATELESS, kind_of_type
from schemas.upcasters import UPCASTERS

NAME = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")


def _below(cls: type[Event]) -> Iterator[type[Event]]:
    for found in cls.__subclasses__():
        yield found
        yield from _below(found)


def test_every_event_class_is_catalogued() -> None:
    for module in walk_packages(aggregates.__path__, "aggregates."):
        import_module(module.name)
    classes = {cls for cls in _below(Event) if cls.__module__.startswith("aggregates.")}
    assert classes == set(BY_CLASS)


def test_names_and_classes_stand_once() -> None:
    assert len(BY_NAME) == len(BY_CLASS) == len(EVENT_TYPES)
    assert [entry.name for entry in EVENT_TYPES if not NAME.fullmatch(entry.name)] == []


def test_every_event_belongs_to_a_kind() -> None:
    known = set(KINDS) | STATELESS
    assert [e.name for e in EVENT_TYPES if kind_of_type(e.name) not in known] == []


def test_every_older_version_has_a_step_to_the_next() -> None:
    steps = {(e.name, version) for e in EVENT_TYPES for version in range(1, e.version)}
    assert steps == set(UPCASTERS)


def test_the_events_people_ask_for_by_name() -> None:
    names = {entry.cls.__name__ for entry in EVENT_TYPES}
    assert {"BillRunScheduled", "PackageBilled", "InvoiceGenerated"} <= names
