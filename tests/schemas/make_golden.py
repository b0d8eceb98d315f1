"""Writes a stored sample for every catalogue entry without one.

`python -m tests.schemas.make_golden`

A sample fills every field, so that a later change of the class shows. Samples of versions once
shipped are never written again; that is what makes them golden.
"""

import json
from pathlib import Path
from typing import Any

from msgspec import inspect

from schemas.catalogue import EVENT_TYPES
from schemas.kinds import KINDS

FOLDER = Path(__file__).parent / "golden"

_WORDS = {
    "account": "A-1",
    "account_package": "A-1/internet",
    "ref": "A-1/internet",
    "number": "A-1",
    "currency": "USD",
    "status": "active",
    "frequency": "monthly",
    "name": "a name",
}


def path_of(name: str, version: int) -> Path:
    return FOLDER / f"{name}.v{version}.json"


def sample(kind: inspect.Type, field: str = "") -> Any:
    """A value of the type, in its stored form, that is not a default."""
    match kind:
        case inspect.StructType():
            return {f.encode_name: sample(f.type, f.name) for f in kind.fields}
        case inspect.UnionType():
            return sample(next(t for t in kind.types if not isinstance(t, inspect.NoneType)), field)
        case inspect.VarTupleType() | inspect.ListType():
            return [sample(kind.item_type, field)]
        case inspect.DictType():
            return {"USD": sample(kind.value_type)}
        case inspect.StrType():
            return _WORDS.get(field, f"some {field}")
        case inspect.IntType():
            return 7
        case inspect.BoolType():
            return field not in ("prorate", "active")
        case inspect.DecimalType():
            return "0.85"
        case inspect.DateType():
            return "2020-10-31"
        case inspect.DateTimeType():
            return "2020-10-31T04:00:00Z" if field == "next_at" else "2020-10-31T00:00:00"
        case inspect.RawType():
            return sample(inspect.type_info(KINDS["account_package"].state))
        case _:
            raise TypeError(f"no sample for {kind} ({field})")


def main() -> None:
    for entry in EVENT_TYPES:
        path = path_of(entry.name, entry.version)
        if not path.exists():
            stored = sample(inspect.type_info(entry.cls))
            path.write_text(json.dumps({"stored": stored, "now": stored}, indent=2) + "\n")


if __name__ == "__main__":
    main()
