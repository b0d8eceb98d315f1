"""Set an AR term, change or delete it (R24)."""

from pydantic import BaseModel, ConfigDict, Field

from aggregates import ar_term, identity
from aggregates.ar_term import ArTermSettings, ArTermState, Level
from aggregates.money import parse_amount
from aggregates.owner import digits_of
from aggregates.refusal import Refusal
from commands.setup.entry import Amount, Done, Entry, Percent, came_of
from commands.workspace import Workspace

KIND = "ar_term"

Written = dict[str, Amount]
"""Money by currency, as written."""


class SetLevel(BaseModel):
    """One level of a dunning rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    event: str
    days: int = 0
    action: str
    amount: Written = Field(default_factory=dict[str, str])
    percent: Percent | None = None
    service: str = "late-fee"
    name: str = "Late fee"
    gl_code: str | None = None
    notice: str = ""


class SetArTerm(Entry):
    """A payment term and a dunning rule, for the accounts that name it."""

    name: str
    payment_term: str | None = None
    minimum_overdue: Written | None = None
    levels: list[SetLevel] | None = None
    payment_retries: list[int] | None = None


def set_ar_term(workspace: Workspace, entry: SetArTerm) -> Done:
    """Puts an AR term. Its levels are replaced as a whole."""
    stream = identity.named(KIND, entry.name)
    state: ArTermState | None = workspace.find(KIND, stream)
    now = state.settings if state else ArTermSettings()
    settings = ArTermSettings(
        payment_term=entry.kept("payment_term", now.payment_term),
        minimum_overdue=(
            _minor(workspace, entry.minimum_overdue or {})
            if entry.given("minimum_overdue")
            else now.minimum_overdue
        ),
        levels=(
            tuple(_level(workspace, level) for level in entry.levels or ())
            if entry.given("levels")
            else now.levels
        ),
        payment_retries=(
            tuple(entry.payment_retries or ())
            if entry.given("payment_retries")
            else now.payment_retries
        ),
    )
    events = ar_term.put(state, name=entry.name, settings=settings)
    workspace.stage(KIND, stream, events)
    return came_of(state is None, bool(events))


def delete_ar_term(workspace: Workspace, name: str) -> None:
    """Takes an AR term away that no account has."""
    state = find_ar_term(workspace, name)
    if workspace.owner().ar_term == name:
        raise Refusal(
            "in_use",
            f"AR term {name} is the one that new accounts get: give the owner another `ar_term` "
            "first, or null",
            name=name,
        )
    holders = _holders(workspace, name)
    workspace.stage(KIND, identity.named(KIND, name), ar_term.delete(state, accounts=holders))


def find_ar_term(workspace: Workspace, name: str) -> ArTermState:
    """The AR term of a name; refused when there is none."""
    state: ArTermState | None = workspace.find(KIND, identity.named(KIND, name))
    if state is None:
        raise Refusal(
            "ar_term_unknown",
            f"there is no AR term {name!r}: create it or name another",
            ar_term=name,
            field="ar_term",
        )
    return state


def check_fees(state: ArTermState, currency: str) -> None:
    """Every fixed late fee has an amount in the currency of the account that gets the term."""
    for level in state.settings.levels:
        if level.action == "late_fee" and currency not in level.amount:
            raise Refusal(
                "late_fee_missing",
                f"AR term {state.name} has no late fee in {currency} for its level "
                f"`{level.key}`: add it",
                ar_term=state.name,
                level=level.key,
                currency=currency,
                field="ar_term",
            )


def _holders(workspace: Workspace, name: str) -> list[str]:
    """The first account that has the AR term. All accounts are gone through, for nobody deletes
    AR terms by the thousand.
    """
    workspace.relies_on("account.ar_term_changed", "account.opened")
    for row in workspace.reading.accounts_in(b"", b"", ()):
        if row.state.ar_term == name:
            return [row.state.number]
    return []


def _level(workspace: Workspace, entry: SetLevel) -> Level:
    return Level(
        event=entry.event,
        action=entry.action,
        days=entry.days,
        amount=_minor(workspace, entry.amount),
        percent=entry.percent,
        service=entry.service,
        name=entry.name,
        gl_code=entry.gl_code,
        notice=entry.notice,
    )


def _minor(workspace: Workspace, written: Written) -> dict[str, int]:
    owner = workspace.owner()
    return {
        currency: parse_amount(amount, digits_of(owner, currency))
        for currency, amount in sorted(written.items())
    }
