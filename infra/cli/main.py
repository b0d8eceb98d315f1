"""The command line: `billstream NOUN VERB`. Verbs are found in one table and imported when used."""

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from infra.cli.errors import guarded
from infra.cli.verbs import NOUNS, VERBS, Verb

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXAMPLES = """\b
  billstream demo
  billstream apply setup.yaml
  billstream bill-run schedule Default --now \\
      --period-start 2020-10-01 --period-end 2020-10-31
  billstream invoice list"""


COMPLETE = "_BILLSTREAM_COMPLETE"
"""Set by a shell that asks what a word could become."""


def load(verb: Verb) -> click.Command:
    """The command behind an entry of the table."""
    module, _, attribute = verb.target.partition(":")
    command = getattr(import_module(module), attribute)
    if not isinstance(command, click.Command):
        raise TypeError(f"{verb.target} is not a command")
    return command


class Table(click.Group):
    """A group whose commands are entries of the table below `prefix`."""

    def __init__(self, prefix: str, help: str, epilog: str | None = None) -> None:
        super().__init__(
            prefix.strip() or "billstream",
            help=help,
            epilog=epilog,
            no_args_is_help=True,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
        )
        self._prefix = prefix

    def _entries(self) -> dict[str, str]:
        """Name and one line of help of everything directly below."""
        entries: dict[str, str] = {} if self._prefix else dict(NOUNS)
        for name, verb in VERBS.items():
            if name.startswith(self._prefix) and " " not in name[len(self._prefix) :]:
                entries[name[len(self._prefix) :]] = verb.help
        return entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._entries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if not self._prefix and cmd_name in NOUNS:
            return Table(f"{cmd_name} ", NOUNS[cmd_name] + ".")
        verb = VERBS.get(self._prefix + cmd_name)
        return load(verb) if verb else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        entries = self._entries()
        nouns = {} if self._prefix else NOUNS
        verbs = {name: help for name, help in entries.items() if name not in nouns}
        for title, rows in (("Nouns", list(nouns.items())), ("Verbs", list(verbs.items()))):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(name, help=help)
            for name, help in self._entries().items()
            if name.startswith(incomplete)
        ]


def program() -> click.Group:
    """The whole command line as one click group."""
    group = Table(
        "",
        "Runs bills, and proves that they were right. Each verb's --help shows an example.",
        epilog="Examples:\n\n" + EXAMPLES,
    )
    click.version_option(package_name="billstream", prog_name="billstream")(group)
    return group


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of the program."""
    _open_missing()
    _speak_unicode()
    words = list(sys.argv[1:] if arguments is None else arguments)
    raise SystemExit(guarded(words, lambda: run(words)))


def _open_missing() -> None:
    """A stream that was closed before we began (`billstream … >&-`) has nobody who reads it."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _speak_unicode() -> None:
    """Programs read UTF-8 from us whatever the locale; a terminal shows what it can."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def run(words: list[str]) -> int:
    """Runs one command line; errors come out as exceptions."""
    group = program()
    if COMPLETE in os.environ:
        group.main(words, prog_name="billstream", complete_var=COMPLETE)
    try:
        with group.make_context("billstream", list(words)) as context:
            result: object = group.invoke(context)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
        return 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return result if isinstance(result, int) else 0
