"""Changes of when an account-package bills: bill day, effective date, `billed_to` (R10, R11)."""

from datetime import date

from msgspec.structs import replace

from aggregates.account_package import events
from aggregates.account_package.guards import is_billed, refuse_bill_day, refuse_ended
from aggregates.account_package.offer import Offer, offer_of
from aggregates.account_package.periods import changed_calendar, next_bill_date
from aggregates.account_package.state import AccountPackageState
from aggregates.account_package.taking import from_the_start, resolved_bill_day
from aggregates.event import Event
from aggregates.package import PackageState
from aggregates.refusal import Refusal


def change_bill_day(
    state: AccountPackageState, package: PackageState, bill_day: int, holds_from: date
) -> list[Event]:
    """The account's bill day changed. A bill day of the package's own, or of the catalogue's
    package, goes before it; daily and weekly packages have none; what has ended stays as it is.
    """
    refuse_bill_day(bill_day)
    offer = offer_of(package)
    if state.own_bill_day is not None or package.bill_day is not None:
        return []
    if offer.frequency.unit != "months" or state.ended or state.deleted:
        return []
    return _moved(state, offer, bill_day, holds_from)


def reschedule(
    state: AccountPackageState,
    package: PackageState,
    *,
    account_bill_day: int,
    effective: date,
    billed_to: date | None,
    own_bill_day: int | None,
    today: date,
) -> list[Event]:
    """Corrects the effective date, `billed_to` and own bill day of a package never billed. Once it
    is billed only its own bill day can change, from `today` on as an account's does (R10).
    """
    offer = offer_of(package)
    same_start = effective == state.effective and billed_to == state.billed_to
    if same_start and own_bill_day == state.own_bill_day:
        return []
    refuse_ended(state)
    wanted = replace(state, effective=effective, billed_to=billed_to, own_bill_day=own_bill_day)
    if is_billed(state):
        if not same_start:
            raise Refusal(
                "already_billed",
                f"{state.ref} has been billed: its effective date and billed_to stay as they are",
                account_package=state.ref,
            )
        bill_day = resolved_bill_day(wanted, offer, account_bill_day)
        return _moved(wanted, offer, bill_day, today, always=True)
    notice = state.notice
    recorded_on = today if notice is None else notice.recorded_on
    after = from_the_start(wanted, offer, account_bill_day, recorded_on)
    return [
        events.PackageRescheduled(
            effective=effective,
            calendar=after.calendar,
            next_bill_date=after.next_bill_date,
            billed_to=billed_to,
            own_bill_day=own_bill_day,
            notice=after.notice,
            ended=after.ended,
        )
    ]


def _moved(
    state: AccountPackageState,
    offer: Offer,
    bill_day: int,
    holds_from: date,
    *,
    always: bool = False,
) -> list[Event]:
    calendar = changed_calendar(state, offer, bill_day, holds_from)
    if calendar == state.calendar and not always:
        return []
    after = replace(state, calendar=calendar)
    return [
        events.CalendarChanged(
            calendar=calendar,
            next_bill_date=next_bill_date(after, offer),
            holds_from=holds_from,
            own_bill_day=state.own_bill_day,
        )
    ]
