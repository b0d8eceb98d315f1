"""Going on after an older database was restored (design decision 27)."""

from typing import NamedTuple

from aggregates import identity
from aggregates.owner import HistoryRestored, OwnerState
from aggregates.refusal import Refusal
from commands.handling import Outcome, run_command
from commands.message import Command
from commands.store import Store
from commands.workspace import Workspace

SERIES = "default"


class Published(NamedTuple):
    """What the world has seen of this history: up to which position, the highest invoice number,
    in which generation of topics.
    """

    position: int
    invoices: int
    generation: int


def finish_restore(store: Store, command: Command, published: Published, epoch: str) -> Outcome:
    """Begins a new epoch: a generation of topics that nobody has read, and invoice numbers above
    every one that was sent.
    """

    def body(workspace: Workspace) -> dict[str, str]:
        stream = identity.owner()
        state: OwnerState | None = workspace.get("owner", stream)
        if state is None:
            raise Refusal(
                "owner_missing",
                "the restored database has no owner yet, so nothing of it was published: choose a "
                "new BILLSTREAM_TOPIC_PREFIX",
            )
        reading = workspace.reading
        event = HistoryRestored(
            epoch=epoch,
            generation=max(state.generation, published.generation) + 1,
            next_number=max(reading.next_number(SERIES), published.invoices + 1),
            lost_from=min(reading.head.position, published.position) + 1,
            lost_to=published.position,
        )
        workspace.number_start = event.next_number
        workspace.stage("owner", stream, [event])
        return {"generation": str(event.generation), "next_number": str(event.next_number)}

    return run_command(store, command, body)
