"""Why a line of a correction is what it is: a reversal, a credit note, a manual transaction."""

from typing import Any

from aggregates import identity
from aggregates.invoice import InvoiceGenerated, InvoiceLine
from aggregates.money import format_amount
from aggregates.owner import OwnerState
from aggregates.receivables import TransactionAdded
from commands.store import Recorded, Store


def because_of_correction(
    store: Store,
    owner: OwnerState,
    invoice: InvoiceGenerated,
    number: int,
    line: InvoiceLine,
    corrected: str | None,
) -> dict[str, Any] | None:
    """What is to be said of such a line; None for one that a run charged."""
    if invoice.kind == "reversal":
        return {"because": f"takes back line {number} of invoice {corrected}", "charged_by": None}
    if invoice.kind == "credit_note":
        why = f": {invoice.reason}" if invoice.reason else ""
        credited = f"credits line {line.of_line} of invoice {corrected}{why}"
        return {"because": credited, "charged_by": None}
    if not line.transaction or line.kind == "fee":
        return None
    added = _added(store, line)
    amount = line.amount if line.original_amount is None else line.original_amount
    currency = line.original_currency or invoice.currency
    shown = f"{format_amount(amount, owner.currencies[currency])} {currency}"
    why = f": {line.description}" if line.description else ""
    said: dict[str, Any] = {
        "because": f"{shown} by hand, dated {line.bill_date}{why}",
        "transaction": line.transaction,
        "charged_by": None,
    }
    if added is not None:
        said |= {
            "position": added.position,
            "hash": added.hash.hex(),
            "recorded_at": added.at.isoformat(),
            "requested_by": added.metadata.get("requested_by") or None,
        }
    return said


def _added(store: Store, line: InvoiceLine) -> Recorded | None:
    """The event that added the transaction."""
    stream = identity.receivables(identity.account(line.account))
    for recorded in store.stream(stream):
        event = recorded.event
        if not isinstance(event, TransactionAdded):
            continue
        if event.transaction.transaction == line.transaction:
            return recorded
    return None
