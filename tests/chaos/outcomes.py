"""What became of each fault, and the table of them all."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from tests.chaos.faults import KINDS

WENT_ON = "went on"
OVERTAKEN = "hit again"
"""Before it had recovered, another fault struck the same part."""


class Outcome(NamedTuple):
    kind: str
    ended: str
    seconds: float


class Tally(NamedTuple):
    """What a life held; those of several lives are added up."""

    lives: int = 0
    seconds: int = 0
    runs: int = 0
    invoices: int = 0
    events: int = 0
    commands: int = 0
    messages: int = 0
    late: int = 0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


class Told(NamedTuple):
    """Everything a life says of itself. `wrong` are the checks that failed."""

    tally: Tally
    outcomes: Sequence[Outcome]
    wrong: Sequence[str]


def table(told: Sequence[Told]) -> str:
    """Faults and outcomes, and what was checked."""
    outcomes = [one for each in told for one in each.outcomes]
    lines = [
        f"{'fault':<34}{'number':>7}{WENT_ON:>9}{OVERTAKEN:>11}{'median s':>10}{'longest s':>11}"
    ]
    for kind in KINDS:
        found = [one for one in outcomes if one.kind == kind]
        if found:
            lines.append(_line(kind, found))
    lines += [_line("all", outcomes), ""]
    tally = Tally()
    for each in told:
        tally = tally.plus(each.tally)
    lines.append(
        f"{tally.lives} lives, {tally.seconds:,.0f} s: {tally.runs:,} runs of bills, "
        f"{tally.invoices:,} invoices, {tally.events:,} events, {tally.commands:,} commands in "
        f"{tally.messages:,} messages; starts that found a server away: {tally.late}"
    )
    wrong = Counter(sentence for each in told for sentence in each.wrong)
    lines += [f"WRONG: {sentence}" for sentence in wrong] or [
        "0 invoices lost, 0 doubled, numbers gapless, verify clean, views equal a rebuild, topics "
        "hold every event once, every command answered once, counts of executions true"
    ]
    return "\n".join(lines)


def _line(kind: str, found: Sequence[Outcome]) -> str:
    ended = Counter(one.ended for one in found)
    seconds = [one.seconds for one in found if one.ended == WENT_ON] or [0.0]
    return (
        f"{kind:<34}{len(found):>7}{ended[WENT_ON]:>9}{ended[OVERTAKEN]:>11}"
        f"{median(seconds):>10.1f}{max(seconds):>11.1f}"
    )
