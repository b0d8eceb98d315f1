"""The options that verbs share. Each is a decorator; the parameter it fills is named beside it."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    _DateType = click.ParamType[date]
else:
    _DateType = click.ParamType

Function = TypeVar("Function", bound=Callable[..., object])


class BusinessDate(_DateType):
    """A calendar date, `2020-10-31`. A date that does not exist is wrong usage."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as 2020-10-31", param, ctx)


DATE = BusinessDate()


def database_option(function: Function) -> Function:
    """`--database`: parameter `database`, None when the environment decides."""
    return click.option(
        "--database",
        metavar="URL",
        default=None,
        help="sqlite:///PATH; else BILLSTREAM_DATABASE_URL, else sqlite:///billstream.db.",
    )(function)


def json_option(function: Function) -> Function:
    """`--json`: parameter `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
    )(function)


def command_options(function: Function) -> Function:
    """`--command-id` and `--requested-by`: parameters `command_id`, `requested_by`."""
    function = click.option(
        "--requested-by",
        metavar="WHO",
        default=None,
        help="Who asks; kept in history. Else BILLSTREAM_REQUESTED_BY, else the user.",
    )(function)
    return click.option(
        "--command-id",
        metavar="ID",
        default=None,
        help="An id of your choice: the same command sent again changes nothing.",
    )(function)


def workers_option(function: Function) -> Function:
    """`--workers`: not a parameter; `workers()` tells it to whoever runs an execution."""
    return click.option(
        "--workers",
        type=click.IntRange(1, 64),
        default=1,
        expose_value=False,
        callback=_keep_workers,
        help="Bill in so many processes of this machine: about one for each of its cores.",
    )(function)


def workers() -> int:
    """In how many processes the verb at work is to bill."""
    context = click.get_current_context(silent=True)
    return 1 if context is None else int(context.meta.get(_WORKERS, 1))


_WORKERS = "billstream.workers"


def _keep_workers(context: click.Context, parameter: click.Parameter, value: int) -> None:
    context.meta[_WORKERS] = value


def reading(function: Function) -> Function:
    """What every reading verb has: `--database` and `--json`."""
    return json_option(database_option(function))


def example(*lines: str) -> str:
    """The end of a verb's help: how it is used, each line as one types it."""
    return "Example:\n\n\b\n" + "\n".join(f"  {line}" for line in lines)
