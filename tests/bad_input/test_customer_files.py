"""Customer files and mappings that are not what they should be."""

import pytest

from tests.bad_input.asking import Desk, in_folder

HEADER = "n,name,from,price\n"
GOOD = HEADER + "N1,Ann,2020-09-01,1.00\n"
MAPPING = """\
number: {column: n}
name: {column: name}
currency: {value: USD}
bill_group: {value: Default Bill Group}
packages:
  - id: {template: "{n}/net"}
    package: {value: internet}
    effective: {column: from}
    price: {column: price}
"""


def words(desk: Desk, content: str | bytes, mapping: str = MAPPING) -> tuple[str, ...]:
    file = desk.file(content, "customers.csv")
    return "import", "customers", file, "--mapping", desk.file(mapping, "mapping.yaml")


@pytest.mark.parametrize(
    ("code", "content", "mapping"),
    [
        ("file_empty", "", MAPPING),
        ("file_empty", "\n\n", MAPPING),
        ("file_empty", HEADER, MAPPING),
        ("file_not_utf8", GOOD.replace("Ann", "Änn").encode("latin-1"), MAPPING),
        ("file_not_utf8", GOOD, "csv: {encoding: utf-16}\n" + MAPPING),
        ("file_not_utf8", GOOD, "csv: {encoding: undefined}\n" + MAPPING),
        ("encoding_unknown", GOOD, "csv: {encoding: nope}\n" + MAPPING),
        ("encoding_unknown", GOOD, "csv: {encoding: base64}\n" + MAPPING),
        ("encoding_unknown", GOOD, 'csv: {encoding: "a\\0b"}\n' + MAPPING),
        ("column_missing", "n,name,from\nN1,Ann,2020-09-01\n", MAPPING),
        ("column_missing", GOOD.replace(",", ";"), MAPPING),
        ("column_twice", "n,n,name,from,price\n1,2,3,4,5\n", MAPPING),
        ("csv_invalid", HEADER + 'N1,"open,2020-09-01,1.00\n', MAPPING),
        ("csv_invalid", HEADER + 'N1,"a"b,2020-09-01,1.00\n', MAPPING),
        ("csv_invalid", HEADER + "N1," + "x" * 200_000 + ",2020-09-01,1.00\n", MAPPING),
        ("wrong_type", GOOD, ""),
        ("wrong_type", GOOD, "csv: {delimiter: ';;'}\n" + MAPPING),
        ("wrong_type", GOOD, "csv: {delimiter: ''}\n" + MAPPING),
        ("wrong_type", GOOD, 'csv: {delimiter: "\\n"}\n' + MAPPING),
        ("wrong_type", GOOD, MAPPING.replace("{column: name}", "{column: name, value: x}")),
        ("wrong_type", GOOD, MAPPING.replace("{n}/net", "{n")),
        ("column_missing", GOOD, MAPPING.replace("{n}/net", "{n.__class__}")),
        ("key_unknown", GOOD, MAPPING + "colour: blue\n"),
        ("missing_key", GOOD, MAPPING.replace("number: {column: n}\n", "")),
    ],
)
def test_the_file_is_refused_as_a_whole(
    desk: Desk, code: str, content: str | bytes, mapping: str
) -> None:
    found, sentence = desk.told(*words(desk, content, mapping))
    assert found == code, sentence
    assert "customers.rejects.csv" not in in_folder(desk.folder)


@pytest.mark.parametrize(
    "row",
    [
        "N1,Ann,2020-02-30,1.00",
        "N1,Ann,,1.00",
        "N1,Ann,２０２０-09-01,1.00",
        "N1,Ann,2020-09-01,1e3",
        "N1,Ann,2020-09-01,-1.00",
        "N1,Ann,2020-09-01,1.001",
        "N1,,2020-09-01,1.00",
        " ,Ann,2020-09-01,1.00",
        "N1,Ann,2020-09-01",
        "N1,Ann,2020-09-01,1.00,more",
        'N1,"two\nlines",2020-09-01,1.00',
        "N1,nul\0,2020-09-01,1.00",
        "N1" + ",x" * 100_000,
    ],
)
def test_a_bad_row_is_set_aside_and_nothing_changes(desk: Desk, row: str) -> None:
    before = desk.position
    asked = words(desk, HEADER + row + "\n")
    desk.must(*asked, status=3)
    assert desk.position == before
    assert desk.told(*asked, "--strict")[0] == "rows_rejected"
    reject = (desk.folder / "customers.rejects.csv").read_text()
    assert reject.splitlines()[0] == HEADER.strip() + ",rejected_line,rejected_code,rejected_reason"


def test_one_number_twice_in_a_file(desk: Desk) -> None:
    desk.must(*words(desk, GOOD + "N1,Bob,2020-09-01,1.00\nN2,Cy,2020-09-01,1.00\n"), status=3)
    assert desk.read("account", "show", "N1")["name"] == "Ann"
    assert desk.read("account", "show", "N2")["name"] == "Cy"
    assert "duplicate_name" in (desk.folder / "customers.rejects.csv").read_text()


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    asked = words(desk, GOOD)
    desk.must(*asked)
    before = desk.position
    assert desk.read(*asked)["unchanged"] == 1
    assert desk.position == before


@pytest.mark.parametrize("name", ["customers.csv", "mapping.yaml", "billstream.db"])
def test_rejects_never_overwrite_what_is_read(desk: Desk, name: str) -> None:
    asked = words(desk, GOOD + "N2,Bob,never,1.00\n")
    before = (desk.folder / "customers.csv").read_bytes()
    rejects = str(desk.folder / "." / name)
    assert desk.told(*asked, "--rejects", rejects)[0] == "rejects_overwrite"
    assert (desk.folder / "customers.csv").read_bytes() == before
    desk.must("verify")


@pytest.mark.parametrize("rejects", ["/nowhere/rejects.csv", "."])
def test_rejects_that_cannot_be_written_are_told_before_any_row(desk: Desk, rejects: str) -> None:
    asked = words(desk, GOOD + "N2,Bob,never,1.00\n")
    assert desk.told(*asked, "--rejects", rejects)[0] == "rejects_unwritable"
