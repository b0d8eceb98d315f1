"""`apply`: the entries of a setup become one command (design decision 30).

Refused as a whole if the rules do not allow any of them. What is as the files say already makes no
event.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aggregates import identity
from aggregates.refusal import Refusal
from commands.setup.account import SetAccount, set_account
from commands.setup.account_package import set_account_package
from commands.setup.ar_term import set_ar_term
from commands.setup.bill_group import set_bill_group
from commands.setup.bill_run import set_bill_run
from commands.setup.contract import set_contract
from commands.setup.entry import Done
from commands.setup.exchange_rates import set_exchange_rates
from commands.setup.gl_code import set_gl_code
from commands.setup.owner import set_owner
from commands.setup.package import set_package
from commands.setup.payment_method import set_accounts_payment_method, set_payment_method
from commands.setup_file import MOST_SHOWN, Fault, Placed, Setup, is_member, refuse
from commands.workspace import Workspace

AT_ONCE = 1_000
"""Accounts that are put together: what they say is unpacked for that long."""


@dataclass(slots=True)
class Tally:
    """How many entries of a section came to what."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def count(self, done: Done) -> None:
        if done == "created":
            self.created += 1
        elif done == "changed":
            self.changed += 1
        else:
            self.unchanged += 1


Summary = dict[str, Tally]
"""By section, what came of its entries; `account_packages` are counted beside `accounts`."""

Handler = Callable[[Workspace, Any], Done]

_BEFORE: dict[str, Handler] = {
    "owner": set_owner,
    "gl_codes": set_gl_code,
    "ar_terms": set_ar_term,
    "exchange_rates": set_exchange_rates,
    "bill_groups": set_bill_group,
    "packages": set_package,
}
"""What accounts need, in the order in which they need each other."""

_AFTER: dict[str, Handler] = {
    "payment_methods": set_accounts_payment_method,
    "contracts": set_contract,
    "bill_runs": set_bill_run,
}


def apply_setup(workspace: Workspace, setup: Setup) -> Summary:
    """Puts every entry, in the order in which they need each other. Refused as a whole if the
    rules do not allow any of them.
    """
    run = _Run(workspace)
    run.put_sections(setup, _BEFORE)
    run.put_accounts(setup.sections["accounts"])
    run.put_sections(setup, _AFTER)
    run.check()
    refuse(run.faults)
    return run.summary


class _Run:
    """Putting the entries one by one and gathering what the rules say against them."""

    def __init__(self, workspace: Workspace) -> None:
        self.summary: Summary = {}
        self.faults: list[Fault] = []
        self._workspace = workspace
        self._checks: list[tuple[Placed, Callable[[], None]]] = []

    def put_sections(self, setup: Setup, handlers: dict[str, Handler]) -> None:
        for section, handler in handlers.items():
            for placed in setup.sections[section]:
                self.put(section, placed, placed.entry(), handler)

    def put_accounts(self, accounts: Sequence[Placed]) -> None:
        """Accounts, then their packages, then how they pay. A new account takes the bill day of
        its invoicer (R10), so that comes before it.
        """
        above = [placed for placed in accounts if placed.above]
        below = [placed for placed in accounts if not placed.above]
        for some in _unpacked([*above, *below]):
            _prefetch(self._workspace, [entry for _, entry in some])
            for placed, entry in some:
                self.put("accounts", placed, entry, set_account)
            self._workspace.forget_states()
        for some in _unpacked(accounts):
            for placed, entry in some:
                self.put_packages(placed, entry)
            self._workspace.forget_states()
        for some in _unpacked([placed for placed in accounts if placed.pays]):
            for placed, entry in some:
                self.put_methods(placed, entry)

    def put(self, section: str, placed: Placed, entry: Any, handler: Handler) -> None:
        self._count(section, placed, (), lambda: handler(self._workspace, entry))

    def put_packages(self, placed: Placed, account: SetAccount) -> None:
        for index, entry in enumerate(account.packages):

            def put(entry: Any = entry) -> Done:
                return set_account_package(self._workspace, account.number, entry)

            self._count("account_packages", placed, ("packages", index), put)

    def put_methods(self, placed: Placed, account: SetAccount) -> None:
        for index, entry in enumerate(account.payment_methods):

            def put(entry: Any = entry) -> Done:
                return set_payment_method(self._workspace, account.number, entry)

            self._count("payment_methods", placed, ("payment_methods", index), put)

    def check(self) -> None:
        """The rules about how things stand in the end."""
        for placed, check in self._checks:
            try:
                check()
            except Refusal as refusal:
                self._fault(placed, (), refusal)

    def _count(
        self, section: str, placed: Placed, path: tuple[int | str, ...], put: Callable[[], Done]
    ) -> None:
        try:
            done = put()
        except Refusal as refusal:
            if refusal.code == "no_owner":
                raise
            self._fault(placed, path, refusal)
            return
        finally:
            self._checks.extend((placed, check) for check in self._workspace.take_checks())
        self.summary.setdefault(section, Tally()).count(done)

    def _fault(self, placed: Placed, path: tuple[int | str, ...], refusal: Refusal) -> None:
        key = refusal.details.get("field")
        full = (*path, key) if isinstance(key, str) else path
        fault = Fault(placed.file, placed.line(*full), refusal.code, refusal.sentence)
        if fault not in self.faults[-MOST_SHOWN:]:
            self.faults.append(fault)


def _unpacked(accounts: Sequence[Placed]) -> Iterator[list[tuple[Placed, SetAccount]]]:
    """Accounts with what they say, some at a time."""
    for start in range(0, len(accounts), AT_ONCE):
        yield [(placed, placed.entry()) for placed in accounts[start : start + AT_ONCE]]


def _prefetch(workspace: Workspace, entries: Sequence[SetAccount]) -> None:
    """Reads everything that accounts name, in a few questions however many there are."""
    others = [entry.parent for entry in entries if entry.parent is not None]
    others += [str(e.invoicer) for e in entries if is_member(e) and e.invoicer != "parent"]
    workspace.prefetch("account", map(identity.account, others))
    workspace.prefetch_customers(
        (identity.account(entry.number), [package.id for package in entry.packages])
        for entry in entries
    )
