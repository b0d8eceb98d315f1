"""Streams of what is owed, paid and agreed, event by event, for tests of views."""

from datetime import date
from typing import Any

import msgspec

from aggregates import contract, identity, invoice, receivables
from aggregates.account_package.events import Charge
from aggregates.payment import events as payment
from projections.invoices import Generated

DAY, LATER = date(2020, 10, 1), date(2020, 11, 1)
EXECUTION = identity.text(identity.execution(b"first", "now"))
ACCOUNT = identity.account("A")
INVOICE = identity.invoice(EXECUTION, ACCOUNT)
REVERSAL = identity.invoice("reversal", ACCOUNT)
NUMBER = identity.text(INVOICE)
MONEY: dict[str, Any] = {"account": "A", "currency": "USD", "amount": 500, "on": DAY}

Happening = tuple[str, bytes, Any]
"""A type, a stream and an event."""


def _generated(number: str, **more: Any) -> Generated:
    return Generated(
        number=number,
        execution=EXECUTION,
        account="A",
        currency="USD",
        invoice_date="2020-10-01",
        due_date="2020-10-21",
        posting_date="2020-10-01",
        net=500,
        tax=0,
        total=500,
        lines=msgspec.Raw(b"[]"),
        **more,
    )


def _reached(level: str, balance: int, **more: Any) -> invoice.DunningLevelReached:
    return invoice.DunningLevelReached(
        level=level, ar_term="Strict", action="reminder", on=LATER, balance=balance, **more
    )


def _waiting(id: str, **more: Any) -> receivables.Waiting:
    charge = Charge(
        service="fee",
        name="Fee",
        kind="one_time",
        start=DAY,
        end=DAY,
        days=1,
        full_days=1,
        amount=500,
    )
    return receivables.Waiting(
        account_package="",
        package="",
        bill_date=DAY,
        execution="",
        charge=charge,
        transaction=id,
        description="A fee",
        **more,
    )


def _added(id: str, **more: Any) -> receivables.TransactionAdded:
    waiting = _waiting(id, **more)
    return receivables.TransactionAdded(account="A", currency="USD", transaction=waiting, on=DAY)


def _stream(stream: bytes, *events: tuple[str, Any]) -> list[Happening]:
    return [(topic, stream, event) for topic, event in events]


_CARD: dict[str, Any] = {
    "method": "visa",
    "kind": "card",
    "collection": "balance_due",
    "execution": EXECUTION,
}
_SHARE: dict[str, Any] = {"invoice": NUMBER, "amount": 500, "on": DAY}
_REFUND: dict[str, Any] = {"refund": "r-1", "amount": 100, "on": LATER}
_DISPUTE: dict[str, Any] = {"dispute": "d-1", "amount": 400, "on": LATER}
_TERMS = contract.ContractTerms(term="every 12 months", commitment=contract.Commitment(amount=5000))
_LONGER = contract.ContractTerms(term="every 24 months", renewal="auto")


def _signed(ref: str) -> tuple[str, contract.ContractSigned]:
    signed = contract.ContractSigned(
        ref=ref,
        account="A",
        currency="USD",
        start=DAY,
        bill_day=1,
        term_end=date(2021, 10, 1),
        terms=_TERMS,
    )
    return "contract.signed", signed


INVOICES = [
    _stream(
        INVOICE,
        ("invoice.generated", _generated("INV-2")),
        ("invoice.settled", invoice.InvoiceSettled(source="p", amount=500, on=DAY)),
        (
            "invoice.unsettled",
            invoice.InvoiceUnsettled(source="p", amount=500, on=LATER, reason="void"),
        ),
        ("invoice.dunning_level_reached", _reached("first", 500)),
        ("invoice.dunning_level_reached", _reached("second", 500, fee=100, transaction="t-9")),
        (
            "invoice.voided",
            invoice.InvoiceVoided(reversal=identity.text(REVERSAL), on=LATER, reason="wrong"),
        ),
    ),
    _stream(
        REVERSAL,
        ("invoice.generated", _generated("INV-3", kind="reversal", reverses=NUMBER, reason="void")),
    ),
]

TRANSACTIONS = _stream(
    identity.receivables(ACCOUNT),
    ("receivables.transaction_added", _added("t-1")),
    ("receivables.transaction_added", _added("t-2", of_invoice=NUMBER, of_line=1)),
    ("receivables.transaction_removed", receivables.TransactionRemoved(transaction="t-2", on=DAY)),
    ("receivables.charges_invoiced", receivables.ChargesInvoiced(invoice=NUMBER, up_to=DAY)),
    (
        "receivables.restored",
        receivables.TransactionsRestored(
            account="A",
            currency="USD",
            invoice=NUMBER,
            transactions=(_waiting("t-1"),),
            on=LATER,
        ),
    ),
)

PAYMENTS = [
    _stream(
        b"paid by card".ljust(16),
        ("payment.requested", payment.PaymentRequested(**MONEY, **_CARD)),
        ("payment.prepared", payment.PaymentPrepared(reference="pi_1", on=DAY)),
        ("payment.unknown", payment.PaymentUnknown(reason="no answer", on=DAY)),
        ("payment.succeeded", payment.PaymentSucceeded(reference="pi_1", on=DAY)),
        ("payment.disbursed", payment.PaymentDisbursed(**_SHARE)),
        ("payment.detached", payment.PaymentDetached(**_SHARE, reason="refund")),
        ("payment.refund_requested", payment.RefundRequested(**_REFUND)),
        (
            "payment.refund_failed",
            payment.RefundFailed(**_REFUND, code="c", message="no"),
        ),
        ("payment.refund_requested", payment.RefundRequested(**_REFUND)),
        ("payment.refunded", payment.PaymentRefunded(**_REFUND)),
        (
            "payment.refund_returned",
            payment.RefundReturned(**_REFUND, code="c", message="no"),
        ),
        ("payment.charged_back", payment.PaymentChargedBack(**_DISPUTE)),
        ("payment.charge_back_won", payment.ChargeBackWon(**_DISPUTE)),
    ),
    _stream(
        b"declined".ljust(16),
        ("payment.requested", payment.PaymentRequested(**MONEY, **_CARD)),
        (
            "payment.declined",
            payment.PaymentDeclined(code="c", message="no", on=DAY, retry_on=LATER),
        ),
        ("payment.retry_closed", payment.RetryClosed(reason="settled", on=LATER)),
    ),
    _stream(
        b"in cash".ljust(16),
        ("payment.recorded", payment.PaymentRecorded(**MONEY, kind="cash")),
        ("payment.removed", payment.PaymentRemoved(on=LATER)),
    ),
]

CONTRACTS = [
    _stream(
        b"renewed".ljust(16),
        _signed("C-1"),
        (
            "contract.amended",
            contract.ContractAmended(start=DAY, term_end=date(2022, 10, 1), terms=_LONGER),
        ),
        (
            "contract.period_closed",
            contract.CommitPeriodClosed(
                execution=EXECUTION,
                start=DAY,
                end=LATER,
                days=31,
                full_days=31,
                commitment=5000,
                counted=4000,
                shortfall=1000,
            ),
        ),
        (
            "contract.renewed",
            contract.ContractRenewed(
                execution=EXECUTION, start=date(2022, 10, 1), end=date(2024, 10, 1)
            ),
        ),
        ("contract.notice_given", contract.NoticeGiven(on=LATER, ends=date(2024, 10, 1))),
        ("contract.ended", contract.ContractEnded(execution=EXECUTION, on=date(2024, 10, 1))),
    ),
    _stream(
        b"terminated".ljust(16),
        _signed("C-2"),
        ("contract.terminated", contract.ContractTerminated(on=LATER, as_of=LATER)),
    ),
]

OWED: list[list[Happening]] = [*INVOICES, TRANSACTIONS, *PAYMENTS, *CONTRACTS]
