"""Manual debits and credits and one-time charges (R25): added, and removed before invoicing."""

from aggregates import corrections, identity
from aggregates import transactions as rules
from aggregates.account import AccountState
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceCredited, InvoiceCreditWithdrawn
from aggregates.money import parse_amount
from aggregates.refusal import Refusal
from commands.asking import Handler, Message, changing
from commands.books import books, check_open
from commands.corrections.finding import digits, document, document_at
from commands.dunning_status import take_status_back
from commands.handling import Outcome, run_command
from commands.message import DIRECT, Origin
from commands.personal import PersonalData
from commands.setup.entry import Amount, Day
from commands.setup.gl_code import check_known
from commands.store import Store
from commands.workspace import Workspace


class AddCredit(Message):
    """Credit an account: the amount comes off its balance at once and stands on its next invoice.
    `invoice` and `line` name the line that it corrects, if it does.
    """

    account: str
    amount: Amount
    reason: str = ""
    currency: str | None = None
    date: Day | None = None
    gl_code: str | None = None
    invoice: str | None = None
    line: int | None = None


class AddDebit(AddCredit):
    """Debit an account by hand: the amount is owed at once and stands on its next invoice."""


class AddCharge(AddCredit):
    """Charge an account once, for something that is no package."""


class RemoveTransaction(Message):
    """Remove a manual transaction that is not on an invoice yet."""

    account: str
    transaction: str
    reason: str = ""


def _add(kind: str, type: str) -> Handler[AddCredit]:
    def handle(
        store: Store,
        message: AddCredit,
        source: str,
        id: str,
        personal: PersonalData,
        origin: Origin = DIRECT,
    ) -> Outcome:
        command = message.command(type, source, id, origin)

        def decide(workspace: Workspace) -> dict[str, str]:
            account_id = identity.account(message.account)
            key = command.stream.hex()
            transaction = identity.text(identity.beside(account_id, "transaction", key))
            _stage(workspace, message, kind, account_id, transaction)
            return {"transaction": transaction, **_posted(workspace, message)}

        return run_command(store, command, decide, personal)

    return handle


def _posted(workspace: Workspace, asked: AddCredit) -> dict[str, str]:
    """When the books take it, and why then: the day it is added, whatever its own date (R26)."""
    today = workspace.today()
    why = rules.posted_because(books(workspace), asked.date or today, today)
    return {"posting_date": today.isoformat(), **({"posting_reason": why} if why else {})}


def _stage(
    workspace: Workspace, asked: AddCredit, kind: str, account_id: StreamId, transaction: str
) -> None:
    account = _account(workspace, asked.account)
    if asked.currency is not None and asked.currency != account.currency:
        raise Refusal(
            "wrong_currency",
            f"account {account.number} is in {account.currency}, not in {asked.currency}: give "
            "the amount in its currency",
            account=account.number,
        )
    minor = parse_amount(asked.amount, digits(workspace, account.currency))
    today = workspace.today()
    check_open(workspace, today)
    if asked.gl_code is not None:
        check_known(workspace, asked.gl_code)
    of_invoice = ""
    if asked.invoice is not None:
        of_invoice = _correct(workspace, asked, account, kind, minor, transaction)
    elif asked.line is not None:
        raise Refusal("invoice_missing", "a line without its invoice: name the invoice too")
    workspace.receivables_of(account_id)
    events = rules.add(
        account,
        id=transaction,
        kind=kind,
        amount=minor,
        on=asked.date or today,
        today=today,
        description=asked.reason,
        gl_code=asked.gl_code,
        of_invoice=of_invoice,
        of_line=asked.line,
    )
    workspace.stage("receivables", identity.receivables(account_id), events)
    take_status_back(workspace, identity.account(account.invoicer), today)


def _correct(
    workspace: Workspace,
    asked: AddCredit,
    account: AccountState,
    kind: str,
    minor: int,
    transaction: str,
) -> str:
    """The line that is corrected notes by how much; the id of its invoice."""
    found = document(workspace, asked.invoice or "")
    if asked.line is None:
        raise Refusal("line_missing", f"name the line of {found.state.number} that is corrected")
    if found.state.currency != account.currency:
        raise Refusal(
            "wrong_currency",
            f"invoice {found.state.number} is in {found.state.currency}, account {account.number} "
            f"in {account.currency}: credit the invoice with `billstream invoice credit` instead",
        )
    amount = minor if kind == "credit" else -minor
    places = digits(workspace, account.currency)
    credited = corrections.check_credit(found.state, found.lines, {asked.line: amount}, places)
    if found.lines[asked.line - 1].account != account.number:
        raise Refusal(
            "line_of_another_account",
            f"line {asked.line} of {found.state.number} is account "
            f"{found.lines[asked.line - 1].account}'s: name that account",
        )
    event = InvoiceCredited(source=transaction, lines=credited, on=workspace.today())
    workspace.stage("invoice", found.stream, [event])
    return found.id


def _remove(workspace: Workspace, asked: RemoveTransaction) -> None:
    account = _account(workspace, asked.account)
    account_id = identity.account(account.number)
    today = workspace.today()
    check_open(workspace, today)
    before = workspace.receivables_of(account_id)
    events, removed = rules.remove(before, asked.transaction, today, asked.reason)
    workspace.stage("receivables", identity.receivables(account_id), events)
    take_status_back(workspace, identity.account(account.invoicer), today)
    if not removed.of_invoice or removed.of_line is None:
        return
    found = document_at(workspace, identity.parse(removed.of_invoice))
    credited = found and [
        recorded.event
        for recorded in found.history
        if isinstance(recorded.event, InvoiceCredited)
        and recorded.event.source == asked.transaction
    ]
    if found and credited:
        corrections.check_withdrawal(found.state, found.lines, credited[-1].lines)
        event = InvoiceCreditWithdrawn(source=asked.transaction, lines=credited[-1].lines, on=today)
        workspace.stage("invoice", found.stream, [event])


def _account(workspace: Workspace, number: str) -> AccountState:
    account = workspace.account(number)
    if account is None:
        raise Refusal(
            "account_unknown",
            f"there is no account {number!r}; `billstream account list` shows the ones there are",
            account=number,
        )
    return account


add_credit = _add("credit", "add_credit")
add_debit = _add("adjustment", "add_debit")
add_charge = _add("one_time", "add_charge")
remove_transaction = changing(RemoveTransaction, "remove_transaction", _remove)
