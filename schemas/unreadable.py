"""What is stored and cannot be read any more: damaged, for nobody writes it so.

Whoever decodes what is stored says it with these, naming the thing and the remedy; so every verb,
role and program hears one code for one kind of damage, and none ends as an unexpected fault.
"""

import msgspec

from aggregates import identity
from aggregates.event import ImpossibleEvent
from aggregates.identity import StreamId
from aggregates.refusal import Refusal

DAMAGED = (
    msgspec.MsgspecError,
    ImpossibleEvent,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What reading and folding damaged data raises; an error of the database is none of these."""


class Unreadable(Refusal):
    """What was asked for depends on something that cannot be read. Nothing was changed. Unlike
    other refusals it says nothing about what was asked: asked again when it is mended, it is done.
    """


def of_state(kind: str, stream: StreamId, fault: Exception) -> Unreadable:
    """The stored state of an aggregate (decision 9)."""
    id, word = identity.text(stream), kind.replace("_", " ")
    return Unreadable(
        "state_unreadable",
        f"the stored state of {word} {id} cannot be read ({told(fault)}): "
        f"`billstream history show {id}` says what it is; find all that is damaged with "
        "`billstream verify` and restore it from a backup",
        kind=kind,
        id=id,
    )


def of_event(position: int, type: str, stream: StreamId, fault: Exception) -> Unreadable:
    """One event of history."""
    id = identity.text(stream)
    return Unreadable(
        "event_unreadable",
        f"event {position} of history, {type} of stream {id}, cannot be read ({told(fault)}): "
        "find all that is damaged with `billstream verify` and restore it from a backup",
        position=position,
        type=type,
        stream=id,
    )


def of_history(kind: str, stream: StreamId, fault: Exception) -> Unreadable:
    """The events of an aggregate, or what they come to."""
    id, word = identity.text(stream), kind.replace("_", " ")
    return Unreadable(
        "history_unreadable",
        f"the history of {word} {id} cannot be read ({told(fault)}): find all that is damaged "
        "with `billstream verify` and restore it from a backup",
        kind=kind,
        id=id,
    )


def of_view(name: str, key: str, fault: Exception) -> Unreadable:
    """A row of a view, which is made from history again whenever that is asked for."""
    return Unreadable(
        "view_unreadable",
        f"what the view {name} holds of {key} cannot be read ({told(fault)}): make it anew with "
        f"`billstream views rebuild {name}`",
        view=name,
        key=key,
    )


def told(fault: Exception) -> str:
    """A fault as sentences repeat it: what was found, not what became of it on the way."""
    found = fault.__cause__ if isinstance(fault, Unreadable) else None
    fault = found if isinstance(found, Exception) else fault
    return f"{type(fault).__name__}: {fault}"[:300]
