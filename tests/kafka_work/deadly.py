"""Billstream with an invoicer that ends every process which bills it, as a fault in a library may.

`python -m tests.kafka_work.deadly …` is `billstream …`; with `isolated`, a process of its own.
"""

import os
import sys
from typing import Any

from commands.billing import chunk_pass
from infra.run import isolated

DEADLY = "A-7"

FAULTY = "apply_stages"


def main() -> int:
    """The program with the fault built in."""
    apply_stages = vars(chunk_pass)[FAULTY]

    def dies(draft: Any, settings: Any) -> None:
        if draft.facts.row.state.number == DEADLY:
            os._exit(9)
        apply_stages(draft, settings)

    setattr(chunk_pass, FAULTY, dies)
    isolated.COMMAND = (sys.executable, "-m", "tests.kafka_work.deadly", "isolated")
    if sys.argv[1:] == ["isolated"]:
        return isolated.main()
    from infra.cli.main import main as billstream

    billstream()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
