"""What can be wrong with the stack, each with a stable code and a remedy."""

from pathlib import Path

from aggregates.refusal import Refusal


def part_missing(part: str) -> Refusal:
    return Refusal(
        "stack_part_missing",
        f"{part} is not installed: pip install 'billstream[stack]'",
        part=part,
    )


def jars_missing(what: str, why: str) -> Refusal:
    return Refusal(
        "stack_part_missing",
        f"the jars of {what} could not be fetched ({why}): see that Maven Central or a mirror of "
        "it can be reached, then try again; they are fetched once",
        part=what,
    )


def folder_not_ours(folder: Path, why: str) -> Refusal:
    return Refusal(
        "stack_folder_not_ours",
        f"{folder} {why}: name another folder with --folder",
        folder=str(folder),
    )


def folder_missing(folder: Path) -> Refusal:
    return Refusal(
        "stack_folder_missing",
        f"there is no stack in {folder}: start one with `billstream stack up`, or name its folder "
        "with --folder",
        folder=str(folder),
    )


def port_taken(server: str, port: int, holder: str) -> Refusal:
    return Refusal(
        "stack_port_taken",
        f"port {port} of {server} is taken by {holder}: stop that, or choose other ports with "
        "`billstream stack up --new-ports`",
        server=server,
        port=port,
    )


def server_failed(server: str, log: Path, last: str) -> Refusal:
    return Refusal(
        "stack_server_failed",
        f"{server} did not start ({last}): its log is {log}",
        server=server,
        log=str(log),
    )


def server_stuck(server: str, pid: int, seconds: float) -> Refusal:
    return Refusal(
        "stack_server_stuck",
        f"{server} (pid {pid}) was asked to stop and still runs after {seconds:.0f} s: wait and "
        "run `billstream stack down` again, or end it with `kill -9`, which loses nothing",
        server=server,
        pid=pid,
    )


def other_version(server: str, folder: Path, found: str, wanted: str) -> Refusal:
    return Refusal(
        "stack_data_other_version",
        f"{folder} was made by {server} {found} and cannot be read by {wanted}: install the "
        "package of that version, or begin in another folder",
        server=server,
        found=found,
        wanted=wanted,
    )
