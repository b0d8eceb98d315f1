"""A preview: the same run with the same code, in one snapshot, writing nothing (R29)."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from aggregates import identity
from aggregates.execution import FORM, ExecutionState
from aggregates.refusal import Refusal
from aggregates.schedule import Timing, catch_up_policy, check_period
from commands.billing.chunk_pass import bill_chunk
from commands.billing.rare_collections import rare_collections
from commands.billing.readable import read_in_pieces
from commands.billing.scope import Range, cut
from commands.billing.settings import RunSettings, read_settings
from commands.billing.writing import Written, write_outcomes
from commands.local_time import business_date, zone
from commands.owner import owner_of
from commands.store import Reading, Staged, Store

PREVIEW = bytes(16)
"""The id of an execution that never was."""


@dataclass(slots=True)
class WouldWrite(Written):
    """With what would be written."""

    changes: list[Staged] = field(default_factory=list[Staged])


@dataclass(slots=True)
class Preview:
    """A run as it would be now: its settings and, chunk by chunk, what it would write."""

    bill_run: str
    settings: RunSettings
    chunks: int
    store: Store
    reading: Reading
    bounds: tuple[str, ...]

    def written(self) -> Iterator[WouldWrite]:
        """What each chunk would write, without numbers."""
        settings = self.settings
        for index in range(self.chunks):
            low, high = bytes.fromhex(self.bounds[index]), bytes.fromhex(self.bounds[index + 1])
            would = WouldWrite()
            for facts in read_in_pieces(self.store, self.reading, settings, Range(low, high)):
                outcomes = bill_chunk(facts, settings)
                write_outcomes(outcomes, settings, would, would.changes.extend)
            yield would


@contextmanager
def preview_run(
    store: Store,
    bill_run: str,
    *,
    period_start: date,
    period_end: date,
    posting_date: date | None = None,
    catch_up: str = "one",
    account: str | None = None,
    requested_by: str = "",
) -> Generator[Preview]:
    """Opens a preview of the run for today's business date. Refused like the run itself:
    `bill_run_unknown`, `account_unknown`, `account_not_in_bill_run`, `catch_up_invalid`,
    `period_end_before_start`.
    """
    check_period(Timing(kind="now"), period_start, period_end, posting_date)
    state = ExecutionState(
        bill_run=bill_run,
        period_start=period_start,
        period_end=period_end,
        catch_up=catch_up_policy(catch_up),
        posting_date=posting_date,
        account=account,
        requested_by=requested_by,
        form=FORM,
    )
    with store.snapshot() as reading:
        today = business_date(store.now(), zone(owner_of(reading).time_zone))
        settings = read_settings(reading, PREVIEW, state, today)
        if account is not None:
            _check_account(reading, account, settings, bill_run)
        bounds = cut(reading, settings)
        with rare_collections():
            yield Preview(bill_run, settings, max(len(bounds) - 1, 0), store, reading, bounds)


def _check_account(reading: Reading, number: str, settings: RunSettings, bill_run: str) -> None:
    """The account is there and in the run's groups; exclusions do not count (R3)."""
    found = reading.get("account", identity.account(number))
    if found is None or found.state.deleted:
        raise Refusal(
            "account_unknown",
            f"there is no account {number!r}; `billstream account search` finds accounts",
        )
    if found.state.bill_group not in settings.groups:
        raise Refusal(
            "account_not_in_bill_run",
            f"account {number} is in bill group {found.state.bill_group!r}, which bill run "
            f"{bill_run!r} does not bill: name a bill run of that group",
        )
