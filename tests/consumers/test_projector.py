"""The projector's loop: nothing that was polled is taken for done before it is in the views."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from consumers.projector import Part, Projector, Reach, Record, Start, Stretch
from consumers.role import Unavailable
from schemas.wire import Codec

PART = Part("t.invoices", 0, "invoices")


class Line:
    """A partition of ten messages that hold nothing; each poll gives the next three."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._at: int | None = None

    def poll(self, wait: float) -> Mapping[Part, Sequence[Record]]:
        if self._at is None:
            self._at = self._start(PART, 0, 10)
        first, self._at = self._at, min(10, self._at + 3)
        return {PART: [Record(offset, {}, None) for offset in range(first, self._at)]}

    def seek(self, part: Part, offset: int) -> None:
        self._at = offset

    def restart(self) -> None:
        self._at = None

    def mine(self) -> Collection[Part]:
        return [PART]

    def bounds(self, part: Part) -> tuple[int, int]:
        return 0, 10

    def reach(self) -> Reach:
        return Reach(0, {})

    def next_of(self, part: Part) -> int:
        return self._at or 0

    def close(self) -> None:
        pass


class Away:
    """Views whose database goes away once, in the middle of the second batch."""

    def __init__(self) -> None:
        self.next = 0
        self.batches = 0
        self.skipped = False

    def begin(self) -> Collection[str]:
        return []

    def start(self, part: Part, first: int, end: int) -> int:
        return self.next

    def apply(self, stretches: Sequence[Stretch]) -> bool:
        self.batches += 1
        if self.batches == 2:
            raise Unavailable("the database is away")
        for stretch in stretches:
            self.skipped |= stretch.next > self.next + 3
            self.next = stretch.next
        return True

    def arrive(self, reach: Reach, at: Mapping[Part, int]) -> int:
        return 0

    def close(self) -> None:
        pass


def test_a_batch_that_was_not_written_is_read_again() -> None:
    views = Away()
    projector = Projector(Line, views, Codec())
    projector.step()
    with pytest.raises(Unavailable):
        projector.step()
    while projector.step():
        pass
    assert (views.next, views.skipped) == (10, False)
