"""Whole numbers of variable length, short when they are small, of either sign: as Avro has them,
and the messages of Kafka.
"""

MANY = 4096


def varint(number: int) -> bytes:
    """A number as it is written. Raises ValueError for one that has more than 64 bits."""
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"{number} has more than 64 bits")
    left = number << 1 ^ number >> 63
    written = bytearray()
    while left > 0x7F:
        written.append(left & 0x7F | 0x80)
        left >>= 7
    written.append(left)
    return bytes(written)


SMALL = [varint(number) for number in range(MANY)]
"""Those that come by the million, written beforehand."""


def number(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends. Raises ValueError for one that has more
    than 64 bits, IndexError for half a one.
    """
    left = data[at]
    at += 1
    if left > 0x7F:
        left &= 0x7F
        shift = 7
        while (byte := data[at]) > 0x7F:
            left |= (byte & 0x7F) << shift
            at += 1
            shift += 7
            if shift > 63:
                raise ValueError("a number has more than 64 bits")
        left |= byte << shift
        at += 1
    return left >> 1 ^ -(left & 1), at
