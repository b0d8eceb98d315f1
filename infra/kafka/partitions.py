"""Where a key lies: the rule that every Kafka client follows by default."""

from functools import cache
from struct import Struct

_FACTOR = 0x5BD1E995
_SEED = 0x9747B28C
_ALL = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among so many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """What kafka-python computes byte by byte, a word at a time: a relay does it for each event."""
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


@cache
def _words(count: int) -> Struct:
    return Struct(f"<{count}I")
