"""Which topic carries what (interface, "Kafka"). Every name begins with the owner's prefix."""

from schemas.catalogue import BY_NAME
from schemas.kinds import kind_of_type
from schemas.wire_error import WireError
from schemas.wire_types import named

COMMANDS = "commands"
REPLIES = "replies"
DEAD_LETTERS = "commands.dead-letters"
WORK = "work"
PROGRESS = "progress"

BILL_RUNS = "bill-runs"
ACCOUNT_PACKAGES = "account-packages"
INVOICES = "invoices"
ACCOUNTS = "accounts"
SETUP = "setup"

EVENT_TOPICS = (BILL_RUNS, ACCOUNT_PACKAGES, INVOICES, ACCOUNTS, SETUP)

_OF_KIND = {
    "owner": SETUP,
    "exchange_rates": SETUP,
    "ar_term": SETUP,
    "contract": ACCOUNTS,
    "payment": ACCOUNTS,
    "payment_methods": ACCOUNTS,
    "bill_group": SETUP,
    "gl_code": SETUP,
    "ledger": SETUP,
    "package": SETUP,
    "bill_run": BILL_RUNS,
    "schedule": BILL_RUNS,
    "execution": BILL_RUNS,
    "chunk": BILL_RUNS,
    "reversal": BILL_RUNS,
    "account": ACCOUNTS,
    "receivables": ACCOUNTS,
    "account_package": ACCOUNT_PACKAGES,
    "invoice": INVOICES,
    "command": REPLIES,
}
"""By kind of stream. What a command came to goes out as a reply, not as an event."""


def topic_of_event(name: str) -> str:
    """The topic, without the prefix, for a stored name: `invoice.generated` -> `invoices`."""
    return _OF_KIND[kind_of_type(name)]


def topic_of(record: str) -> str:
    """The topic, without the prefix, on which a message of ours travels."""
    name = named(record).name
    if name in BY_NAME:
        return topic_of_event(name)
    if name in ("reply.accepted", "reply.refused"):
        return REPLIES
    if name == "execution.progress":
        return PROGRESS
    if "." not in name:
        return COMMANDS
    raise WireError("type_unknown", f"{record} is not a type of message", type=record)
