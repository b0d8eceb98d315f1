"""What an account-package is: its terms, its calendar and how far it has been billed."""

from datetime import date

from aggregates.event import Fact, State


class Suspension(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Days not charged: from the first one to the day charged again (`None`: open)."""

    start: date
    until: date | None = None


class PriceOverride(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The account-package's own price in minor units from a day on (`None`: from the beginning).
    `amount` None: back to the catalogue from that day on.
    """

    holds_from: date | None = None
    amount: int | None = None


class Terms(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Everything that decides which days are charged and at which price, as known."""

    cancel: date | None = None
    suspensions: tuple[Suspension, ...] = ()
    prices: tuple[PriceOverride, ...] = ()


class Segment(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False, cache_hash=True):
    """A stretch of the calendar with one bill day. Date n lies n intervals after `anchor`.
    `start` is where it takes over from the segment before (a bridge stub runs from there to the
    anchor, R10); None for the first. `bill_day` is None for daily and weekly packages.
    """

    anchor: date
    bill_day: int | None = None
    start: date | None = None


class CancelNotice(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """When the cancel was recorded (business date T) and the next bill date then (N), from which
    the final bill date follows (R13).
    """

    recorded_on: date
    next_bill_date: date


class AccountPackageState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One package held by one account.

    `terms` is what is known now; `settled` what was known when it was last billed (None: the
    same), `catalogue` the package's price revision known then. `done` is the last scheduled date
    that was billed (None: never). `own_bill_day` overrides the account's. `next_bill_date` is None
    once `ended`.
    """

    ref: str
    account: str
    package: str
    currency: str
    effective: date
    calendar: tuple[Segment, ...]
    terms: Terms = Terms()
    billed_to: date | None = None
    own_bill_day: int | None = None
    next_bill_date: date | None = None
    settled: Terms | None = None
    catalogue: int = 0
    done: date | None = None
    notice: CancelNotice | None = None
    ended: bool = False
    deleted: bool = False
    rounds: dict[str, int] = {}
    """By bill date, how often it was taken back (R14)."""
