"""The mapping of a customer file: which column gives what, and constants where there is none.

A mapping has the keys of an account of the setup file; each says where its value comes from.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from string import Formatter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from aggregates.refusal import Refusal
from commands.setup.entry import explain
from commands.setup_text import BadText, Map, line_at, read_text

Row = Sequence[str]
Getter = Callable[[Row], str | None]
"""What a row says for a key; None when its cell is empty."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(_Part):
    """Where a value comes from: a `column`, a `template` of columns in braces, or a constant
    `value`. `values` translates what was found; `default` stands in for an empty cell; `format`
    is that of a date, as `%d.%m.%Y`.
    """

    column: str | None = None
    template: str | None = None
    value: str | int | None = None
    values: dict[str, str] | None = None
    default: str | int | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Source":
        given = [name for name in ("column", "template", "value") if name in self.model_fields_set]
        if len(given) != 1:
            raise PydanticCustomError(
                "wrong_type", "must have one of `column`, `template` and `value`"
            )
        _check_template(self.template)
        return self

    def columns(self) -> list[str]:
        """The columns it needs."""
        if self.column is not None:
            return [self.column]
        if self.template is None:
            return []
        return [name for _, name, _, _ in Formatter().parse(self.template) if name is not None]


def _check_template(template: str | None) -> None:
    if template is None:
        return
    try:
        names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError:
        names = [""]
    if not all(names):
        raise PydanticCustomError(
            "wrong_type", "must be a template with columns in braces, like {first} {last}"
        )


class PackageMapping(_Part):
    """One account-package that each row gives."""

    id: Source
    package: Source
    effective: Source
    price: Source | None = None
    cancel: Source | None = None
    billed_to: Source | None = None
    bill_day: Source | None = None


class CsvFormat(_Part):
    """How the file is written."""

    delimiter: str = ","
    encoding: str = "utf-8"

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str) -> str:
        if len(delimiter) != 1 or delimiter in '"\r\n\0':
            raise PydanticCustomError("wrong_type", 'must be one character, like ";"')
        return delimiter


class CustomerMapping(_Part):
    """The whole mapping."""

    csv: CsvFormat = CsvFormat()
    number: Source
    name: Source
    currency: Source
    bill_group: Source
    bill_day: Source | None = None
    parent: Source | None = None
    invoicer: Source | None = None
    status: Source | None = None
    packages: list[PackageMapping] = Field(default_factory=list[PackageMapping])

    def sources(self) -> Iterator[tuple[str, Source]]:
        """Every source with the key it fills."""
        for part, path in ((self, ""), *((p, "packages.") for p in self.packages)):
            for name in type(part).model_fields:
                source = getattr(part, name)
                if isinstance(source, Source):
                    yield path + name, source


def read_mapping(name: str, content: bytes) -> CustomerMapping:
    """The mapping in a file. Refused with file, line and reason when anything is wrong with it."""
    try:
        raw: Any = read_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refusal("file_not_utf8", f"{name}: not UTF-8: save the file as UTF-8") from None
    except BadText as bad:
        line, code, reason = bad.error
        raise Refusal(code, f"{name}:{line}: {reason}") from None
    if not isinstance(raw, Map):
        raise Refusal("wrong_type", f"{name}:1: a mapping has keys like `number` and `name`")
    try:
        return CustomerMapping.model_validate(raw)
    except ValidationError as invalid:
        found = [
            (line_at(raw, error["loc"]), *explain(error))
            for error in invalid.errors(include_url=False, include_context=False)
        ]
    reasons = "; ".join(f"{name}:{line}: {reason}" for line, _, reason in found[:20])
    raise Refusal(found[0][1], f"{reasons}. Nothing was imported")


def getter(source: Source, header: Mapping[str, int]) -> Getter:
    """How to find a value in a row whose columns are known. Small, for it runs for every row."""
    values, default = source.values, source.default
    instead = None if default is None else str(default)
    if source.column is not None:
        find = _column(header[source.column])
    elif source.template is not None:
        find = _template(source.template, header)
    else:
        constant = None if source.value is None else str(source.value)
        return lambda row: constant
    if values is None and instead is None:
        return find

    def translated(row: Row) -> str | None:
        found = find(row)
        if found is None:
            return instead
        if values is None:
            return found
        meant = values.get(found, instead)
        if meant is None:
            raise Refusal("value_not_mapped", f"the mapping has no value for {found!r}")
        return meant

    return translated


def _column(index: int) -> Getter:
    def find(row: Row) -> str | None:
        return row[index].strip() or None

    return find


def _template(template: str, header: Mapping[str, int]) -> Getter:
    parts = list(Formatter().parse(template))
    indexes = [header[name] for _, name, _, _ in parts if name is not None]
    pattern = "".join(
        text.replace("%", "%%") + ("" if name is None else "%s") for text, name, _, _ in parts
    )
    if len(indexes) == 1:
        index = indexes[0]
        return lambda row: pattern % row[index].strip()

    def find(row: Row) -> str | None:
        return pattern % tuple([row[index].strip() for index in indexes])

    return find
