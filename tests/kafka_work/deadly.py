"""Billstream with an invoicer that ends every process which bills it, as a fault in a library may.

`python -m tests.kafka_work.deadly …` is `billstream …`; with `isolated`, a process of its own.
"""

import os
import sys
from typing import Any

from commands.billing import chunk_pass
from infra.run import isolated

DEADLY = "A-7"


def main() -> int:
    """The program with the fault built in."""
    stages_of = vars(chunk_pass)["stages_of"]

    def dies(draft: Any, _: Any) -> None:
        if draft.facts.row.state.number == DEADLY:
            os._exit(9)

    def deadly(settings: Any) -> list[Any]:
        return [dies, *stages_of(settings)]

    setattr(chunk_pass, "stages_of", deadly)  # noqa: B010 - it is not for others to import
    isolated.COMMAND = (sys.executable, "-m", "tests.kafka_work.deadly", "isolated")
    if sys.argv[1:] == ["isolated"]:
        return isolated.main()
    from infra.cli.main import main as billstream

    billstream()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
