"""Header names that are no UTF-8, which Kafka takes from anybody.

kafka-python decodes them strictly while it walks a batch, and never gets past one that it cannot
decode: a single message would block its partition for ever. A batch with such a name is walked
again with the bytes written out (`\\xff`); all others are read as always.
"""

from typing import Any, cast


class _Piece(bytearray):
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


class _Buffer(bytearray):
    def __getitem__(self, key: Any) -> Any:
        found = cast(Any, super()).__getitem__(key)
        return found if isinstance(found, int) else _Piece(found)


def read_any_header() -> None:
    """From now on, in this process."""
    from importlib import import_module

    batch: Any = import_module("kafka.record.default_records").DefaultRecordBatch
    strictly = batch._read_msg
    if getattr(strictly, "lenient", False):
        return

    def leniently(self: Any, *arguments: Any) -> Any:
        position = self._pos
        try:
            return strictly(self, *arguments)
        except UnicodeDecodeError:
            self._pos = position
            self._buffer = _Buffer(self._buffer)
            return strictly(self, *arguments)

    leniently.lenient = True  # type: ignore[attr-defined]
    batch._read_msg = leniently
