"""Writes the Avro schema of every event, reply, command and progress, made from their classes.

`python -m tests.schemas.make_avro` makes what is missing or has changed, and the index;
`python -m tests.schemas.make_avro release` keeps the schemas as they are now as released, to which
all later ones are compared.
"""

import json
import sys
from pathlib import Path
from typing import Any

from commands.catalogue import COMMAND_TYPES
from schemas import progress, replies
from schemas.avro_files import FOLDER, INDEX, prepare
from schemas.catalogue import EVENT_TYPES
from schemas.wire_types import type_of
from tests.schemas.avro_of import schema_of

RELEASED = FOLDER / "released"


def made() -> dict[str, str]:
    """The text of every file that is made from a class, by its path below `avro`."""
    found: dict[str, dict[str, Any]] = {}
    for event in EVENT_TYPES:
        record = type_of(event.name, event.version)
        found[f"events/{event.name}.v{event.version}.avsc"] = schema_of(event.cls, record)
    for command in COMMAND_TYPES:
        path = f"commands/{command.name}.v{command.version}.avsc"
        found[path] = schema_of(command.message, command.ce_type)
    for cls, record in ((replies.Accepted, replies.ACCEPTED), (replies.Refused, replies.REFUSED)):
        found[f"replies/{record.removeprefix('billstream.')}.avsc"] = schema_of(cls, record)
    path = f"progress/{progress.PROGRESS.removeprefix('billstream.')}.avsc"
    found[path] = schema_of(progress.ExecutionProgress, progress.PROGRESS)
    return {path: json.dumps(schema, indent=2) + "\n" for path, schema in found.items()}


def index() -> str:
    """Which file has which record and which fingerprint: the newest shape of a record first, then
    what was released before it.
    """
    records: dict[str, str] = {}
    prints: dict[str, str] = {}
    for path in [*current(), *sorted(RELEASED.rglob("*.avsc"))]:
        schema = prepare(path.read_text())
        name = path.relative_to(FOLDER).as_posix()
        records.setdefault(schema.record, name)
        prints.setdefault(schema.fingerprint.hex(), name)
    plain = {"records": records, "fingerprints": prints}
    return json.dumps(plain, indent=1) + "\n"


def current() -> list[Path]:
    """The files of today, those of older versions included."""
    rooms = ("events", "commands", "replies", "progress")
    return [path for room in rooms for path in sorted((FOLDER / room).glob("*.avsc"))]


def released(path: Path) -> list[Path]:
    """Every released shape of a file of today, oldest first."""
    folder = RELEASED / path.relative_to(FOLDER).parent
    return sorted(
        folder.glob(f"{path.stem}.r*.avsc"), key=lambda found: int(found.stem.rpartition(".r")[2])
    )


def release() -> None:
    for path in current():
        before = released(path)
        if before and before[-1].read_text() == path.read_text():
            continue
        kept = RELEASED / path.relative_to(FOLDER).parent / f"{path.stem}.r{len(before) + 1}.avsc"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(path.read_text())


def main() -> None:
    for name, text in made().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if sys.argv[1:] == ["release"]:
        release()
    INDEX.write_text(index())


if __name__ == "__main__":
    main()
