"""`billstream dead-letters`: commands by topic that were not done, and why."""

from typing import TYPE_CHECKING, Any

import click

from infra.cli.options import example, json_option

if TYPE_CHECKING:
    from infra.kafka.dead_letters import DeadLetter


@click.command("list", epilog=example("billstream dead-letters list"))
@json_option
def list_letters(as_json: bool) -> None:
    """List the dead letters that have not expired, oldest first."""
    from infra.cli.output import Column, print_json_list, print_table
    from infra.kafka.dead_letters import letters
    from infra.kafka.settings import kafka_settings

    found = letters(kafka_settings())
    if as_json:
        print_json_list(_plain(one) for one in found)
        return
    columns = (
        Column("Id", keep=True),
        Column("At", keep=True),
        Column("Type"),
        Column("Source"),
        Column("Command"),
        Column("Code", keep=True),
    )
    print_table(
        columns,
        (
            (
                one.id,
                one.at[:19] + "Z",
                one.text("ce_type").removeprefix("billstream."),
                one.text("ce_source"),
                one.text("ce_id"),
                one.code,
            )
            for one in found
        ),
        empty="There are no dead letters.",
    )


@click.command(epilog=example("billstream dead-letters show 0-15"))
@click.argument("id")
@json_option
def show(id: str, as_json: bool) -> None:
    """Show one dead letter: the reason, its headers and its bytes as they came."""
    from infra.cli.output import print_card, print_json
    from infra.kafka.dead_letters import letter
    from infra.kafka.settings import kafka_settings

    found = letter(kafka_settings(), id)
    plain = _plain(found)
    if as_json:
        print_json(plain)
        return
    headers = {f"header {one['name']}": one["value"] for one in plain.pop("headers")}
    print_card((name, value) for name, value in {**plain, **headers}.items())


@click.command(
    epilog=example(
        "billstream dead-letters resend 0-15",
        "billstream dead-letters resend --all --new-id",
    )
)
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--all", "every", is_flag=True, help="Every dead letter that is whole.")
@click.option(
    "--new-id",
    is_flag=True,
    help="Under ids of their own: what was refused once is refused for ever under its own.",
)
@json_option
def resend(ids: tuple[str, ...], every: bool, new_id: bool, as_json: bool) -> None:
    """Send dead letters to the commands again, with their bytes and headers as they came."""
    from infra.cli.output import print_json, say
    from infra.kafka import dead_letters
    from infra.kafka.settings import kafka_settings

    if bool(ids) == every:
        raise click.UsageError("Name dead letters, or all of them with --all.")
    settings = kafka_settings()
    found = (
        [one for one in dead_letters.letters(settings) if not one.cut]
        if every
        else [dead_letters.letter(settings, id) for id in ids]
    )
    sent = dead_letters.resend(settings, found, new_id) if found else 0
    if as_json:
        print_json({"resent": sent})
    else:
        say(f"Sent {sent:,} again.")


def _plain(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "id": letter.id,
        "at": letter.at,
        "code": letter.code,
        "reason": letter.reason,
        "from": letter.source,
        "key": _text(letter.key),
        "value": _text(letter.value),
        "cut": letter.cut or None,
        "headers": [{"name": name, "value": _text(value)} for name, value in letter.headers],
    }


def _text(data: bytes | None) -> str | None:
    """As text; bytes that are none are written out as `\\xff`."""
    return None if data is None else data.decode(errors="backslashreplace")
