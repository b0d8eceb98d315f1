"""Worked examples of rules.md about conversion between currencies."""

from decimal import Decimal

from aggregates.exchange import convert, rate_of


def test_example_03_dollars_on_an_invoice_in_euro() -> None:
    rates = {"EUR": Decimal("0.85")}
    converted = convert(
        2000,
        rate_from=rate_of(rates, "USD", "USD"),
        rate_to=rate_of(rates, "EUR", "USD"),
        digits_from=2,
        digits_to=2,
        mode="half_up",
    )
    assert converted == 1700


def test_example_21_across_the_default_currency() -> None:
    converted = convert(
        1000,
        rate_from=Decimal("0.79"),
        rate_to=Decimal("0.85"),
        digits_from=2,
        digits_to=2,
        mode="half_up",
    )
    assert converted == 1076


def test_example_26_from_a_currency_without_minor_unit() -> None:
    converted = convert(
        1000,
        rate_from=Decimal("151.37"),
        rate_to=Decimal("0.85"),
        digits_from=0,
        digits_to=2,
        mode="half_up",
    )
    assert converted == 562
