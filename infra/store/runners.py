"""Which process on this computer runs an execution: what a dead one left can be taken up again.

Only a hint: what keeps two processes from billing the same is the version of a chunk's stream. A
process on another host counts as dead, for one SQLite file is never used from two.
"""

import os
import socket

import psutil

from aggregates.identity import StreamId
from infra.store.datastore import HistoryDatastore

_SAME_START = 1.0
"""Seconds between two readings of one process's start that still mean the same process."""


def mark_running(datastore: HistoryDatastore, execution: StreamId) -> None:
    """This process runs the execution from now on."""
    pid = os.getpid()
    with datastore.connection(commit=True) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO runners VALUES (?, ?, ?, ?)",
            (execution, socket.gethostname(), pid, psutil.Process(pid).create_time()),
        )


def unmark(datastore: HistoryDatastore, execution: StreamId) -> None:
    """This process does not run the execution any more; traces of dead ones go with it."""
    with datastore.connection(commit=True) as connection:
        query = "SELECT host, pid, started FROM runners WHERE execution = ?"
        for host, pid, started in connection.execute(query, (execution,)).fetchall():
            if pid == os.getpid() or not _lives(host, pid, started):
                connection.execute(
                    "DELETE FROM runners WHERE execution = ? AND host = ? AND pid = ?",
                    (execution, host, pid),
                )


def is_alive(datastore: HistoryDatastore, execution: StreamId) -> bool:
    """Some process that lives runs the execution."""
    with datastore.connection(commit=False) as connection:
        query = "SELECT host, pid, started FROM runners WHERE execution = ?"
        rows = connection.execute(query, (execution,)).fetchall()
    return any(_lives(*row) for row in rows)


def _lives(host: str, pid: int, started: float) -> bool:
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _SAME_START
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
