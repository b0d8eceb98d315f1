"""Exchange rates, bill groups, packages and bill runs (R1, R13, R16, R17, R33)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aggregates import identity
from aggregates.exchange_rates import ExchangeRatesUsed
from aggregates.refusal import Refusal
from commands.setup.bill_group import delete_bill_group
from commands.setup.bill_run import delete_bill_run
from commands.setup.exchange_rates import delete_exchange_rates
from commands.setup.package import delete_package
from commands.workspace import Workspace
from tests.support.books import Books
from tests.support.world import account, base, package

RATES = "exchange_rates"


def rates(**more: Any) -> dict[str, Any]:
    return {RATES: [{"name": "October 2020", **more}]}


def group(**more: Any) -> dict[str, Any]:
    return {"bill_groups": [{"name": "Default Bill Group", **more}]}


def internet(**more: Any) -> dict[str, Any]:
    return {"packages": [{"code": "internet", **more}]}


def run(**more: Any) -> dict[str, Any]:
    return {"bill_runs": [{"name": "Default", **more}]}


def use_rates(books: Books) -> None:
    def handle(workspace: Workspace) -> None:
        stream = identity.named(RATES, "October 2020")
        used = ExchangeRatesUsed(execution="x", currencies=("EUR",))
        workspace.stage(RATES, stream, [used])

    books.do(handle)


def hold(books: Books, **more: Any) -> None:
    held = package("A/internet", "2020-09-01", **more)
    books.apply({"accounts": [account("A", held)]})


# exchange rates


def test_a_rate_not_used_may_change_and_go(books: Books) -> None:
    before = books.position
    books.apply(rates(rates={"EUR": "0.86"}))
    books.apply(f"{RATES}: [{{name: October 2020, rates: {{EUR: null}}}}]")
    assert books.events(before) == ["exchange_rates.rate_changed", "exchange_rates.rate_removed"]


def test_r16_a_used_rate_cannot_change_but_a_missing_one_may_be_added(books: Books) -> None:
    books.apply({"owner": {"currencies": ["USD", "EUR", "GBP"]}})
    use_rates(books)
    assert books.code(rates(rates={"EUR": "0.86"})) == "rate_used"
    assert books.code(rates(effective="2020-11-01")) == "rate_used"
    books.apply(rates(rates={"EUR": "0.850", "GBP": "0.79"}))
    assert books.state(RATES, "October 2020").rates == {
        "EUR": Decimal("0.85"),
        "GBP": Decimal("0.79"),
    }


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"name": "Other", "effective": "2020-10-01", "rates": {}}, "duplicate_effective_date"),
        ({"name": "Other", "rates": {}}, "missing_key"),
        ({"name": "current", "effective": "2020-11-01"}, "name_reserved"),
        ({"name": "N", "effective": "2020-11-01", "rates": {"GBP": "1"}}, "currency_unknown"),
        ({"name": "N", "effective": "2020-11-01", "rates": {"USD": "1"}}, "rate_invalid"),
        ({"name": "N", "effective": "2020-11-01", "rates": {"EUR": "0"}}, "rate_invalid"),
        ({"name": "N", "effective": "2020-11-01", "rates": {"EUR": "-1"}}, "rate_invalid"),
        ({"name": "N", "effective": "2020-11-01", "rates": {"EUR": "0,85"}}, "rate_invalid"),
        ({"name": "N", "effective": "2020-11-01", "rates": {"EUR": "1 5"}}, "rate_invalid"),
        ({"name": "N", "effective": "2020-11-01", "rates": {"EUR": 0.85}}, "wrong_type"),
        ({"name": "N", "effective": "2020-02-30", "rates": {}}, "date_invalid"),
    ],
)
def test_wrong_rates_are_refused(books: Books, entry: dict[str, Any], code: str) -> None:
    assert books.code({RATES: [entry]}) == code


def test_two_sets_with_one_date_in_one_file_are_refused(empty: Books) -> None:
    sets: list[Any] = [
        {"name": name, "effective": "2020-10-01", "rates": {}} for name in ("A", "B")
    ]
    assert empty.code(base(exchange_rates=sets)) == "duplicate_effective_date"


# bill groups


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bill_day": 0}, "bill_day_invalid"),
        ({"bill_day": 32}, "bill_day_invalid"),
        ({"payment_term": "net twenty"}, "payment_term_invalid"),
        ({"payment_term": "day 32"}, "payment_term_invalid"),
        ({"invoice_date": "today"}, "base_date_invalid"),
        ({"due_date": "today"}, "base_date_invalid"),
        ({"render_threshold": "-1.00"}, "render_threshold_invalid"),
        ({"render_threshold": "1.001"}, "amount_too_precise"),
        ({"render_threshold": 20}, "wrong_type"),
        ({"zero_invoices": "yes"}, "wrong_type"),
        ({"exclude": ["nobody"]}, "account_unknown"),
    ],
)
def test_wrong_bill_groups_are_refused(books: Books, change: dict[str, Any], code: str) -> None:
    assert books.code(group(**change)) == code


def test_null_brings_back_the_default(books: Books) -> None:
    books.apply(group(payment_term="day 10", render_threshold="5.00", zero_invoices=True))
    assert books.state("bill_group", "Default Bill Group").settings.render_threshold == 500
    books.apply(group(payment_term=None, render_threshold=None, zero_invoices=None, bill_day=None))
    settings = books.state("bill_group", "Default Bill Group").settings
    assert (settings.payment_term, settings.render_threshold) == ("due on receipt", 0)
    assert (settings.zero_invoices, settings.bill_day) == (False, None)


def test_a_group_may_exclude_an_account_of_the_same_file(books: Books) -> None:
    books.apply({**group(exclude=["A"]), "accounts": [account("A")]})
    assert books.state("bill_group", "Default Bill Group").settings.exclude == ("A",)


# packages


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"frequency": "fortnightly"}, "frequency_invalid"),
        ({"billing": "later"}, "billing_invalid"),
        ({"prices": {"USD": "20.001"}}, "amount_too_precise"),
        ({"prices": {"USD": "-20.00"}}, "price_negative"),
        ({"prices": {"USD": "20,00"}}, "amount_invalid"),
        ({"prices": {"GBP": "20.00"}}, "currency_unknown"),
        ({"prices": {"USD": 20}}, "wrong_type"),
        ({"prices": {"USD": 20.5}}, "wrong_type"),
        ({"bill_day": 0}, "bill_day_invalid"),
        ({"frequency": "weekly", "bill_day": 3}, "bill_day_invalid"),
        ({"services": []}, "no_service"),
        ({"prices": {}, "services": [{"code": "a", "name": "A"}]}, "wrong_type"),
        (
            {"services": [{"code": "a", "name": "A"}, {"code": "a", "name": "B"}]},
            "duplicate_name",
        ),
    ],
)
def test_wrong_packages_are_refused(books: Books, entry: dict[str, Any], code: str) -> None:
    new = {"code": "new", "name": "New", "frequency": "monthly", **entry}
    if "services" not in new:
        new.setdefault("prices", {})
    assert books.code({"packages": [new]}) == code


def test_worked_example_22_a_yen_has_no_minor_unit(empty: Books) -> None:
    setup = base()
    setup["owner"]["currencies"] = ["USD", "EUR", "JPY"]
    setup["packages"][0]["prices"]["JPY"] = "10.5"
    assert empty.code(setup) == "amount_too_precise"


def test_a_new_package_needs_prices_or_services(books: Books) -> None:
    new = {"code": "new", "name": "New", "frequency": "monthly"}
    assert books.code({"packages": [new]}) == "missing_key"


def test_a_changed_price_holds_from_today_or_from_prices_from(books: Books) -> None:
    books.apply(internet(prices={"USD": "21.00"}))
    books.apply(internet(prices={"USD": "22.00"}, prices_from="2021-01-01"))
    books.unchanged(internet(prices={"USD": "22.00"}, prices_from="2021-01-01"))
    books.unchanged(internet(prices={"USD": "21.00"}))
    prices = books.state("package", "internet").prices
    assert [(p.holds_from, p.amount) for p in prices if p.currency == "USD"] == [
        (None, 2000),
        (date(2020, 10, 5), 2100),
        (date(2021, 1, 1), 2200),
    ]


def test_the_first_price_of_a_currency_holds_for_all_days(books: Books) -> None:
    books.apply({"owner": {"currencies": ["USD", "EUR", "GBP"]}})
    books.apply(internet(prices={"GBP": "16.00"}, prices_from="2021-01-01"))
    assert books.state("package", "internet").prices[-1].holds_from is None


def test_null_takes_a_price_away(books: Books) -> None:
    books.apply(internet(prices={"EUR": None}))
    assert books.state("package", "internet").prices[-1].amount is None
    books.unchanged(internet(prices={"EUR": None}))


@pytest.mark.parametrize(
    "change",
    [
        {"frequency": "annual"},
        {"billing": "advance"},
        {"prorate": False},
        {"bill_day": 5},
        {"services": [{"code": "other", "name": "Other"}]},
    ],
)
def test_what_is_fixed_once_an_account_holds_it(books: Books, change: dict[str, Any]) -> None:
    hold(books)
    assert books.code(internet(**change)) == "cannot_change"


def test_a_package_nobody_holds_can_become_another(books: Books) -> None:
    before = books.position
    books.apply(internet(frequency="every 12 months", prices={"USD": "200.00"}))
    assert books.events(before) == ["package.redefined"]
    state = books.state("package", "internet")
    assert (state.frequency, state.revision) == ("annual", 2)
    books.unchanged(internet(frequency="annual"))


def test_names_and_ledger_codes_may_change_at_any_time(books: Books) -> None:
    hold(books)
    before = books.position
    books.apply(internet(name="Internet 200", gl_code="4001"))
    assert books.events(before) == ["package.renamed", "package.services_relabelled"]
    assert books.state("package", "internet").services[0].name == "Internet 200"


def test_r33_a_bundle_has_a_price_for_each_service(books: Books) -> None:
    services = [
        {"code": "line", "name": "Line", "prices": {"USD": "10.00"}, "gl_code": "1"},
        {"code": "tv", "name": "TV", "prices": {"USD": "5.00"}},
    ]
    bundle = {"code": "bundle", "name": "Bundle", "frequency": "monthly", "services": services}
    books.apply({"packages": [bundle]})
    books.unchanged({"packages": [bundle]})
    held = package("A/b", "2020-09-01", "bundle", price="9.00")
    assert books.code({"accounts": [account("A", held)]}) == "price_override_not_allowed"
    cheaper = {"code": "bundle", "prices": {"USD": "1.00"}}
    assert books.code({"packages": [cheaper]}) == "cannot_change"


# bill runs


def test_r1_no_bill_run_before_rates_and_a_group(empty: Books) -> None:
    owner = base()["owner"]
    new = base()["bill_runs"]
    rates_only = base()[RATES]
    assert empty.code({"owner": owner, "bill_runs": new}) == "no_exchange_rates"
    both = {"owner": owner, RATES: rates_only, "bill_runs": new}
    assert empty.code(both) == "no_bill_group"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"actions": ["bill_packages", "bill_usage"]}, "action_not_available"),
        ({"actions": ["render"]}, "action_not_available"),
        ({"actions": ["sing"]}, "action_unknown"),
        ({"actions": []}, "no_action"),
        ({"bill_groups": []}, "no_bill_group"),
        ({"bill_groups": ["Other"]}, "bill_group_unknown"),
        ({"exchange_rates": "November"}, "exchange_rates_unknown"),
    ],
)
def test_wrong_bill_runs_are_refused(books: Books, change: dict[str, Any], code: str) -> None:
    assert books.code(run(**change)) == code


def test_a_bill_run_can_use_the_current_rates(books: Books) -> None:
    books.apply(run(exchange_rates="current"))
    assert books.state("bill_run", "Default").settings.exchange_rates == "current"


# deleting


def refused(books: Books, handler: Any, name: str) -> str:
    before = books.position
    with pytest.raises(Refusal) as caught:
        books.do(lambda workspace: handler(workspace, name))
    assert books.position == before
    return caught.value.code


def test_what_is_in_use_cannot_be_deleted(books: Books) -> None:
    hold(books)
    assert refused(books, delete_bill_group, "Default Bill Group") == "in_use"
    assert refused(books, delete_exchange_rates, "October 2020") == "in_use"
    assert refused(books, delete_package, "internet") == "in_use"


def test_used_rates_cannot_be_deleted(books: Books) -> None:
    use_rates(books)
    books.do(lambda workspace: delete_bill_run(workspace, "Default"))
    assert refused(books, delete_exchange_rates, "October 2020") == "in_use"


def test_the_last_rates_cannot_be_deleted_while_a_bill_run_is_there(books: Books) -> None:
    books.apply(run(exchange_rates="current"))
    assert refused(books, delete_exchange_rates, "October 2020") == "in_use"


def test_what_nobody_uses_is_deleted_and_can_be_made_again(books: Books) -> None:
    books.do(lambda workspace: delete_bill_run(workspace, "Default"))
    books.do(lambda workspace: delete_exchange_rates(workspace, "October 2020"))
    books.do(lambda workspace: delete_bill_group(workspace, "Default Bill Group"))
    books.do(lambda workspace: delete_package(workspace, "internet"))
    before = books.position
    books.apply(base())
    assert len(books.events(before)) == 4


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (delete_bill_group, "bill_group_unknown"),
        (delete_bill_run, "bill_run_unknown"),
        (delete_package, "package_unknown"),
        (delete_exchange_rates, "exchange_rates_unknown"),
    ],
)
def test_what_is_not_there_cannot_be_deleted(books: Books, handler: Any, code: str) -> None:
    assert refused(books, handler, "nothing") == code
