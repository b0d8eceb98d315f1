"""One order, one chain (design decision 6): hashes that bind every event to all before it.

    hash of an event   SHA-256 over every other column, each with its length before it
    Merkle root        pairs of hashes, level by level; an odd one moves up unchanged (RFC 6962)
    root of a commit   SHA-256(previous root ‖ first ‖ last ‖ at ‖ Merkle root)

So a changed, missing, moved, swapped or added event shows, and one event can be proved to belong
to a commit by a path of a few hashes. Integers are 8 bytes, lengths 4, big-endian.
"""

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

START = bytes(32)
"""The root before the first commit."""

ID_LENGTH = 16
"""Bytes of a stream id."""

_PAIR = b"\x01"
_PIECE = 1024
"""Hashes of a subtree that is made at once: a power of two."""

_identity = Struct(">IqI16sIqI").pack
_length = Struct(">I").pack
_number = Struct(">Iq").pack
_commit = Struct(">32sqqq32s").pack


class Middle(NamedTuple):
    """The hashed form of the columns between version and payload: one per event type."""

    topic_length: int
    rest: bytes


def middle(topic: str, schema_version: int) -> Middle:
    written = topic.encode()
    return Middle(len(written), written + _number(8, schema_version))


def tail(metadata: bytes, at: int) -> bytes:
    """The hashed form of the columns after payload: one per commit."""
    return _length(len(metadata)) + metadata + _number(8, at)


def event_hash(
    position: int, stream: bytes, version: int, middle: Middle, payload: bytes, tail: bytes
) -> bytes:
    """The hash of an event's row; the column order is that of the table."""
    head = _identity(8, position, ID_LENGTH, stream, 8, version, middle.topic_length)
    return sha256(b"".join((head, middle.rest, _length(len(payload)), payload, tail))).digest()


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """The root of the tree over a commit's hashes, of which there is at least one."""
    level = list(hashes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


class GrowingTree:
    """The same root, some hashes at a time, for a commit of any size."""

    def __init__(self) -> None:
        self._whole: list[tuple[int, bytes]] = []
        """Complete subtrees from left to right, each with its height over a piece."""
        self._rest: list[bytes] = []
        """The hashes after them: less than a piece."""

    def extend(self, hashes: Sequence[bytes]) -> None:
        self._rest += hashes
        whole = len(self._rest) // _PIECE * _PIECE
        for first in range(0, whole, _PIECE):
            self._add(merkle_root(self._rest[first : first + _PIECE]))
        del self._rest[:whole]

    def root(self) -> bytes:
        subtrees = [hash for _, hash in self._whole]
        if self._rest:
            subtrees.append(merkle_root(self._rest))
        root = subtrees.pop()
        for left in reversed(subtrees):
            root = sha256(_PAIR + left + root).digest()
        return root

    def _add(self, piece: bytes) -> None:
        height = 0
        while self._whole and self._whole[-1][0] == height:
            piece = sha256(_PAIR + self._whole.pop()[1] + piece).digest()
            height += 1
        self._whole.append((height, piece))


class Step(NamedTuple):
    """A neighbour on the way from a hash to the root, and the side it stands on."""

    on_left: bool
    hash: bytes


def merkle_path(hashes: Sequence[bytes], index: int) -> list[Step]:
    """The neighbours that lead from one hash to the root."""
    path: list[Step] = []
    level = list(hashes)
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            path.append(Step(neighbour < index, level[neighbour]))
        level = _above(level)
        index //= 2
    return path


def follow(path: Sequence[Step], hash: bytes) -> bytes:
    """The root that a hash and its path lead to: equal to the tree's root if the proof holds."""
    for on_left, neighbour in path:
        pair = neighbour + hash if on_left else hash + neighbour
        hash = sha256(_PAIR + pair).digest()
    return hash


def commit_root(previous: bytes, first: int, last: int, at: int, merkle: bytes) -> bytes:
    return sha256(_commit(previous, first, last, at, merkle)).digest()


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [sha256(_PAIR + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
