"""How pieces of setup look to the outside: in the words of the setup file, from their states."""

from collections.abc import Iterable
from typing import Any

from aggregates.ar_term import ArTermState, Level
from aggregates.bill_group import BillGroupState
from aggregates.bill_run import BillRunState
from aggregates.exchange_rates import ExchangeRatesState
from aggregates.gl_code import BUILT_IN, GlCodeState
from aggregates.package import PackageState
from projections.account_packages import catalogue_price, service_price
from projections.shapes import Showing


def bill_group(state: BillGroupState, showing: Showing, currency: str) -> dict[str, Any]:
    """`currency` is the owner's, in which the threshold is given."""
    settings = state.settings
    return {
        "name": state.name,
        "bill_day": settings.bill_day,
        "payment_term": settings.payment_term,
        "invoice_date": settings.invoice_date,
        "due_date": settings.due_date,
        "render_threshold": showing.amount(settings.render_threshold, currency),
        "zero_invoices": settings.zero_invoices,
        "exclude": list(settings.exclude),
    }


def ar_term(
    state: ArTermState, showing: Showing, accounts: Iterable[str], default: str | None
) -> dict[str, Any]:
    """`accounts` are the numbers of those that have it, `default` names the owner's term."""
    settings = state.settings
    return {
        "name": state.name,
        "payment_term": settings.payment_term,
        "minimum_overdue": _prices(dict(settings.minimum_overdue), showing),
        "levels": [level(one, showing) for one in settings.levels],
        "payment_retries": list(settings.payment_retries),
        "default": state.name == default,
        "accounts": list(accounts),
    }


def level(found: Level, showing: Showing) -> dict[str, Any]:
    """`level` names it in history and on fees."""
    return {
        "level": found.key,
        "event": found.event,
        "days": found.days,
        "action": found.action,
        "amount": _prices(dict(found.amount), showing),
        "percent": None if found.percent is None else f"{found.percent:f}",
        "service": found.service,
        "name": found.name,
        "gl_code": found.gl_code,
        "notice": found.notice,
    }


def exchange_rates(state: ExchangeRatesState) -> dict[str, Any]:
    """`used` are the currencies whose rate an execution has relied on (R16)."""
    return {
        "name": state.name,
        "effective": state.effective.isoformat(),
        "rates": {currency: f"{state.rates[currency]:f}" for currency in sorted(state.rates)},
        "used": sorted(state.used),
    }


def gl_code(state: GlCodeState, *, built_in: bool = False) -> dict[str, Any]:
    """`built_in`: it is there without setup."""
    return {
        "code": state.code,
        "name": state.name,
        "debit": state.debit,
        "credit": state.credit,
        "deferred": state.deferred,
        "built_in": built_in,
    }


def gl_codes(states: Iterable[GlCodeState]) -> list[dict[str, Any]]:
    """Those of the setup and those that are there without it, by code."""
    own = {state.code: gl_code(state) for state in states}
    plain = {code: gl_code(state, built_in=True) for code, state in BUILT_IN.items()}
    found = plain | own
    return [found[code] for code in sorted(found)]


def package(state: PackageState, showing: Showing) -> dict[str, Any]:
    """Prices are those of today; a package's is the sum of its services' (R33)."""
    currencies = sorted({price.currency for price in state.prices})
    whole = {c: catalogue_price(state, c, showing.today) for c in currencies}
    return {
        "code": state.code,
        "name": state.name,
        "frequency": state.frequency,
        "billing": state.billing,
        "prorate": state.prorate,
        "bill_day": state.bill_day,
        "prices": _prices(whole, showing),
        "services": [
            {
                "code": service.code,
                "name": service.name,
                "prices": _prices(
                    {c: service_price(state, service.code, c, showing.today) for c in currencies},
                    showing,
                ),
                "gl_code": service.gl_code,
            }
            for service in state.services
        ],
    }


def bill_run(state: BillRunState) -> dict[str, Any]:
    return {
        "name": state.name,
        "actions": list(state.settings.actions),
        "bill_groups": list(state.settings.bill_groups),
        "exchange_rates": state.settings.exchange_rates,
        "collection": state.settings.collection,
    }


def _prices(amounts: dict[str, int | None], showing: Showing) -> dict[str, str]:
    return {c: showing.amount(a, c) for c, a in amounts.items() if a is not None}
