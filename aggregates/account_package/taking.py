"""An account takes a package: its calendar and first bill date follow (R10, R11, R33)."""

from datetime import date

from msgspec.structs import replace

from aggregates.account_package import events
from aggregates.account_package.guards import refuse_bill_day
from aggregates.account_package.offer import Offer, offer_of
from aggregates.account_package.periods import (
    first_calendar,
    first_day,
    next_bill_date,
    next_scheduled,
    period_from,
)
from aggregates.account_package.pricing import refuse_no_price, refuse_override
from aggregates.account_package.state import (
    AccountPackageState,
    CancelNotice,
    PriceOverride,
    Terms,
)
from aggregates.event import Event
from aggregates.package import PackageState
from aggregates.refusal import Refusal


def add(
    *,
    ref: str,
    account: str,
    currency: str,
    account_bill_day: int,
    package: PackageState,
    effective: date,
    today: date,
    billed_to: date | None = None,
    own_bill_day: int | None = None,
    cancel: date | None = None,
    price: int | None = None,
) -> list[Event]:
    """Takes a package from a day on. An own price given here holds for all days; one given later
    holds from its date. A cancel known already counts as recorded `today`.
    """
    offer = offer_of(package)
    prices: tuple[PriceOverride, ...] = ()
    if price is not None:
        refuse_override(offer, price)
        prices = (PriceOverride(amount=price),)
    wanted = AccountPackageState(
        ref=ref,
        account=account,
        package=package.code,
        currency=currency,
        effective=effective,
        calendar=(),
        terms=Terms(cancel=cancel, prices=prices),
        billed_to=billed_to,
        own_bill_day=own_bill_day,
    )
    refuse_no_price(wanted, offer, first_day(wanted))
    state = from_the_start(wanted, offer, account_bill_day, today)
    return [
        events.PackageAdded(
            ref=ref,
            account=account,
            package=package.code,
            currency=currency,
            effective=effective,
            calendar=state.calendar,
            next_bill_date=state.next_bill_date,
            terms=state.terms,
            billed_to=billed_to,
            own_bill_day=own_bill_day,
            notice=state.notice,
            ended=state.ended,
        )
    ]


def from_the_start(
    state: AccountPackageState, offer: Offer, account_bill_day: int, today: date
) -> AccountPackageState:
    """A package never billed with its calendar, cancel notice and next bill date worked out from
    its effective date, `billed_to`, bill day and cancel date.
    """
    calendar = first_calendar(
        offer.frequency, state.effective, resolved_bill_day(state, offer, account_bill_day)
    )
    state = replace(state, calendar=calendar, notice=None, next_bill_date=None, ended=False)
    first = next_scheduled(state, offer)
    cancel = state.terms.cancel
    if first is None or (offer.frequency.unit == "once" and state.effective < first_day(state)):
        return replace(state, ended=True)
    period_from(offer.frequency, calendar, first)
    if cancel is None:
        return replace(state, next_bill_date=first)
    state = replace(state, notice=CancelNotice(recorded_on=today, next_bill_date=first))
    if cancel <= state.effective:
        return replace(state, ended=True)
    return replace(state, next_bill_date=next_bill_date(state, offer))


def resolved_bill_day(state: AccountPackageState, offer: Offer, account_bill_day: int) -> int:
    """The package's own bill day, else the catalogue's, else the account's (R10)."""
    own = state.own_bill_day
    if own is not None:
        refuse_bill_day(own)
        if offer.frequency.unit != "months":
            raise Refusal(
                "bill_day_not_used",
                f"{state.package} is sold {offer.frequency.text}: leave out the bill day"
                f" of {state.ref}",
                account_package=state.ref,
            )
        return own
    return offer.package.bill_day or account_bill_day
