"""The audit: follows history event by event and checks what must always hold.

It knows the rules from the outside, and asks of every charge, invoice and number that it may
stand where it stands.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec

from aggregates import identity
from aggregates.account_package.state import AccountPackageState
from aggregates.chunk import ChunkNotReached
from aggregates.invoice import InvoiceGenerated, InvoiceLine
from aggregates.package import PackageState
from aggregates.receivables import Waiting
from commands.store import Recorded, Store
from tests.properties.conversion import check_converted
from tests.properties.ledger import Key, Ledger


def follow(ledger: Ledger, store: Store) -> None:
    """Reads on to the head of history, and checks that nothing got lost on the way."""
    for recorded in store.log(ledger.position, 1_000_000):
        assert recorded.position == ledger.position + 1
        ledger.position = recorded.position
        check = _CHECKS.get(recorded.type)
        if check is not None:
            check(ledger, recorded)
        ledger.fold(recorded)
    for key, amount in ledger.owing.items():
        assert key in ledger.waiting or amount == 0, f"{key} is lost"
    assert ledger.waiting.keys() <= ledger.owing.keys()


def _started(ledger: Ledger, recorded: Recorded) -> None:
    told = ledger.executions[recorded.stream]
    told.numbering = ledger.numbering
    told.settings = ledger.states[identity.named("bill_run", told.state.bill_run)].settings
    if told.state.account is None:
        told.excluded = frozenset(
            (name, number)
            for name, group in ledger.groups.items()
            for number in group.settings.exclude
        )


def _moved(ledger: Ledger, recorded: Recorded) -> None:
    account = ledger.states[recorded.stream]
    for told in ledger.executions.values():
        if told.state.status == "running":
            told.moved.setdefault(account.number, set()).add(account.invoicer)


def _cut(ledger: Ledger, recorded: Recorded) -> None:
    told, event = ledger.executions[recorded.stream], recorded.event
    told.bounds[event.first :] = event.bounds
    told.retries += event.retries


def _billed(ledger: Ledger, recorded: Recorded) -> None:
    """R7-R9, R14, R32: this package, on this date, in this execution, and only once."""
    event, before = recorded.event, ledger.states[recorded.stream]
    assert isinstance(before, AccountPackageState)
    told, ref = ledger.told(event.execution), before.ref
    told.events.append(recorded)
    asked = told.state
    assert asked.status == "running"
    assert not asked.cancel_requested
    assert before.next_bill_date == event.bill_date <= asked.period_end
    after = msgspec.json.decode(event.state, type=AccountPackageState)
    assert after.next_bill_date is None or after.next_bill_date > event.bill_date
    told.cycles[ref] += 1
    assert told.cycles[ref] <= {"one": 1, "all": 1000}.get(asked.catch_up, 2)
    assert asked.catch_up != "one" or asked.period_start <= event.bill_date
    account = ledger.accounts[before.account]
    assert account.status == "active"
    assert told.may("bill_packages", account)
    assert event.posting_date == (asked.posting_date or asked.business_date)
    for charge in event.charges:
        key = _key(ref, event.bill_date, charge)
        assert key not in ledger.charged, f"{key} was charged twice"
        ledger.charged[key] = ledger.owing[key] = charge.amount
        _tile(ledger, key, charge.days, ledger.catalogue[before.package])


def _tile(ledger: Ledger, key: Key, days: int, package: PackageState) -> None:
    """No day of a service is charged twice, whatever was settled about it afterwards (R12)."""
    if key.kind in ("credit", "adjustment"):
        return
    charged = ledger.days.setdefault((key.account_package, key.service), set())
    span = {key.start + timedelta(days=n) for n in range((key.end - key.start).days)}
    assert not charged & span, f"{key} charges days again"
    charged |= span
    assert span
    assert days == len(span) if package.prorate else days <= len(span)


def _key(ref: str, bill_date: date, charge: Any) -> Key:
    return Key(ref, bill_date, charge.service, charge.start, charge.end, charge.kind)


def _lines_added(ledger: Ledger, recorded: Recorded) -> None:
    event = recorded.event
    page = ledger.pages.setdefault(recorded.stream, [])
    assert event.first == len(page) + 1
    page += event.lines


def _generated(ledger: Ledger, recorded: Recorded) -> None:
    """R15, R16, R19: the next number, the invoicer's currency, each charge once."""
    event: InvoiceGenerated = recorded.event
    told = ledger.told(event.execution)
    told.events.append(recorded)
    expected = max(ledger.last_number + 1, ledger.numbering.start)
    assert event.sequence == expected, f"number {event.sequence} after {ledger.last_number}"
    printed = told.numbering
    assert event.number == f"{printed.prefix}{expected:0{printed.length}d}"
    ledger.last_number = expected
    invoicer = ledger.accounts[event.account]
    assert event.account not in {made.account for made in told.invoices}
    told.invoices.append(event)
    assert event.currency == invoicer.currency
    assert invoicer.invoicer == invoicer.number
    assert event.invoice_date <= event.due_date
    lines = [*ledger.pages.get(recorded.stream, []), *event.lines]
    assert event.line_count == len(lines)
    assert event.total == event.net == sum(line.amount for line in lines)
    invoice = identity.text(recorded.stream)
    for line in lines:
        _put_on(ledger, invoice, event, line)


def _put_on(ledger: Ledger, invoice: str, event: InvoiceGenerated, line: InvoiceLine) -> None:
    told, account = ledger.told(event.execution), ledger.accounts[line.account]
    assert account.invoicer == event.account
    assert told.may("generate_invoice", account)
    assert line.bill_date <= told.state.period_end
    assert ledger.packages[line.account_package].account == line.account
    key = _key(line.account_package, line.bill_date, line)
    assert key in ledger.owing, f"{key} was never charged or stands on {ledger.invoiced.get(key)}"
    original = line.amount if line.original_amount is None else line.original_amount
    assert original == ledger.owing.pop(key)
    ledger.invoiced[key] = invoice
    owner = ledger.states[identity.owner()]
    rates = None
    if told.state.exchange_rates is not None:
        rates = ledger.states[identity.named("exchange_rates", told.state.exchange_rates)]
    check_converted(line, account.currency, event.currency, owner, rates)


def _waits(ledger: Ledger, recorded: Recorded) -> None:
    event = recorded.event
    assert event.currency == ledger.accounts[event.account].currency
    for waiting in event.charges:
        key = _key(waiting.account_package, waiting.bill_date, waiting.charge)
        assert key not in ledger.waiting, f"{key} waits twice"
        assert ledger.owing[key] == waiting.charge.amount
        ledger.waiting[key] = event.account
        ledger.told(waiting.execution).events.append(recorded)


def _waited(ledger: Ledger, recorded: Recorded, up_to: date) -> dict[Key, Waiting]:
    state = ledger.states[recorded.stream]
    return {
        _key(waiting.account_package, waiting.bill_date, waiting.charge): waiting
        for waiting in state.waiting
        if waiting.bill_date <= up_to
    }


def _collected(ledger: Ledger, recorded: Recorded) -> None:
    event = recorded.event
    for key in _waited(ledger, recorded, event.up_to):
        assert ledger.invoiced[key] == event.invoice, f"{key} waits no more but is on no invoice"
        del ledger.waiting[key]


def _closed(ledger: Ledger, recorded: Recorded) -> None:
    for key, waiting in _waited(ledger, recorded, recorded.event.up_to).items():
        if waiting.charge.amount == 0:
            del ledger.waiting[key]


def _failed(ledger: Ledger, recorded: Recorded) -> None:
    told = ledger.told(recorded.event.execution)
    told.failures += recorded.event.failures
    for failure in recorded.event.failures:
        if failure.code == "account_not_in_bill_run":
            assert told.state.account == failure.account
            assert told.settings is not None
            group = ledger.accounts[failure.account].bill_group
            assert group not in told.settings.bill_groups
        else:
            assert failure.code in ("rate_missing", "price_missing", "settings_outdated"), failure


def _left(ledger: Ledger, recorded: Recorded) -> None:
    told = ledger.told(recorded.event.execution)
    told.left += recorded.event.packages
    for left in recorded.event.packages:
        assert left.next_bill_date <= told.state.period_end
        account = ledger.accounts[left.account]
        assert ledger.packages[left.account_package].account == account.number
        if told.state.retry_of is not None:
            retried = ledger.told(told.state.retry_of).failures
            families = {account.invoicer, *told.moved.get(account.number, ())}
            assert families & {failure.invoicer for failure in retried}


def _chunk_done(ledger: Ledger, recorded: Recorded) -> None:
    event = recorded.event
    told = ledger.told(event.execution)
    assert event.index not in told.chunks
    assert told.state.status == "running"
    told.chunks[event.index] = event


def _ended(ledger: Ledger, recorded: Recorded) -> None:
    """R6, R28: its counts say what its lists say."""
    told = ledger.executions[recorded.stream]
    assert recorded.event.counts == told.counts()
    chunks = set(range(told.state.chunks))
    assert chunks <= told.chunks.keys() <= chunks | {told.state.chunks}
    slipped = told.chunks.get(told.state.chunks)
    assert slipped is None or isinstance(slipped, ChunkNotReached)
    listed = Counter(left.account_package for left in told.left if left.account not in told.moved)
    assert all(count == 1 for count in listed.values())
    if recorded.type == "execution.completed":
        wanted = "completed_with_failures" if told.failures else "completed"
        assert recorded.event.status == wanted


_CHECKS: dict[str, Callable[[Ledger, Recorded], None]] = {
    "account.invoicer_changed": _moved,
    "execution.started": _started,
    "execution.scope_cut": _cut,
    "account_package.billed": _billed,
    "invoice.lines_added": _lines_added,
    "invoice.generated": _generated,
    "receivables.charges_waiting": _waits,
    "receivables.charges_invoiced": _collected,
    "receivables.charges_closed": _closed,
    "chunk.failures_recorded": _failed,
    "chunk.packages_left_behind": _left,
    "chunk.billed": _chunk_done,
    "chunk.not_reached": _chunk_done,
    "execution.completed": _ended,
    "execution.cancelled": _ended,
}
