"""Tables fit 80 columns and look the same every time."""

from infra.cli.output import Column, shown
from infra.cli.tables import Layout, cells, cut, wrapped
from tests.infra.cli.conftest import Reader


def test_accounts_at_80_columns(reader: Reader) -> None:
    assert reader.table("account", "list") == [
        "Number  Name                         Status  Currency  Bill group  Day  Invoicer",
        "──────  ───────────────────────────  ──────  ────────  ──────────  ───  ────────",
        "B-1     Béatrice O'Neil, a custome…  active  USD       Default       1  B-1",
        "C-1     Child Ltd                    active  USD       Default       1  P-1",
        "P-1     Parent Ltd                   active  EUR       Default       1  P-1",
    ]


def test_invoices_at_80_columns(reader: Reader) -> None:
    first = reader.json("invoice", "list")[0]["execution"][:8]
    assert reader.table("invoice", "list")[:3] == [
        "Number      Account  Date        Due         Total       Status  Execution",
        "──────────  ───────  ──────────  ──────────  ─────  ───  ──────  ─────────",
        f"INV-007854  P-1      2020-10-01  2020-10-21  17.00  EUR  posted  {first}",
    ]


def test_completed_at_80_columns(reader: Reader) -> None:
    retry, first = (one["id"][:8] for one in reader.json("bill-run", "completed"))
    assert reader.table("bill-run", "completed") == [
        "Execution  Bill run  Started           Completed  Cycles  Invoices  Status",
        "─────────  ────────  ────────────────  ─────────  ──────  ────────  ────────────",
        f"{retry}   Monthly   2020-11-01 07:00  07:00:00        1         1  completed",
        f"{first}   Monthly   2020-11-01 07:00  07:00:00        1         1  completed, 1",
        "                                                                    failed",
    ]


def test_scheduled_at_80_columns(reader: Reader) -> None:
    id = reader.json("bill-run", "scheduled")[0]["id"][:8]
    assert reader.table("bill-run", "scheduled") == [
        "Schedule  Bill run  Timing               Next              Billing period",
        "────────  ────────  ───────────────────  ────────────────  ─────────────────────",
        f"{id}  Monthly   every FREQ=MONTHLY;  2020-12-01 00:00  2020-11-01/2020-12-01",
        "                    BYMONTHDAY=1",
    ]


def test_an_invoice_at_80_columns(reader: Reader) -> None:
    lines = reader.table("invoice", "show", "INV-007854")
    assert lines[1] == "account         P-1  Parent Ltd"
    assert lines[9:12] == [
        "#  Account  Description   From        To           Days    Charged  Amount EUR",
        "─  ───────  ────────────  ──────────  ──────────  ─────  ─────────  ──────────",
        "1  C-1      Internet 100  2020-09-01  2020-10-01  30/30  20.00 USD       17.00",
    ]
    assert lines[-1] == "total  17.00 EUR"


def test_failures_say_how_they_are_billed_again(reader: Reader) -> None:
    first = reader.json("bill-run", "completed")[1]["id"]
    lines = reader.table("execution", "failures", first)
    assert lines[2].startswith("B-1       B-1      price_missing  package internet has no price in")


def test_every_table_fits_80_columns(reader: Reader) -> None:
    first = reader.json("bill-run", "completed")[1]["id"]
    for words in (
        ("account", "show", "B-1"),
        ("account-package", "list"),
        ("account-package", "show", "C-1/internet"),
        ("bill-group", "list"),
        ("bill-group", "show", "Default"),
        ("exchange-rates", "list"),
        ("exchange-rates", "show", "October 2020"),
        ("package", "list"),
        ("package", "show", "internet"),
        ("bill-run", "list"),
        ("bill-run", "show", "Monthly"),
        ("bill-run", "scheduled", "--all"),
        ("execution", "show", first),
        ("execution", "left-behind", first),
        ("invoice", "show", "INV-007855"),
        ("history", "list"),
        ("history", "show", "owner"),
        ("views", "list"),
    ):
        assert len(reader.table(*words)) > 1, words


def test_columns_shrink_sentences_first_then_the_widest() -> None:
    columns = (Column("Key", keep=True), Column("Name"), Column("Message", wrap=True))
    row = ["k" * 10, "n" * 30, "a sentence of several words " * 3]
    layout = Layout(columns, [row], 60)
    lines = [*layout.head(), *layout.lines(row)]
    assert max(map(len, lines)) <= 60
    assert lines[2].startswith("kkkkkkkkkk  nnnnnnnnn")
    assert len(lines) > 3


def test_words_are_broken_before_a_table_is_too_wide() -> None:
    columns = (Column("Key", keep=True), Column("Name", wrap=True), Column("Account", wrap=True))
    row = ["k" * 10, "n" * 24, "Liabilities:Deferred-Revenue"]
    lines = [*Layout(columns, [row], 50).lines(row)]
    assert [line.split() for line in lines] == [
        ["k" * 10, "n" * 20, "Liabilities:"],
        ["n" * 4, "Deferred-Revenue"],
    ]
    lines = [*Layout(columns, [row], 36).lines(row)]
    assert max(map(len, lines)) <= 36
    assert sorted("".join(lines).replace(" ", "")) == sorted("".join(row))


def test_spare_columns_are_left_out_before_anything_is_cut_the_last_one_first() -> None:
    columns = (
        Column("Key", keep=True),
        Column("One", spare=True),
        Column("Name"),
        Column("Two", spare=True),
    )
    row = ["k" * 10, "1" * 10, "n" * 10, "2" * 10]
    shown = {width: [*Layout(columns, [row], width).lines(row)] for width in (46, 45, 34, 33, 20)}
    assert shown[46] == ["  ".join(row)]
    assert shown[45] == shown[34] == ["  ".join(row[:3])]
    assert shown[33] == ["  ".join((row[0], row[2]))]
    assert shown[20] == ["kkkkkkkkkk  nnnnnnn…"]


def test_gaps_are_halved_where_nothing_can_be_cut() -> None:
    columns = (Column("Key", keep=True), Column("Amount", right=True), Column("Name"))
    row = ["k" * 10, "1" * 10, "n" * 10]
    assert [*Layout(columns, [row], 30).lines(row)] == ["kkkkkkkkkk  1111111111  nnnnn…"]
    assert [*Layout(columns, [row], 28).lines(row)] == ["kkkkkkkkkk 1111111111 nnnnn…"]


def test_wide_letters_take_two_columns() -> None:
    assert cells("日本") == 4
    assert cells("e\u0301") == 1
    assert cut("日本語テキスト", 7) == "日本語…"


def test_what_cannot_be_printed_is_not() -> None:
    assert shown("a\x1b[31mb\n") == "a [31mb "
    assert (shown(None), shown(True), shown(1234567)) == ("-", "yes", "1,234,567")
    assert wrapped("", 10) == [""]
