"""Where the program starts: the rooms are looked at before anything of them is imported."""

import sys

from infra.own_packages import refuse_overwritten


def main() -> None:
    """The entry point of `billstream`."""
    refuse_overwritten(sys.argv[1:])
    from infra.cli.main import main as command_line

    command_line()
