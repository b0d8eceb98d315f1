"""Ids are derived from what a thing is, never drawn (design decision 14).

An id is a UUIDv8 of 16 bytes: 48 bits that its neighbours share (those of the account, so that
pages of an index stay warm), the rest a hash of the natural key. The same thing met again has the
same id, so a repeat is recognisable. Inside, ids are bytes; outside and in payloads they are text.
"""

from functools import cache, lru_cache
from hashlib import blake2b

StreamId = bytes


def _shape(prefix: bytes, key: str) -> StreamId:
    rest = bytearray(blake2b(key.encode(), digest_size=10).digest())
    rest[0] = 0x80 | (rest[0] & 0x0F)
    rest[2] = 0x80 | (rest[2] & 0x3F)
    return prefix[:6] + bytes(rest)


def _own(kind: str, *key: str) -> StreamId:
    joined = "\x1f".join((kind, *key))
    return _shape(blake2b(joined.encode(), digest_size=6).digest(), joined)


def text(stream: StreamId) -> str:
    """The id as people and payloads write it: 8-4-4-4-12 hexadecimal digits."""
    h = stream.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def parse(written: str) -> StreamId:
    """The id behind its text. Raises ValueError for anything that is not an id."""
    digits = written.replace("-", "")
    if len(digits) != 32:
        raise ValueError(f"not an id: {written}")
    return bytes.fromhex(digits)


@cache
def owner() -> StreamId:
    """The one owner of a namespace."""
    return _own("owner")


@cache
def ledger() -> StreamId:
    """The owner's books."""
    return _own("ledger")


@lru_cache(maxsize=1024)
def named(kind: str, name: str) -> StreamId:
    """A piece of setup by its name: `exchange_rates`, `bill_group`, `package`, `bill_run`."""
    return _own(kind, name)


@lru_cache(maxsize=16384)
def account(number: str) -> StreamId:
    """An account by its number."""
    return _own("account", number)


def account_package(account_id: StreamId, ref: str) -> StreamId:
    """An account-package by its id in the owner's books, beside its account."""
    return _shape(account_id, f"account_package\x1f{ref}")


def contract(account_id: StreamId, ref: str) -> StreamId:
    """A contract by its id in the owner's books, beside its account."""
    return _shape(account_id, f"contract\x1f{ref}")


def fee(account_id: StreamId, cause: str) -> StreamId:
    """A fee by what caused it: a dunning level of an invoice, a commit period of a contract."""
    return _shape(account_id, f"fee\x1f{cause}")


def receivables(account_id: StreamId) -> StreamId:
    """What waits on an account to be invoiced."""
    return _shape(account_id, "receivables")


def invoice(execution: str, invoicer: StreamId) -> StreamId:
    """The one invoice an execution can make for an invoicer."""
    return _shape(invoicer, f"invoice\x1f{execution}")


def beside(account_id: StreamId, kind: str, key: str) -> StreamId:
    """A thing of an account by its natural key: a payment, a contract, a transaction. Things of
    one account lie together.
    """
    return _shape(account_id, f"{kind}\x1f{key}")


def reversal(invoice_id: StreamId) -> StreamId:
    """The one invoice that reverses an invoice (R14: the reversed transaction, `reversal`)."""
    return _shape(invoice_id, f"reversal\x1f{invoice_id.hex()}")


def payment_methods(account_id: StreamId) -> StreamId:
    """How an account pays."""
    return _shape(account_id, "payment_methods")


def payment(account_id: StreamId, key: str) -> StreamId:
    """A payment by what asked for it: a run, a retry, a command."""
    return _shape(account_id, f"payment\x1f{key}")


def refund(payment_id: StreamId, key: str) -> StreamId:
    """A refund of a payment by the command that asked for it."""
    return _shape(payment_id, f"refund\x1f{payment_id.hex()}\x1f{key}")


def schedule(command: StreamId) -> StreamId:
    """The schedule a command asked for."""
    return _own("schedule", command.hex())


def execution(schedule_id: StreamId, due: str) -> StreamId:
    """An execution by its schedule and the local time it was due."""
    return _own("execution", schedule_id.hex(), due)


def retry(execution_id: StreamId, attempt: int) -> StreamId:
    """The n-th retry of an execution."""
    return _own("retry", execution_id.hex(), str(attempt))


def chunk(execution_id: StreamId, index: int) -> StreamId:
    """A chunk of an execution; neighbours of one execution lie together."""
    return _shape(execution_id, f"chunk\x1f{index}\x1f{execution_id.hex()}")


def chunk_reversal(execution_id: StreamId, index: int) -> StreamId:
    """Where it stands that a chunk's work was taken back."""
    return _shape(execution_id, f"reversal\x1f{index}\x1f{execution_id.hex()}")


def command(source: str, id: str) -> StreamId:
    """A command by who sent it and the id they gave it (design decision 15)."""
    return _own("command", source, id)


def charge(
    account_package_ref: str,
    bill_date: str,
    start: str,
    end: str,
    service: str,
    kind: str,
    round: int = 0,
) -> StreamId:
    """A charge's identity (R14): the same cycle met again has the same id."""
    key = (account_package_ref, bill_date, start, end, service, kind, str(round))
    return _own("charge", *key)
