"""Loopback ports that nobody uses and that no client gets by chance."""

import contextlib
import random
import socket
import time
from pathlib import Path

import psutil

HOST = "127.0.0.1"

_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Where Linux says which ports it gives to clients."""

_OURS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports below those given to clients: while a server is away its own clients, connecting again
    and again, could otherwise be given its port and keep it from coming back.
    """
    choices = _choices()
    found: list[int] = []
    for port in random.SystemRandom().sample(choices, len(choices)):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError("no loopback port is free")


def is_free(port: int) -> bool:
    """A server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def is_free_within(port: int, seconds: float) -> bool:
    """The port is free, or becomes so: a process that was killed lets go a moment later."""
    until = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def accepts(port: int) -> bool:
    """Somebody listens."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def holder_of(port: int) -> str:
    """Who has the port, as far as this user may see."""
    with contextlib.suppress(psutil.Error, OSError):
        for found in psutil.net_connections("tcp"):
            if found.laddr and found.laddr.port == port and found.pid:
                return f"{psutil.Process(found.pid).name()} (pid {found.pid})"
    return "another program"


def _choices() -> list[int]:
    with contextlib.suppress(OSError, ValueError):
        first, last = (int(word) for word in _CLIENTS.read_text().split())
        kept = [port for port in _OURS if not first <= port <= last]
        return kept or list(_OURS)
    return list(_OURS)
