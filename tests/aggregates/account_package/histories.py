"""Random lives of an account-package: taken once, changed and billed in any order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

from aggregates.refusal import Refusal
from tests.support.held import Held, day, package, repriced

START = day("2023-01-01")
HORIZON = "2027-12-31"
FREQUENCIES = ("weekly", "every 10 days", "monthly", "every 2 months", "quarterly", "annual")

days = st.integers(0, 500).map(lambda n: START + timedelta(days=n))
amounts = st.integers(0, 9999)
bill_days = st.sampled_from([1, 2, 15, 28, 29, 30, 31])
runs = st.none() | st.sampled_from(["one", "2", "all"])

Change = Callable[[Held, date], object]
"""A change of an account-package, made on a business date."""


@dataclass(frozen=True)
class Step:
    """A day on which a run may bill up to that day, and then something changes."""

    on: date
    run: str | None
    change: Change
    said: str

    def __repr__(self) -> str:
        return f"{self.on}: run {self.run}, {self.said}"


@st.composite
def steps(draw: st.DrawFn) -> Step:
    change, said = draw(_changes())
    return Step(draw(days), draw(runs), change, said)


histories = st.lists(steps(), max_size=8).map(lambda found: sorted(found, key=lambda s: s.on))


@st.composite
def taken(draw: st.DrawFn) -> Callable[[], Held]:
    """The same package of the same account, as often as one asks."""
    offer = package(
        draw(st.integers(1, 99_999)),
        frequency=draw(st.sampled_from(FREQUENCIES)),
        billing=draw(st.sampled_from(["arrears", "advance"])),
    )
    effective, billed_to = str(draw(days)), draw(st.none() | days)
    bill_day = draw(bill_days)
    return lambda: Held(
        offer,
        effective,
        account_bill_day=bill_day,
        billed_to=None if billed_to is None else str(billed_to),
    )


def tell(held: Held, step: Step) -> bool:
    """Makes the step's change; whether it was accepted. What has ended follows no catalogue."""
    if held.state.ended:
        return False
    try:
        step.change(held, step.on)
    except Refusal:
        return False
    return True


def bill_to_the_end(held: Held) -> None:
    while held.bill(str(START), HORIZON, "all").left is not None:
        pass


@st.composite
def _changes(draw: st.DrawFn) -> tuple[Change, str]:
    on = draw(days)
    match draw(st.sampled_from(["cancel", "withdraw", "suspend", "resume", "price", "catalogue"])):
        case "cancel":
            return (lambda held, today: held.cancel(str(on), str(today))), f"cancel {on}"
        case "withdraw":
            return (lambda held, today: held.cancel(None, str(today))), "withdraw"
        case "suspend":
            length = draw(st.none() | st.integers(1, 90))
            until = None if length is None else str(on + timedelta(days=length))
            return (lambda held, _: held.suspend(str(on), until)), f"suspend {on} to {until}"
        case "resume":
            return (lambda held, _: held.resume(str(on))), f"resume {on}"
        case "price":
            own = draw(st.none() | amounts)
            return (lambda held, _: held.set_price(own, str(on))), f"price {own} from {on}"
        case _:
            amount = draw(amounts)
            return _catalogue(amount, on), f"catalogue {amount} from {on}"


def _catalogue(amount: int, since: date) -> Change:
    def reprice(held: Held, today: date) -> None:
        held.package = repriced(held.package, amount, str(since))

    return reprice
