"""`billstream history list|show|export`."""

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import click

from aggregates import identity
from aggregates.refusal import Refusal
from infra.cli.looking import LAST, Look, execution_id, looking, schedule_id, unknown
from infra.cli.options import database_option, example, reading
from infra.cli.output import Column, print_json_list, print_table

PAGE = 1_000
LATEST = 25


@click.command(
    "list",
    epilog=example(
        "billstream history list",
        "billstream history list --after 1000 --limit 50",
        "billstream history list --type invoice.generated --json",
    ),
)
@click.option(
    "--after",
    type=click.IntRange(0, LAST),
    default=None,
    help="Only later than this position.",
)
@click.option("--limit", type=click.IntRange(1, LAST), default=None, help="At most so many.")
@click.option("--type", "kind", metavar="TYPE", default=None, help="Only events of this type.")
@reading
def list_events(
    after: int | None, limit: int | None, kind: str | None, database: str | None, as_json: bool
) -> None:
    """List events in the order they happened: the latest 25 when nothing else is asked for; all
    with --json.
    """
    _check_type(kind)
    with looking(database) as look:
        if as_json:
            print_json_list(islice(_events(look, after or 0, kind), limit))
            return
        if after is None and limit is None and kind is None:
            after = max(look.app.store.head.position - LATEST, 0)
        _print(islice(_events(look, after or 0, kind), limit))


@click.command(
    epilog=example(
        "billstream history show account:C-1",
        "billstream history show account-package:C-1/internet",
        "billstream history show invoice:INV-007854 --json",
    )
)
@click.argument("stream")
@reading
def show(stream: str, database: str | None, as_json: bool) -> None:
    """Show the events of STREAM: an id, or kind:key as in account:C-1, bill-run:Default, owner."""
    with looking(database) as look:
        found = look.app.store.stream(_stream(look, stream))
        if not found:
            raise unknown("stream", stream, "billstream history list")
        events = map(_shape, found)
        if as_json:
            print_json_list(events)
        else:
            _print(events)


@click.command(epilog=example("billstream history export > history.jsonl"))
@click.option(
    "--after", type=click.IntRange(0, LAST), default=0, help="Only later than this position."
)
@database_option
def export(after: int, database: str | None) -> None:
    """Write every event as a line of JSON to stdout, in the order they happened."""
    import msgspec

    encode = msgspec.json.Encoder().encode
    with looking(database) as look:
        for event in _events(look, after, None):
            sys.stdout.write(encode(event).decode() + "\n")


def _events(look: Look, after: int, kind: str | None) -> Iterator[dict[str, Any]]:
    while page := look.app.store.log(after, PAGE):
        for recorded in page:
            if kind is None or recorded.type == kind:
                yield _shape(recorded)
        after = page[-1].position


def _shape(recorded: Any) -> dict[str, Any]:
    import msgspec

    metadata = recorded.metadata
    return {
        "position": recorded.position,
        "at": recorded.at.isoformat(),
        "stream": identity.text(recorded.stream),
        "version": recorded.version,
        "type": recorded.type,
        "event": msgspec.json.decode(msgspec.json.encode(recorded.event)),
        "requested_by": metadata.get("requested_by") or None,
        "command": metadata.get("command") or None,
        "correlation": metadata.get("correlation") or None,
        "hash": recorded.hash.hex(),
    }


def _print(events: Iterator[dict[str, Any]]) -> None:
    import json

    columns = (
        Column("Position", right=True),
        Column("Type", keep=True),
        Column("Version", right=True),
        Column("What"),
    )
    rows = (
        (
            one["position"],
            one["type"],
            one["version"],
            json.dumps(one["event"], ensure_ascii=False, separators=(", ", ": "))[1:-1],
        )
        for one in events
    )
    print_table(columns, rows, "Nothing has happened yet.")


def _check_type(kind: str | None) -> None:
    if kind is None:
        return
    from schemas.catalogue import BY_NAME

    if kind not in BY_NAME:
        raise Refusal(
            "event_type_unknown",
            f"there is no event type {kind!r}: the types stand in `billstream history list`",
            type=kind,
        )


def _invoice(look: Look, number: str) -> bytes:
    from projections import invoices

    found = invoices.id_of(look.views, number)
    if found is None:
        raise unknown("invoice", number, "billstream invoice list")
    return found


def _account_package(look: Look, ref: str) -> bytes:
    with look.app.store.snapshot() as reading:
        found = reading.package_by_ref((ref,)).get(ref)
    if found is None:
        raise unknown("account_package", ref, "billstream account-package list")
    return found.stream


def _named(kind: str) -> Callable[[Look, str], bytes]:
    return lambda _, key: identity.named(kind, key)


_KINDS: dict[str, Callable[[Look, str], bytes]] = {
    "account": lambda _, key: identity.account(key),
    "account-package": _account_package,
    "receivables": lambda _, key: identity.receivables(identity.account(key)),
    "invoice": _invoice,
    "execution": lambda look, key: identity.parse(execution_id(look, key)),
    "schedule": lambda look, key: identity.parse(schedule_id(look, key)),
    "bill-run": _named("bill_run"),
    "bill-group": _named("bill_group"),
    "package": _named("package"),
    "exchange-rates": _named("exchange_rates"),
    "command": lambda _, key: identity.command("cli", key),
}


def _stream(look: Look, written: str) -> bytes:
    """The stream meant by an id or kind:key."""
    if written == "owner":
        return identity.owner()
    kind, colon, key = written.partition(":")
    if colon:
        find = _KINDS.get(kind)
        if find is None:
            raise click.UsageError(f"{kind!r} is not one of {', '.join(sorted(_KINDS))}")
        return find(look, key)
    try:
        return identity.parse(written)
    except ValueError:
        raise click.UsageError(
            f"{written!r} is neither an id nor kind:key, such as account:C-1"
        ) from None
