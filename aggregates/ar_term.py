"""An AR term: a payment term and the dunning rule of the accounts that have it (R24)."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from aggregates.bill_group import check_payment_term
from aggregates.event import Event, Fact, ImpossibleEvent, State
from aggregates.names import check_name
from aggregates.refusal import Refusal

EVENTS = ("prior", "on", "after")
ACTIONS = ("late_fee", "late_fee_percent", "notify", "suspend", "collect")
MOST_DAYS = 3650
MOST_DECIMALS = 4


class Level(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What happens `days` prior to, on or after the due date of an invoice. `amount` is a fixed
    late fee in minor units per currency, `percent` one of the invoice's balance; `service`, `name`
    and `gl_code` stand on the fee's line; `notice` names the message to be sent.
    """

    event: str
    action: str
    days: int = 0
    amount: dict[str, int] = {}
    percent: Decimal | None = None
    service: str = "late-fee"
    name: str = "Late fee"
    gl_code: str | None = None
    notice: str = ""

    @property
    def key(self) -> str:
        """Names the level within its rule and says when it acts: `after 10: late_fee`."""
        when = "on" if self.event == "on" else f"{self.event} {self.days}"
        return f"{when}: {self.action}"


class ArTermSettings(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`payment_term` None: the bill group's. `minimum_overdue` is in minor units per currency;
    a currency that is not named has none. `payment_retries` are the days after a first decline
    on which a payment is tried again (R23).
    """

    payment_term: str | None = None
    minimum_overdue: dict[str, int] = {}
    levels: tuple[Level, ...] = ()
    payment_retries: tuple[int, ...] = ()


class ArTermCreated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    settings: ArTermSettings


class ArTermChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The settings as they are now, whole."""

    settings: ArTermSettings


class ArTermDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


ArTermEvent = ArTermCreated | ArTermChanged | ArTermDeleted


class ArTermState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    settings: ArTermSettings
    deleted: bool = False


def evolve(state: ArTermState | None, event: ArTermEvent) -> ArTermState:
    """The AR term after the event."""
    if isinstance(event, ArTermCreated):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"AR term {state.name} was created twice")
        return ArTermState(name=event.name, settings=event.settings)
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} on an AR term that does not exist")
    match event:
        case ArTermChanged():
            return replace(state, settings=event.settings)
        case ArTermDeleted():
            return replace(state, deleted=True)


def put(state: ArTermState | None, *, name: str, settings: ArTermSettings) -> list[ArTermEvent]:
    """The AR term as it is to be. Levels an invoice has reached stay reached (R24)."""
    check_name(name, "name of an AR term")
    _check(settings)
    if state is None:
        return [ArTermCreated(name=name, settings=settings)]
    return [] if settings == state.settings else [ArTermChanged(settings=settings)]


def delete(state: ArTermState, *, accounts: Sequence[str]) -> list[ArTermEvent]:
    """The AR term goes away, unless an account has it."""
    if accounts:
        raise Refusal(
            "in_use",
            f"AR term {state.name} is that of account {accounts[0]}: give it another first",
            name=state.name,
            account=accounts[0],
        )
    return [ArTermDeleted()]


def _check(settings: ArTermSettings) -> None:
    if settings.payment_term is not None:
        check_payment_term(settings.payment_term)
    for currency, least in settings.minimum_overdue.items():
        if least < 0:
            raise Refusal(
                "minimum_overdue_invalid",
                f"the minimum overdue amount in {currency} is negative: use 0 for none",
                field="minimum_overdue",
            )
    seen: set[str] = set()
    for level in settings.levels:
        _check_level(level)
        if level.key in seen:
            raise _invalid(level, "stands there twice: keep one of them")
        seen.add(level.key)
    _check_retries(settings.payment_retries)


def _check_level(level: Level) -> None:
    if level.event not in EVENTS:
        raise _invalid(level, f"has the event {level.event!r}: use {', '.join(EVENTS)}")
    if level.action not in ACTIONS:
        raise _invalid(level, f"has the action {level.action!r}: use {', '.join(ACTIONS)}")
    if level.event == "on" and level.days:
        raise _invalid(level, "acts on the due date: leave out `days`")
    if level.event != "on" and not 1 <= level.days <= MOST_DAYS:
        raise _invalid(
            level, f"needs `days` between 1 and {MOST_DAYS}: the due date itself is the event `on`"
        )
    if bool(level.amount) != (level.action == "late_fee"):
        raise _invalid(level, "a `late_fee`, and only that, has an `amount` per currency")
    if (level.percent is not None) != (level.action == "late_fee_percent"):
        raise _invalid(level, "a `late_fee_percent`, and only that, has a `percent`")
    if any(amount <= 0 for amount in level.amount.values()):
        raise _invalid(level, "has an amount that is not above zero")
    if level.percent is not None:
        check_percent(level.percent)
    if level.service == "" or level.name == "":
        raise _invalid(level, "has an empty `service` or `name`: leave it out or fill it in")


def check_percent(percent: Decimal) -> None:
    """A percentage lies above 0, is 100 at most and has no more decimals than four."""
    exponent = percent.as_tuple().exponent
    fine = isinstance(exponent, int) and -exponent <= MOST_DECIMALS
    if not (fine and 0 < percent <= 100):
        raise Refusal(
            "percent_invalid",
            f"{percent:f} is not a percentage above 0 and up to 100 with at most four decimals",
            field="percent",
        )


def _check_retries(days: tuple[int, ...]) -> None:
    ascending = all(before < after for before, after in zip((0, *days), days, strict=False))
    if not ascending or any(day > MOST_DAYS for day in days):
        raise Refusal(
            "payment_retries_invalid",
            f"payment retries are days after the first decline, ascending from 1 to {MOST_DAYS}",
            field="payment_retries",
        )


def _invalid(level: Level, reason: str) -> Refusal:
    return Refusal("level_invalid", f"the dunning level `{level.key}` {reason}", field="levels")
