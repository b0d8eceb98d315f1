"""What counts for an account's balance, and what may be asked for (R23, R25)."""

from collections.abc import Sequence
from datetime import date

import msgspec

from aggregates.balance import balance
from aggregates.collection import Document, to_collect
from aggregates.payment.state import PaymentState


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Open documents, payments under way, and what waits by hand."""

    documents: Sequence[Document]
    payments: Sequence[PaymentState]
    waiting: int

    @property
    def undisbursed(self) -> int:
        """Money that pays no invoice yet."""
        return sum([payment.rest for payment in self.payments])

    @property
    def pending(self) -> int:
        """Asked for and not answered."""
        return sum([payment.amount for payment in self.payments if payment.is_pending])

    @property
    def balance(self) -> int:
        return balance(
            documents=[document.open_balance for document in self.documents],
            waiting=self.waiting,
            undisbursed=[payment.rest for payment in self.payments],
        )

    def to_collect(self, collection: str, today: date) -> int:
        """What may be asked for now; 0 or less: nothing."""
        return to_collect(
            collection,
            documents=self.documents,
            waiting=self.waiting,
            undisbursed=self.undisbursed,
            pending=self.pending,
            today=today,
        )
