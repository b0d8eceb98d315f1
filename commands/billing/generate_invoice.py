"""Stage 5: generate the invoice (R15-R20)."""

from datetime import date
from decimal import Decimal
from functools import lru_cache

from aggregates.exchange import convert, rate_of
from aggregates.invoice import InvoiceGenerated, InvoiceLine, paged
from aggregates.invoice_dates import invoice_dates
from aggregates.receivables import Waiting
from aggregates.refusal import Refusal
from commands.billing.draft import CannotBill, Draft
from commands.billing.facts import AccountFacts
from commands.billing.settings import RunSettings

_cached_dates = lru_cache(maxsize=1024)(invoice_dates)


def generate_invoice(draft: Draft, settings: RunSettings) -> None:
    """Puts what waits and what was just charged on one invoice for the invoicer, unless there is
    nothing (R20), too little (R18) or a total of zero (R20).
    """
    draft.lines = _lines(draft, settings)
    if not draft.lines:
        return
    invoicer = draft.facts.row.state
    group = settings.groups[invoicer.bill_group].settings
    total = sum(line.amount for line in draft.lines)
    if total == 0 and not group.zero_invoices:
        draft.closed = True
        draft.waiting_reason = "zero_total"
        return
    if group.render_threshold and total >= 0 and _goes_on(draft):
        threshold = _convert_threshold(group.render_threshold, draft, settings)
        if total < threshold:
            draft.waiting_reason = "below_threshold"
            return
    draft.collected = True
    draft.pages, last, first = paged(draft.lines)
    dated, due = _cached_dates(
        invoice_date=group.invoice_date,
        due_date=group.due_date,
        payment_term=_payment_term(invoicer.ar_term, group.payment_term, settings),
        bill_day=invoicer.bill_day,
        period_start=settings.period_start,
        period_end=settings.period_end,
        render_date=settings.posting_date,
    )
    draft.invoice = InvoiceGenerated(
        execution=settings.execution,
        account=invoicer.number,
        currency=invoicer.currency,
        invoice_date=dated,
        due_date=due,
        posting_date=settings.posting_date,
        net=total,
        tax=0,
        total=total,
        lines=last,
        line_count=len(draft.lines),
        first=first,
        exchange_rates=settings.rates.name if settings.rates is not None else None,
        rounding=settings.owner.rounding,
        bill_to=invoicer.name,
    )


def _payment_term(ar_term: str | None, of_group: str, settings: RunSettings) -> str:
    """The account's AR term gives the payment term, else the bill group (R24)."""
    term = settings.ar_terms.get(ar_term) if ar_term else None
    return of_group if term is None else term.settings.payment_term or of_group


def let_wait(draft: Draft, settings: RunSettings) -> None:
    """Charges that went on no invoice wait on their account; lines of 0.00 of a zero total are
    closed instead (R20), so they do not.
    """
    if draft.collected:
        return
    if not draft.waiting_reason:
        draft.waiting_reason = "not_invoiced"
    draft.new_waiting = [
        new for new in draft.charges if not (draft.closed and new.charge.amount == 0)
    ]


def _goes_on(draft: Draft) -> bool:
    """Whether a package under the invoicer still has a next bill date (R18)."""
    if draft.facts.later:
        return True
    charged = {done.row.stream: done.billing.next_bill_date for done in draft.charged}
    return any(
        charged.get(row.stream, row.state.next_bill_date) is not None
        for account in draft.facts.accounts
        for row in account.packages
    )


def _lines(draft: Draft, settings: RunSettings) -> list[InvoiceLine]:
    """Every transaction of the family dated up to the period's end, in the order of the printed
    invoice: account, account-package, service start, kind, service, bill date.
    """
    lines: list[InvoiceLine] = []
    for account in draft.facts.accounts:
        if account.receivables is not None:
            for waiting in account.receivables.state.waiting:
                if waiting.bill_date <= settings.period_end:
                    lines.append(_line(draft, settings, account, waiting))
    for new in draft.charges:
        lines.append(_line(draft, settings, new.account, new.waiting))
    if len(lines) > 1:
        lines.sort(key=_print_order)
    return lines


def _print_order(line: InvoiceLine) -> tuple[str, str, date, str, str, date, str]:
    return (
        line.account,
        line.account_package,
        line.start,
        line.kind,
        line.service,
        line.bill_date,
        line.transaction,
    )


def _line(
    draft: Draft, settings: RunSettings, account: AccountFacts, waiting: Waiting
) -> InvoiceLine:
    charge = waiting.charge
    source, target = account.row.state.currency, draft.facts.row.state.currency
    amount, original_amount, original_currency = charge.amount, None, None
    rate_from, rate_to = None, None
    if source != target:
        owner = settings.owner
        try:
            rate_from, rate_to = _rate(settings, source), _rate(settings, target)
        except Refusal as refusal:
            number = account.row.state.number
            raise CannotBill(number, waiting.account_package, refusal) from refusal
        original_amount, original_currency = charge.amount, source
        amount = convert(
            charge.amount,
            rate_from=rate_from,
            rate_to=rate_to,
            digits_from=owner.currencies[source],
            digits_to=owner.currencies[target],
            mode=owner.rounding,
        )
    return InvoiceLine(
        account=account.row.state.number,
        account_package=waiting.account_package,
        package=waiting.package,
        bill_date=waiting.bill_date,
        service=charge.service,
        name=charge.name,
        kind=charge.kind,
        start=charge.start,
        end=charge.end,
        days=charge.days,
        full_days=charge.full_days,
        amount=amount,
        unit_price=charge.unit_price,
        gl_code=charge.gl_code,
        original_amount=original_amount,
        original_currency=original_currency,
        rate_from=rate_from,
        rate_to=rate_to,
        charged_by=None if waiting.execution == settings.execution else waiting.execution,
        transaction=waiting.transaction,
        description=waiting.description,
        round=charge.round,
        of_invoice=waiting.of_invoice,
        of_line=waiting.of_line,
    )


def _convert_threshold(threshold: int, draft: Draft, settings: RunSettings) -> int:
    """The threshold in the invoicer's currency (R18: the owner's, converted by R16)."""
    owner, target = settings.owner, draft.facts.row.state.currency
    if target == owner.currency:
        return threshold
    try:
        rate_to = _rate(settings, target)
    except Refusal as refusal:
        raise CannotBill(draft.facts.row.state.number, None, refusal) from refusal
    return convert(
        threshold,
        rate_from=_rate(settings, owner.currency),
        rate_to=rate_to,
        digits_from=owner.currencies[owner.currency],
        digits_to=owner.currencies[target],
        mode=owner.rounding,
    )


def _rate(settings: RunSettings, currency: str) -> Decimal:
    """The multiplier of a currency in the run's set; one that is missing is refused by the name
    of the set, for `current` does not tell which one it is.
    """
    rates = settings.rates
    if rates is None:
        return rate_of(None, currency, settings.owner.currency)
    try:
        return rate_of(rates.rates, currency, settings.owner.currency)
    except Refusal as refusal:
        sentence = f"exchange rates {rates.name!r} have no rate for {currency}: add it to them"
        raise Refusal(refusal.code, sentence, exchange_rates=rates.name) from refusal
