"""Load, decide, append: how every command is handled, once for all (decisions 8, 15)."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from aggregates.command import CommandAccepted
from aggregates.refusal import Refusal
from commands.message import Command
from commands.personal import PersonalData
from commands.store import Conflict, Staged, Store
from commands.workspace import Workspace

ATTEMPTS = 8
"""How often a command decides again because others changed what it read."""


class Outcome(NamedTuple):
    """What came of a command. `position` is the head of history after it; `changed` is False when
    there was nothing to do, `repeated` True when the same command had been accepted before.
    """

    result: Mapping[str, str]
    position: int
    changed: bool = True
    repeated: bool = False


def run_command(
    store: Store,
    command: Command,
    body: Callable[[Workspace], Mapping[str, str]],
    personal: PersonalData | None = None,
) -> Outcome:
    """Handles one command: `body` decides on a workspace over one snapshot and answers what came
    of it; what it staged is appended whole, with the command's outcome, or not at all. When
    something it read has changed meanwhile it is asked again on a fresh workspace, so it must not
    keep anything from the time before. A refusal passes through and nothing is written.
    """
    for _ in range(ATTEMPTS):
        repeated = _accepted_before(store, command)
        if repeated is not None:
            return repeated
        try:
            with store.snapshot() as reading:
                workspace = Workspace(store, reading, personal)
                result = body(workspace)
                workspace.finish()
        except Exception:
            # Somebody may have been given the same command since we looked: then it met its own
            # doing, and what came of it there is the answer.
            repeated = _accepted_before(store, command)
            if repeated is None:
                raise
            return repeated
        if not workspace.changed:
            return Outcome(result, reading.head.position, changed=False)
        batch = workspace.batch(command.metadata())
        batch.changes.append(Staged("command", command.stream, 0, [command.accepted(result)]))
        try:
            committed = store.append(batch)
        except Conflict:
            continue
        return Outcome(result, committed.head.position)
    raise Refusal(
        "busy",
        f"others kept changing what this command depends on ({ATTEMPTS} attempts); try again",
    )


def run_change(
    store: Store,
    command: Command,
    body: Callable[[Workspace], object],
    personal: PersonalData | None = None,
) -> Outcome:
    """Handles a command that nothing comes of but the change itself."""

    def decide(workspace: Workspace) -> Mapping[str, str]:
        body(workspace)
        return {}

    return run_command(store, command, decide, personal)


def _accepted_before(store: Store, command: Command) -> Outcome | None:
    recorded = store.stream(command.stream)
    if not recorded:
        return None
    first = recorded[0]
    if first.event.body_hash != command.body_hash:
        raise Refusal(
            "command_id_reused",
            f"the id {command.id} was used for another command; choose another id",
            id=command.id,
        )
    if isinstance(first.event, CommandAccepted):
        return Outcome(first.event.result, first.position, changed=False, repeated=True)
    raise Refusal(first.event.code, first.event.message, id=command.id)
