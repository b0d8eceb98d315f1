"""Set up the owner, or change it (R1, R16, R19)."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from aggregates import identity, owner
from aggregates.invoice_state import CREDIT_NOTES as CREDIT_NOTE_SERIES
from aggregates.invoice_state import SERIES
from aggregates.owner import CREDIT_NOTES, DefaultArTermChanged, Numbering, OwnerState
from aggregates.refusal import Refusal
from commands.setup.ar_term import find_ar_term
from commands.setup.entry import Done, Entry, came_of
from commands.workspace import Workspace


class InvoiceNumbers(BaseModel):
    """How invoices are numbered; a key left out keeps its value."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    prefix: str = ""
    start: int = 1
    length: int = 1


class SetOwner(Entry):
    """The business that bills."""

    name: str = ""
    currency: str = ""
    currencies: list[str] = Field(default_factory=list[str])
    time_zone: str = ""
    rounding: str = "half_up"
    invoice_numbers: InvoiceNumbers | None = None
    credit_note_numbers: InvoiceNumbers | None = None
    ar_term: str | None = None


def set_owner(workspace: Workspace, entry: SetOwner) -> Done:
    """Puts the owner. The first start of the invoice numbers, or a new one, is kept with it."""
    stream = identity.owner()
    state: OwnerState | None = workspace.get("owner", stream)
    if entry.given("time_zone"):
        _check_time_zone(entry.time_zone)
    if state is None:
        entry.need("the owner", "name", "currency", "time_zone")
        numbering = _numbering(entry, "invoice_numbers", Numbering(), Numbering())
        events = owner.set_up(
            name=entry.name,
            currency=entry.currency,
            currencies=_digits(entry.kept("currencies", [entry.currency]), {}),
            time_zone=entry.time_zone,
            rounding=entry.rounding,
            numbering=numbering,
            credit_notes=_numbering(entry, "credit_note_numbers", CREDIT_NOTES, CREDIT_NOTES),
        )
        workspace.number_starts[SERIES] = numbering.start
    else:
        numbering = _numbering(entry, "invoice_numbers", state.numbering, Numbering())
        events = owner.change(
            state,
            name=entry.kept("name", state.name),
            currency=entry.kept("currency", state.currency),
            currencies=_digits(entry.kept("currencies", list(state.currencies)), state.currencies),
            time_zone=entry.kept("time_zone", state.time_zone),
            rounding=entry.kept("rounding", state.rounding),
            numbering=numbering,
            next_number=workspace.reading.next_number(SERIES),
            credit_notes=_numbering(entry, "credit_note_numbers", state.credit_notes, CREDIT_NOTES),
            next_credit_note=max(
                workspace.reading.next_number(CREDIT_NOTE_SERIES), state.credit_notes.start
            ),
        )
        if numbering.start != state.numbering.start:
            workspace.number_starts[SERIES] = numbering.start
    before = state.ar_term if state is not None else None
    if entry.given("ar_term") and entry.ar_term != before:
        events.append(DefaultArTermChanged(ar_term=entry.ar_term))
        workspace.later(("owner", "ar_term"), lambda: _check_ar_term(workspace, entry.ar_term))
    workspace.stage("owner", stream, events)
    return came_of(state is None, bool(events))


def _check_ar_term(workspace: Workspace, name: str | None) -> None:
    """There is such a term, which an entry further down may have made."""
    if name is not None:
        find_ar_term(workspace, name)


def _numbering(entry: SetOwner, key: str, now: Numbering, plain: Numbering) -> Numbering:
    """The numbering as it is to be; removed, prefix and length are the plain ones again."""
    if not entry.given(key):
        return now
    wanted: InvoiceNumbers | None = getattr(entry, key)
    if wanted is None:
        return replace(plain, start=now.start)
    given = wanted.model_fields_set
    return Numbering(
        prefix=wanted.prefix if "prefix" in given else now.prefix,
        start=wanted.start if "start" in given else now.start,
        length=wanted.length if "length" in given else now.length,
    )


def _digits(currencies: Sequence[str], known: dict[str, int]) -> dict[str, int]:
    """The minor digits of each currency, by ISO 4217."""
    return {code: known[code] if code in known else _iso(code) for code in currencies}


def _iso(code: str) -> int:
    from iso4217 import Currency

    try:
        exponent = Currency(code).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise Refusal(
            "currency_unknown",
            f"{code!r} is not a currency: use a code of ISO 4217, like USD",
            currency=code,
        )
    return int(exponent)


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal(
            "time_zone_unknown",
            f"there is no time zone {name!r}: use a name like America/Toronto",
            field="time_zone",
        ) from None
