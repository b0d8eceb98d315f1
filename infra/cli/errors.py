"""How the program fails: one line on stderr, an exit status, never a traceback."""

import json
import os
import sys
from collections.abc import Callable, Mapping

import click

from aggregates.refusal import Refusal

REFUSED = 1
WRONG_USAGE = 2
COMPLETED_WITH_FAILURES = 3
INTERRUPTED = 130
NOBODY_READS = 141


class Interrupted(Exception):
    """Ctrl-C, or no to a question."""


def guarded(words: list[str], action: Callable[[], int]) -> int:
    """The exit status of `action`; whatever goes wrong is told in one line."""
    as_json = "--json" in words
    try:
        status = action()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        return _nobody_reads()
    except (KeyboardInterrupt, click.Abort):
        return _told(Interrupted(), as_json)
    except Exception as error:
        if os.environ.get("BILLSTREAM_DEBUG"):
            raise
        return _told(error, as_json)


def _told(error: Exception, as_json: bool) -> int:
    code, message, details, status = describe(error)
    try:
        report(code, message, details, as_json)
    except BrokenPipeError:
        return _nobody_reads()
    return status


def report(code: str, message: str, details: Mapping[str, object], as_json: bool) -> None:
    """Writes an error as people read it, and as programs do when they asked for JSON."""
    if as_json:
        body = {"error": {"code": code, "message": message, "details": dict(details)}}
        try:
            sys.stdout.write(json.dumps(body, ensure_ascii=False, default=str) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:
            _drop_output()  # a full disk behind it; the line below still says what is wrong
    sys.stderr.write(f"error: {code}: {' '.join(message.split())}\n")


def describe(error: Exception) -> tuple[str, str, Mapping[str, object], int]:
    """Code, sentence, details and exit status of anything that can go wrong."""
    if isinstance(error, Refusal):
        return error.code, error.sentence, error.details, REFUSED
    if (ours := _from_store(error)) is not None:
        return ours
    if isinstance(error, Interrupted):
        sentence = "stopped; what was finished is written, the rest is not: the same again goes on"
        return "interrupted", sentence, {}, INTERRUPTED
    if isinstance(error, UnicodeEncodeError):
        sentence = f"{error.object[:40]!r} is not UTF-8: write it in a UTF-8 terminal"
        return "not_utf8", sentence, {}, WRONG_USAGE
    if isinstance(error, click.UsageError):
        return "wrong_usage", _usage(error), {}, WRONG_USAGE
    if isinstance(error, click.ClickException):
        return "failed", error.format_message(), {}, REFUSED
    if isinstance(error, OSError):
        return "input_output", _system(error), {}, REFUSED
    kind = type(error).__name__
    message = f"{kind}: {error}. Set BILLSTREAM_DEBUG=1 to see where, and report it"
    return "unexpected", message, {"type": kind}, REFUSED


def _from_store(error: Exception) -> tuple[str, str, Mapping[str, object], int] | None:
    """Errors of the database. Imported only now that something has gone wrong."""
    from commands.store import Conflict
    from infra.personal_keys import PersonalDataDamaged
    from infra.store.errors import StoreError

    if isinstance(error, StoreError):
        return error.code, error.sentence, error.details, REFUSED
    if isinstance(error, Conflict):
        sentence = "others kept changing what this needs: nothing was written, try again"
        return "conflict", sentence, {}, REFUSED
    if isinstance(error, PersonalDataDamaged):
        sentence = f"{error}: restore a backup, or look with `billstream verify`"
        return "personal_data_damaged", sentence, {}, REFUSED
    return None


_OF_A_NUMBER = frozenset("0123456789.")


def _usage(error: click.UsageError) -> str:
    message = error.format_message()
    if isinstance(error, click.NoSuchOption) and error.option_name[1:2] in _OF_A_NUMBER:
        message = f"{error.option_name}… is no option, and an amount or a number is not below 0"
    if error.ctx is None:
        return message
    return f"{message.rstrip('.')}. See `{error.ctx.command_path} --help`."


def _system(error: OSError) -> str:
    name = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{name}"


def _nobody_reads() -> int:
    """The reader of a pipe has gone (`billstream … | head`): nothing left to say."""
    _drop_output()
    return NOBODY_READS


def _drop_output() -> None:
    """What still waits to be written goes nowhere, so that the end of the program is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
