"""What the verbs that change the setup have in common: one command, one sentence about it."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from infra.cli.options import command_options, database_option, json_option

if TYPE_CHECKING:
    from commands.handling import Outcome
    from commands.workspace import Workspace


class Asking(NamedTuple):
    """Where a command goes, who asks for it, and how the answer is to look."""

    database: str | None
    as_json: bool
    command_id: str | None
    requested_by: str | None


def changing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a changing verb, given to it as `asking`."""

    @wraps(function)
    def verb(
        database: str | None,
        as_json: bool,
        command_id: str | None,
        requested_by: str | None,
        **options: Any,
    ) -> Any:
        return function(asking=Asking(database, as_json, command_id, requested_by), **options)

    return command_options(json_option(database_option(verb)))


def ask(
    asking: Asking,
    type: str,
    body: Mapping[str, object],
    handler: Callable[["Workspace"], object],
    said: str,
) -> None:
    """Runs one command on the database and says what came of it."""
    from infra.cli.output import print_json, say

    outcome = run(asking, type, body, handler)
    if asking.as_json:
        print_json({**body, "changed": outcome.changed})
    elif outcome.changed:
        say(said)
    else:
        say("Nothing to change.")


def run(
    asking: Asking,
    type: str,
    body: Mapping[str, object],
    handler: Callable[["Workspace"], object],
) -> "Outcome":
    """Runs one command on the database."""
    from uuid import uuid4

    from commands.handling import run_command
    from commands.message import Command
    from infra import personal_keys
    from infra.composition import open_app
    from infra.settings import settings

    def decide(workspace: "Workspace") -> dict[str, str]:
        handler(workspace)
        return {}

    command = Command(
        type,
        "cli",
        asking.command_id or str(uuid4()),
        body,
        asking.requested_by or settings().requested_by,
    )
    with open_app(asking.database) as app:
        return run_command(app.store, command, decide, personal_keys)


def yes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--yes`: parameter `yes`, for what cannot be taken back."""
    return click.option("--yes", is_flag=True, help="Do not ask; it cannot be taken back.")(
        function
    )
