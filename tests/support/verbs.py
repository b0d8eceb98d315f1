"""The program's verbs as its users meet them."""

from collections.abc import Sequence

import click

from infra.cli.main import program
from infra.cli.verbs import VERBS


def command_of(name: str) -> tuple[click.Command, click.Context]:
    """A verb by its words, with the context it is invoked in, as in 80 columns."""
    command: click.Command = program()
    context = click.Context(
        command, info_name="billstream", terminal_width=78, help_option_names=["-h", "--help"]
    )
    for word in name.split():
        if not isinstance(command, click.Group):
            raise TypeError(f"{context.command_path} has no verbs")
        found = command.get_command(context, word)
        if found is None:
            raise LookupError(f"there is no verb {name}")
        context = click.Context(found, parent=context, info_name=word, terminal_width=78)
        command = found
    return command, context


def help_of(name: str) -> str:
    """What `billstream NAME --help` prints."""
    command, context = command_of(name)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def understood(words: Sequence[str]) -> None:
    """Takes a command line as the program would, without doing it. Raises click's errors."""
    name = next(n for n in (" ".join(words[:2]), words[0]) if n in VERBS)
    command, context = command_of(name)
    rest = list(words[len(name.split()) :])
    command.make_context(context.info_name, rest, parent=context.parent)
