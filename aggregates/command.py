"""A command's outcome: version 1 of its own stream (design decision 15)."""

from aggregates.event import Event


class CommandAccepted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`result` names what came of it: an execution, a schedule. `content_type` is how a command
    that came as a message was written, and so its reply.
    """

    source: str
    id: str
    type: str
    body_hash: str
    requested_by: str = ""
    result: dict[str, str] = {}
    content_type: str = ""


class CommandRefused(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    source: str
    id: str
    type: str
    body_hash: str
    code: str
    message: str
    requested_by: str = ""
    content_type: str = ""


CommandEvent = CommandAccepted | CommandRefused
