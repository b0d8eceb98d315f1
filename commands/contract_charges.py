"""What was charged under contracts, looked up in history (R31, `aggregates.counting`)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from aggregates import commitments, identity
from aggregates.counting import (
    Basis,
    Charges,
    Fact,
    basis_by_history,
    basis_by_state,
    billed_under,
    reached,
    standing_under,
)
from aggregates.execution import COUNTED_AT_CLOSE
from aggregates.identity import StreamId
from aggregates.proration import Span
from commands.store import ItemRow, Reading


class Running(NamedTuple):
    """The commit period that is not closed yet, and what counts toward it so far."""

    span: Span
    counted: int


def charges_under(reading: Reading, contracts: Collection[ItemRow]) -> dict[StreamId, Charges]:
    """What counts toward commit periods that are not closed, by contract."""
    read_at = reading.head.position
    return {
        row.stream: Charges(standing_under(row.state, basis, facts), read_at)
        for row, basis, facts in _looked_up(reading, contracts)
    }


def not_written_down(
    reading: Reading, found: Mapping[StreamId, Charges]
) -> dict[StreamId, Charges]:
    """The same for an execution of an older form, which may be taken up again after newer ones:
    what these charged. It leaves no place behind up to where it has looked.
    """
    names = {line.execution for charges in found.values() for line in charges.lines}
    executions = reading.get_many("execution", map(identity.parse, names))
    newer = {
        identity.text(stream)
        for stream, execution in executions.items()
        if execution.state.form >= COUNTED_AT_CLOSE
    }
    return {
        contract: Charges(
            [line._replace(position=0) for line in charges.lines if line.execution in newer]
        )
        for contract, charges in found.items()
    }


def running(reading: Reading, contract: ItemRow) -> Running | None:
    """The commit period that runs, as things stand; None without one."""
    span = commitments.running_period(contract.state)
    if span is None:
        return None
    charges = charges_under(reading, [contract])[contract.stream]
    return Running(span, reached(contract.state, charges, *span))


def has_counted(reading: Reading, contract: ItemRow) -> bool:
    """Runs have charged something that counts toward the contract, taken back since or not."""
    return any(
        commitments.has_counted(contract.state, billed_under(contract.state, basis, facts))
        for _, basis, facts in _looked_up(reading, [contract])
    )


def _looked_up(
    reading: Reading, contracts: Collection[ItemRow]
) -> Iterator[tuple[ItemRow, Basis, Sequence[Fact]]]:
    """Contracts with where they begin to count, and what happened to the packages of their
    accounts since.
    """
    bases = _bases(reading, contracts)
    after: dict[StreamId, int] = {}
    for row in contracts:
        begins = bases[row.stream].after
        if row.account not in after or begins < after[row.account]:
            after[row.account] = begins
    facts = reading.billed_since(after)
    for row in contracts:
        yield row, bases[row.stream], facts.get(row.account, ())


def _bases(reading: Reading, contracts: Collection[ItemRow]) -> dict[StreamId, Basis]:
    """Few contracts need their own history: those of which no commit period was closed yet."""
    found: dict[StreamId, Basis] = {}
    unknown: list[StreamId] = []
    for row in contracts:
        basis = basis_by_state(row.state)
        if basis is None:
            unknown.append(row.stream)
        else:
            found[row.stream] = basis
    for stream, history in reading.histories(unknown).items():
        found[stream] = basis_by_history([(one.position, one.event) for one in history])
    return found
