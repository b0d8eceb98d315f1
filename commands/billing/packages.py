"""Stage 2: bill packages (R7-R14, R32)."""

import msgspec

from aggregates.account_package.cycles import Cycle, bill_cycles
from aggregates.chunk import LeftBehind
from aggregates.receivables import Waiting
from aggregates.refusal import Refusal
from commands.billing.draft import CannotBill, ChargedPackage, Draft, NewCharge
from commands.billing.facts import AccountFacts
from commands.billing.settings import RunSettings
from commands.store import LARGEST_EVENT, PackageRow
from schemas.stored import encode_state

MOST_CHARGES = 100_000
"""Charges one invoicer can have in one execution (design decision 20)."""


FEW_CHARGES = 300
"""Charges of a cycle that surely fit into an event."""

_BESIDE = 4096
"""Bytes of an event beside its charges and state, at most."""


def bill_packages(draft: Draft, settings: RunSettings) -> None:
    """Charges every due account-package of the accounts the run is for."""
    for account in draft.facts.accounts:
        if not is_charged(account, draft, settings):
            continue
        if draft.state_of("account", account.row.stream, account.row.state).status == "suspended":
            draft.left += [
                left_behind(account, row, "account_suspended") for row in account.packages
            ]
            continue
        for row in account.packages:
            _bill(draft, settings, account, row)
    if len(draft.charges) > MOST_CHARGES:
        number = draft.facts.row.state.number
        raise CannotBill(
            number,
            None,
            Refusal(
                "invoicer_too_large",
                f"{len(draft.charges):,} charges fall due under invoicer {number}, more than "
                f"{MOST_CHARGES:,}; bill it with a smaller catch-up or divide its accounts",
            ),
        )


def is_charged(account: AccountFacts, draft: Draft, settings: RunSettings) -> bool:
    """Bill account charges the account named and, if it is an invoicer, its family (R3)."""
    asked = settings.account
    return asked is None or asked in (account.row.state.number, draft.facts.row.state.number)


def left_behind(account: AccountFacts, row: PackageRow, reason: str) -> LeftBehind:
    """A package that stays due, with the reason (R9)."""
    due = row.state.next_bill_date
    if due is None:
        raise ValueError(f"{row.state.ref} has no next bill date and cannot be left behind")
    return LeftBehind(
        account_package=row.state.ref,
        account=account.row.state.number,
        next_bill_date=due,
        reason=reason,
    )


def _outdated(ref: str, package: str) -> Refusal:
    return Refusal(
        "settings_outdated",
        f"{ref} was billed meanwhile with newer prices of package {package} than this execution "
        "started with; retry the execution, which then uses the newer ones",
    )


def _check_size(account: AccountFacts, cycle: Cycle) -> None:
    """A cycle is one event, and no event is large (design decision 11)."""
    size = len(msgspec.json.encode(cycle.charges)) + len(encode_state(cycle.state)) + _BESIDE
    if size > LARGEST_EVENT:
        ref = cycle.state.ref
        sentence = (
            f"a cycle of {ref} has {len(cycle.charges):,} charges, more than fit into one event: "
            "divide its package's services among several packages"
        )
        number = account.row.state.number
        raise CannotBill(number, ref, Refusal("event_too_large", sentence))


def _bill(draft: Draft, settings: RunSettings, account: AccountFacts, row: PackageRow) -> None:
    state = row.state
    package = settings.packages.get(state.package)
    if package is None:
        # Added to the catalogue after the run began: the run cannot know its price.
        draft.left.append(left_behind(account, row, "not_reached"))
        return
    if state.catalogue > package.revision:
        # A later run billed it with newer prices: billing with older ones would settle them back.
        raise CannotBill(account.row.state.number, state.ref, _outdated(state.ref, state.package))
    try:
        billing = bill_cycles(
            state,
            package,
            period_start=settings.period_start,
            period_end=settings.period_end,
            catch_up=settings.catch_up,
            rounding=settings.owner.rounding,
        )
    except Refusal as refusal:
        raise CannotBill(account.row.state.number, state.ref, refusal) from refusal
    for cycle in billing.cycles:
        if len(cycle.charges) > FEW_CHARGES:
            _check_size(account, cycle)
        for charge in cycle.charges:
            waiting = Waiting(
                account_package=state.ref,
                package=state.package,
                bill_date=cycle.bill_date,
                execution=settings.execution,
                charge=charge,
            )
            draft.charges.append(NewCharge(account, row, waiting))
    if billing.cycles:
        draft.charged.append(ChargedPackage(row, billing))
    if billing.left is not None and billing.next_bill_date is not None:
        draft.left.append(
            LeftBehind(
                account_package=state.ref,
                account=account.row.state.number,
                next_bill_date=billing.next_bill_date,
                reason=billing.left,
            )
        )
