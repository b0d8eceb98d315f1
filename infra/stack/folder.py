"""A stack's folder: what was decided when it was made, so that every start is the same again."""

import base64
import json
import os
import secrets
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.stack import errors
from infra.stack.parts import locked
from infra.stack.ports import free_ports
from infra.stack.server import written_whole

_FILE = "stack.json"
_LOCK = "lock"


class StackFolder:
    """Ports, password and cluster of the servers of one folder, kept in its `stack.json`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def check_made(self) -> None:
        """Refuses when no stack was ever started here."""
        if not (self.path / _FILE).is_file():
            raise errors.folder_missing(self.path)

    def make(self) -> None:
        """Makes the folder when there is none; never takes one that has other things in it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            held = {entry.name for entry in self.path.iterdir()}
        except (FileExistsError, NotADirectoryError):
            raise errors.folder_not_ours(self.path, "is not a folder") from None
        except PermissionError:
            raise errors.folder_not_ours(self.path, "may not be used by you") from None
        if held and not held & {_FILE, _LOCK}:
            raise errors.folder_not_ours(self.path, "has other things in it")
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise errors.folder_not_ours(self.path, "may not be written by you")

    @contextmanager
    def alone(self) -> Generator[None]:
        """One `up` or `down` at a time; a second one waits for the first."""
        with locked(self.path / _LOCK):
            yield

    def password(self) -> str:
        return self._kept("password", secrets.token_hex(16))

    def cluster(self) -> str:
        return self._kept("cluster", new_cluster())

    def ports(self, server: str, count: int) -> list[int]:
        found: list[int] | None = self._read().get("ports", {}).get(server)
        if found is None:
            found = free_ports(count)
            self.set_ports(server, found)
        return found

    def set_ports(self, server: str, ports: list[int] | None) -> None:
        """Decides a server's ports; None: to be chosen anew."""
        known = dict(self._read().get("ports", {}))
        known.pop(server, None)
        if ports is not None:
            known[server] = ports
        self._write("ports", known)

    def has_registry(self) -> bool:
        return bool(self._read().get("registry"))

    def add_registry(self) -> None:
        """From now on the schema registry is part of this stack."""
        self._write("registry", True)

    def _kept(self, name: str, otherwise: str) -> str:
        found: str | None = self._read().get(name)
        if found is None:
            self._write(name, otherwise)
        return found or otherwise

    def _read(self) -> dict[str, Any]:
        path = self.path / _FILE
        if not path.exists():
            return {}
        try:
            return dict(json.loads(path.read_bytes()))
        except (ValueError, TypeError):
            raise errors.folder_not_ours(self.path, f"has a {_FILE} that cannot be read") from None

    def _write(self, name: str, value: object) -> None:
        document = {**self._read(), name: value}
        written_whole(self.path / _FILE, json.dumps(document, indent=2) + "\n")


def new_cluster() -> str:
    """A name for a cluster as Kafka wants it: 16 random bytes, in letters. One that begins with a
    dash would be taken for an option.
    """
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()).startswith("-"):
        pass
    return name.rstrip("=")
