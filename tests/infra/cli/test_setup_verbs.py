"""The verbs that make and change the setup, as an operator types them."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.support.world import World, account, base, package


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.apply(
        base(
            accounts=[
                account("P", currency="EUR"),
                account("C", package("C/i", "2020-09-01"), parent="P", invoicer="parent"),
            ]
        )
    )
    return found


def events(world: World) -> int:
    with sqlite3.connect(world.path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    return int(count)


def nothing(world: World, *words: str) -> str:
    """The code of a command line that is refused and writes nothing."""
    before = events(world)
    code = world.refused(*words)
    assert events(world) == before
    return code


# init


def test_init_makes_a_database_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.refused("init") == "database_exists"
    assert world.refused("init", "--sandbox", "--clock", "2020-01-01") == "database_exists"
    assert world.read("clock", "show")


def test_init_without_a_sandbox(tmp_path: Path) -> None:
    world = World(tmp_path)
    other = tmp_path / "other.db"
    world.url = f"sqlite:///{other}"
    answer = world.must("init", "--json")
    assert answer.json == {"database": world.url, "sandbox": False, "clock": None}
    assert other.exists()


@pytest.mark.parametrize(
    "words", [("--clock", "2020-01-01"), ("--sandbox", "--clock", "2020-02-30T09:00")]
)
def test_init_with_a_wrong_clock_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    world = World(tmp_path)
    world.url = f"sqlite:///{tmp_path / 'other.db'}"
    assert world.ask("init", *words).status == 2
    assert not (tmp_path / "other.db").exists()


# apply


def test_apply_says_what_it_did(world: World, tmp_path: Path) -> None:
    path = tmp_path / "more.yaml"
    path.write_text("accounts: [{number: P, name: Parent}]")
    table = world.must("apply", str(path)).out
    assert "accounts" in table
    assert max(map(len, table.splitlines())) <= 80
    again = world.read("apply", str(path))
    assert again == {
        "changed": False,
        "sections": {"accounts": {"created": 0, "changed": 0, "unchanged": 1}},
    }


def test_apply_makes_a_database_that_is_not_there(tmp_path: Path, world: World) -> None:
    new = tmp_path / "new.db"
    world.url = f"sqlite:///{new}"
    world.must("apply", str(tmp_path / "setup.yaml"))
    assert new.exists()


def test_apply_of_a_wrong_file_makes_no_database(tmp_path: Path, world: World) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("owner: {colour: red}")
    world.url = f"sqlite:///{tmp_path / 'new.db'}"
    assert world.refused("apply", str(wrong)) == "key_unknown"
    assert not (tmp_path / "new.db").exists()


def test_apply_of_a_wrong_file_is_one_line_with_the_place(world: World, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("accounts:\n  - {number: A, colour: red}\n  - {number: 7}\n")
    before = events(world)
    answer = world.ask("apply", str(wrong), "--json")
    assert (answer.status, answer.err.count("\n"), events(world)) == (1, 1, before)
    assert f"{wrong}:2: unknown key `colour`" in answer.err
    error = answer.json["error"]
    assert error["code"] == "key_unknown"
    assert [(e["line"], e["code"]) for e in error["details"]["errors"]] == [
        (2, "key_unknown"),
        (3, "wrong_type"),
    ]


def test_apply_of_a_file_that_is_not_there(world: World) -> None:
    assert nothing(world, "apply", "nowhere.yaml") == "file_unreadable"


def test_the_same_command_id_is_the_same_command(world: World, tmp_path: Path) -> None:
    path = tmp_path / "name.yaml"
    path.write_text("accounts: [{number: P, name: One}]")
    world.must("apply", str(path), "--command-id", "x")
    before = events(world)
    world.must("apply", str(path), "--command-id", "x")
    assert events(world) == before
    path.write_text("accounts: [{number: P, name: Two}]")
    assert nothing(world, "apply", str(path), "--command-id", "x") == "command_id_reused"


def test_who_asks_is_kept(world: World) -> None:
    world.must("account-package", "cancel", "C/i", "--as-of", "2020-12-01", "--requested-by", "ada")
    with sqlite3.connect(world.path) as connection:
        query = "SELECT metadata FROM events ORDER BY position DESC LIMIT 1"
        (metadata,) = connection.execute(query).fetchone()
    connection.close()
    assert json.loads(metadata)["requested_by"] == "ada"


# account-packages


def test_cancel_suspend_resume_and_set_price(world: World) -> None:
    world.must("account-package", "suspend", "C/i", "--as-of", "2020-10-11")
    world.must("account-package", "resume", "C/i", "--as-of", "2020-10-21")
    world.must("account-package", "set-price", "C/i", "18.50", "--as-of", "2020-10-01")
    said = world.must("account-package", "cancel", "C/i", "--as-of", "2020-12-24").out
    assert said == "Cancelled account-package C/i.\n"
    again = world.must("account-package", "cancel", "C/i", "--as-of", "2020-12-24").out
    assert again == "Nothing to change.\n"
    shown = world.read("account-package", "show", "C/i")
    assert (shown["cancel"], shown["price"]) == ("2020-12-24", "18.50")
    world.must("account-package", "set-price", "C/i", "catalogue", "--as-of", "2020-10-01")
    assert world.read("account-package", "show", "C/i")["price"] == "20.00"


def test_without_a_date_it_is_today(world: World) -> None:
    world.must("account-package", "suspend", "C/i")
    assert world.read("account-package", "show", "C/i")["status"] == "suspended"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set-price", "C/i", "18.505"), "amount_too_precise"),
        (("set-price", "C/i", "eighteen"), "amount_invalid"),
        (("resume", "C/i"), "not_suspended"),
        (
            ("suspend", "C/i", "--as-of", "2020-10-11", "--until", "2020-10-11"),
            "suspension_empty",
        ),
        (("cancel", "C/x"), "account_package_unknown"),
    ],
)
def test_refused_changes(world: World, words: tuple[str, ...], code: str) -> None:
    assert nothing(world, "account-package", *words) == code


def test_a_negative_price_is_refused(world: World) -> None:
    words = ("account-package", "set-price", "--", "C/i", "-1.00")
    answer = world.ask(*words[:2], "--database", world.url, *words[2:])
    assert answer.status != 0


def test_a_date_that_does_not_exist_is_wrong_usage(world: World) -> None:
    words = ("account-package", "cancel", "C/i", "--as-of", "2020-02-30")
    assert world.ask(*words).status == 2


# deleting and erasing


@pytest.mark.parametrize(
    "words",
    [
        ("bill-group", "delete", "Default Bill Group"),
        ("exchange-rates", "delete", "October 2020"),
        ("package", "delete", "internet"),
        ("account", "delete", "P"),
    ],
)
def test_what_is_in_use_is_not_deleted(world: World, words: tuple[str, ...]) -> None:
    assert nothing(world, *words) == "in_use"


def test_deleting_from_the_outside_in(world: World) -> None:
    for words in (
        ("account", "delete", "C"),
        ("package", "delete", "internet"),
        ("bill-run", "delete", "Default"),
        ("exchange-rates", "delete", "October 2020"),
    ):
        world.must(*words)
    assert world.read("package", "list") == []
    world.must("verify")


def test_an_account_that_was_billed_stays(world: World) -> None:
    world.bill("2020-10-01", "2020-10-31")
    assert nothing(world, "account", "delete", "C") == "in_use"
    assert nothing(world, "exchange-rates", "delete", "October 2020") == "in_use"


def test_a_scheduled_bill_run_stays(world: World) -> None:
    world.must(
        "bill-run", "schedule", "Default", "--at", "2020-11-01T06:00",
        "--period-start", "2020-10-01", "--period-end", "2020-10-31",
    )  # fmt: skip
    assert nothing(world, "bill-run", "delete", "Default") == "in_use"


def test_erasing_a_person_keeps_the_books(world: World) -> None:
    world.bill("2020-10-01", "2020-10-31")
    world.must("account", "erase", "P", "--yes")
    assert "erased" in world.must("account", "show", "P").out
    assert world.read("account", "search", "P Ltd") == []
    assert b"P Ltd" not in world.path.read_bytes()
    world.must("verify")
    assert nothing(world, "account", "erase", "nobody", "--yes") == "account_unknown"


# import


MAPPING = """\
number: {column: id}
name: {column: name}
currency: {value: USD}
bill_group: {value: Default Bill Group}
packages:
  - {id: {template: "{id}/i"}, package: {value: internet}, effective: {value: "2020-09-01"},
     price: {column: price}}
"""


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    path = tmp_path / "customers.csv"
    path.write_text("id,name,price\nK-1,Ada,19.00\nK-2,Alan,bad\nK-3,Grace\n")
    return path


def imported(world: World, csv: Path, *words: str, status: int) -> str:
    mapping = str(csv.with_name("mapping.yaml"))
    answer = world.must(
        "import", "customers", str(csv), "--mapping", mapping, *words, status=status
    )
    return answer.out or answer.err


def test_import_sets_bad_rows_aside_to_be_corrected(world: World, csv: Path) -> None:
    said = imported(world, csv, status=3)
    assert said.startswith("3 rows: 1 created, 0 changed, 0 unchanged, 2 rejected.")
    rejects = csv.with_name("customers.rejects.csv")
    assert rejects.read_text().splitlines() == [
        "id,name,price,rejected_line,rejected_code,rejected_reason",
        "K-2,Alan,bad,3,amount_invalid,'bad' is not an amount: write it like 19.99",
        'K-3,Grace,,4,row_length,"the row has 2 cells, the header has 3"',
    ]
    rejects.write_text(rejects.read_text().replace("bad,3", "7.00,3").replace(",,4", ",8.00,4"))
    said = imported(world, rejects, "--json", status=0)
    assert json.loads(said)["created"] == 2
    said = imported(world, csv, "--json", status=3)
    assert json.loads(said)["unchanged"] == 1


def test_import_strict(world: World, csv: Path) -> None:
    before = events(world)
    assert imported(world, csv, "--strict", status=1).startswith("error: rows_rejected: ")
    assert events(world) == before
    assert not csv.with_name("customers.rejects.csv").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"id,name\nA,B\n", "column_missing"),
        (b"", "file_empty"),
        ("id,name,price\nA,Jos\xe9,1.00\n".encode("latin-1"), "file_not_utf8"),
        (b"id;name;price\nA;B;1.00\n", "column_missing"),
    ],
)
def test_files_that_cannot_be_imported(world: World, csv: Path, content: bytes, code: str) -> None:
    csv.write_bytes(content)
    before = events(world)
    assert imported(world, csv, status=1).startswith(f"error: {code}: ")
    assert events(world) == before


def test_import_of_a_file_that_is_not_there(world: World, csv: Path) -> None:
    csv.unlink()
    assert imported(world, csv, status=1).startswith("error: file_unreadable: ")


def test_the_telco_data_ships_and_its_total_is_the_sum_of_its_column(tmp_path: Path) -> None:
    from csv import DictReader
    from decimal import Decimal
    from importlib.resources import as_file, files

    world = World(tmp_path, clock="2023-02-01T09:00:00Z")
    with as_file(files("infra.data") / "telco") as telco:
        world.must("apply", str(telco / "setup.yaml"))
        customers = telco / "telco-customers.csv"
        lines = customers.read_text().splitlines()[:301]
        small = tmp_path / "telco.csv"
        small.write_text("\n".join(lines))
        world.must("import", "customers", str(small), "--mapping", str(telco / "mapping.yaml"))
        world.must("import", "customers", str(small), "--mapping", str(telco / "mapping.yaml"))
    expected = sum(Decimal(row["MonthlyCharges"]) for row in DictReader(lines))
    world.bill("2023-02-01", "2023-02-28", run="Telco")
    assert sum(Decimal(total) for total in world.totals()) == expected
