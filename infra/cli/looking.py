"""What every reading verb does first: open the database, bring the views up to date."""

import string
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aggregates import identity
from aggregates.owner import OwnerState
from aggregates.refusal import Refusal
from infra.cli.output import notice, progress
from infra.composition import App, open_app
from projections.shapes import Showing

if TYPE_CHECKING:
    from aggregates.package import PackageState
    from infra.views.views import Views
    from projections.ledger import Books

LAST = 2**63 - 1
"""The largest position or count that a database knows."""

SHORT = 8
"""Digits of an id that tables show; every verb takes them back."""

END = 6
"""Digits of either end, where it takes both."""


class Look:
    """A database as it is now, for people or programs to look at."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._now = app.now()

    @cached_property
    def owner(self) -> OwnerState | None:
        """Read when it is asked for: history can be looked at when the owner is unreadable."""
        with self.app.store.snapshot() as reading:
            found = reading.get("owner", identity.owner())
        return found.state if found else None

    @cached_property
    def views(self) -> "Views":
        """The views, up to date with history."""
        return self._followed(self.app.views, "views")

    @cached_property
    def journal(self) -> "Views":
        """The journal's rows, up to date with history."""
        return self._followed(self.app.books, "journal")

    def _followed(self, views: "Views", what: str) -> "Views":
        behind = views.behind()
        with progress(what, behind, start=0) as report:
            head = views.head()
            views.catch_up(lambda position: report(behind - (head - position)))
        return views

    @cached_property
    def showing(self) -> Showing:
        """The owner's digits, date and local time; before there is an owner, UTC."""
        digits = self.owner.currencies if self.owner else {}
        local, today = self._local()
        return Showing(digits, today, local)

    def _local(self) -> tuple[Callable[[str], str], date]:
        if self.owner is None or self.owner.time_zone in ("UTC", "Etc/UTC"):
            where: Any = UTC
        else:
            from commands.local_time import zone

            where = zone(self.owner.time_zone)

        def local(at: str) -> str:
            return datetime.fromisoformat(at).astimezone(where).isoformat(timespec="seconds")

        return local, self._now.astimezone(where).date()

    @cached_property
    def ledger(self) -> "Books":
        """The books, up to date with history."""
        from projections.ledger import Books

        codes = {state.code: state for state in self.states("gl_code", deleted=True)}
        rounding = self.owner.rounding if self.owner else "half_up"
        return Books(self.journal, codes, rounding)

    @property
    def currency(self) -> str:
        """The owner's default currency."""
        return self.owner.currency if self.owner else ""

    @cached_property
    def catalogue(self) -> "dict[str, PackageState]":
        """Every package by its code, deleted ones too."""
        return {state.code: state for state in self.states("package", deleted=True)}

    def states(self, kind: str, *, deleted: bool = False) -> list[Any]:
        """Every piece of setup of a kind, by name."""
        with self.app.store.snapshot() as reading:
            found = [versioned.state for versioned in reading.all_of(kind)]
        return [state for state in found if deleted or not state.deleted]

    def state(self, kind: str, name: str, word: str) -> Any:
        """One piece of setup by its name."""
        with self.app.store.snapshot() as reading:
            found = reading.get(kind, identity.named(kind, name))
        if found is None or found.state.deleted:
            raise unknown(kind, name, f"billstream {word} list")
        return found.state


@contextmanager
def looking(database: str | None) -> Generator[Look]:
    """Opens the database to look at it."""
    with open_app(database) as app:
        yield Look(app)


def unknown(kind: str, key: str, remedy: str) -> Refusal:
    """What was asked for is not there."""
    word = kind.replace("_", " ").replace("account package", "account-package")
    return Refusal(f"{kind}_unknown", f"there is no {word} {key!r}: see `{remedy}`", **{kind: key})


def check_account(look: Look, account: str | None) -> None:
    """Refused when a verb is narrowed to an account that is not there."""
    from projections import accounts

    if account is not None and accounts.one(look.views, account) is None:
        raise unknown("account", account, "billstream account list")


def check_invoicer(look: Look, account: str | None, as_json: bool = False) -> None:
    """The same for a verb about invoices, which tells people where they are when they go to
    another; programs are told by `account show`.
    """
    from projections import accounts

    check_account(look, account)
    found = accounts.one(look.views, account) if account is not None else None
    if found is not None and found["invoicer"] != account and not as_json:
        to = found["invoicer"]
        notice(
            f"invoices of account {account} go to {to}: `billstream invoice list --account {to}`"
        )


def going_to(account: str, invoicer: str) -> tuple[tuple[str, str], ...]:
    """The line of a card that says that an account's invoices go to another."""
    return () if invoicer == account else (("invoices go to", invoicer),)


def execution_id(look: Look, written: str) -> str:
    """The execution meant by an id or its first digits, as tables show them."""
    from projections import executions

    return whole("execution", written, lambda prefix: executions.ids(look.views, prefix))


def schedule_id(look: Look, written: str) -> str:
    """The schedule meant by an id or its first digits, as tables show them."""
    from projections import schedules

    return whole("schedule", written, lambda prefix: schedules.ids(look.views, prefix))


_LISTS = {
    "execution": "billstream bill-run completed",
    "schedule": "billstream bill-run scheduled",
    "payment": "billstream payment list",
}


def whole(kind: str, written: str, find: Callable[[str], list[str]]) -> str:
    """The id meant by the digits that tables show (`short`, `tail`, `both_ends`)."""
    prefix = written.strip().lower()
    readable = len(prefix) >= 4 and set(prefix) <= set(string.hexdigits + "-")
    found = find(prefix) if readable else []
    if len(found) > 1:
        raise Refusal(
            "id_ambiguous", f"{written!r} fits several ids: give more digits, or the whole id"
        )
    if not found:
        raise unknown(kind, written, _LISTS[kind])
    return found[0]


def short(id: str | None) -> str | None:
    """An id as tables show it."""
    return id[:SHORT] if id else None


def tail(id: str) -> str:
    """The id of what an account has many of, as tables show it: its last digits. The first ones
    are the account's, and the same for all its transactions.
    """
    return id[-SHORT:]


def both_ends(id: str) -> str:
    """The id of a payment as tables show it: the first digits are its account's, the last those of
    what asked for it, so all payments of an account share the former and all of a run the latter.
    """
    return id[:END] + id[-END:]


def minutes(at: str | None) -> str | None:
    """A time as tables show it: `2020-11-01 00:00`."""
    return at[:16].replace("T", " ") if at else None
