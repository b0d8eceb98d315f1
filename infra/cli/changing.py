"""What the verbs that change the setup have in common: one command, one sentence about it."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from infra.cli.options import command_options, database_option, json_option

if TYPE_CHECKING:
    from commands.asking import Handler, Message
    from commands.handling import Outcome
    from commands.store import Reading


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
    handler: "Handler[Any]",
    message: Callable[[str], "Message"],
    said: "str | Callable[[Reading, Outcome], str]",
    hide: tuple[str, ...] = (),
) -> None:
    """Runs one command on the database and says what came of it. `message` makes it, given who
    asks; fields in `hide` are not repeated. `said` is the sentence, or makes it of what is there
    afterwards.
    """
    from uuid import uuid4

    from infra import personal_keys
    from infra.cli.output import print_json, say
    from infra.composition import open_app

    made = message(_requested_by(asking))
    id = asking.command_id or str(uuid4())
    with open_app(asking.database) as app:
        outcome = handler(app.store, made, "cli", id, personal_keys)
        if asking.as_json:
            shown = made.model_dump(mode="json", exclude={"requested_by", *hide})
            print_json({**shown, **outcome.result, "changed": outcome.changed})
        elif not outcome.changed:
            say("Nothing to change.")
        elif isinstance(said, str):
            say(said)
        else:
            with app.store.snapshot() as reading:
                say(said(reading, outcome))


def _requested_by(asking: Asking) -> str:
    from infra.settings import settings

    return asking.requested_by or settings().requested_by


def yes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--yes`: parameter `yes`, for what cannot be taken back."""
    return click.option("--yes", is_flag=True, help="Do not ask; it cannot be taken back.")(
        function
    )


def confirmed(yes: bool, asking: Asking, question: str) -> None:
    """Asks a person, who can say no; where there is nobody, it has to be confirmed beforehand."""
    import sys

    from aggregates.refusal import Refusal

    if yes:
        return
    if asking.as_json or not sys.stdin or not sys.stdin.isatty():
        raise Refusal("not_confirmed", f"{question} Nobody is there to ask: confirm it with --yes")
    click.confirm(question, abort=True, err=True)
