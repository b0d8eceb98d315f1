"""The schemas are what the classes say, and none that was ever released is broken (decision 13)."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastavro import (
    schemaless_reader,  # pyright: ignore[reportUnknownVariableType]
    schemaless_writer,  # pyright: ignore[reportUnknownVariableType]
)
from fastavro.utils import generate_many

from schemas.avro_files import FOLDER, INDEX, of_fingerprint, of_record, prepare, records
from schemas.catalogue import EVENT_TYPES
from schemas.compatibility import is_dict, is_list, obstacles
from schemas.wire_error import WireError
from schemas.wire_types import type_of
from tests.schemas.make_avro import RELEASED, current, index, made, released

MADE = made()
PAIRS = [(path, before) for path in current() for before in released(path)]
MAKE = "run `python -m tests.schemas.make_avro`"


@pytest.mark.parametrize("name", MADE)
def test_a_schema_is_as_its_class_makes_it(name: str) -> None:
    path = FOLDER / name
    assert path.exists(), MAKE
    assert path.read_text() == MADE[name], MAKE


def test_the_index_is_as_the_files_make_it() -> None:
    assert INDEX.read_text() == index(), MAKE


def test_files_that_no_class_makes_are_older_versions_of_events() -> None:
    older = {
        f"events/{entry.name}.v{version}.avsc"
        for entry in EVENT_TYPES
        for version in range(1, entry.version)
    }
    assert {path.relative_to(FOLDER).as_posix() for path in current()} - set(MADE) == older


def test_every_version_of_every_event_has_a_schema_under_its_type() -> None:
    wanted = {type_of(e.name, v) for e in EVENT_TYPES for v in range(1, e.version + 1)}
    assert wanted <= set(records())
    for record in records():
        assert of_record(record).record == record


@pytest.mark.parametrize("path", current(), ids=lambda path: path.stem)
def test_a_schema_has_been_released(path: Path) -> None:
    """A new one is released with the version of billstream that brings it."""
    assert released(path), "run `python -m tests.schemas.make_avro release`"


def test_nothing_released_is_gone() -> None:
    kept = {before for _, before in PAIRS}
    assert set(RELEASED.rglob("*.avsc")) == kept


@pytest.mark.parametrize(("path", "before"), PAIRS, ids=lambda path: path.stem)
def test_a_schema_stays_compatible_both_ways(path: Path, before: Path) -> None:
    """With every released shape of its version, not only the last."""
    now, then = json.loads(path.read_text()), json.loads(before.read_text())
    assert obstacles(reader=now, writer=then) == []
    assert obstacles(reader=then, writer=now) == []


@pytest.mark.parametrize(("path", "before"), PAIRS, ids=lambda path: path.stem)
def test_avro_itself_resolves_them_both_ways(path: Path, before: Path) -> None:
    now, then = prepare(path.read_text()).parsed, prepare(before.read_text()).parsed
    for writer, reader in ((now, then), (then, now)):
        for sample in generate_many(writer, 3):
            body = BytesIO()
            schemaless_writer(body, writer, sample)
            body.seek(0)
            assert isinstance(schemaless_reader(body, writer, reader), dict)


@pytest.mark.parametrize("record", records())
def test_a_schema_has_no_type_that_is_slow_or_has_no_width(record: str) -> None:
    """No logical types (four times as slow), no floats (money), nothing that takes no bytes in an
    array (a small message could make a large list).
    """
    text = of_record(record).text
    for word in ("logicalType", '"float"', '"double"', '"fixed"'):
        assert word not in text
    for kind in _items(of_record(record).plain):
        assert kind != "null"
        assert not is_dict(kind) or kind.get("fields") != []


def _items(kind: Any) -> list[Any]:
    if is_list(kind):
        return [found for branch in kind for found in _items(branch)]
    if not is_dict(kind):
        return []
    inside = [field["type"] for field in kind.get("fields", ())]
    inside += [kind[key] for key in ("items", "values") if key in kind]
    own = [kind["items"]] if "items" in kind else []
    return own + [found for one in inside for found in _items(one)]


def test_fingerprints_are_those_of_the_specification() -> None:
    """Against a second implementation, written from the specification of Avro."""
    schema = of_record("billstream.account.member_joined.v1")
    form = (
        '{"name":"billstream.account.member_joined.v1","type":"record",'
        '"fields":[{"name":"member","type":"string"}]}'
    )
    assert schema.fingerprint == _rabin(form.encode()).to_bytes(8, "little")
    assert of_fingerprint(schema.fingerprint) is not None


def _rabin(data: bytes) -> int:
    empty = 0xC15D213AA4D7A795
    table: list[int] = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (empty & -(number & 1))
        table.append(number)
    found = empty
    for byte in data:
        found = (found >> 8) ^ table[(found ^ byte) & 0xFF]
    return found


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(WireError) as refused:
        of_fingerprint(b"\0" * 8)
    assert refused.value.code == "schema_unknown"
    with pytest.raises(WireError) as refused:
        of_record("billstream.invoice.eaten.v1")
    assert refused.value.code == "schema_unknown"
