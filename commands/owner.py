"""The owner, on whom everything depends: without one almost every command is refused."""

from aggregates import identity
from aggregates.owner import OwnerState
from aggregates.refusal import Refusal
from commands.store import Reading


def owner_of(reading: Reading) -> OwnerState:
    """The owner; refused with `no_owner` while there is none."""
    found = reading.get("owner", identity.owner())
    if found is None:
        raise no_owner()
    state: OwnerState = found.state
    return state


def no_owner() -> Refusal:
    """The refusal of everything that needs an owner."""
    return Refusal("no_owner", "the owner is not set up: apply a setup file with `owner:` first")
