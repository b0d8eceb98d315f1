"""A package held by one account, driven as history drives it: decide, evolve, bill."""

from datetime import date
from typing import cast

import msgspec

from aggregates.account_package import lifecycle
from aggregates.account_package.cycles import Billing, Cycle, bill_cycles
from aggregates.account_package.events import AccountPackageEvent, Charge, PackageBilled
from aggregates.account_package.evolve import evolve
from aggregates.account_package.state import AccountPackageState
from aggregates.account_package.taking_back import standing, take_back
from aggregates.event import Event
from aggregates.package import PackageState, Price, Service


def day(text: str) -> date:
    return date.fromisoformat(text)


def package(
    price: int | None = 3100,
    *,
    frequency: str = "monthly",
    billing: str = "arrears",
    prorate: bool = True,
    bill_day: int | None = None,
    currency: str = "USD",
) -> PackageState:
    """A package with one service, `internet`."""
    prices = () if price is None else (Price(service="internet", currency=currency, amount=price),)
    return PackageState(
        code="internet",
        name="Internet 100",
        frequency=frequency,
        services=(Service(code="internet", name="Internet 100", gl_code="4000"),),
        prices=prices,
        billing=billing,
        prorate=prorate,
        bill_day=bill_day,
    )


def repriced(
    sold: PackageState, amount: int | None, holds_from: str, service: str = "internet"
) -> PackageState:
    """The package after a price change in its catalogue."""
    revision = sold.revision + 1
    price = Price(
        service=service,
        currency=sold.prices[0].currency,
        holds_from=day(holds_from),
        amount=amount,
        revision=revision,
    )
    return msgspec.structs.replace(sold, prices=(*sold.prices, price), revision=revision)


class Held:
    """An account-package and everything that was charged for it."""

    def __init__(
        self,
        sold: PackageState,
        effective: str,
        *,
        account_bill_day: int = 1,
        today: str | None = None,
        billed_to: str | None = None,
        own_bill_day: int | None = None,
        cancel: str | None = None,
        price: int | None = None,
        currency: str = "USD",
    ) -> None:
        self.package = sold
        self.account_bill_day = account_bill_day
        self.charges: list[Charge] = []
        self.bill_dates: list[date] = []
        added = lifecycle.add(
            ref="C-1/internet",
            account="C-1",
            currency=currency,
            account_bill_day=account_bill_day,
            package=sold,
            effective=day(effective),
            today=day(today or effective),
            billed_to=day(billed_to) if billed_to else None,
            own_bill_day=own_bill_day,
            cancel=day(cancel) if cancel else None,
            price=price,
        )
        self.history = [cast(AccountPackageEvent, added[0])]
        self.state: AccountPackageState = evolve(None, self.history[0])

    @property
    def next(self) -> str | None:
        found = self.state.next_bill_date
        return None if found is None else found.isoformat()

    @property
    def total(self) -> int:
        return sum(charge.amount for charge in self.charges)

    def happened(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.history.append(cast(AccountPackageEvent, event))
            self.state = evolve(self.state, self.history[-1])
        return events

    def bill(
        self, start: str, end: str, catch_up: str = "one", rounding: str = "half_up"
    ) -> Billing:
        billing = bill_cycles(
            self.state,
            self.package,
            period_start=day(start),
            period_end=day(end),
            catch_up=catch_up,
            rounding=rounding,
        )
        for cycle in billing.cycles:
            self.happened([closed(cycle)])
            assert self.state == cycle.state
            self.charges += cycle.charges
            self.bill_dates.append(cycle.bill_date)
        return billing

    def bill_on(self, bill_date: str) -> list[tuple[str, str, str, int, int, int]]:
        """Bills the one cycle of a date; its lines as (kind, start, end, days, of days, amount)."""
        assert self.next == bill_date, f"next bill date is {self.next}"
        before = len(self.charges)
        self.bill(bill_date, bill_date)
        return [shown(charge) for charge in self.charges[before:]]

    def go_back(self, cycles: int) -> list[Charge]:
        """Takes back the newest cycles; what they had charged is returned."""
        back = standing(self.history)[-cycles:]
        self.happened([*take_back(self.state, self.package, back, on=date.max)])
        return [charge for one in back for charge in one.billed.charges]

    def cancel(self, cancel: str | None, today: str) -> list[Event]:
        wanted = day(cancel) if cancel else None
        return self.happened(lifecycle.set_cancel(self.state, self.package, wanted, day(today)))

    def suspend(self, start: str, until: str | None = None) -> list[Event]:
        end = day(until) if until else None
        return self.happened(lifecycle.suspend(self.state, day(start), end))

    def resume(self, as_of: str) -> list[Event]:
        return self.happened(lifecycle.resume(self.state, day(as_of)))

    def set_price(self, amount: int | None, holds_from: str | None) -> list[Event]:
        since = day(holds_from) if holds_from else None
        return self.happened(lifecycle.set_price(self.state, self.package, amount, since))

    def change_bill_day(self, bill_day: int, holds_from: str) -> list[Event]:
        return self.happened(
            lifecycle.change_bill_day(self.state, self.package, bill_day, day(holds_from))
        )

    def reschedule(
        self,
        effective: str,
        *,
        today: str,
        billed_to: str | None = None,
        own_bill_day: int | None = None,
    ) -> list[Event]:
        return self.happened(
            lifecycle.reschedule(
                self.state,
                self.package,
                account_bill_day=self.account_bill_day,
                effective=day(effective),
                billed_to=day(billed_to) if billed_to else None,
                own_bill_day=own_bill_day,
                today=day(today),
            )
        )


def closed(cycle: Cycle) -> PackageBilled:
    """The event of a billed cycle, with its state in stored form."""
    return PackageBilled(
        execution="e-1",
        bill_date=cycle.bill_date,
        posting_date=cycle.bill_date,
        charges=cycle.charges,
        state=msgspec.Raw(msgspec.json.encode(cycle.state)),
    )


def shown(charge: Charge) -> tuple[str, str, str, int, int, int]:
    return (
        charge.kind,
        charge.start.isoformat(),
        charge.end.isoformat(),
        charge.days,
        charge.full_days,
        charge.amount,
    )
