"""What a run goes by: fixed when its execution starts, the same for every chunk (decision 16)."""

from dataclasses import dataclass, field
from datetime import date

from aggregates import identity
from aggregates.ar_term import ArTermState
from aggregates.bill_group import BillGroupState
from aggregates.dunning import looked_at
from aggregates.exchange_rates import ExchangeRatesState
from aggregates.execution import ExecutionState
from aggregates.ledger import LedgerState
from aggregates.owner import OwnerState
from aggregates.package import PackageState
from aggregates.refusal import Refusal
from commands.store import Reading, Store


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Settings, rates, groups and catalogue as of the execution's start.

    `posting_date` is the given one, else the business date (R2). `account` is set for bill
    account (R3). `rates` is None when no set is in force. `form` says how what the execution does
    is written (`aggregates.execution.FORM`).
    """

    execution: str
    execution_id: bytes
    owner: OwnerState
    actions: tuple[str, ...]
    groups: dict[str, BillGroupState]
    packages: dict[str, PackageState]
    rates: ExchangeRatesState | None
    period_start: date
    period_end: date
    catch_up: str
    business_date: date
    posting_date: date
    account: str | None
    requested_by: str
    form: int
    started_at: int = 0
    """The position of history at which the execution was started; 0 for a preview."""
    collection: str = "balance_due"
    books: LedgerState | None = None
    ar_terms: dict[str, ArTermState] = field(default_factory=dict[str, ArTermState])
    dunned: dict[str, date] = field(default_factory=dict[str, date])
    """By AR term, the latest due date of an invoice that has come to one of its levels."""
    has_contracts: bool = False
    """Whether any account may have a contract: without one nothing of them is read."""


def load_settings(store: Store, execution_id: bytes, state: ExecutionState) -> RunSettings:
    """The settings of a started execution, read as of the position it recorded."""
    if state.business_date is None:
        raise Refusal("execution_not_started", "the execution has not been started")
    with store.snapshot() as now:
        if now.head.position == state.position:
            return read_settings(now, execution_id, state, state.business_date)
    with store.as_of(state.position) as then:
        return read_settings(then, execution_id, state, state.business_date)


def read_settings(
    reading: Reading, execution_id: bytes, state: ExecutionState, business_date: date
) -> RunSettings:
    """The settings as the reading shows them, for an execution on `business_date`."""
    owner = reading.get("owner", identity.owner())
    run = reading.get("bill_run", identity.named("bill_run", state.bill_run))
    if owner is None or run is None or run.state.deleted:
        raise Refusal(
            "bill_run_unknown",
            f"there is no bill run named {state.bill_run!r}; `billstream bill-run list` shows "
            "the ones there are",
        )
    names = run.state.settings.bill_groups
    streams = {identity.named("bill_group", name): name for name in names}
    groups = reading.get_many("bill_group", streams)
    books = reading.get("ledger", identity.ledger())
    packages = {found.state.code: found.state for found in reading.all_of("package")}
    ar_terms: dict[str, ArTermState] = {
        term.state.name: term.state for term in reading.all_of("ar_term") if not term.state.deleted
    }
    return RunSettings(
        execution=identity.text(execution_id),
        execution_id=execution_id,
        owner=owner.state,
        actions=run.state.settings.actions,
        groups={streams[stream]: found.state for stream, found in groups.items()},
        packages=packages,
        rates=rates_in_force(reading, run.state.settings.exchange_rates, business_date),
        period_start=state.period_start,
        period_end=state.period_end,
        catch_up=state.catch_up,
        business_date=business_date,
        posting_date=state.posting_date or business_date,
        account=state.account,
        requested_by=state.requested_by,
        form=state.form,
        started_at=state.position,
        collection=run.state.settings.collection,
        books=None if books is None else books.state,
        ar_terms=ar_terms,
        dunned={
            name: looked_at(term.settings.levels, business_date) for name, term in ar_terms.items()
        },
        has_contracts=reading.has_items("contract"),
    )


def rates_in_force(reading: Reading, name: str, business_date: date) -> ExchangeRatesState | None:
    """The set by its name; for `current` the one with the latest effective date on or before the
    business date (R1), or None.
    """
    if name != "current":
        found = reading.get("exchange_rates", identity.named("exchange_rates", name))
        return None if found is None or found.state.deleted else found.state
    sets: list[ExchangeRatesState] = [
        found.state for found in reading.all_of("exchange_rates") if not found.state.deleted
    ]
    reached = [rates for rates in sets if rates.effective <= business_date]
    return max(reached, key=lambda rates: rates.effective, default=None)
