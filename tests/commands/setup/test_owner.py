"""The owner: what can be put, what never changes (R16, R19)."""

from typing import Any

import pytest

from tests.support.books import Books
from tests.support.world import base


def owner(**more: Any) -> dict[str, Any]:
    return {"owner": more}


def test_nothing_works_before_there_is_an_owner(empty: Books) -> None:
    assert empty.code({"bill_groups": [{"name": "G", "render_threshold": "1.00"}]}) == "no_owner"


def test_defaults(empty: Books) -> None:
    empty.apply(owner(name="Acme", currency="USD", time_zone="UTC"))
    state = empty.state("owner", "")
    assert (state.currencies, state.rounding) == ({"USD": 2}, "half_up")
    assert (state.numbering.prefix, state.numbering.start, state.numbering.length) == ("", 1, 1)


def test_minor_digits_come_from_iso_4217(empty: Books) -> None:
    currencies = ["USD", "JPY", "KWD"]
    empty.apply(owner(name="A", currency="USD", currencies=currencies, time_zone="UTC"))
    assert empty.state("owner", "").currencies == {"USD": 2, "JPY": 0, "KWD": 3}


def test_a_key_left_out_keeps_its_value(books: Books) -> None:
    before = books.position
    books.apply(owner(name="Acme Mobile"))
    assert books.events(before) == ["owner.renamed"]
    assert books.state("owner", "").time_zone == "America/Toronto"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "EUR"}, "cannot_change"),
        ({"rounding": "half_even"}, "cannot_change"),
        ({"currencies": ["USD"]}, "cannot_change"),
        ({"currencies": ["USD", "EUR", "XXQ"]}, "currency_unknown"),
        ({"time_zone": "Mars/Olympus"}, "time_zone_unknown"),
        ({"time_zone": "../../etc/passwd"}, "time_zone_unknown"),
        ({"name": ""}, "name_invalid"),
        ({"invoice_numbers": {"length": -1}}, "number_length_invalid"),
        ({"invoice_numbers": {"length": 0}}, "number_length_invalid"),
        ({"invoice_numbers": {"start": 0}}, "number_start_invalid"),
        ({"invoice_numbers": {"start": 7853}}, "number_start_too_low"),
    ],
)
def test_what_is_refused(books: Books, change: dict[str, Any], code: str) -> None:
    assert books.code({"owner": change}) == code


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"rounding": "down"}, "rounding_invalid"),
        ({"currencies": ["EUR"]}, "currency_unknown"),
        ({"currency": "ABC"}, "currency_unknown"),
    ],
)
def test_a_new_owner_is_checked(empty: Books, wrong: dict[str, Any], code: str) -> None:
    plain = {"name": "Acme", "currency": "USD", "time_zone": "UTC"}
    assert empty.code({"owner": {**plain, **wrong}}) == code


def test_a_new_owner_needs_its_keys(empty: Books) -> None:
    assert empty.code(owner(name="Acme", currency="USD")) == "missing_key"


def test_a_currency_is_added(books: Books) -> None:
    before = books.position
    books.apply(owner(currencies=["USD", "EUR", "JPY"]))
    assert books.events(before) == ["owner.currency_enabled"]


def test_r19_a_new_start_raises_the_next_number(books: Books) -> None:
    books.apply(owner(invoice_numbers={"start": 9000}))
    numbering = books.state("owner", "").numbering
    assert (numbering.prefix, numbering.start, numbering.length) == ("INV-", 9000, 6)
    with books.store.snapshot() as reading:
        assert reading.next_number("default") == 9000


def test_numbering_removed_is_plain_again(books: Books) -> None:
    books.apply("owner: {invoice_numbers: null}")
    numbering = books.state("owner", "").numbering
    assert (numbering.prefix, numbering.start, numbering.length) == ("", 7854, 1)


def test_the_base_setup_twice_changes_nothing(books: Books) -> None:
    books.unchanged(base())
