"""What every entry of the setup has in common: its types, and how wrong ones are explained.

An entry is put: it creates what it names or changes it. A key left out keeps its value, None
removes it.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import ErrorDetails, PydanticCustomError

from aggregates.refusal import Refusal

Done = Literal["created", "changed", "unchanged"]
"""What came of putting an entry."""

T = TypeVar("T")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def as_date(value: object) -> date:
    """A date from its ISO form. A date that does not exist is said to be one."""
    if isinstance(value, str):
        if _DATE.fullmatch(value) is None:
            raise PydanticCustomError("date_invalid", "must be a date like 2020-10-31")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("date_invalid", "is a date that does not exist") from None
    if type(value) is date:
        return value
    raise PydanticCustomError("wrong_type", "must be a date like 2020-10-31")


def as_amount(value: object) -> str:
    """Money as it is written; how many digits it may have depends on its currency."""
    if isinstance(value, str):
        return value
    raise PydanticCustomError("wrong_type", 'must be money in quotes, like "19.99"')


def as_rate(value: object) -> Decimal:
    """An exchange rate, exact."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or len(value) > 40:
        raise PydanticCustomError("wrong_type", 'must be a rate in quotes, like "0.85"')
    if _NUMBER.fullmatch(value) is None:
        raise PydanticCustomError("rate_invalid", 'must be a rate like "0.85"')
    return Decimal(value).normalize()


def as_percent(value: object) -> Decimal:
    """A percentage, exact."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or len(value) > 40 or _NUMBER.fullmatch(value) is None:
        raise PydanticCustomError("wrong_type", 'must be a percentage in quotes, like "1.5"')
    return Decimal(value).normalize()


Day = Annotated[date, BeforeValidator(as_date)]
Amount = Annotated[str, BeforeValidator(as_amount)]
Rate = Annotated[Decimal, BeforeValidator(as_rate)]
Percent = Annotated[Decimal, BeforeValidator(as_percent)]


class Entry(BaseModel):
    """A message that puts one thing. Nothing unknown, nothing of the wrong type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    def given(self, field: str) -> bool:
        """Whether the key is there, be it None."""
        return field in self.__pydantic_fields_set__

    def kept(self, field: str, now: T) -> T:
        """The new value when the key is there, else the one there is."""
        return getattr(self, field) if field in self.__pydantic_fields_set__ else now

    def need(self, what: str, *fields: str) -> None:
        """Refused unless the keys are there: something new cannot do without."""
        for field in fields:
            if field not in self.__pydantic_fields_set__:
                raise Refusal("missing_key", f"{what} is new and needs `{field}`", field=field)


def came_of(is_new: bool, changed: bool) -> Done:
    if is_new:
        return "created"
    return "changed" if changed else "unchanged"


CODES = {
    "extra_forbidden": "key_unknown",
    "missing": "missing_key",
    "date_invalid": "date_invalid",
    "rate_invalid": "rate_invalid",
    "wrong_type": "wrong_type",
}
"""Codes of what pydantic finds; anything else is a wrong type."""

_EXPECTED = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
}


def explain(error: ErrorDetails) -> tuple[str, str]:
    """Code and reason of one thing that pydantic found, in the words of the setup."""
    kind, where = error["type"], error["loc"]
    key = where[-1] if where else ""
    code = CODES.get(kind, "wrong_type")
    if kind == "extra_forbidden":
        return code, f"unknown key `{key}`"
    if kind == "missing":
        return code, f"`{key}` is missing"
    name = f"`{_named(where)}` " if where else "the entry "
    value: Any = error["input"]
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        return code, f"{name}must be text, not the number {value}: write it in quotes"
    reason = _EXPECTED.get(kind, error["msg"])
    shown = _shown(value)
    if isinstance(value, Mapping) and kind not in _EXPECTED:
        return code, f"{name}{reason}"
    link = ", not" if reason.startswith("must") else ":"
    return code, f"{name}{reason}{link} {shown}"


def _named(where: tuple[int | str, ...]) -> str:
    """The key that is meant: `prices.USD` rather than `USD`."""
    names = [str(part) for part in where if isinstance(part, str) and part != "[key]"]
    return ".".join(names[-2:]) if names else "entry"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "…")
