"""What happens to an account-package."""

from datetime import date

import msgspec

from aggregates.account_package.state import CancelNotice, PriceOverride, Segment, Terms
from aggregates.event import Event, Fact


class PackageAdded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An account took a package. `calendar` and `next_bill_date` follow from R10 and R11."""

    ref: str
    account: str
    package: str
    currency: str
    effective: date
    calendar: tuple[Segment, ...]
    next_bill_date: date | None
    terms: Terms = Terms()
    billed_to: date | None = None
    own_bill_day: int | None = None
    notice: CancelNotice | None = None
    ended: bool = False


class PackageRescheduled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Effective date, `billed_to` or own bill day of a package never billed were corrected."""

    effective: date
    calendar: tuple[Segment, ...]
    next_bill_date: date | None
    billed_to: date | None = None
    own_bill_day: int | None = None
    notice: CancelNotice | None = None
    ended: bool = False


class CancelSet(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The package ends on `cancel` (that day is not charged). A later one moves the date."""

    cancel: date
    notice: CancelNotice
    next_bill_date: date | None
    ended: bool = False


class CancelWithdrawn(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    next_bill_date: date


class PackageSuspended(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Days from `start` are not charged; `until` is the first day charged again."""

    start: date
    until: date | None = None


class SuspensionEnded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The suspension that began on `start` ends: `until` is charged again. `until` equal to
    `start` takes the suspension back.
    """

    start: date
    until: date


class PriceOverridden(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    price: PriceOverride


class CalendarChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The bill day changed, the account's or the package's own (R10): the calendar from now on."""

    calendar: tuple[Segment, ...]
    next_bill_date: date | None
    holds_from: date
    own_bill_day: int | None = None


class Charge(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of a billed cycle, in minor units of the account's currency. The service period is
    half-open; `days` of `full_days` are charged (negative for a credit); `unit_price` None for a
    settlement. `kind`: recurring, stub, credit, adjustment, one_time.
    """

    service: str
    name: str
    kind: str
    start: date
    end: date
    days: int
    full_days: int
    amount: int
    unit_price: int | None = None
    gl_code: str | None = None
    round: int = 0
    """How often the bill date was taken back before (R14)."""


class PackageBilled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One cycle of one account-package was charged: the books of that bill date are closed.

    `state` is the package's whole state after it, in stored form (design decision 10), so that
    history can be read from here on without what came before.
    """

    execution: str
    bill_date: date
    posting_date: date
    charges: tuple[Charge, ...]
    state: msgspec.Raw


class PackageTakenBack(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The package goes back to a bill date: the cycles of `bill_dates` are to be billed again,
    because their invoice is void or their execution reversed (R21, R22). `done`, `known` and
    `catalogue` are what the last cycle that stands left: the scheduled date, the terms and the
    price revision known then.
    """

    bill_dates: tuple[date, ...]
    next_bill_date: date | None
    on: date
    done: date | None = None
    known: Terms | None = None
    catalogue: int = 0
    invoice: str = ""
    execution: str = ""


class PackageRemoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An account-package that was never billed was taken out with its account."""


AccountPackageEvent = (
    PackageAdded
    | PackageRescheduled
    | CancelSet
    | CancelWithdrawn
    | PackageSuspended
    | SuspensionEnded
    | PriceOverridden
    | CalendarChanged
    | PackageBilled
    | PackageTakenBack
    | PackageRemoved
)
