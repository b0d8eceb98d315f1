"""`import customers`: rows become accounts with packages; bad ones are set aside (issue 3, 7)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregates.refusal import Refusal
from commands import customer_file
from commands.customer_file import CustomerFile
from commands.customer_import import Imported, Reject, import_customers
from commands.customer_mapping import CustomerMapping, read_mapping
from commands.message import Command
from infra import personal_keys
from tests.support.books import Books
from tests.support.world import base

MAPPING: dict[str, Any] = {
    "number": {"column": "id"},
    "name": {"template": "{first} {last}"},
    "currency": {"value": "USD"},
    "bill_group": {"value": "Default Bill Group"},
    "packages": [
        {
            "id": {"template": "{id}/line"},
            "package": {"column": "plan", "values": {"Fast": "internet"}},
            "price": {"column": "price"},
            "effective": {"column": "since", "format": "%d.%m.%Y", "default": "01.09.2020"},
        }
    ],
}
HEADER = "id,first,last,plan,price,since"
GOOD = [
    "K-1,Ada,Lovelace,Fast,19.00,01.10.2020",
    "K-2,Alan,Turing,Fast,18.5,",
]


class Importer:
    """Imports text into books under a mapping."""

    def __init__(self, books: Books, folder: Path) -> None:
        self.books = books
        self._file = folder / "customers.csv"
        self._commands = 0
        self.rejects: list[Reject] = []

    def file(self, content: str | bytes, mapping: dict[str, Any], encoding: str) -> CustomerFile:
        raw = content if isinstance(content, bytes) else content.encode()
        self._file.write_bytes(raw)
        text = self._file.open(encoding=encoding, newline="")
        try:
            return CustomerFile("customers.csv", meaning(mapping), text)
        except Refusal:
            text.close()
            raise

    def __call__(
        self,
        content: str | bytes | list[str],
        *,
        strict: bool = False,
        encoding: str = "utf-8-sig",
        id: str = "",
        **mapping: Any,
    ) -> Imported:
        if isinstance(content, list):
            content = "\n".join([HEADER, *content]) + "\n"
        self._commands += 1
        self.rejects = []
        file = self.file(content, {**MAPPING, **mapping}, encoding)
        try:
            return import_customers(
                self.books.store,
                file,
                personal_keys,
                command=Command("import_customers", "test", id or f"i{self._commands}"),
                strict=strict,
                rejected=self.rejects.append,
            )
        finally:
            file.close()

    def code(self, content: str | bytes | list[str], **options: Any) -> str:
        """The code with which a file is refused, writing nothing."""
        before = self.books.position
        with pytest.raises(Refusal) as caught:
            self(content, **options)
        assert self.books.position == before
        return caught.value.code

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(reject.line.number, reject.code) for reject in self.rejects]


def meaning(mapping: dict[str, Any]) -> CustomerMapping:
    return read_mapping("mapping.yaml", yaml.safe_dump(mapping).encode())


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    found = Books(tmp_path)
    found.apply(base())
    yield found
    found.store.close()


@pytest.fixture
def put(books: Books, tmp_path: Path) -> Importer:
    return Importer(books, tmp_path)


def test_each_row_becomes_an_account_with_its_package(put: Importer) -> None:
    assert put(GOOD) == Imported(rows=2, created=2)
    assert put.books.name_of("K-1") == "Ada Lovelace"
    first = put.books.state("account_package", "K-1/line")
    assert (first.package, first.terms.prices[0].amount) == ("internet", 1900)
    assert str(first.effective) == "2020-10-01"
    second = put.books.state("account_package", "K-2/line")
    assert (str(second.effective), second.terms.prices[0].amount) == ("2020-09-01", 1850)


def test_the_same_file_again_changes_nothing(put: Importer) -> None:
    put(GOOD)
    before = put.books.position
    assert put(GOOD) == Imported(rows=2, unchanged=2)
    assert put.books.position == before


def test_a_changed_row_is_a_change(put: Importer) -> None:
    put(GOOD)
    before = put.books.position
    assert put([GOOD[0].replace("Ada", "Augusta"), GOOD[1]]) == Imported(
        rows=2, changed=1, unchanged=1
    )
    assert put.books.events(before) == ["account.renamed"]


def test_bad_rows_are_set_aside_and_good_ones_imported(put: Importer) -> None:
    rows = [
        GOOD[0],
        "K-3,Grace,Hopper,Slow,20.00,",
        "K-4,Too,Short",
        ",No,Number,Fast,20.00,",
        "K-5,Bad,Price,Fast,20.001,",
        "K-6,Bad,Date,Fast,20.00,31.02.2020",
        "K-7,Minus,One,Fast,-1.00,",
        "K-1,Another,Ada,Fast,19.00,01.10.2020",
        "K-1,Ada,Lovelace,Fast,19.00,01.10.2020",
        '"K-8","Two\nlines",L,Fast,20.00,',
        GOOD[1],
    ]
    result = put(rows)
    assert (result.rows, result.created, result.rejected) == (11, 2, 9)
    assert put.reasons == [
        (3, "value_not_mapped"),
        (4, "row_length"),
        (5, "value_missing"),
        (6, "amount_too_precise"),
        (7, "date_invalid"),
        (8, "price_negative"),
        (9, "duplicate_name"),
        (10, "duplicate_name"),
        (11, "name_invalid"),
    ]
    for number in ("K-3", "K-5", "K-7", "K-8"):
        assert put.books.state("account", number) is None
    assert put.books.name_of("K-1") == "Ada Lovelace"
    assert put.books.store.keys_of([]) == {}


def test_strict_refuses_all_for_one_bad_row(put: Importer) -> None:
    assert put.code([*GOOD, "K-3,G,H,Slow,20.00,"], strict=True) == "rows_rejected"
    assert put(GOOD, strict=True).created == 2


def test_rows_of_many_batches(put: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_file, "BATCH", 7)
    rows = [f"M-{n},A,B,Fast,20.00," for n in range(50)]
    before = put.books.position
    assert put([*rows, rows[3]]) == Imported(rows=51, created=50, rejected=1)
    assert put.reasons == [(52, "duplicate_name")]
    log = put.books.store.log(before, 1000)
    assert sum(event.type == "command.accepted" for event in log) == 8
    assert put(rows, id="again").unchanged == 50


def test_an_import_that_stopped_goes_on(put: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_file, "BATCH", 5)
    rows = [f"M-{n},A,B,Fast,20.00," for n in range(20)]
    put(rows[:5], id="same")
    before = put.books.position
    result = put(rows, id="other")
    assert (result.created, result.unchanged) == (15, 5)
    assert put.books.position > before


def test_parents_and_invoicers_stand_above_their_children(put: Importer) -> None:
    mapping: dict[str, Any] = {
        **MAPPING,
        "parent": {"column": "last"},
        "invoicer": {"value": "parent"},
        "name": {"column": "first"},
    }
    rows = ["T,Top,,Fast,1.00,", "U,Under,T,Fast,1.00,", "V,Early,W,Fast,1.00,"]
    mapping["invoicer"] = {"column": "last"}
    result = put(rows, **mapping)
    assert (result.created, put.reasons) == (2, [(4, "account_unknown")])
    assert put.books.state("account", "U").invoicer == "T"


def test_accounts_without_packages(put: Importer) -> None:
    assert put(GOOD, packages=[]).created == 2


@pytest.mark.parametrize("content", ["", HEADER + "\n", "\n\n"])
def test_an_empty_file(put: Importer, content: str) -> None:
    assert put.code(content) == "file_empty"


def test_a_missing_column(put: Importer) -> None:
    assert put.code("id,first,last,plan,since\nK-1,A,B,Fast,\n") == "column_missing"


def test_a_column_twice(put: Importer) -> None:
    header = HEADER.replace("last", "first") + ",last"
    assert put.code(f"{header}\nK-1,A,B,Fast,1.00,,L\n") == "column_twice"


def test_a_wrong_delimiter_is_told_with_the_remedy(put: Importer) -> None:
    content = "\n".join([HEADER, *GOOD]).replace(",", ";")
    with pytest.raises(Refusal) as caught:
        put(content)
    assert caught.value.code == "column_missing"
    assert "delimiter" in caught.value.sentence
    assert put(content, csv={"delimiter": ";"}).created == 2


def test_latin_1_is_refused_with_its_line_and_read_when_said(put: Importer) -> None:
    content = "\n".join([HEADER, GOOD[0], "K-9,José,B,Fast,1.00,"]).encode("latin-1")
    with pytest.raises(Refusal) as caught:
        put(content)
    assert caught.value.code == "file_not_utf8"
    assert "customers.csv:3:" in caught.value.sentence
    assert put.books.state("account", "K-1") is None
    put(content, encoding="latin-1", csv={"encoding": "latin-1"})
    assert put.books.name_of("K-9") == "José B"


def test_a_byte_order_mark_is_no_letter(put: Importer) -> None:
    content = "\n".join([HEADER, *GOOD]).encode("utf-8-sig")
    assert put(content).created == 2


def test_a_quote_that_is_never_closed(put: Importer) -> None:
    content = "\n".join([HEADER, *GOOD, 'K-9,"open,B,Fast,1.00,'])
    assert put.code(content) == "csv_invalid"


def test_before_there_is_an_owner(tmp_path: Path) -> None:
    books = Books(tmp_path)
    assert Importer(books, tmp_path).code(GOOD) == "no_owner"
    books.store.close()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"colour": {"value": "red"}}, "key_unknown"),
        ({"number": None}, "missing_key"),
        ({"number": {}}, "wrong_type"),
        ({"number": {"column": "a", "value": "b"}}, "wrong_type"),
        ({"number": "id"}, "wrong_type"),
        ({"name": {"template": "{first"}}, "wrong_type"),
        ({"name": {"template": "{}"}}, "wrong_type"),
        ({"csv": {"delimiter": ";;"}}, "wrong_type"),
    ],
)
def test_a_wrong_mapping(change: dict[str, Any], code: str) -> None:
    mapping = {key: value for key, value in {**MAPPING, **change}.items() if value is not None}
    with pytest.raises(Refusal) as caught:
        meaning(mapping)
    assert caught.value.code == code
    assert caught.value.sentence.startswith("mapping.yaml:")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"number: [", "yaml_invalid"),
        (b"- a", "wrong_type"),
        (b"number: {column: id, column: id}", "duplicate_key"),
        ("number: {column: é}".encode("latin-1"), "file_not_utf8"),
    ],
)
def test_a_mapping_that_is_no_mapping(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_mapping("mapping.yaml", content)
    assert caught.value.code == code
