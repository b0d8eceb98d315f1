"""Set a package of the catalogue, change or delete it (R10-R13, R33)."""

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from aggregates import identity, package_rules
from aggregates.money import parse_amount
from aggregates.owner import digits_of
from aggregates.package import PackageState, Service
from aggregates.package_rules import Definition
from aggregates.refusal import Refusal
from commands.setup.entry import Amount, Day, Done, Entry, came_of
from commands.store import Absence
from commands.workspace import Workspace

KIND = "package"

Written = dict[str, Amount | None]
"""Prices by currency, as written; None takes a price away."""


class SetService(BaseModel):
    """One service of a bundle, with its own prices."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    code: str
    name: str
    prices: Written = Field(default_factory=dict[str, str | None])
    gl_code: str | None = None


class SetPackage(Entry):
    """What is sold: one service, or a bundle of `services`, at a frequency."""

    code: str
    name: str = ""
    frequency: str = ""
    billing: str = "arrears"
    prorate: bool = True
    bill_day: int | None = None
    prices: Written = Field(default_factory=dict[str, str | None])
    gl_code: str | None = None
    services: list[SetService] = Field(default_factory=list[SetService])
    prices_from: Day | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "SetPackage":
        if self.given("services") and (self.given("prices") or self.given("gl_code")):
            raise PydanticCustomError(
                "wrong_type", "has `services`, so `prices` and `gl_code` belong in these"
            )
        return self


def set_package(workspace: Workspace, entry: SetPackage) -> Done:
    """Puts a package. A changed price holds from `prices_from`, else from today; the first one of
    a currency for all days.
    """
    stream = identity.named(KIND, entry.code)
    state: PackageState | None = workspace.find(KIND, stream)
    prices = _prices(workspace, entry)
    if state is None:
        entry.need(f"package {entry.code!r}", "name", "frequency")
        if not (entry.given("prices") or entry.given("services")):
            entry.need(f"package {entry.code!r}", "prices")
        events = package_rules.create(
            code=entry.code,
            name=entry.name,
            definition=Definition(
                frequency=entry.frequency,
                services=_services(entry, entry.name, ()),
                billing=entry.billing,
                prorate=entry.prorate,
                bill_day=entry.bill_day,
            ),
            prices=prices,
        )
    else:
        name = entry.kept("name", state.name)
        events = package_rules.change(
            state,
            name=name,
            definition=Definition(
                frequency=entry.kept("frequency", state.frequency),
                services=_services(entry, name, state.services),
                billing=entry.kept("billing", state.billing),
                prorate=entry.kept("prorate", state.prorate),
                bill_day=entry.kept("bill_day", state.bill_day),
            ),
            prices=prices,
            holds_from=entry.prices_from or workspace.today(),
            held=not workspace.absent(Absence("account_package", "package", entry.code)),
        )
    workspace.stage(KIND, stream, events)
    return came_of(state is None, bool(events))


def delete_package(workspace: Workspace, code: str) -> None:
    """Takes a package out of the catalogue that no account ever held."""
    state = find_package(workspace, code)
    held = not workspace.absent(Absence("account_package", "package", code))
    workspace.stage(KIND, identity.named(KIND, code), package_rules.delete(state, held=held))


def find_package(workspace: Workspace, code: str) -> PackageState:
    """The package of a code; refused when there is none."""
    state: PackageState | None = workspace.find(KIND, identity.named(KIND, code))
    if state is None:
        raise Refusal(
            "package_unknown",
            f"there is no package {code!r}: create it or name another",
            package=code,
            field="package",
        )
    return state


def _services(entry: SetPackage, name: str, now: tuple[Service, ...]) -> tuple[Service, ...]:
    """The services as they are to be. Without `services` there is one, with the package's own code
    and name (R33).
    """
    if entry.given("services"):
        return tuple(
            Service(code=service.code, name=service.name, gl_code=service.gl_code)
            for service in entry.services
        )
    if now and [service.code for service in now] != [entry.code]:
        if entry.given("prices") or entry.given("gl_code"):
            raise Refusal(
                "cannot_change",
                f"package {entry.code} has services: write `prices` and `gl_code` in these",
                field="prices",
                package=entry.code,
            )
        return now
    known = [service.gl_code for service in now]
    gl_code = entry.kept("gl_code", known[0] if known else None)
    return (Service(code=entry.code, name=name, gl_code=gl_code),)


def _prices(workspace: Workspace, entry: SetPackage) -> dict[tuple[str, str], int | None]:
    owner = workspace.owner()
    found: dict[tuple[str, str], int | None] = {}
    written = [(service.code, service.prices) for service in entry.services]
    for service, prices in [*written, (entry.code, entry.prices)]:
        for currency, amount in prices.items():
            digits = digits_of(owner, currency)
            found[service, currency] = None if amount is None else parse_amount(amount, digits)
    return found
