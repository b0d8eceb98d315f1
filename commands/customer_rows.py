"""A row of a customer file becomes an account with its packages, as the mapping says."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache, partial
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from aggregates.refusal import Refusal
from commands.customer_mapping import CustomerMapping, Getter, PackageMapping, Row, Source, getter
from commands.setup.account import SetAccount
from commands.setup.entry import explain

DATES = ("effective", "cancel", "billed_to")
NUMBERS = ("bill_day",)
DAYS = 4096
"""Dates that are remembered: most stand in a file many times."""

NEEDED = ("number", "name", "currency", "bill_group", "id", "package", "effective")


class Layout(NamedTuple):
    """What is known of a file before its rows: its name, its mapping, and where columns stand."""

    name: str
    mapping: CustomerMapping
    header: tuple[str, ...]
    columns: Mapping[str, int]


def row_reader(mapping: CustomerMapping, columns: Mapping[str, int]) -> Callable[[Row], SetAccount]:
    """Makes a row into an account with packages: plain code, for it runs a million times."""
    account = _reading(mapping, columns)
    packages = [_reading(package, columns) for package in mapping.packages]
    entry: Callable[[object], SetAccount] = TypeAdapter(SetAccount).validator.validate_python

    def read(row: Row) -> SetAccount:
        found = _found(account, row)
        if packages:
            found["packages"] = [_found(package, row) for package in packages]
        try:
            made: SetAccount = entry(found)
            return made
        except ValidationError as invalid:
            raise Refusal(*explain(invalid.errors(include_url=False)[0])) from None

    return read


_readers: dict[int, tuple[Layout, Callable[[Row], SetAccount]]] = {}


def reader_of(layout: Layout) -> Callable[[Row], SetAccount]:
    """The reader of a file's rows, made once a process."""
    known = _readers.get(0)
    if known is None or known[0] != layout:
        known = _readers[0] = layout, row_reader(layout.mapping, layout.columns)
    return known[1]


class _Field(NamedTuple):
    """A key of the entry: what a row says for it, and what is made of that."""

    name: str
    get: Getter
    meant: Callable[[str], object] | None


class _Reading(NamedTuple):
    """The keys of an entry that are the same in every row, and the others."""

    constants: dict[str, object]
    fields: list[_Field]


def _reading(part: CustomerMapping | PackageMapping, columns: Mapping[str, int]) -> _Reading:
    reading = _Reading({}, [])
    for name in type(part).model_fields:
        source = getattr(part, name)
        if not isinstance(source, Source):
            continue
        meant = _meant(name, source.format)
        if source.value is not None and meant is None:
            reading.constants[name] = str(source.value)
        else:
            reading.fields.append(_Field(name, getter(source, columns), meant))
    return reading


def _found(reading: _Reading, row: Row) -> dict[str, object]:
    found = reading.constants.copy()
    for name, get, meant in reading.fields:
        value = get(row)
        if value is not None:
            found[name] = value if meant is None else meant(value)
        elif name in NEEDED:
            raise Refusal("value_missing", f"`{name}` is empty")
    return found


def _meant(name: str, format: str | None) -> Callable[[str], object] | None:
    if name in DATES:
        return lru_cache(maxsize=DAYS)(partial(_date, name, format))
    return partial(_whole, name) if name in NUMBERS else None


def _date(name: str, format: str | None, written: str) -> date:
    try:
        if format is not None:
            return datetime.strptime(written, format).date()  # noqa: DTZ007
        if len(written) == 10:
            return date.fromisoformat(written)
    except ValueError:
        pass
    like = format or "2020-10-31"
    raise Refusal("date_invalid", f"`{name}` is {written[:40]!r}: it must be a date like {like}")


def _whole(name: str, written: str) -> int:
    if written.isascii() and written.isdigit() and len(written) < 5:
        return int(written)
    raise Refusal("wrong_type", f"`{name}` is {written[:40]!r}: it must be a whole number")
