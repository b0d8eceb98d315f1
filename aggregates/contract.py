"""A contract of an account: what it committed to, for how long, and how it ends (R31)."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State


class Commitment(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """At least `amount` minor units of charges per commit period, a frequency as R10 knows them.
    `service`, `name` and `gl_code` stand on the line of a shortfall.
    """

    amount: int
    per: str = "monthly"
    service: str = "commitment"
    name: str = "Commitment shortfall"
    gl_code: str | None = None


class Termination(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What ending early costs: `amount` minor units, or `percent` of the remaining commitments."""

    amount: int | None = None
    percent: Decimal | None = None
    service: str = "early-termination"
    name: str = "Early termination fee"
    gl_code: str | None = None


class Escalator(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """On every anniversary the prices in force rise by `percent`, which may be negative."""

    percent: Decimal
    every: str = "annual"


class ContractTerms(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`term` is how long it runs: a frequency, `every 24 months`. `renewal`: none, auto (until
    notice is given), notice (unless it was given `notice_days` before the end). `packages` are the
    account-packages under it; none named: all of the account.
    """

    term: str
    renewal: str = "none"
    notice_days: int = 0
    commitment: Commitment | None = None
    termination: Termination | None = None
    escalator: Escalator | None = None
    packages: tuple[str, ...] = ()


class Counted(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Minor units that count toward the commit period that begins on `start`."""

    start: date
    amount: int


class Escalated(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The price of an account-package before and after an anniversary, in minor units."""

    account_package: str
    before: int
    after: int


class ContractSigned(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`bill_day` is the account's, from which the commit periods count (R10)."""

    ref: str
    account: str
    currency: str
    start: date
    bill_day: int
    term_end: date
    terms: ContractTerms


class ContractAmended(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The terms as they are now, whole."""

    start: date
    term_end: date
    terms: ContractTerms


class ContractCounted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an execution of an older form (`aggregates.execution.FORM`) charged under the contract,
    or a void took back of that, by commit period. `execution` is empty for a void.
    """

    counted: tuple[Counted, ...]
    execution: str = ""


class CommitPeriodClosed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The shortfall of a commit period, once: max(0, `commitment` - `counted`), the commitment of a
    part period by its days (R12). `transaction` is its fee's id, empty without one. The period
    stays closed when its fee's invoice is voided, for the fee waits again (R21). `counted` holds
    what history had of the period and what the execution itself charged in it. `counted_to` is the
    position of history after which the next period begins to look for charges. `charged` stands in
    executions of an older form: what they charged under the contract, by commit period, this one
    or later ones; `counted_to` is 0 in these.
    """

    execution: str
    start: date
    end: date
    days: int
    full_days: int
    commitment: int
    counted: int
    shortfall: int
    transaction: str = ""
    charged: tuple[Counted, ...] = ()
    counted_to: int = 0


class ContractRenewed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    execution: str
    start: date
    end: date


class NoticeGiven(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The contract will not be renewed beyond `ends`."""

    on: date
    ends: date


class ContractTerminated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """It ends early: `as_of` is the first day not under contract."""

    on: date
    as_of: date


class TerminationCharged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The early-termination fee. `remaining` are the commitments left, rounded for show."""

    execution: str
    as_of: date
    remaining: int
    amount: int
    transaction: str = ""


class PriceEscalated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An anniversary: prices rose as of `on`."""

    execution: str
    on: date
    packages: tuple[Escalated, ...]


class ContractEnded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`on` is the first day not under contract."""

    execution: str
    on: date


ContractEvent = (
    ContractSigned
    | ContractAmended
    | ContractCounted
    | CommitPeriodClosed
    | ContractRenewed
    | NoticeGiven
    | ContractTerminated
    | TerminationCharged
    | PriceEscalated
    | ContractEnded
)


class ContractState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`term_end` is the first day after the term that runs. Commit periods are closed up to
    `closed_to`. What counts toward those that are not is what history holds after `counted_to` (0:
    since it was signed), and `counted`, which executions of an older form wrote down. `ends` is set
    by notice, `terminated` by an early end; `charged`: its fee was charged. `anniversaries` counts
    those on which prices rose. `used`: runs have acted on it.
    """

    ref: str
    account: str
    currency: str
    start: date
    bill_day: int
    term_end: date
    closed_to: date
    terms: ContractTerms
    counted: tuple[Counted, ...] = ()
    renewals: int = 0
    anniversaries: int = 0
    notice: date | None = None
    ends: date | None = None
    terminated: date | None = None
    charged: bool = False
    used: bool = False
    ended: date | None = None
    counted_to: int = 0

    @property
    def status(self) -> str:
        """active, terminated (the run is still to settle it) or ended."""
        if self.ended is not None:
            return "ended"
        return "active" if self.terminated is None else "terminated"


def evolve(state: ContractState | None, event: ContractEvent) -> ContractState:
    """The contract after the event. What every run does to it comes first."""
    if state is None:
        return _signed(event)
    match event:
        case CommitPeriodClosed():
            counted = added(state.counted, event.charged) if event.charged else state.counted
            kept = tuple([found for found in counted if found.start >= event.end])
            return replace(
                state,
                counted=kept,
                closed_to=event.end,
                used=True,
                counted_to=event.counted_to or state.counted_to,
            )
        case ContractCounted():
            return replace(state, counted=added(state.counted, event.counted), used=True)
        case PriceEscalated():
            return replace(state, anniversaries=state.anniversaries + 1, used=True)
        case ContractSigned():
            raise ImpossibleEvent(f"contract {state.ref} was signed twice")
        case _:
            return _lived(state, event)


def _signed(event: ContractEvent) -> ContractState:
    if not isinstance(event, ContractSigned):
        raise ImpossibleEvent(f"{type(event).__name__} on a contract that does not exist")
    return ContractState(
        ref=event.ref,
        account=event.account,
        currency=event.currency,
        start=event.start,
        bill_day=event.bill_day,
        term_end=event.term_end,
        closed_to=event.start,
        terms=event.terms,
    )


def _lived(
    state: ContractState,
    event: ContractAmended
    | ContractRenewed
    | NoticeGiven
    | ContractTerminated
    | TerminationCharged
    | ContractEnded,
) -> ContractState:
    match event:
        case ContractAmended():
            closed_to = state.closed_to if state.used else event.start
            return replace(
                state,
                start=event.start,
                term_end=event.term_end,
                terms=event.terms,
                closed_to=closed_to,
            )
        case ContractRenewed():
            return replace(state, term_end=event.end, renewals=state.renewals + 1, used=True)
        case NoticeGiven():
            return replace(state, notice=event.on, ends=event.ends)
        case ContractTerminated():
            return replace(state, terminated=event.as_of)
        case TerminationCharged():
            return replace(state, charged=True)
        case ContractEnded():
            return replace(state, ended=event.on)


def added(before: tuple[Counted, ...], more: tuple[Counted, ...]) -> tuple[Counted, ...]:
    """What counts by commit period, in their order; `more` is in it already."""
    if not before:
        return more
    sums = {found.start: found.amount for found in before}
    for found in more:
        sums[found.start] = sums.get(found.start, 0) + found.amount
    return tuple([Counted(start=start, amount=sums[start]) for start in sorted(sums)])
