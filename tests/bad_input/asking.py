"""Asking for what is wrong: one line says so, with a remedy, and nothing has changed."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.support.world import World


class Desk(World):
    """A world that looks at what a refusal leaves behind."""

    @property
    def position(self) -> int:
        """The head of history, as the file says."""
        connection = sqlite3.connect(self.path)
        try:
            found: int = connection.execute("SELECT position FROM log_head").fetchone()[0]
            return found
        finally:
            connection.close()

    def told(self, *words: str, status: int = 1) -> tuple[str, str]:
        """Code and sentence of a refusal: one line for people, one document for programs, and
        the head of history where it was.
        """
        before = self.position
        answer = self.ask(*words)
        assert answer.status == status, f"{words}: {answer.status}\n{answer.out}\n{answer.err}"
        assert answer.err.count("\n") == 1, answer.err
        word, code, sentence = answer.err.strip().split(": ", 2)
        assert word == "error"
        programs = self.ask(*words, "--json")
        error: dict[str, Any] = json.loads(programs.out)["error"]
        assert (programs.status, error["code"]) == (status, code)
        assert set(error) == {"code", "message", "details"}
        assert self.position == before, "a refused command has written"
        return code, sentence

    def file(self, content: str | bytes, name: str = "asked.yaml") -> str:
        """A file of that content; its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def told_of(self, content: str | bytes) -> tuple[str, str]:
        """Code and sentence with which a setup file is refused."""
        return self.told("apply", self.file(content))

    def told_of_setup(self, setup: dict[str, Any]) -> tuple[str, str]:
        """The same, of a setup given as plain values."""
        return self.told_of(json.dumps(setup))


def in_folder(folder: Path) -> list[str]:
    """The names of what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
