"""What every command has: who sends it, its id, what it says and who asked (decision 15)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from aggregates import identity
from aggregates.command import CommandAccepted, CommandRefused
from aggregates.identity import StreamId
from commands.store import Metadata


class Origin(NamedTuple):
    """How a command came: what it belongs to in its sender's eyes, and how it was written."""

    correlation: str = ""
    content_type: str = ""


DIRECT = Origin()
"""Asked here and now, with no message."""


@dataclass(frozen=True)
class Command:
    """A request to change something. The same `source` and `id` again is the same command: it
    changes nothing more. `body` is what it says, in plain JSON values; a large one is named by
    its hash.
    """

    type: str
    source: str
    id: str
    body: Mapping[str, object] = field(default_factory=dict[str, object])
    requested_by: str = ""
    correlation: str = ""
    content_type: str = ""

    @cached_property
    def stream(self) -> StreamId:
        return identity.command(self.source, self.id)

    @cached_property
    def body_hash(self) -> str:
        """SHA-256 of the type and body, whatever the order of its keys."""
        plain = json.dumps([self.type, self.body], sort_keys=True, default=str)
        return sha256(plain.encode()).hexdigest()

    def metadata(self) -> Metadata:
        """What is kept with every event of the command."""
        name = identity.text(self.stream)
        return Metadata(
            command=name, requested_by=self.requested_by, correlation=self.correlation or name
        )

    def accepted(self, result: Mapping[str, str]) -> CommandAccepted:
        """The outcome as it is recorded in the command's own stream."""
        return CommandAccepted(
            source=self.source,
            id=self.id,
            type=self.type,
            body_hash=self.body_hash,
            requested_by=self.requested_by,
            result=dict(result),
            content_type=self.content_type,
        )

    def refused(self, code: str, message: str) -> CommandRefused:
        """The refusal as it is recorded in the command's own stream."""
        return CommandRefused(
            source=self.source,
            id=self.id,
            type=self.type,
            body_hash=self.body_hash,
            requested_by=self.requested_by,
            code=code,
            message=message,
            content_type=self.content_type,
        )
