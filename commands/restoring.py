"""Going on after an older database was restored (design decision 27)."""

from typing import NamedTuple

from aggregates import identity
from aggregates.invoice_state import CREDIT_NOTES, SERIES
from aggregates.owner import HistoryRestored, OwnerState
from aggregates.refusal import Refusal
from commands.handling import Outcome, run_command
from commands.message import Command
from commands.store import Reading, Store
from commands.workspace import Workspace


class Published(NamedTuple):
    """What the world has seen of this history: up to which position, the highest numbers of
    invoices and credit notes, in which generation of topics.
    """

    position: int
    invoices: int
    credit_notes: int
    generation: int


def finish_restore(store: Store, command: Command, published: Published, epoch: str) -> Outcome:
    """Begins a new epoch: a generation of topics that nobody has read, and numbers above every one
    that was sent.
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
            next_credit_note=_next_credit_note(reading, state, published),
            lost_from=min(reading.head.position, published.position) + 1,
            lost_to=published.position,
        )
        workspace.number_starts[SERIES] = event.next_number
        if event.next_credit_note:
            workspace.number_starts[CREDIT_NOTES] = event.next_credit_note
        workspace.stage("owner", stream, [event])
        return {
            "generation": str(event.generation),
            "next_number": str(event.next_number),
            "next_credit_note": str(event.next_credit_note),
        }

    return run_command(store, command, body)


def _next_credit_note(reading: Reading, owner: OwnerState, published: Published) -> int:
    """Above every credit note that was sent or is known; 0 where there is none of either."""
    following = max(reading.next_number(CREDIT_NOTES), published.credit_notes + 1)
    return max(following, owner.credit_notes.start) if following > 1 else 0
