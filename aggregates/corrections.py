"""Corrections of invoices: voids, credit notes, and what stands against a line (R21, R25).

Nothing is edited or deleted: a void adds an invoice that takes every line back, a credit adds a
credit note. What was settled of an invoice that is void is free again.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec.structs import replace

from aggregates.invoice import (
    CreditedLine,
    InvoiceEvent,
    InvoiceGenerated,
    InvoiceLine,
    InvoiceSettled,
    InvoiceUnsettled,
    paged,
)
from aggregates.invoice_state import CREDIT_NOTES, InvoiceState
from aggregates.money import format_amount
from aggregates.refusal import Refusal


def check_can_be_voided(state: InvoiceState, latest: InvoiceState | None) -> None:
    """Only the latest invoice of an account can be voided; void ones and those that carry only
    reversals do not count (R21). Refused with `invoice_void`, `invoice_is_reversal`,
    `invoice_credited`, `invoice_not_latest`.
    """
    if state.status == "void":
        raise Refusal("invoice_void", f"invoice {state.number} is void already")
    if state.kind == "reversal":
        raise Refusal(
            "invoice_is_reversal",
            f"{state.number} takes back a void invoice and stays: run the bill run again for what "
            "is to be billed",
        )
    if state.credited:
        raise Refusal(
            "invoice_credited",
            f"lines of invoice {state.number} have been credited: void the credit note or remove "
            "the transaction first",
        )
    if latest is not None and latest.sequence > state.sequence:
        raise Refusal(
            "invoice_not_latest",
            f"invoice {state.number} is not the latest of account {state.account}: void "
            f"{latest.number} first, or credit this one with `billstream invoice credit`",
            latest=latest.number,
        )


def reversal_of(
    invoice: InvoiceGenerated, lines: Sequence[InvoiceLine], id: str, on: date, reason: str
) -> list[InvoiceEvent]:
    """The document that takes an invoice back: line n is line n of the invoice, negated."""
    taken_back = [_negated(line) for line in lines]
    pages, last, first = paged(taken_back)
    return [
        *pages,
        InvoiceGenerated(
            series=invoice.series,
            execution="",
            account=invoice.account,
            currency=invoice.currency,
            invoice_date=on,
            due_date=on,
            posting_date=on,
            net=-invoice.net,
            tax=-invoice.tax,
            total=-invoice.total,
            lines=last,
            line_count=len(taken_back),
            first=first,
            exchange_rates=invoice.exchange_rates,
            rounding=invoice.rounding,
            bill_to=invoice.bill_to,
            kind="reversal",
            reverses=id,
            reason=reason,
        ),
    ]


def _negated(line: InvoiceLine) -> InvoiceLine:
    original = line.original_amount
    return replace(
        line,
        amount=-line.amount,
        days=-line.days,
        original_amount=None if original is None else -original,
        charged_by=line.charged_by if line.transaction else None,
    )


def still_settled(history: Sequence[object]) -> dict[str, int]:
    """What each source has settled of a document and not taken off again."""
    amounts: dict[str, int] = {}
    for event in history:
        if isinstance(event, InvoiceSettled):
            amounts[event.source] = amounts.get(event.source, 0) + event.amount
        elif isinstance(event, InvoiceUnsettled):
            amounts[event.source] = amounts.get(event.source, 0) - event.amount
    return {source: amount for source, amount in amounts.items() if amount}


def check_credit(
    state: InvoiceState, lines: Sequence[InvoiceLine], wanted: Mapping[int, int], digits: int
) -> tuple[CreditedLine, ...]:
    """No line is credited beyond its amount. `wanted` holds an amount for each line, positive for
    a credit.
    """
    if state.status == "void":
        raise Refusal(
            "invoice_void", f"invoice {state.number} is void: there is nothing left to credit"
        )
    if state.kind != "charges":
        raise Refusal(
            "invoice_not_creditable",
            f"{state.number} is a {state.kind.replace('_', ' ')}: credit an invoice with charges",
        )
    for number in wanted:
        if not 1 <= number <= len(lines):
            raise Refusal(
                "line_unknown",
                f"invoice {state.number} has lines 1 to {len(lines)}, no line {number}",
            )
    left = creditable(state, lines)
    for number, amount in sorted(wanted.items()):
        if amount > left.get(number, 0):
            shown = format_amount(max(left.get(number, 0), 0), digits)
            raise Refusal(
                "credit_too_large",
                f"of line {number} of invoice {state.number} {shown} {state.currency} can still "
                "be credited: credit no more",
                line=number,
                left=shown,
            )
    return tuple(CreditedLine(line=n, amount=amount) for n, amount in sorted(wanted.items()))


def creditable(state: InvoiceState, lines: Sequence[InvoiceLine]) -> dict[int, int]:
    """What is left to credit of each line that charges something. A debit by hand that corrects a
    line makes up for what was credited of it; it stands on another invoice, so no more than the
    line's own amount can be credited here.
    """
    left = {number: line.amount for number, line in enumerate(lines, 1) if line.amount > 0}
    for credited in state.credited:
        left[credited.line] = left.get(credited.line, 0) - max(credited.amount, 0)
    return left


def check_withdrawal(
    state: InvoiceState, lines: Sequence[InvoiceLine], withdrawn: Sequence[CreditedLine]
) -> None:
    """A debit that makes up for credits of a line stays while it does: without it more would be
    credited than the line's amount.
    """
    credited = {one.line: one.amount for one in state.credited}
    for one in withdrawn:
        stands = credited.get(one.line, 0) - one.amount
        if one.amount < 0 and stands > max(lines[one.line - 1].amount, 0):
            raise Refusal(
                "credit_too_large",
                f"line {one.line} of invoice {state.number} was credited since, and without this "
                "debit by more than its amount: void the credit note first",
                line=one.line,
            )


def credit_note(
    invoice: InvoiceGenerated,
    lines: Sequence[InvoiceLine],
    credited: Sequence[CreditedLine],
    id: str,
    on: date,
    reason: str,
) -> list[InvoiceEvent]:
    """The credit note for lines of an invoice, numbered in the series of credit notes (R25)."""
    given = [_credited(lines[one.line - 1], one, id, reason) for one in credited]
    pages, last, first = paged(given)
    total = sum(line.amount for line in given)
    return [
        *pages,
        InvoiceGenerated(
            series=CREDIT_NOTES,
            execution="",
            account=invoice.account,
            currency=invoice.currency,
            invoice_date=on,
            due_date=on,
            posting_date=on,
            net=total,
            tax=0,
            total=total,
            lines=last,
            line_count=len(given),
            first=first,
            rounding=invoice.rounding,
            bill_to=invoice.bill_to,
            kind="credit_note",
            reverses=id,
            reason=reason,
        ),
    ]


def _credited(line: InvoiceLine, one: CreditedLine, id: str, reason: str) -> InvoiceLine:
    """A line of a credit note. A line credited whole takes back its days as well."""
    return replace(
        line,
        kind="credit",
        amount=-one.amount,
        days=-line.days if one.amount == line.amount else 0,
        unit_price=None,
        original_amount=None,
        original_currency=None,
        rate_from=None,
        rate_to=None,
        charged_by=None,
        transaction="",
        description=reason,
        of_invoice=id,
        of_line=one.line,
    )
