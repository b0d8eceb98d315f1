"""`billstream views list|rebuild`."""

import click

from infra.cli.looking import looking
from infra.cli.options import database_option, example, reading
from infra.cli.output import Column, counted, notice, print_json_list, print_table, progress


@click.command("list", epilog=example("billstream views list"))
@reading
def list_views(database: str | None, as_json: bool) -> None:
    """List the views: version, feed, the position they have reached, rows."""
    with looking(database) as look:
        found = [
            {
                "name": place.name,
                "version": place.version,
                "feed": place.feed,
                "position": place.position,
                "rows": rows,
            }
            for views in (look.views, look.app.books)
            for place, rows in views.places()
        ]
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("View"),
            Column("Version", right=True),
            Column("Feed"),
            Column("Position", right=True),
            Column("Rows", right=True),
        )
        print_table(columns, [tuple(one.values()) for one in found], "There are no views.")


@click.command(epilog=example("billstream views rebuild", "billstream views rebuild invoices"))
@click.argument("names", nargs=-1, metavar="[VIEW]…")
@click.option(
    "--feed",
    type=click.Choice(["store", "kafka"]),
    default=None,
    help="From where they are followed afterwards; else as before.",
)
@database_option
def rebuild(names: tuple[str, ...], feed: str | None, database: str | None) -> None:
    """Build all views, or those named, anew from history beside the old ones, then replace them.
    The journal follows when it is asked for, and is built anew when it is named.
    """
    import time

    from infra.cli.looking import unknown
    from infra.views.registry import BY_VIEW, ON_DEMAND

    for name in names:
        if name not in BY_VIEW:
            raise unknown("view", name, "billstream views list")
    with looking(database) as look:
        views, books = look.app.views, look.app.books
        on_demand = {view.name for view in ON_DEMAND}
        asked = [name for name in names if name in on_demand]
        followed = [name for name in names if name not in on_demand]
        head = views.head()
        begun = time.monotonic()
        with progress("views", head) as report:
            if followed or not names:
                views.rebuild(followed, report, feed)
            if asked:
                books.rebuild(asked, report)
        rate = head / max(time.monotonic() - begun, 0.001)
        count = len(names) or len(BY_VIEW) - len(on_demand)
        notice(f"rebuilt {counted(count, 'view')} from {counted(head, 'event')}, {rate:,.0f}/s")
