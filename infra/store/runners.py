"""Which process runs an execution, so that one left by a dead process can be taken up again.

Only a hint: what keeps two processes from billing the same is the version of a chunk's stream. A
process on another host counts as dead, for one SQLite file is never used from two.
"""

import os
import socket

import psutil

from aggregates.identity import StreamId
from infra.store.sqlite import SqliteStore

_SAME_START = 1.0
"""Seconds between two readings of one process's start that still mean the same process."""


def mark_running(store: SqliteStore, execution: StreamId) -> None:
    """This process runs the execution from now on."""
    pid = os.getpid()
    with store.datastore.cursor(commit=True) as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO runners VALUES (?, ?, ?, ?)",
            (execution, socket.gethostname(), pid, psutil.Process(pid).create_time()),
        )


def unmark(store: SqliteStore, execution: StreamId) -> None:
    """This process does not run the execution any more; traces of dead ones go with it."""
    with store.datastore.cursor(commit=True) as cursor:
        query = "SELECT host, pid, started FROM runners WHERE execution = ?"
        for host, pid, started in cursor.execute(query, (execution,)).fetchall():
            if pid == os.getpid() or not _lives(host, pid, started):
                cursor.execute(
                    "DELETE FROM runners WHERE execution = ? AND host = ? AND pid = ?",
                    (execution, host, pid),
                )


def is_alive(store: SqliteStore, execution: StreamId) -> bool:
    """Some process that lives runs the execution."""
    with store.datastore.cursor(commit=False) as cursor:
        query = "SELECT host, pid, started FROM runners WHERE execution = ?"
        rows = cursor.execute(query, (execution,)).fetchall()
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
