"""Where a key lies: the rule that every Kafka client follows by default."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from struct import Struct

_FACTOR = 0x5BD1E995
_SEED = 0x9747B28C
_ALL = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among so many."""
    return placed(murmur2(key), partitions)


def placed(hashed: int, partitions: int) -> int:
    """The partition of a key with this hash."""
    return (hashed & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """What kafka-python computes byte by byte, a word at a time."""
    length = len(key)
    hashed = _SEED ^ length
    for word in _words(length // 4).unpack_from(key):
        word = word * _FACTOR & _ALL
        hashed = hashed * _FACTOR & _ALL ^ (word ^ word >> 24) * _FACTOR & _ALL
    rest = key[length & ~3 :]
    if rest:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _FACTOR & _ALL
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _ALL
    return hashed ^ hashed >> 15


def hashes(keys: Sequence[bytes]) -> list[int]:
    """`murmur2` of many keys, those of one length at once: a relay does it for each event."""
    if sys.byteorder == "big":
        return [murmur2(key) for key in keys]
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        places[len(key)].append(place)
    found = [0] * len(keys)
    for length, some in places.items():
        for place, hashed in zip(some, _together([keys[n] for n in some], length), strict=True):
            found[place] = hashed
    return found


def _together(keys: Sequence[bytes], length: int) -> list[int]:
    """Each key has 64 bits of a very large number and uses the lower half of them: so one
    multiplication is that of all keys, and what it carries stays with its key.
    """
    count = -(-length // 4)
    words = memoryview(b"".join(key.ljust(count * 4, b"\0") for key in keys)).cast("I")
    spread = memoryview(bytearray(8 * len(keys))).cast("I")
    each = int.from_bytes(b"\1\0\0\0\0\0\0\0" * len(keys), "little")
    lower = each * _ALL
    hashed = each * (_SEED ^ length)
    for number in range(count):
        spread[::2] = words[number::count]
        word = int.from_bytes(spread, "little")
        if number < length // 4:
            word = word * _FACTOR & lower
            hashed = hashed * _FACTOR & lower ^ (word ^ word >> 24 & each * 0xFF) * _FACTOR & lower
        else:
            hashed = (hashed ^ word) * _FACTOR & lower
    hashed = (hashed ^ hashed >> 13 & each * (_ALL >> 13)) * _FACTOR & lower
    hashed ^= hashed >> 15 & each * (_ALL >> 15)
    return memoryview(hashed.to_bytes(8 * len(keys), "little")).cast("Q").tolist()


@cache
def _words(count: int) -> Struct:
    return Struct(f"<{count}I")
