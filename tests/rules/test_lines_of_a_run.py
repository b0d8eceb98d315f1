"""R10-R13, R33: kinds of lines, services, parts and settlements through run and invoice."""

from typing import Any

from tests.rules.support import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    lines,
    owner,
    refused_setup,
    show,
    sold,
)
from tests.support.world import World, account, base, package

ADVANCE = sold("line", "31.00", billing="advance")
ARREARS = sold("line", "31.00")


def one(packages: dict[str, Any], effective: str, **more: Any) -> dict[str, Any]:
    """One account with one package, `p`."""
    held = package("p", effective, packages["code"], **more)
    return base(packages=[packages], accounts=[account("A-1", held)])


def test_a_stub_in_advance_is_a_line_beside_the_first_period(world: World) -> None:
    world.apply(one(sold("line", "30.00", billing="advance"), "2020-10-04"))
    world.bill(*NOVEMBER)
    assert lines(world) == [
        ("p", "stub", "2020-10-04", "2020-11-01", 28, "27.10"),
        ("p", "recurring", "2020-11-01", "2020-12-01", 30, "30.00"),
    ]
    assert world.invoices()[0]["total"] == "57.10"


def test_a_stub_in_arrears_is_a_stub_too(world: World) -> None:
    world.apply(one(ARREARS, "2020-10-04"))
    world.bill(*NOVEMBER)
    assert lines(world) == [("p", "stub", "2020-10-04", "2020-11-01", 28, "28.00")]
    (invoice,) = world.invoices()
    assert (invoice["lines"][0]["full_days"], invoice["lines"][0]["unit_price"]) == (31, "31.00")


def test_once_is_billed_on_its_effective_date_and_never_again(world: World) -> None:
    world.apply(one(sold("setup", "99.00", frequency="once"), "2020-10-04"))
    assert world.next_bill_date("p") == "2020-10-04"
    world.bill(*OCTOBER)
    assert lines(world) == [("p", "one_time", "2020-10-04", "2020-10-05", 1, "99.00")]
    assert world.next_bill_date("p") is None
    execution = world.bill("2020-10-01", "2021-12-31", "--catch-up", "all")
    assert show(world, execution)["cycles_billed"] == 0


def test_each_service_of_a_bundle_is_a_line_of_its_own(world: World) -> None:
    services = [
        {"code": "tv", "name": "Television", "prices": {"USD": "10.00"}, "gl_code": "4100"},
        {"code": "phone", "name": "Telephone", "prices": {"USD": "5.05"}, "gl_code": "4200"},
    ]
    world.apply(one(sold("bundle", "", services=services), "2020-10-04"))
    assert world.read("account-package", "show", "p")["price"] == "15.05"
    world.bill(*NOVEMBER)
    (invoice,) = world.invoices()
    found = [
        (row["service"], row["description"], row["amount"], row["gl_code"])
        for row in invoice["lines"]
    ]
    assert found == [
        ("phone", "Telephone", "4.56", "4200"),
        ("tv", "Television", "9.03", "4100"),
    ]
    assert invoice["total"] == "13.59"


def test_a_price_of_its_own_is_refused_for_a_bundle(world: World) -> None:
    services = [
        {"code": "tv", "name": "Television", "prices": {"USD": "10.00"}},
        {"code": "phone", "name": "Telephone", "prices": {"USD": "5.00"}},
    ]
    setup = one(sold("bundle", "", services=services), "2020-10-04", price="9.00")
    assert refused_setup(world, setup) == "price_override_not_allowed"


def test_a_package_without_services_has_one_with_its_own_code_and_name(world: World) -> None:
    world.apply(one(sold("line", "31.00", name="A Line"), "2020-09-01"))
    world.bill(*OCTOBER)
    (row,) = world.invoices()[0]["lines"]
    assert (row["service"], row["description"]) == ("line", "A Line")


def test_an_own_price_is_charged_instead_of_the_catalogues(world: World) -> None:
    world.apply(one(ARREARS, "2020-09-01", price="12.34"))
    world.bill(*OCTOBER)
    assert lines(world) == [("p", "recurring", "2020-09-01", "2020-10-01", 30, "12.34")]


def test_a_suspension_within_a_period_makes_two_lines_of_its_kind(world: World) -> None:
    world.apply(one(ARREARS, "2020-10-01"))
    world.must("account-package", "suspend", "p", "--as-of", "2020-10-11", "--until", "2020-10-21")
    world.bill(*NOVEMBER)
    assert lines(world) == [
        ("p", "recurring", "2020-10-01", "2020-10-11", 10, "10.00"),
        ("p", "recurring", "2020-10-21", "2020-11-01", 11, "11.00"),
    ]


def test_a_price_change_within_a_period_makes_parts(world: World) -> None:
    world.apply(one(ARREARS, "2020-10-01"))
    world.must("account-package", "set-price", "p", "62.00", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    assert lines(world) == [
        ("p", "recurring", "2020-10-01", "2020-10-11", 10, "10.00"),
        ("p", "recurring", "2020-10-11", "2020-11-01", 21, "42.00"),
    ]
    (invoice,) = world.invoices()
    assert [row["unit_price"] for row in invoice["lines"]] == ["31.00", "62.00"]


def test_a_late_cancel_is_credited_on_the_next_bill_date(world: World) -> None:
    world.apply(one(ADVANCE, "2020-10-01"))
    world.bill(*OCTOBER)
    world.must("clock", "advance", "--to", "2020-10-11T12:00:00Z")
    world.must("account-package", "cancel", "p", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    first, credit = world.invoices()
    assert (first["total"], credit["total"], credit["net"]) == ("31.00", "-21.00", "-21.00")
    (row,) = credit["lines"]
    assert (row["kind"], row["days"], row["full_days"], row["unit_price"]) == (
        "credit",
        -21,
        31,
        None,
    )
    assert row["service_period"] == {"start": "2020-10-01", "end": "2020-11-01"}
    assert world.next_bill_date("p") is None
    assert show(world, world.bill(*DECEMBER, "--catch-up", "all"))["cycles_billed"] == 0


def test_a_late_suspension_is_credited_beside_the_next_period(world: World) -> None:
    world.apply(one(ADVANCE, "2020-10-01"))
    world.bill(*OCTOBER)
    world.must("account-package", "suspend", "p", "--as-of", "2020-10-11", "--until", "2020-10-21")
    world.bill(*NOVEMBER)
    assert lines(world)[1:] == [
        ("p", "credit", "2020-10-01", "2020-11-01", -10, "-10.00"),
        ("p", "recurring", "2020-11-01", "2020-12-01", 30, "31.00"),
    ]
    assert world.totals() == ["31.00", "21.00"]


def test_a_late_price_rise_is_an_adjustment(world: World) -> None:
    world.apply(one(ADVANCE, "2020-10-01"))
    world.bill(*OCTOBER)
    world.must("account-package", "set-price", "p", "62.00", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    adjustment, recurring = lines(world)[1:]
    assert adjustment == ("p", "adjustment", "2020-10-01", "2020-11-01", 0, "21.00")
    assert recurring == ("p", "recurring", "2020-11-01", "2020-12-01", 30, "62.00")
    (row, _) = world.invoices()[1]["lines"]
    assert (row["unit_price"], row["full_days"]) == (None, 31)


def test_a_catalogue_price_change_is_settled_for_everyone_who_paid_in_advance(
    world: World,
) -> None:
    packages = [ADVANCE]
    accounts = [account(f"A-{n}", package(f"p{n}", "2020-10-01", "line")) for n in (1, 2)]
    world.apply(base(packages=packages, accounts=accounts))
    world.bill(*OCTOBER)
    cheaper = sold("line", "0.00", billing="advance", prices_from="2020-10-11")
    world.apply(base(packages=[cheaper]))
    world.bill(*NOVEMBER)
    credits = sorted(row for row in lines(world) if row[1] == "credit")
    assert [(row[0], row[4], row[5]) for row in credits] == [
        ("p1", 0, "-21.00"),
        ("p2", 0, "-21.00"),
    ]


def test_a_settlement_of_zero_makes_no_line(world: World) -> None:
    world.apply(one(ADVANCE, "2020-10-01"))
    world.bill(*OCTOBER)
    world.must("account-package", "set-price", "p", "31.00", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    assert lines(world)[1:] == [("p", "recurring", "2020-11-01", "2020-12-01", 30, "31.00")]


def test_without_proration_any_charged_day_costs_the_full_price(world: World) -> None:
    world.apply(one(sold("line", "31.00", prorate=False), "2020-10-20", cancel="2020-11-10"))
    world.bill(*NOVEMBER)
    world.bill(*DECEMBER)
    assert lines(world) == [
        ("p", "stub", "2020-10-20", "2020-11-01", 12, "31.00"),
        ("p", "recurring", "2020-11-01", "2020-11-10", 9, "31.00"),
    ]
    assert world.next_bill_date("p") is None


def test_a_cancel_on_the_effective_date_ends_a_package_at_once(world: World) -> None:
    world.apply(one(ARREARS, "2020-10-04"))
    world.must("account-package", "cancel", "p", "--as-of", "2020-10-04")
    assert world.next_bill_date("p") is None
    assert show(world, world.bill(*NOVEMBER))["cycles_billed"] == 0
    assert world.invoices() == []


def test_an_annual_cancel_is_billed_on_a_monthly_bill_day(world: World) -> None:
    world.apply(one(sold("line", "365.00", frequency="annual"), "2020-10-01"))
    assert world.next_bill_date("p") == "2021-10-01"
    world.must("account-package", "cancel", "p", "--as-of", "2020-10-15")
    assert world.next_bill_date("p") == "2020-11-01"
    world.bill(*NOVEMBER)
    assert lines(world) == [("p", "recurring", "2020-10-01", "2020-10-15", 14, "14.00")]
    assert world.next_bill_date("p") is None


def test_a_changed_bill_day_makes_a_stub_through_the_whole_run(world: World) -> None:
    world.apply(one(sold("line", "30.00"), "2020-10-01"))
    world.must("clock", "advance", "--to", "2020-10-10T12:00:00Z")
    world.apply(base(packages=[sold("line", "30.00")], accounts=[account("A-1", bill_day=15)]))
    world.bill("2020-11-01", "2020-12-31", "--catch-up", "all")
    assert lines(world) == [
        ("p", "recurring", "2020-10-01", "2020-11-01", 31, "30.00"),
        ("p", "stub", "2020-11-01", "2020-11-15", 14, "13.55"),
        ("p", "recurring", "2020-11-15", "2020-12-15", 30, "30.00"),
    ]


def test_the_owners_rounding_mode_decides_ties(world: World) -> None:
    found = one(sold("line", "0.05", frequency="every 2 days"), "2020-10-01", cancel="2020-10-02")
    world.apply({**found, "owner": owner(rounding="half_even")})
    world.bill(*OCTOBER)
    assert lines(world) == [("p", "recurring", "2020-10-01", "2020-10-02", 1, "0.02")]


def test_by_default_ties_are_rounded_away_from_zero(world: World) -> None:
    world.apply(
        one(sold("line", "0.05", frequency="every 2 days"), "2020-10-01", cancel="2020-10-02")
    )
    world.bill(*OCTOBER)
    assert lines(world) == [("p", "recurring", "2020-10-01", "2020-10-02", 1, "0.03")]


def test_lines_stand_by_account_package_start_kind_and_service(world: World) -> None:
    services = [
        {"code": "b", "name": "B", "prices": {"USD": "2.00"}},
        {"code": "a", "name": "A", "prices": {"USD": "1.00"}},
    ]
    packages = [sold("bundle", "", services=services, billing="advance"), ADVANCE]
    accounts = [
        account("A-2", package("2/z", "2020-10-04", "line")),
        account("A-1", package("1/line", "2020-10-04", "line"),
                package("1/bundle", "2020-10-04", "bundle"), invoicer="A-2"),
    ]  # fmt: skip
    world.apply(base(packages=packages, accounts=accounts))
    world.bill(*NOVEMBER)
    (invoice,) = world.invoices()
    found = [
        (row["line"], row["account"], row["account_package"], row["kind"], row["service"])
        for row in invoice["lines"]
    ]
    assert found == [
        (1, "A-1", "1/bundle", "stub", "a"),
        (2, "A-1", "1/bundle", "stub", "b"),
        (3, "A-1", "1/bundle", "recurring", "a"),
        (4, "A-1", "1/bundle", "recurring", "b"),
        (5, "A-1", "1/line", "stub", "line"),
        (6, "A-1", "1/line", "recurring", "line"),
        (7, "A-2", "2/z", "stub", "line"),
        (8, "A-2", "2/z", "recurring", "line"),
    ]
    assert world.read("invoice", "show", invoice["number"]) == invoice
