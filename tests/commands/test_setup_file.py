"""`apply`: a setup file is one whole (design decision 30, interface "Setup file")."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregates.refusal import Refusal
from commands.setup_file import SetupFile, read_setup
from tests.support.books import Books
from tests.support.world import account, base, package

INTERFACE = """
owner:
  name: Acme Telecom
  currency: USD
  currencies: [USD, EUR]
  time_zone: America/Toronto
  rounding: half_up
  invoice_numbers: {prefix: "INV-", start: 7854, length: 6}
exchange_rates:
  - {name: October 2020, effective: 2020-10-01, rates: {EUR: "0.85"}}
bill_groups:
  - {name: Default Bill Group, bill_day: 1, payment_term: net 20, invoice_date: bill_day,
     due_date: bill_day, render_threshold: "0.00", zero_invoices: false, exclude: []}
packages:
  - {code: internet, name: Internet 100, frequency: monthly, billing: arrears, prorate: true,
     prices: {USD: "20.00", EUR: "18.00"}, gl_code: "4000"}
accounts:
  - {number: P-1, name: Parent Ltd, currency: EUR, bill_group: Default Bill Group}
  - number: C-1
    name: Child Ltd
    currency: USD
    parent: P-1
    invoicer: parent
    bill_group: Default Bill Group
    bill_day: 1
    status: active
    packages:
      - {id: C-1/internet, package: internet, effective: 2020-09-01, cancel: 2021-03-15,
         price: "19.00"}
bill_runs:
  - {name: Default, actions: [bill_packages, generate_invoice],
     bill_groups: [Default Bill Group], exchange_rates: October 2020}
"""


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    found = Books(tmp_path)
    yield found
    found.store.close()


def faults(refusal: Refusal) -> list[str]:
    """The errors as they are told: file, line, reason."""
    errors: Any = refusal.details["errors"]
    return [f"{e['file']}:{e['line']}: {e['code']}: {e['reason']}" for e in errors]


def test_the_file_of_the_interface_twice(books: Books) -> None:
    summary = books.apply(INTERFACE)
    assert {name: tally.created for name, tally in summary.items()} == {
        "owner": 1,
        "exchange_rates": 1,
        "bill_groups": 1,
        "packages": 1,
        "accounts": 2,
        "account_packages": 1,
        "bill_runs": 1,
    }
    before = books.position
    again = books.apply(INTERFACE)
    assert books.position == before
    assert all(tally.unchanged and not tally.changed for tally in again.values())


def test_json_is_yaml(books: Books) -> None:
    books.apply(INTERFACE)
    books.apply(json.dumps(base()))
    books.unchanged(json.dumps(base(), indent=2))


def test_dates_quoted_or_not(books: Books) -> None:
    books.apply(INTERFACE)
    books.unchanged(INTERFACE.replace("2020-09-01", '"2020-09-01"'))


def test_several_files_are_one_whole_in_any_order(books: Books) -> None:
    setup = base()
    parts = [{name: section} for name, section in setup.items()]
    books.apply(*reversed(parts))
    books.unchanged(setup)


def test_one_wrong_file_refuses_all(books: Books) -> None:
    assert books.code(base(), {"accounts": [account("A", colour="red")]}) == "key_unknown"
    assert books.position == 0


def test_every_error_is_named_with_file_and_line(books: Books) -> None:
    wrong = """\
owner:
  name: 7
  currency: USD
  colour: red
bill_groups:
  - {name: G, bill_day: first}
  - name: H
    render_threshold: 20.5
accounts:
  - name: without number
  - number: A
    packages:
      - {id: A/1, package: p, effective: 2020-02-30}
      - id: A/2
        price: 19
bill_runs: all of them
customers: []
"""
    assert faults(books.refused(wrong)) == [
        "0.yaml:2: wrong_type: `name` must be text, not the number 7: write it in quotes",
        "0.yaml:4: key_unknown: unknown key `colour`",
        "0.yaml:6: wrong_type: `bill_day` must be a whole number, not 'first'",
        '0.yaml:8: wrong_type: `render_threshold` must be money in quotes, like "19.99", '
        "not '20.5'",
        "0.yaml:10: missing_key: `number` is missing",
        "0.yaml:13: date_invalid: `packages.effective` is a date that does not exist: '2020-02-30'",
        "0.yaml:15: wrong_type: `packages.price` must be money in quotes, like \"19.99\", not '19'",
        "0.yaml:16: wrong_type: `bill_runs` must be a list of entries",
        "0.yaml:17: key_unknown: unknown key `customers`: a setup file has owner, gl_codes, "
        "ar_terms, exchange_rates, bill_groups, packages, accounts, contracts, payment_methods, "
        "bill_runs",
    ]


def test_what_the_rules_refuse_is_named_with_its_line_too(books: Books) -> None:
    wrong = INTERFACE.replace('EUR: "18.00"', 'EUR: "18.001"').replace("net 20", "net x")
    found = faults(books.refused(wrong))
    assert [fault.split(":")[1] for fault in found[:2]] == ["12", "15"]
    assert "payment_term_invalid" in found[0]
    assert "amount_too_precise" in found[1]


def test_a_field_that_is_wrong_is_named_by_its_line(books: Books) -> None:
    books.apply(INTERFACE)
    held = "    packages:\n      - id: C-1/internet\n        package: x"
    wrong = f"accounts:\n  - number: C-1\n{held}"
    refusal = books.refused(wrong)
    assert refusal.code == "cannot_change"
    assert faults(refusal)[0].startswith("0.yaml:5:")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file_empty"),
        ("# nothing", "file_empty"),
        ("- a\n- b", "wrong_type"),
        ("owner: [", "yaml_invalid"),
        ("owner: {name: A, name: B}", "duplicate_key"),
        ("accounts: [{number: A}, {number: A}]", "duplicate_name"),
        ("packages: [{code: A}, {code: A}]", "duplicate_name"),
        ("accounts: [{number: A, packages: [{id: x}, {id: x}]}]", "duplicate_name"),
        ("accounts: [{number: A, packages: [{id: x}]}, {number: B, packages: [{id: x}]}]",
         "duplicate_name"),
        ("accounts: {number: A}", "wrong_type"),
        ("accounts: [A, B]", "wrong_type"),
        ("accounts: [{number: A, packages: {id: x}}]", "wrong_type"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused(books: Books, text: str, code: str) -> None:
    assert books.code(text) == code


def test_the_owner_in_two_files_is_refused(books: Books) -> None:
    owner = {"owner": base()["owner"]}
    assert books.code(owner, owner) == "duplicate_name"


def test_a_file_that_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(Refusal) as caught:
        read_setup([SetupFile("latin.yaml", "owner:\n  name: Café".encode("latin-1"))])
    assert caught.value.code == "file_not_utf8"
    assert faults(caught.value)[0].startswith("latin.yaml:2:")


def test_a_section_may_be_empty(books: Books) -> None:
    books.apply(INTERFACE)
    books.unchanged("accounts:\nbill_runs: []\n")


def test_100_000_wrong_lines_are_told_in_one_short_line(books: Books) -> None:
    text = "accounts:\n" + "".join(f"  - {{number: {n}}}\n" for n in range(100_000))
    refusal = books.refused(text)
    assert refusal.details["count"] == 100_000
    assert len(refusal.sentence) < 5_000


def test_a_long_file_takes_time_in_proportion(books: Books) -> None:
    books.apply(base())

    def seconds(name: str, count: int) -> float:
        entries = "".join(
            f"  - {{number: {name}{n}, name: N, currency: USD, bill_group: Default Bill Group,"
            f" packages: [{{id: {name}{n}/i, package: internet, effective: 2020-09-01}}]}}\n"
            for n in range(count)
        )
        began = process_time()
        books.apply("accounts:\n" + entries)
        return process_time() - began

    seconds("warm", 200)
    assert seconds("large", 4_000) < 30 * max(seconds("small", 400), 0.01)


numbers = st.integers(0, 6).map(lambda n: f"N{n}")
_optional: dict[str, st.SearchStrategy[Any]] = {
    "parent": numbers | st.none(),
    "invoicer": numbers | st.sampled_from(["self", "parent"]),
    "bill_day": st.integers(1, 3),
    "status": st.sampled_from(["active", "suspended", "closed"]),
    "packages": st.just("one"),
}


def _entry(number: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"number": number, **more}


def _number(entry: dict[str, Any]) -> str:
    return str(entry["number"])


entries: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(_entry, numbers, st.fixed_dictionaries({}, optional=_optional)),
    max_size=5,
    unique_by=_number,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=st.lists(entries, min_size=1, max_size=5))
def test_whatever_is_accepted_keeps_the_rules_and_is_stable(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[dict[str, Any]]]
) -> None:
    """After any sequence of files: families are alike, one deep and counted; a file that was
    accepted changes nothing the second time.
    """
    books = Books(tmp_path_factory.mktemp("property"))
    books.apply(base())
    for file in files:
        setup = {"accounts": [_whole(entry) for entry in file]}
        try:
            books.apply(setup)
        except Refusal:
            continue
        _looks_right(books)
        books.unchanged(setup)
    books.store.close()


def _whole(entry: dict[str, Any]) -> dict[str, Any]:
    more = {key: value for key, value in entry.items() if key not in ("number", "packages")}
    number = str(entry["number"])
    held = [package(f"{number}/i", "2020-09-01")] if "packages" in entry else []
    return account(number, *held, **more)


def _looks_right(books: Books) -> None:
    found = {n: books.state("account", n) for n in (f"N{i}" for i in range(7))}
    there = {number: state for number, state in found.items() if state is not None}
    for number, state in there.items():
        invoicer = there[state.invoicer]
        assert invoicer.invoicer == invoicer.number
        assert (invoicer.bill_day, invoicer.bill_group) == (state.bill_day, state.bill_group)
        members = [n for n, s in there.items() if s.invoicer == number and n != number]
        assert state.members == len(members)
        if state.status == "closed":
            assert not members
        seen = {number}
        above = state.parent
        while above is not None:
            assert above not in seen
            seen.add(above)
            above = there[above].parent
