"""Hypothesis strategies from the types of stored facts: every event that could ever be."""

import string
from datetime import UTC
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw, inspect

from aggregates.event import Fact
from schemas.kinds import KINDS
from schemas.stored import encode_state

_TEXT = st.one_of(st.text(max_size=12), st.text(string.ascii_letters, max_size=12))

_PLAIN: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.NoneType: st.none(),
    inspect.StrType: _TEXT,
    inspect.IntType: st.integers(-(2**63), 2**63 - 1),
    inspect.BoolType: st.booleans(),
    inspect.DecimalType: st.decimals(allow_nan=False, allow_infinity=False),
    inspect.DateType: st.dates(),
    inspect.DateTimeType: st.one_of(st.datetimes(), st.datetimes(timezones=st.just(UTC))),
}


def facts(cls: type[Fact]) -> st.SearchStrategy[Any]:
    """Facts of a class, with every field anything its type allows."""
    return _of(inspect.type_info(cls))


def _of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    plain = _PLAIN.get(type(kind))
    if plain is not None:
        return plain
    match kind:
        case inspect.StructType():
            return st.builds(kind.cls, **{f.name: _of(f.type) for f in kind.fields})
        case inspect.UnionType():
            return st.one_of(*(_of(one) for one in kind.types))
        case inspect.VarTupleType():
            return st.lists(_of(kind.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(_TEXT, _of(kind.value_type), max_size=3)
        case inspect.RawType():
            states = facts(KINDS["account_package"].state)
            return states.map(lambda state: Raw(encode_state(state)))
        case _:
            raise TypeError(f"no strategy for {kind}")
