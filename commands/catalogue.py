"""Every command there is: what it is called outside, its message, and who handles it.

The command line, the topic `commands` and every other door ask through the same functions. A
customers' file has no command of its own: a sender puts what it holds into `apply`.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from commands import account_package_changes as held
from commands import contract_changes, deletions, ledger, schedules
from commands.applying import Apply, apply
from commands.asking import Handler, Message
from commands.corrections import transactions
from commands.corrections.crediting import CreditInvoice, credit_invoice
from commands.corrections.voiding import VoidInvoice, void_invoice
from commands.execution_control import (
    ChangeExecution,
    cancel_execution,
    retry_execution,
    reverse_execution,
)
from commands.handling import Outcome
from commands.message import DIRECT, Command, Origin
from commands.payments import asking as payments
from commands.payments import methods
from commands.personal import PersonalData
from commands.reading_message import read_fields, validate
from commands.schedules import BillAccount, ChangeSchedule, ScheduleBillRun
from commands.store import Store
from schemas.headers import JSON, CommandHeaders
from schemas.wire import Codec
from schemas.wire_error import WireError
from schemas.wire_types import type_of


class CommandType(NamedTuple):
    """`name` is also the type a command is recorded under."""

    name: str
    message: type[Message]
    handle: Handler[Any]
    version: int = 1

    @property
    def ce_type(self) -> str:
        return type_of(self.name, self.version)

    def command(self, message: Message, source: str, id: str, origin: Origin = DIRECT) -> Command:
        """The same command that its handler makes of the message."""
        return message.command(self.name, source, id, origin)


def _scheduling(
    ask: Callable[[Store, Any, str, str, Origin], Outcome],
) -> Handler[Any]:
    def handle(
        store: Store,
        message: Any,
        source: str,
        id: str,
        personal: PersonalData,
        origin: Origin = DIRECT,
    ) -> Outcome:
        return ask(store, message, source, id, origin)

    return handle


def _execution(name: str, ask: Callable[[Store, Command, str], Outcome]) -> Handler[Any]:
    def handle(
        store: Store,
        message: ChangeExecution,
        source: str,
        id: str,
        personal: PersonalData,
        origin: Origin = DIRECT,
    ) -> Outcome:
        return ask(store, message.command(name, source, id, origin), message.execution)

    return handle


COMMAND_TYPES: tuple[CommandType, ...] = (
    CommandType("apply", Apply, apply),
    CommandType("schedule_bill_run", ScheduleBillRun, _scheduling(schedules.schedule_bill_run)),
    CommandType("bill_account", BillAccount, _scheduling(schedules.bill_account)),
    CommandType("pause_schedule", ChangeSchedule, _scheduling(schedules.pause_schedule)),
    CommandType("resume_schedule", ChangeSchedule, _scheduling(schedules.resume_schedule)),
    CommandType("cancel_schedule", ChangeSchedule, _scheduling(schedules.cancel_schedule)),
    CommandType(
        "cancel_execution", ChangeExecution, _execution("cancel_execution", cancel_execution)
    ),
    CommandType("retry_execution", ChangeExecution, _execution("retry_execution", retry_execution)),
    CommandType(
        "reverse_execution", ChangeExecution, _execution("reverse_execution", reverse_execution)
    ),
    CommandType("add_credit", transactions.AddCredit, transactions.add_credit),
    CommandType("add_debit", transactions.AddDebit, transactions.add_debit),
    CommandType("add_charge", transactions.AddCharge, transactions.add_charge),
    CommandType(
        "remove_transaction", transactions.RemoveTransaction, transactions.remove_transaction
    ),
    CommandType("credit_invoice", CreditInvoice, credit_invoice),
    CommandType("void_invoice", VoidInvoice, void_invoice),
    CommandType("cancel_account_package", held.CancelAccountPackage, held.cancel_account_package),
    CommandType(
        "suspend_account_package", held.SuspendAccountPackage, held.suspend_account_package
    ),
    CommandType("resume_account_package", held.ResumeAccountPackage, held.resume_account_package),
    CommandType(
        "set_account_package_price", held.SetAccountPackagePrice, held.set_account_package_price
    ),
    CommandType(
        "terminate_contract",
        contract_changes.TerminateContract,
        contract_changes.terminate_contract,
    ),
    CommandType(
        "give_contract_notice",
        contract_changes.GiveContractNotice,
        contract_changes.give_contract_notice,
    ),
    CommandType("delete_ar_term", deletions.DeleteArTerm, deletions.delete_ar_term),
    CommandType("record_payment", payments.RecordPayment, payments.record_payment),
    CommandType("remove_payment", payments.RemovePayment, payments.remove_payment),
    CommandType("refund_payment", payments.RefundPayment, payments.refund_payment),
    CommandType("collect_payment", payments.CollectPayment, payments.collect_payment),
    CommandType("set_payment_method", methods.SetPaymentMethod, methods.set_payment_method),
    CommandType(
        "remove_payment_method", methods.RemovePaymentMethod, methods.remove_payment_method
    ),
    CommandType("delete_bill_group", deletions.DeleteBillGroup, deletions.delete_bill_group),
    CommandType(
        "delete_exchange_rates", deletions.DeleteExchangeRates, deletions.delete_exchange_rates
    ),
    CommandType("delete_gl_code", deletions.DeleteGlCode, deletions.delete_gl_code),
    CommandType("close_ledger", ledger.CloseLedger, ledger.close_ledger),
    CommandType("delete_package", deletions.DeletePackage, deletions.delete_package),
    CommandType("delete_bill_run", deletions.DeleteBillRun, deletions.delete_bill_run),
    CommandType("delete_account", deletions.DeleteAccount, deletions.delete_account),
    CommandType("erase_account", deletions.EraseAccount, deletions.erase_account),
)

BY_NAME: dict[str, CommandType] = {entry.name: entry for entry in COMMAND_TYPES}
BY_TYPE: dict[str, CommandType] = {entry.ce_type: entry for entry in COMMAND_TYPES}


class Request(NamedTuple):
    """A command as it was understood."""

    type: CommandType
    message: Message
    source: str
    id: str
    origin: Origin

    @property
    def command(self) -> Command:
        return self.type.command(self.message, self.source, self.id, self.origin)

    def handle(self, store: Store, personal: PersonalData) -> Outcome:
        return self.type.handle(store, self.message, self.source, self.id, personal, self.origin)


def read_command(codec: Codec, headers: CommandHeaders, data: bytes | None) -> Request:
    """The command that headers and body ask for. Raises WireError with everything wrong with it."""
    type = BY_TYPE.get(headers.type)
    if type is None:
        raise WireError(
            "command_unknown",
            f"there is no command {headers.type[:100]!r}: docs/asyncapi.yaml lists them",
            type=headers.type[:200],
        )
    fields = read_fields(codec, headers.type, headers.content_type, data)
    origin = Origin(headers.correlation_id, headers.content_type)
    return Request(type, validate(type.message, fields), headers.source, headers.id, origin)


def write_command(codec: Codec, type: CommandType, message: Message, content_type: str) -> bytes:
    """A command's body, as a sender in Python writes it."""
    fields = message.model_dump(mode="json")
    if content_type == JSON:
        return json.dumps(fields, ensure_ascii=False).encode()
    if isinstance(message, Apply):
        fields["setup"] = json.dumps(message.setup, ensure_ascii=False)
    return codec.encode_fields(type.ce_type, fields)
