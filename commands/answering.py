"""A command that comes as a message is always answered, and its answer is recorded (decision 15).

What came of it is version 1 of the command's own stream: beside its events when it changed
something, alone when it was refused or there was nothing to do. Asked again it gets the same.
"""

from typing import NamedTuple

from aggregates.command import CommandAccepted, CommandRefused
from aggregates.refusal import Refusal
from commands.catalogue import Request
from commands.message import Command
from commands.personal import PersonalData
from commands.store import Batch, Conflict, Staged, Store
from schemas.unreadable import Unreadable

NO_ANSWER = frozenset({"busy", "newer_history"})
"""Refusals that say nothing about the command: it is tried again, by a newer program if need be."""


class Answer(NamedTuple):
    """The recorded outcome; `repeated` when it had been recorded before."""

    event: CommandAccepted | CommandRefused
    repeated: bool


def answer(store: Store, request: Request, personal: PersonalData) -> Answer:
    """Handles a command once and answers it as often as it comes. Raises the refusal
    `command_id_reused`, which cannot be recorded, those that are worth another try, and those of
    what is stored and cannot be read: when it is mended, the command can still be done.
    """
    command = request.command
    before = _recorded(store, command)
    if before is not None:
        return Answer(before, repeated=True)
    event: CommandAccepted | CommandRefused
    try:
        outcome = request.handle(store, personal)
    except Refusal as refusal:
        if refusal.code in NO_ANSWER or isinstance(refusal, Unreadable):
            raise
        event = command.refused(refusal.code, refusal.sentence)
    else:
        if outcome.changed:
            return Answer(command.accepted(outcome.result), repeated=False)
        event = command.accepted(outcome.result)
    return _record(store, command, event)


def _record(store: Store, command: Command, event: CommandAccepted | CommandRefused) -> Answer:
    with store.snapshot() as reading:
        batch = Batch(command.metadata(), reading.head.position)
    batch.changes.append(Staged("command", command.stream, 0, [event]))
    try:
        store.append(batch)
    except Conflict:
        pass
    else:
        return Answer(event, repeated=False)
    first = _recorded(store, command)
    if first is None:
        raise Refusal("busy", "others kept writing to this command; try again")
    return Answer(first, repeated=True)


def _recorded(store: Store, command: Command) -> CommandAccepted | CommandRefused | None:
    recorded = store.stream(command.stream)
    if not recorded:
        return None
    event: CommandAccepted | CommandRefused = recorded[0].event
    if event.body_hash != command.body_hash:
        raise Refusal(
            "command_id_reused",
            f"the id {command.id} was used for another command; choose another id",
            id=command.id,
        )
    return event
