"""Messages that no sender should send, made from chance."""

import json
import random
from collections.abc import Callable
from functools import cache

from commands.catalogue import COMMAND_TYPES
from schemas.avro_files import of_record, records
from schemas.catalogue import EVENT_TYPES
from schemas.headers import AVRO
from schemas.replies import Accepted, Refused, encode_reply, reply_type
from schemas.stored import decode
from schemas.wire import SINGLE_OBJECT, Codec
from schemas.wire_types import type_of
from tests.kafka.senders import PERIOD, body, headers
from tests.schemas.make_golden import path_of

Raw = tuple[bytes | None, list[tuple[str, bytes]]]

TYPES = [entry.ce_type for entry in COMMAND_TYPES]

_STRANGE: list[object] = [
    None,
    "",
    "\0",
    "\ud800",
    -1,
    10**400,
    1e308,
    [],
    {},
    {"start": "2020-13-45", "end": "\u202e"},
    "9" * 10_000,
    [[[[[]]]]],
    True,
    "2020-02-30",
    "now",
]


@cache
def samples() -> list[tuple[str, bytes]]:
    """Messages of ours that are whole and no commands: each event, and both replies."""
    codec, found = Codec(), list[tuple[str, bytes]]()
    for entry in EVENT_TYPES:
        stored = json.loads(path_of(entry.name, entry.version).read_text())["stored"]
        event = decode(entry.name, entry.version, json.dumps(stored).encode())
        found.append((type_of(entry.name, entry.version), codec.encode_event(event)))
    refused = Refused(id="1", source="crm", type="apply", code="busy", message="later")
    for reply in (refused, Accepted(id="1", source="crm", type="apply")):
        found.append((reply_type(reply), encode_reply(codec, reply, AVRO)))
    return found


class Fuzz:
    """An endless supply; the same seed gives the same messages."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0
        self._kinds: list[Callable[[], Raw]] = [
            self._bytes,
            self._avro_cut,
            self._whole_avro_of_another,
            self._avro_of_nothing,
            self._unknown_ids,
            self._huge,
            self._wrong_headers,
            self._json_of_nonsense,
            self._not_text,
        ]

    def message(self) -> Raw:
        self._number += 1
        return self._chance.choice(self._kinds)()

    @property
    def _id(self) -> str:
        return f"fuzz-{self._number}"

    def _noise(self, most: int = 300) -> bytes:
        return self._chance.randbytes(self._chance.randrange(most))

    def _avro(self, data: bytes, type: str) -> Raw:
        pairs = [pair for pair in headers(self._id, type) if pair[0] != "content-type"]
        return data, [*pairs, ("content-type", AVRO.encode())]

    def _bytes(self) -> Raw:
        return self._noise() or None, headers(self._id, self._chance.choice(TYPES))

    def _avro_cut(self) -> Raw:
        type = self._chance.choice(TYPES)
        whole = SINGLE_OBJECT + of_record(type).fingerprint + self._noise(60)
        return self._avro(whole[: self._chance.randrange(1, len(whole))], type)

    def _whole_avro_of_another(self) -> Raw:
        """An event or another command, nothing wrong with it but where it stands."""
        name, whole = self._chance.choice(samples())
        return self._avro(whole, self._chance.choice([name, *TYPES]))

    def _avro_of_nothing(self) -> Raw:
        other = of_record(self._chance.choice(list(records()))).fingerprint
        print_ = self._chance.choice([other, self._chance.randbytes(8)])
        start = self._chance.choice([SINGLE_OBJECT + print_, b"\0" + self._chance.randbytes(4)])
        return self._avro(start + self._noise(80), self._chance.choice(TYPES))

    def _unknown_ids(self) -> Raw:
        words: dict[str, object] = {
            "schedule": "00000000-0000-8000-8000-000000000000",
            "execution": self._noise(40).hex(),
            "account": self._noise(20).hex(),
            "bill_run": self._noise(20).hex(),
        }
        key = self._chance.choice(list(words))
        type = self._chance.choice(TYPES)
        return json.dumps({key: words[key]}).encode(), headers(self._id, type)

    def _huge(self) -> Raw:
        """Rarely two megabytes, sometimes one, most often some thousand bytes that are cut off."""
        match self._chance.random():
            case luck if luck < 0.02:
                size = self._chance.randrange(1_900_000, 2_300_000)
                return bytes(size), headers(self._id, self._chance.choice(TYPES))
            case luck if luck < 0.1:
                length = self._chance.randrange(900_000, 1_000_000)
                return json.dumps(body(requested_by="x" * length)).encode(), headers(self._id)
            case _:
                text = json.dumps(body(requested_by="x" * self._chance.randrange(5_000)))
                return text[:-1].encode(), headers(self._id)

    def _wrong_headers(self) -> Raw:
        pairs = headers(self._id, self._chance.choice(TYPES))
        match self._chance.randrange(6):
            case 0:
                pairs.pop(self._chance.randrange(1, 4))
            case 1:
                pairs.append(self._chance.choice(pairs[1:]))
            case 2:
                pairs = []
            case 3:
                pairs = [(name, b"\xff\xfe") for name, _ in pairs]
            case 4:
                pairs = [(name, value * 400) for name, value in pairs]
            case _:
                pairs[4] = ("content-type", self._noise(20) + b"\xff")
        return json.dumps({"bill_run": 1, "timing": PERIOD}).encode(), pairs

    def _json_of_nonsense(self) -> Raw:
        fields = list(body())
        strange = {name: self._chance.choice(_STRANGE) for name in fields}
        plain = {**body(), self._chance.choice(fields): 7, **strange}
        return json.dumps(plain).encode(), headers(self._id, self._chance.choice(TYPES))

    def _not_text(self) -> Raw:
        text = self._chance.choice(
            [b"[" * 5_000, b'{"a":1,"a":2}', b'{"a":NaN}', b"\xef\xbb\xbf{}"]
        )
        return text, headers(self._id, self._chance.choice(TYPES))
