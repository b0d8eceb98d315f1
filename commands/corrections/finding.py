"""The documents and accounts that corrections are about."""

from typing import NamedTuple

from aggregates import identity
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated, InvoiceLine, InvoiceLinesAdded
from aggregates.invoice_state import InvoiceState
from aggregates.owner import Numbering, digits_of
from aggregates.refusal import Refusal
from commands.store import Numbers, Recorded
from commands.workspace import Workspace


class Document(NamedTuple):
    """An invoice with everything on it."""

    stream: StreamId
    state: InvoiceState
    history: list[Recorded]
    generated: InvoiceGenerated
    lines: list[InvoiceLine]

    @property
    def id(self) -> str:
        return identity.text(self.stream)


def document(workspace: Workspace, named: str) -> Document:
    """A document by its number, or by its id. Refused with `invoice_unknown`."""
    stream = workspace.reading.invoice_by_number(named)
    if stream is None:
        try:
            stream = identity.parse(named)
        except ValueError:
            stream = b""
    found = document_at(workspace, stream) if stream else None
    if found is None:
        raise Refusal(
            "invoice_unknown",
            f"there is no invoice {named!r}; `billstream invoice list` shows the ones there are",
            invoice=named,
        )
    return found


def document_at(workspace: Workspace, stream: StreamId) -> Document | None:
    """A document by its stream."""
    state: InvoiceState | None = workspace.get("invoice", stream)
    if state is None:
        return None
    history = workspace.history(stream)
    generated: InvoiceGenerated | None = None
    lines: list[InvoiceLine] = []
    for recorded in history:
        event = recorded.event
        if isinstance(event, InvoiceLinesAdded | InvoiceGenerated):
            lines += event.lines
        if isinstance(event, InvoiceGenerated):
            generated = event
    if generated is None:
        return None
    return Document(stream, state, history, generated, lines)


def digits(workspace: Workspace, currency: str) -> int:
    return digits_of(workspace.owner(), currency)


def number_in(workspace: Workspace, series: str) -> None:
    """What is staged holds a document that takes a number of the series."""
    if any(numbers.series == series for numbers in workspace.numbers):
        return
    owner = workspace.owner()
    numbering: Numbering = owner.numbering if series == "default" else owner.credit_notes
    workspace.numbers.append(Numbers(numbering.prefix, numbering.length, numbering.start, series))
