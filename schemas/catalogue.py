"""Every stored event: its explicit dotted name, its version and the class it becomes.

Names and versions are for ever (design decisions 5, 13): code may move, a stored name may not. A
new shape of an event is a new version here and an upcaster in `schemas/upcasters`.
"""

from typing import NamedTuple

from aggregates import (
    account,
    ar_term,
    bill_group,
    bill_run,
    chunk,
    command,
    exchange_rates,
    execution,
    gl_code,
    invoice,
    ledger,
    owner,
    package,
    receivables,
    schedule,
)
from aggregates.account_package import events as account_package
from aggregates.event import Event


class EventType(NamedTuple):
    name: str
    version: int
    cls: type[Event]


EVENT_TYPES: tuple[EventType, ...] = (
    EventType("owner.set_up", 1, owner.OwnerSetUp),
    EventType("owner.renamed", 1, owner.OwnerRenamed),
    EventType("owner.currency_enabled", 1, owner.CurrencyEnabled),
    EventType("owner.time_zone_changed", 1, owner.TimeZoneChanged),
    EventType("owner.invoice_numbering_changed", 1, owner.InvoiceNumberingChanged),
    EventType("owner.history_restored", 1, owner.HistoryRestored),
    EventType("exchange_rates.created", 1, exchange_rates.ExchangeRatesCreated),
    EventType("exchange_rates.rate_added", 1, exchange_rates.RateAdded),
    EventType("exchange_rates.rate_changed", 1, exchange_rates.RateChanged),
    EventType("exchange_rates.rate_removed", 1, exchange_rates.RateRemoved),
    EventType("exchange_rates.effective_date_changed", 1, exchange_rates.EffectiveDateChanged),
    EventType("exchange_rates.used", 1, exchange_rates.ExchangeRatesUsed),
    EventType("exchange_rates.deleted", 1, exchange_rates.ExchangeRatesDeleted),
    EventType("ar_term.created", 1, ar_term.ArTermCreated),
    EventType("ar_term.changed", 1, ar_term.ArTermChanged),
    EventType("ar_term.deleted", 1, ar_term.ArTermDeleted),
    EventType("bill_group.created", 2, bill_group.BillGroupCreated),
    EventType("bill_group.changed", 1, bill_group.BillGroupChanged),
    EventType("bill_group.deleted", 1, bill_group.BillGroupDeleted),
    EventType("gl_code.created", 1, gl_code.GlCodeCreated),
    EventType("gl_code.renamed", 1, gl_code.GlCodeRenamed),
    EventType("gl_code.deleted", 1, gl_code.GlCodeDeleted),
    EventType("ledger.period_closed", 1, ledger.PeriodClosed),
    EventType("package.created", 1, package.PackageCreated),
    EventType("package.renamed", 1, package.PackageRenamed),
    EventType("package.prices_changed", 1, package.PackagePricesChanged),
    EventType("package.redefined", 1, package.PackageRedefined),
    EventType("package.services_relabelled", 1, package.PackageServicesRelabelled),
    EventType("package.deleted", 1, package.PackageDeleted),
    EventType("account.opened", 1, account.AccountOpened),
    EventType("account.renamed", 1, account.AccountRenamed),
    EventType("account.moved", 1, account.AccountMoved),
    EventType("account.invoicer_changed", 1, account.InvoicerChanged),
    EventType("account.bill_group_changed", 1, account.BillGroupOfAccountChanged),
    EventType("account.bill_day_changed", 1, account.BillDayChanged),
    EventType("account.status_changed", 1, account.AccountStatusChanged),
    EventType("account.ar_term_changed", 1, account.ArTermOfAccountChanged),
    EventType("account.currency_changed", 1, account.AccountCurrencyChanged),
    EventType("account.member_joined", 1, account.MemberJoined),
    EventType("account.member_left", 1, account.MemberLeft),
    EventType("account.erased", 1, account.AccountErased),
    EventType("account.deleted", 1, account.AccountDeleted),
    EventType("account_package.added", 1, account_package.PackageAdded),
    EventType("account_package.rescheduled", 1, account_package.PackageRescheduled),
    EventType("account_package.cancel_set", 1, account_package.CancelSet),
    EventType("account_package.cancel_withdrawn", 1, account_package.CancelWithdrawn),
    EventType("account_package.suspended", 1, account_package.PackageSuspended),
    EventType("account_package.suspension_ended", 1, account_package.SuspensionEnded),
    EventType("account_package.price_overridden", 1, account_package.PriceOverridden),
    EventType("account_package.calendar_changed", 1, account_package.CalendarChanged),
    EventType("account_package.billed", 1, account_package.PackageBilled),
    EventType("account_package.removed", 1, account_package.PackageRemoved),
    EventType("bill_run.created", 1, bill_run.BillRunCreated),
    EventType("bill_run.changed", 1, bill_run.BillRunChanged),
    EventType("bill_run.deleted", 1, bill_run.BillRunDeleted),
    EventType("bill_run.scheduled", 1, schedule.BillRunScheduled),
    EventType("schedule.fired", 1, schedule.ScheduleFired),
    EventType("schedule.window_skipped", 1, schedule.WindowSkipped),
    EventType("schedule.paused", 1, schedule.SchedulePaused),
    EventType("schedule.resumed", 1, schedule.ScheduleResumed),
    EventType("schedule.cancelled", 1, schedule.ScheduleCancelled),
    EventType("execution.queued", 1, execution.ExecutionQueued),
    EventType("execution.started", 1, execution.ExecutionStarted),
    EventType("execution.scope_cut", 1, execution.ScopeCut),
    EventType("execution.cancel_requested", 1, execution.CancelRequested),
    EventType("execution.completed", 1, execution.ExecutionCompleted),
    EventType("execution.cancelled", 1, execution.ExecutionCancelled),
    EventType("execution.retry_queued", 1, execution.RetryQueued),
    EventType("chunk.failures_recorded", 1, chunk.FailuresRecorded),
    EventType("chunk.packages_left_behind", 1, chunk.PackagesLeftBehind),
    EventType("chunk.billed", 1, chunk.ChunkBilled),
    EventType("chunk.not_reached", 1, chunk.ChunkNotReached),
    EventType("invoice.lines_added", 1, invoice.InvoiceLinesAdded),
    EventType("invoice.generated", 1, invoice.InvoiceGenerated),
    EventType("invoice.settled", 1, invoice.InvoiceSettled),
    EventType("invoice.unsettled", 1, invoice.InvoiceUnsettled),
    EventType("invoice.credited", 1, invoice.InvoiceCredited),
    EventType("invoice.credit_withdrawn", 1, invoice.InvoiceCreditWithdrawn),
    EventType("invoice.dunning_level_reached", 1, invoice.DunningLevelReached),
    EventType("invoice.voided", 1, invoice.InvoiceVoided),
    EventType("receivables.charges_waiting", 1, receivables.ChargesWaiting),
    EventType("receivables.charges_invoiced", 1, receivables.ChargesInvoiced),
    EventType("receivables.charges_closed", 1, receivables.ChargesClosed),
    EventType("receivables.transaction_added", 1, receivables.TransactionAdded),
    EventType("receivables.transaction_removed", 1, receivables.TransactionRemoved),
    EventType("receivables.taken_back", 1, receivables.ChargesTakenBack),
    EventType("receivables.restored", 1, receivables.TransactionsRestored),
    EventType("command.accepted", 1, command.CommandAccepted),
    EventType("command.refused", 1, command.CommandRefused),
)

BY_CLASS: dict[type[Event], EventType] = {entry.cls: entry for entry in EVENT_TYPES}
BY_NAME: dict[str, EventType] = {entry.name: entry for entry in EVENT_TYPES}
