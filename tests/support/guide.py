"""Tables of the operator's guide, as tests use them: what it says is what is tried."""

import re
from collections.abc import Mapping, Sequence

from tests.support.sources import ROOT

GUIDE = ROOT / "docs" / "operators-guide.md"

Granted = tuple[str, str]
"""A heading and a name under it."""


def granted(title: str) -> Mapping[str, Sequence[Granted]]:
    """Of the table under a title: each role with the names in its cells and their headings."""
    section = GUIDE.read_text().partition(f"\n### {title}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    headings, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {
        row[0]: [
            (heading, name)
            for heading, cell in zip(headings[1:], row[1:], strict=True)
            for name in re.findall(r"`([^`]+)`", cell)
        ]
        for row in rows[1:]
    }
