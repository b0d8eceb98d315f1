"""Every version of every event ever shipped is still read as it was meant (decisions 5, 13)."""

import json

import pytest
from msgspec import inspect

from aggregates.bill_group import BillGroupCreated
from aggregates.owner import OwnerRenamed
from schemas.catalogue import BY_CLASS, BY_NAME, EVENT_TYPES, EventType
from schemas.kinds import KINDS, STATELESS, kind_of_type
from schemas.stored import NewerHistory, decode, encode
from schemas.upcasters import UPCASTERS
from tests.schemas.make_golden import path_of, sample

VERSIONS = [
    (entry.name, version) for entry in EVENT_TYPES for version in range(1, entry.version + 1)
]


@pytest.mark.parametrize(("name", "version"), VERSIONS, ids=lambda value: str(value))
def test_golden_sample(name: str, version: int) -> None:
    path = path_of(name, version)
    assert path.exists(), f"no sample of {name} v{version}: run python -m tests.schemas.make_golden"
    golden = json.loads(path.read_text())
    event = decode(name, version, json.dumps(golden["stored"]).encode())
    assert json.loads(encode(event).payload) == golden["now"]


@pytest.mark.parametrize("entry", EVENT_TYPES, ids=lambda entry: entry.name)
def test_the_newest_sample_shows_every_field(entry: EventType) -> None:
    golden = json.loads(path_of(entry.name, entry.version).read_text())["stored"]
    assert golden.keys() == sample(inspect.type_info(entry.cls)).keys()


def test_every_older_version_has_a_step_and_every_step_an_older_version() -> None:
    assert set(UPCASTERS) == {(n, v) for n, v in VERSIONS if v < BY_NAME[n].version}


def test_names_and_classes_are_unique() -> None:
    assert len(BY_CLASS) == len(BY_NAME) == len(EVENT_TYPES)


def test_every_event_belongs_to_a_kind() -> None:
    kinds = {kind_of_type(entry.name) for entry in EVENT_TYPES}
    assert kinds == set(KINDS) | STATELESS


def test_a_group_of_the_first_version_is_read_with_its_payment_term() -> None:
    stored = b'{"name":"Old","settings":{"bill_day":1}}'
    event = decode("bill_group.created", 1, stored)
    assert isinstance(event, BillGroupCreated)
    assert event.settings.payment_term == "due on receipt"


def test_what_is_encoded_is_decoded_the_same() -> None:
    event = OwnerRenamed(name="Zoë")
    stored = encode(event)
    assert stored == ("owner.renamed", 1, '{"name":"Zoë"}'.encode())
    assert decode(*stored) == event


@pytest.mark.parametrize(("name", "version"), [("owner.renamed", 2), ("owner.sold", 1)])
def test_newer_history_is_refused(name: str, version: int) -> None:
    with pytest.raises(NewerHistory) as refused:
        decode(name, version, b"{}")
    assert refused.value.code == "newer_history"
