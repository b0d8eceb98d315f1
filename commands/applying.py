"""`apply` as one command, from files or from a message (design decision 30)."""

import json
from hashlib import sha256
from typing import Any

from commands.asking import Message
from commands.handling import Outcome, run_command
from commands.message import DIRECT, Command, Origin
from commands.personal import PersonalData
from commands.setup_file import Setup, SetupFile, read_setup
from commands.setup_putting import Summary, apply_setup
from commands.store import Store
from commands.workspace import Workspace

DOCUMENT = "setup"
"""What a document in a message is called where a file would have its name."""

_BREAKS = {ord(c): f"\\u{ord(c):04x}" for c in "\x7f\x85\u2028\u2029\ufeff"}
"""Plain characters to JSON, but not to YAML, of which JSON is a part otherwise."""


class Apply(Message):
    """Make the setup as `setup` says it: what stands in a setup file, as JSON. Refused as a whole
    when anything in it is wrong; lines count in the document printed with an indent of two.
    """

    setup: dict[str, Any]

    def body(self) -> dict[str, Any]:
        """The document by its hash: what it says may be personal."""
        plain = json.dumps(self.setup, sort_keys=True)
        body: dict[str, Any] = {"setup": sha256(plain.encode()).hexdigest()}
        return {**body, "requested_by": self.requested_by}

    def entries(self) -> Setup:
        """The entries of the document; refused when anything is unknown or of a wrong type."""
        text = json.dumps(self.setup, indent=2, ensure_ascii=False).translate(_BREAKS)
        return read_setup([SetupFile(DOCUMENT, text.encode())])


def apply(
    store: Store,
    message: Apply,
    source: str,
    id: str,
    personal: PersonalData,
    origin: Origin = DIRECT,
) -> Outcome:
    """Applies the document of a message. Applying it again changes nothing."""
    command = message.command("apply", source, id, origin)
    return apply_files(store, command, message.entries(), personal)[0]


def apply_files(
    store: Store, command: Command, setup: Setup, personal: PersonalData
) -> tuple[Outcome, Summary]:
    """Applies what was read, and says what came of each section."""
    summary: Summary = {}

    def body(workspace: Workspace) -> dict[str, str]:
        nonlocal summary
        summary = apply_setup(workspace, setup)
        return {}

    return run_command(store, command, body, personal), summary
