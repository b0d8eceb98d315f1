"""A chunk's facts: whole invoicers with everything the pass needs, read in one snapshot."""

from collections.abc import Collection, Sequence

import msgspec

from aggregates.chunk import Failure
from aggregates.commitments import anniversaries, closes
from aggregates.counting import Charges
from aggregates.execution import COUNTED_AT_CLOSE
from aggregates.identity import StreamId
from commands.billing.needs import needs_of
from commands.billing.settings import RunSettings
from commands.contract_charges import charges_under, not_written_down
from commands.store import AccountRow, ItemRow, PackageRow, Reading, ReceivablesRow


class AccountFacts(msgspec.Struct):
    """One account with its due packages and what waits on it. `items` holds the open items of
    the kinds that the run's stages need, by kind: an account's invoices, its contracts.
    """

    row: AccountRow
    packages: list[PackageRow] = []
    receivables: ReceivablesRow | None = None
    items: dict[str, list[ItemRow]] = {}
    held: list[PackageRow] = []
    """All its packages, where a contract raises their prices in this run."""
    charges: dict[StreamId, Charges] = {}
    """What was charged under its contracts of which a commit period closes in this run."""


class InvoicerFacts(msgspec.Struct):
    """An invoicer and the accounts it bills for, itself among them. `later` counts the packages
    under it that keep their next bill date: after the period's end, or of an excluded account.
    """

    row: AccountRow
    accounts: list[AccountFacts]
    later: int = 0


class ChunkFacts(msgspec.Struct):
    """`read_at` is the head of history the facts were read at. `unreadable` holds, by number, the
    failures of invoicers that are known by history alone, `unknown` those of which nothing is.
    """

    read_at: int
    invoicers: list[InvoicerFacts]
    unreadable: dict[str, Failure] = {}
    unknown: list[Failure] = []

    def who_owe(self) -> list[StreamId]:
        """The accounts with open invoices of their own."""
        accounts = (account for family in self.invoicers for account in family.accounts)
        return [account.row.stream for account in accounts if "invoice" in account.items]


def load_facts(
    reading: Reading,
    settings: RunSettings,
    low: bytes,
    high: bytes,
    only: Collection[str] | None = None,
) -> ChunkFacts:
    """Everything under the invoicers from `low` (inclusive) to `high` (exclusive) that the run's
    groups hold. `only` narrows it to some invoicers by number (a retry, R6).
    """
    rows = reading.accounts_in(low, high, tuple(settings.groups))
    return facts_of(reading, settings, rows, low, high, only)


def facts_of(
    reading: Reading,
    settings: RunSettings,
    rows: Sequence[AccountRow],
    low: bytes,
    high: bytes,
    only: Collection[str] | None = None,
) -> ChunkFacts:
    """The same for the accounts in that range, which are read already."""
    groups = tuple(settings.groups)
    accounts = {row.stream: AccountFacts(row) for row in rows}
    for package in reading.due_packages_in(low, high, groups, settings.period_end):
        owner = accounts.get(package.account)
        if owner is not None:
            owner.packages.append(package)
    # Also where nothing waits any more: what waits next goes on from that version.
    for account, receivables in reading.receivables_of(accounts).items():
        accounts[account].receivables = receivables
    _load_items(reading, settings, low, high, accounts)
    if "contract_terms" in settings.actions and settings.has_contracts:
        _load_held(reading, settings, accounts)
        _load_charges(reading, settings, accounts)
    later: dict[StreamId, int] = {}
    if any(group.settings.render_threshold for group in settings.groups.values()):
        later = reading.later_packages_in(low, high, groups, settings.period_end)
    return ChunkFacts(reading.head.position, _families(accounts, later, settings, only))


def _load_items(
    reading: Reading,
    settings: RunSettings,
    low: bytes,
    high: bytes,
    accounts: dict[StreamId, AccountFacts],
) -> None:
    """Open items: of the range's invoicers, and of accounts elsewhere that they bill for. Contracts
    only where something comes; several of an account by their start.
    """
    kinds = needs_of(settings)
    if not kinds:
        return
    contracts = "contract" in kinds and settings.form >= COUNTED_AT_CLOSE
    up_to = {"contract": settings.period_end.toordinal()} if contracts else {}
    for account, items in reading.open_items_in(kinds, low, high, up_to).items():
        if account in accounts:
            accounts[account].items = items
    elsewhere = [a for a in accounts if a < low or (high and a >= high)]
    for kind in kinds if elsewhere else ():
        others = reading.items_of(kind, _who_may_have(kind, elsewhere, accounts))
        for account, rows in others.items():
            accounts[account].items[kind] = rows
    for facts in accounts.values() if "contract" in kinds else ():
        if "contract" in facts.items and len(facts.items["contract"]) > 1:
            facts.items["contract"].sort(key=lambda row: (row.state.start, row.stream))


def _who_may_have(
    kind: str, elsewhere: Sequence[StreamId], accounts: dict[StreamId, AccountFacts]
) -> list[StreamId]:
    """Which accounts that others receive the invoices for may have things of a kind. One that was
    opened so and never changed has no invoices of its own; others may, from before (R15).
    """
    match kind:
        case "invoice":
            return [account for account in elsewhere if accounts[account].row.version > 1]
        case "payment" | "payment_methods":
            return [account for account in elsewhere if "invoice" in accounts[account].items]
        case _:
            return list(elsewhere)


def _load_held(
    reading: Reading, settings: RunSettings, accounts: dict[StreamId, AccountFacts]
) -> None:
    """The packages of accounts with an anniversary: their prices rise, due or not."""
    raised = [
        stream
        for stream, account in accounts.items()
        if any(
            anniversaries(row.state, settings.period_end)
            for row in account.items.get("contract", ())
        )
    ]
    for package in reading.packages_of(raised):
        accounts[package.account].held.append(package)


def _load_charges(
    reading: Reading, settings: RunSettings, accounts: dict[StreamId, AccountFacts]
) -> None:
    """What history holds of commit periods that close (R31)."""
    closing = [
        row
        for account in accounts.values()
        for row in account.items.get("contract", ())
        if closes(row.state, settings.period_end)
    ]
    found = charges_under(reading, closing)
    if settings.form < COUNTED_AT_CLOSE:
        found = not_written_down(reading, found)
    for row in closing:
        accounts[row.account].charges[row.stream] = found[row.stream]


def _families(
    accounts: dict[StreamId, AccountFacts],
    later: dict[StreamId, int],
    settings: RunSettings,
    only: Collection[str] | None,
) -> list[InvoicerFacts]:
    families: dict[StreamId, InvoicerFacts] = {}
    excludes = settings.account is None and any(
        group.settings.exclude for group in settings.groups.values()
    )
    for account in accounts.values():
        invoicer = account.row.invoicer
        family = families.get(invoicer)
        if family is None:
            head = accounts.get(invoicer)
            if head is None or (only is not None and head.row.state.number not in only):
                continue
            if excludes and _excluded(head.row, settings):
                continue
            family = families[invoicer] = InvoicerFacts(head.row, [], later.get(invoicer, 0))
        if excludes and _excluded(account.row, settings):
            family.later += len(account.packages)
            continue
        family.accounts.append(account)
    return list(families.values())


def _excluded(row: AccountRow, settings: RunSettings) -> bool:
    """R3: excluded accounts are left alone and not listed; nothing is excluded by name in a run
    that was asked for by name.
    """
    group = settings.groups.get(row.state.bill_group)
    return group is not None and row.state.number in group.settings.exclude
