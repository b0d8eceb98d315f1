"""Ending a contract: by notice at the end of a term, or early (R31)."""

from commands.asking import Message, changing
from commands.setup import contract as contracts
from commands.setup.entry import Day
from commands.workspace import Workspace


class TerminateContract(Message):
    """End a contract early: `as_of` is the first day not under it. The next run that does contract
    terms charges what that costs.
    """

    contract: str
    as_of: Day | None = None


class GiveContractNotice(Message):
    """Give notice of a contract: it is not renewed at the end of its term, or of the next one when
    the notice comes too late.
    """

    contract: str


def _terminate(workspace: Workspace, asked: TerminateContract) -> None:
    contracts.terminate(workspace, asked.contract, asked.as_of or workspace.today())


terminate_contract = changing(TerminateContract, "terminate_contract", _terminate)
give_contract_notice = changing(
    GiveContractNotice,
    "give_contract_notice",
    lambda workspace, asked: contracts.give_notice(workspace, asked.contract),
)
