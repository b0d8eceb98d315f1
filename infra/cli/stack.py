"""Verbs over real servers on this computer, for trying things out and for tests."""

from pathlib import Path

import click

from infra.cli.options import Function, example, json_option

NOT_RUNNING = 3


def _folder_option(function: Function) -> Function:
    return click.option(
        "--folder",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default=Path("billstream-stack"),
        help="Where the servers keep their data; else ./billstream-stack.",
    )(function)


@click.command(
    epilog=example(
        'eval "$(billstream stack up)"',
        "billstream stack up --folder /var/tmp/trial --registry",
    )
)
@_folder_option
@click.option(
    "--registry", is_flag=True, help="Start a schema registry too (109 MB, fetched once)."
)
@click.option("--new-ports", is_flag=True, help="Choose other ports for what does not run.")
@json_option
def up(folder: Path, registry: bool, new_ports: bool, as_json: bool) -> None:
    """Start a real PostgreSQL and a real Apache Kafka on free ports of this computer, and print
    the environment that points billstream at them. They go on until `stack down`; what runs
    already is left alone. Data and ports stay the same from start to start.
    """
    import shlex

    from infra.cli.output import notice, print_json, say
    from infra.stack.stack import Stack

    environment = Stack(folder).up(registry, new_ports)
    if as_json:
        print_json({"folder": str(folder.absolute()), "environment": environment})
        return
    for name, value in environment.items():
        say(f"export {name}={shlex.quote(value)}")
    notice(f"The servers run; their data are in {folder}. Stop them with `billstream stack down`.")


@click.command(epilog=example("billstream stack status"))
@_folder_option
@json_option
def status(folder: Path, as_json: bool) -> int:
    """Show which servers of a stack run, with pid, port and version. The exit status is 3 when one
    does not run.
    """
    from infra.cli.output import Column, print_json, print_table
    from infra.stack.stack import Stack

    found = Stack(folder).status()
    if as_json:
        print_json({"folder": str(folder.absolute()), "servers": [s._asdict() for s in found]})
    else:
        print_table(
            [Column("Server"), Column("State"), Column("Pid"), Column("Port"), Column("Version")],
            (
                (s.server, "runs" if s.pid else "stopped", str(s.pid or ""), str(s.port), s.version)
                for s in found
            ),
            empty="The stack has no servers.",
        )
    return 0 if all(one.pid for one in found) else NOT_RUNNING


@click.command(epilog=example("billstream stack down"))
@_folder_option
@json_option
def down(folder: Path, as_json: bool) -> None:
    """Stop the servers of a stack, and wait until they have. Their data stay."""
    from infra.cli.output import print_json, say
    from infra.stack.stack import Stack

    stopped = Stack(folder).down()
    if as_json:
        print_json({"folder": str(folder.absolute()), "stopped": stopped})
    else:
        say(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing ran.")
