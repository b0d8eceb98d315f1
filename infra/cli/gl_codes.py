"""`billstream gl-code list|show|delete`."""

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.looking import looking, unknown
from infra.cli.options import example, reading
from infra.cli.output import Column, Shown, print_card, print_json, print_list


@click.command("list", epilog=example("billstream gl-code list"))
@reading
def list_gl_codes(database: str | None, as_json: bool) -> None:
    """List the general-ledger codes, those that are there without setup among them."""
    from projections import setup

    with looking(database) as look:
        found = setup.gl_codes(look.states("gl_code"))
        columns: Shown = (
            (Column("Code", keep=True), "code"),
            (Column("Name", wrap=True), "name"),
            (Column("Debit", wrap=True), "debit"),
            (Column("Credit", wrap=True), "credit"),
            (Column("Deferred", wrap=True), "deferred"),
        )
        print_list(found, as_json, columns, "There are no GL codes.")


@click.command(epilog=example("billstream gl-code show 4000"))
@click.argument("code")
@reading
def show(code: str, database: str | None, as_json: bool) -> None:
    """Show the general-ledger code CODE. Its accounts never change."""
    from projections import setup

    with looking(database) as look:
        for found in setup.gl_codes(look.states("gl_code")):
            if found["code"] == code:
                break
        else:
            raise unknown("gl_code", code, "billstream gl-code list")
        if as_json:
            print_json(found)
            return
        print_card((key.replace("_", " "), value) for key, value in found.items())


@click.command(epilog=example("billstream gl-code delete 4000"))
@click.argument("code")
@changing
def delete(code: str, asking: Asking) -> None:
    """Delete the general-ledger code CODE, if no service and no late fee names it."""

    from commands.deletions import DeleteGlCode, delete_gl_code

    ask(
        asking,
        delete_gl_code,
        lambda by: DeleteGlCode(code=code, requested_by=by),
        f"Deleted GL code {code}.",
    )
