"""Are the six rooms ours? Their names are short, and another distribution may bring the same ones.

An installer lets one distribution overwrite another's package without a word. So the program looks
before it imports anything: every room must lie beside this one and begin with our own first line.
Nothing is imported or executed by looking; it costs well under a millisecond per room.
"""

import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ROOMS = ("aggregates", "commands", "consumers", "infra", "projections", "schemas")

FIRST_WORD = b'"""Billstream'
"""How the `__init__.py` of every room begins."""


def overwritten(rooms: Sequence[str] = ROOMS, beside: Path | None = None) -> str | None:
    """What is wrong with the first room that is not ours; None when all are."""
    home = beside or Path(__file__).parent.parent
    return next((wrong for room in rooms if (wrong := _wrong(room, home))), None)


def refuse_overwritten(words: Sequence[str]) -> None:
    """Ends the program with exit status 1 and one line when a room is not ours."""
    wrong = overwritten()
    if wrong is not None:
        message = (
            f"{wrong}; another distribution brought a package of that name: install billstream "
            "into an environment of its own (`make install` makes one)"
        )
        _report("packages_overwritten", message, "--json" in words)
        raise SystemExit(1)


def _report(code: str, message: str, as_json: bool) -> None:
    """As `infra.cli.errors` does, which cannot be imported here: it needs the other rooms."""
    if as_json:
        error: dict[str, object] = {"code": code, "message": message, "details": {}}
        sys.stdout.write(json.dumps({"error": error}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"error: {code}: {message}\n")


def _wrong(room: str, home: Path) -> str | None:
    found = find_spec(room)
    origin = None if found is None else found.origin
    if origin is None:
        return f"the package {room} of billstream is missing"
    path = Path(origin)
    if path.parent.parent != home:
        return f"the package {room} is not billstream's but lies in {path.parent}"
    with path.open("rb") as source:
        ours = source.read(len(FIRST_WORD)) == FIRST_WORD
    return None if ours else f"the package {room} in {path.parent} is not billstream's any more"
