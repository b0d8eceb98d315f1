"""The owner: the business that bills (its currency, zone, rounding and invoice numbers)."""

from collections.abc import Mapping

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State
from aggregates.money import ROUNDING_MODES
from aggregates.names import check_name
from aggregates.refusal import Refusal

LONGEST_NUMBER = 18
"""Digits of an invoice number at most."""


class Numbering(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How invoices are numbered (R19): prefix, first number, digits at least."""

    prefix: str = ""
    start: int = 1
    length: int = 1


CREDIT_NOTES = Numbering(prefix="CN-", length=6)
"""How credit notes are numbered unless the owner says otherwise (R25)."""


class OwnerSetUp(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The owner exists. `currencies` maps each enabled currency to its minor digits (JPY 0)."""

    name: str
    currency: str
    currencies: dict[str, int]
    time_zone: str
    rounding: str = "half_up"
    numbering: Numbering = Numbering()
    credit_notes: Numbering = CREDIT_NOTES


class OwnerRenamed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str


class CurrencyEnabled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    currency: str
    digits: int


class TimeZoneChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    time_zone: str


class InvoiceNumberingChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Prefix, length, or a new start above the last number given (R19)."""

    numbering: Numbering


class CreditNoteNumberingChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The same for credit notes, which have numbers of their own (R25)."""

    numbering: Numbering


class DefaultArTermChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The AR term of accounts opened from now on that name none; None: they have none (R24)."""

    ar_term: str | None = None


class HistoryRestored(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An older history was restored after more of it had been published (design decision 27). It
    goes on under a new epoch, in a new generation of topics, and with numbers of invoices and
    credit notes above those that were sent (0: no credit note was). `lost_from` and `lost_to` are
    positions that were published and are gone.
    """

    epoch: str
    generation: int
    next_number: int
    lost_from: int = 0
    lost_to: int = 0
    next_credit_note: int = 0


OwnerEvent = (
    OwnerSetUp
    | OwnerRenamed
    | CurrencyEnabled
    | TimeZoneChanged
    | InvoiceNumberingChanged
    | CreditNoteNumberingChanged
    | DefaultArTermChanged
    | HistoryRestored
)


class OwnerState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    currency: str
    currencies: dict[str, int]
    time_zone: str
    rounding: str = "half_up"
    numbering: Numbering = Numbering()
    credit_notes: Numbering = CREDIT_NOTES
    ar_term: str | None = None
    epoch: str = ""
    """Of this history since it was restored; before, the one that the database was made with."""
    generation: int = 1
    """Which generation of topics it is published in."""


def evolve(state: OwnerState | None, event: OwnerEvent) -> OwnerState:
    """The owner after the event."""
    if state is None:
        if not isinstance(event, OwnerSetUp):
            raise ImpossibleEvent(f"{type(event).__name__} before the owner was set up")
        return OwnerState(
            name=event.name,
            currency=event.currency,
            currencies=event.currencies,
            time_zone=event.time_zone,
            rounding=event.rounding,
            numbering=event.numbering,
            credit_notes=event.credit_notes,
        )
    match event:
        case OwnerRenamed():
            return replace(state, name=event.name)
        case CurrencyEnabled():
            return replace(state, currencies={**state.currencies, event.currency: event.digits})
        case TimeZoneChanged():
            return replace(state, time_zone=event.time_zone)
        case InvoiceNumberingChanged():
            return replace(state, numbering=event.numbering)
        case CreditNoteNumberingChanged():
            return replace(state, credit_notes=event.numbering)
        case DefaultArTermChanged():
            return replace(state, ar_term=event.ar_term)
        case HistoryRestored():
            return replace(state, epoch=event.epoch, generation=event.generation)
        case OwnerSetUp():
            raise ImpossibleEvent("the owner was set up twice")


def set_up(
    *,
    name: str,
    currency: str,
    currencies: Mapping[str, int],
    time_zone: str,
    rounding: str,
    numbering: Numbering,
    credit_notes: Numbering = CREDIT_NOTES,
) -> list[OwnerEvent]:
    """The owner begins. `currencies` holds the minor digits of each enabled currency."""
    check_name(name, "owner's name")
    _check_rounding(rounding)
    _check_numbering(numbering)
    _check_numbering(credit_notes)
    if currency not in currencies:
        raise Refusal(
            "currency_unknown",
            f"the owner's currency {currency} is not among its currencies: add it to the list",
            currency=currency,
        )
    return [
        OwnerSetUp(
            name=name,
            currency=currency,
            currencies=dict(currencies),
            time_zone=time_zone,
            rounding=rounding,
            numbering=numbering,
            credit_notes=credit_notes,
        )
    ]


def change(
    state: OwnerState,
    *,
    name: str,
    currency: str,
    currencies: Mapping[str, int],
    time_zone: str,
    rounding: str,
    numbering: Numbering,
    next_number: int,
    credit_notes: Numbering | None = None,
    next_credit_note: int = 0,
) -> list[OwnerEvent]:
    """The owner as it is to be. Currency and rounding never change, a currency once enabled stays,
    and a new start of the invoice numbers lies above the last one given (R19).
    """
    check_name(name, "owner's name")
    _check_fixed("currency", state.currency, currency)
    _check_fixed("rounding", state.rounding, rounding)
    _check_numbering(numbering)
    gone = [code for code in state.currencies if code not in currencies]
    if gone:
        raise Refusal(
            "cannot_change",
            f"{', '.join(gone)} was enabled and stays enabled: leave it in the list",
            field="currencies",
        )
    _check_start(numbering, state.numbering, next_number, "invoice")
    credit_notes = state.credit_notes if credit_notes is None else credit_notes
    _check_numbering(credit_notes)
    _check_start(credit_notes, state.credit_notes, next_credit_note, "credit note")
    events: list[OwnerEvent] = []
    if name != state.name:
        events.append(OwnerRenamed(name=name))
    for code, digits in currencies.items():
        if code not in state.currencies:
            events.append(CurrencyEnabled(currency=code, digits=digits))
    if time_zone != state.time_zone:
        events.append(TimeZoneChanged(time_zone=time_zone))
    if numbering != state.numbering:
        events.append(InvoiceNumberingChanged(numbering=numbering))
    if credit_notes != state.credit_notes:
        events.append(CreditNoteNumberingChanged(numbering=credit_notes))
    return events


def digits_of(state: OwnerState, currency: str) -> int:
    """The minor digits of one of the owner's currencies."""
    digits = state.currencies.get(currency)
    if digits is None:
        raise Refusal(
            "currency_unknown",
            f"{currency!r} is not one of the owner's currencies ({', '.join(state.currencies)}): "
            "choose one of them or add it to the owner's list",
            currency=currency,
        )
    return digits


def _check_fixed(what: str, now: str, wanted: str) -> None:
    if wanted != now:
        raise Refusal(
            "cannot_change",
            f"the owner's {what} is {now} and cannot change: write {now} or leave it out",
            field=what,
        )


def _check_rounding(rounding: str) -> None:
    if rounding not in ROUNDING_MODES:
        raise Refusal(
            "rounding_invalid",
            f"{rounding!r} is not a way of rounding: use {' or '.join(ROUNDING_MODES)}",
            field="rounding",
        )


def _check_start(wanted: Numbering, now: Numbering, next_number: int, what: str) -> None:
    if wanted.start != now.start and wanted.start < next_number:
        raise Refusal(
            "number_start_too_low",
            f"{what} numbers up to {next_number - 1} were given or set aside: "
            f"a new start must be {next_number} or more",
            field="start",
            next_number=next_number,
        )


def _check_numbering(numbering: Numbering) -> None:
    if not 1 <= numbering.length <= LONGEST_NUMBER:
        raise Refusal(
            "number_length_invalid",
            f"the length of invoice numbers is {numbering.length}: "
            f"it must lie between 1 and {LONGEST_NUMBER}",
            field="length",
        )
    if not 1 <= numbering.start < 10**LONGEST_NUMBER:
        raise Refusal(
            "number_start_invalid",
            f"invoice numbers cannot start at {numbering.start}: begin at 1 or higher",
            field="start",
        )
    if numbering.prefix:
        check_name(numbering.prefix.strip() or numbering.prefix, "prefix of invoice numbers")
