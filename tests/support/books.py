"""An owner's books for tests of the setup: a database in a folder, and setup files put into it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregates import identity
from aggregates.refusal import Refusal
from commands.handling import Outcome, run_command
from commands.message import Command
from commands.setup_file import SetupFile, apply_command, read_setup
from commands.setup_putting import Summary, apply_setup
from commands.workspace import Workspace
from infra import personal_keys
from infra.store.open import open_store

CLOCK = datetime(2020, 10, 5, 13, 0, tzinfo=UTC)


class Books:
    """A sandbox on 5 October 2020."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(
            f"sqlite:///{folder / 'books.db'}", create=True, sandbox_clock=CLOCK
        )
        self._commands = 0

    @property
    def position(self) -> int:
        """How many events there are."""
        return self.store.head.position

    def do(self, handler: Callable[[Workspace], object], id: str = "") -> Outcome:
        """Runs one command."""
        self._commands += 1

        def decide(workspace: Workspace) -> dict[str, str]:
            handler(workspace)
            return {}

        command = Command("test", "test", id or str(self._commands), {}, "tester")
        return run_command(self.store, command, decide, personal_keys)

    def apply(self, *setups: dict[str, Any] | str) -> Summary:
        """Applies setups, given as plain values or as text, as one whole."""
        self._commands += 1
        files = [
            SetupFile(
                f"{number}.yaml",
                (s if isinstance(s, str) else yaml.safe_dump(s, sort_keys=False)).encode(),
            )
            for number, s in enumerate(setups)
        ]
        setup = read_setup(files)
        summaries: list[Summary] = []

        def decide(workspace: Workspace) -> dict[str, str]:
            summaries.append(apply_setup(workspace, setup))
            return {}

        command = apply_command(files, source="test", id=str(self._commands))
        run_command(self.store, command, decide, personal_keys)
        return summaries[-1]

    def refused(self, *setups: dict[str, Any] | str) -> Refusal:
        """Applies setups that have to be refused, and looks that nothing was written."""
        before = self.position
        with pytest.raises(Refusal) as caught:
            self.apply(*setups)
        assert self.position == before
        return caught.value

    def code(self, *setups: dict[str, Any] | str) -> str:
        """The code with which setups are refused."""
        return self.refused(*setups).code

    def unchanged(self, *setups: dict[str, Any] | str) -> None:
        """Applies setups that say what there is already."""
        before = self.position
        self.apply(*setups)
        assert self.position == before

    def state(self, kind: str, key: str) -> Any:
        """The state of an account by number, of an account-package by id, of others by name."""
        with self.store.snapshot() as reading:
            if kind == "account_package":
                return reading.package_by_ref([key])[key].state
            if kind == "owner":
                stream = identity.owner()
            elif kind == "account":
                stream = identity.account(key)
            else:
                stream = identity.named(kind, key)
            found = reading.get(kind, stream)
            return found.state if found else None

    def events(self, after: int) -> list[str]:
        """The names of the events after a position, without the command's own."""
        log = self.store.log(after, 10_000)
        return [event.type for event in log if event.type != "command.accepted"]

    def name_of(self, number: str) -> str | None:
        """The account's name in the clear."""
        account = identity.account(number)
        key = self.store.keys_of([account]).get(account)
        return personal_keys.decrypt(key, account, self.state("account", number).name)
