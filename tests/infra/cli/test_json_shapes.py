"""`--json` prints the shapes of the contract, keys in their order, and nothing else."""

import json

import pytest

from tests.infra.cli.conftest import Reader

ACCOUNT = "number name currency parent invoicer bill_group bill_day status"
ACCOUNT_PACKAGE = (
    "id account package status frequency billing effective cancel next_bill_date price currency"
)
SCHEDULE = "id bill_run timing next_at status billing_period"
EXECUTION = (
    "id bill_run schedule retry_of status requested_by business_date started_at completed_at"
    " billing_period packages_billed cycles_billed invoices_generated failed left_behind totals"
    " head"
)
FAILURE = "invoicer account code message retry resolved_by"
LEFT_BEHIND = "account_package account next_bill_date reason"
INVOICE = (
    "number series status account currency invoice_date due_date posting_date net tax total"
    " execution exchange_rates kind reason reverses reversed_by balance"
)


def test_accounts(reader: Reader) -> None:
    listed = reader.json("account", "list")
    assert [account["number"] for account in listed] == ["B-1", "C-1", "P-1"]
    assert list(listed[1]) == ACCOUNT.split()
    assert (
        reader.json("account", "show", "C-1")
        == listed[1]
        == {
            "number": "C-1",
            "name": "Child Ltd",
            "currency": "USD",
            "parent": "P-1",
            "invoicer": "P-1",
            "bill_group": "Default",
            "bill_day": 1,
            "status": "active",
        }
    )


@pytest.mark.parametrize("text", ["child", "CHILD", "c-1", "ild l"])
def test_accounts_are_found_by_number_or_name(reader: Reader, text: str) -> None:
    assert [one["number"] for one in reader.json("account", "search", text)] == ["C-1"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "nobody"])
def test_what_is_special_to_databases_is_not_to_searches(reader: Reader, text: str) -> None:
    assert reader.json("account", "search", text) == []


def test_account_packages(reader: Reader) -> None:
    listed = reader.json("account-package", "list")
    assert [one["id"] for one in listed] == ["B-1/internet", "C-1/internet"]
    assert list(listed[0]) == ACCOUNT_PACKAGE.split()
    assert reader.json("account-package", "list", "--account", "C-1") == listed[1:]
    assert reader.json("account-package", "show", "C-1/internet") == {
        "id": "C-1/internet",
        "account": "C-1",
        "package": "internet",
        "status": "active",
        "frequency": "monthly",
        "billing": "arrears",
        "effective": "2020-09-01",
        "cancel": None,
        "next_bill_date": "2020-11-01",
        "price": "20.00",
        "currency": "USD",
    }


def test_scheduled(reader: Reader) -> None:
    (schedule,) = reader.json("bill-run", "scheduled")
    assert list(schedule)[:6] == SCHEDULE.split()
    assert schedule["next_at"] == "2020-12-01T00:00:00-05:00"
    assert schedule["billing_period"] == {"start": "2020-11-01", "end": "2020-12-01"}


def test_completed_is_the_latest_first(reader: Reader) -> None:
    retry, first = reader.json("bill-run", "completed")
    assert list(first) == EXECUTION.split()
    assert retry["retry_of"] == first["id"]
    assert first["status"] == "completed_with_failures"
    assert first["totals"] == {"EUR": "17.00"}
    assert first["started_at"] == "2020-11-01T07:00:00-05:00"
    assert (first["cycles_billed"], first["failed"], first["left_behind"]) == (1, 1, 1)
    position, _, root = first["head"].partition(":")
    assert int(position) > 0
    assert len(root) == 64
    assert reader.json("bill-run", "completed", "--limit", "1") == [retry]
    assert reader.json("bill-run", "completed", "--bill-run", "Monthly") == [retry, first]


def test_an_execution_is_found_by_the_beginning_of_its_id(reader: Reader) -> None:
    first = reader.json("bill-run", "completed")[1]
    assert reader.json("execution", "show", first["id"]) == first
    assert reader.json("execution", "show", first["id"][:8].upper()) == first


def test_failures_name_the_retry_that_resolved_them(reader: Reader) -> None:
    retry, first = reader.json("bill-run", "completed")
    (failure,) = reader.json("execution", "failures", first["id"])
    assert list(failure) == FAILURE.split()
    assert (failure["invoicer"], failure["code"]) == ("B-1", "price_missing")
    assert failure["retry"] == f"billstream execution retry {first['id']}"
    assert failure["resolved_by"] == retry["id"]
    assert reader.json("execution", "failures", retry["id"]) == []


def test_left_behind(reader: Reader) -> None:
    first = reader.json("bill-run", "completed")[1]
    (left,) = reader.json("execution", "left-behind", first["id"])
    assert list(left) == LEFT_BEHIND.split()
    assert left["reason"] == "failed"


def test_invoices(reader: Reader) -> None:
    listed = reader.json("invoice", "list")
    assert [one["number"] for one in listed] == ["INV-007854", "INV-007855"]
    assert list(listed[0]) == INVOICE.split()
    assert reader.json("invoice", "list", "--account", "P-1") == listed[:1]
    assert reader.json("invoice", "list", "--account", "C-1") == []
    assert reader.json("invoice", "list", "--execution", listed[1]["execution"]) == listed[1:]


def test_an_invoice_has_the_lines_of_all_its_pages(reader: Reader) -> None:
    found = reader.json("invoice", "show", "INV-007855")
    assert list(found) == [*INVOICE.split(), "lines"]
    assert [(line["line"], line["amount"]) for line in found["lines"]] == [
        (1, "20.00"),
        (2, "-5.00"),
    ]


def test_export_writes_an_invoice_a_line(reader: Reader) -> None:
    lines = reader.ask("invoice", "export").out.splitlines()
    assert [json.loads(line) for line in lines] == [
        reader.json("invoice", "show", number) for number in ("INV-007854", "INV-007855")
    ]


def test_export_as_csv_has_a_row_a_line(reader: Reader) -> None:
    head, *rows = reader.ask("invoice", "export", "--format", "csv").out.splitlines()
    assert head.startswith("number,series,status,account")
    assert [row.split(",")[0] for row in rows] == ["INV-007854", "INV-007855", "INV-007855"]
    assert len({row.count(",") for row in (head, *rows)}) == 1


def test_setup_in_the_words_of_the_setup_file(reader: Reader) -> None:
    assert reader.json("exchange-rates", "list") == [
        {"name": "October 2020", "effective": "2020-10-01", "rates": {"EUR": "0.85"}, "used": []}
    ]
    assert reader.json("bill-group", "show", "Default")["render_threshold"] == "0.00"
    assert reader.json("package", "show", "internet")["services"] == [
        {
            "code": "internet",
            "name": "Internet 100",
            "prices": {"USD": "20.00"},
            "gl_code": "4000",
        }
    ]
    (run,) = reader.json("bill-run", "list")
    assert run == reader.json("bill-run", "show", "Monthly")
    assert run["actions"] == ["bill_packages", "generate_invoice"]


def test_history(reader: Reader) -> None:
    events = reader.json("history", "list")
    assert [event["position"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "owner.set_up"
    assert events[0]["requested_by"] == "tester"
    assert reader.json("history", "list", "--after", "2", "--limit", "3") == events[2:5]
    invoices = reader.json("history", "list", "--type", "invoice.generated")
    assert [one["event"]["number"] for one in invoices] == ["INV-007854", "INV-007855"]
    exported = reader.ask("history", "export").out.splitlines()
    assert [json.loads(line) for line in exported] == events


@pytest.mark.parametrize(
    ("stream", "first"),
    [
        ("owner", "owner.set_up"),
        ("account:C-1", "account.opened"),
        ("account-package:C-1/internet", "account_package.added"),
        ("invoice:INV-007855", "invoice.lines_added"),
        ("bill-run:Monthly", "bill_run.created"),
        ("bill-group:Default", "bill_group.created"),
        ("package:internet", "package.created"),
        ("exchange-rates:October 2020", "exchange_rates.created"),
    ],
)
def test_a_stream_by_kind_and_key_or_id(reader: Reader, stream: str, first: str) -> None:
    events = reader.json("history", "show", stream)
    assert events[0]["type"] == first
    assert reader.json("history", "show", events[0]["stream"]) == events


def test_streams_of_runs_by_short_ids(reader: Reader) -> None:
    execution = reader.json("bill-run", "completed")[0]["id"][:8]
    schedule = reader.json("bill-run", "scheduled")[0]["id"][:8]
    shown = reader.json("history", "show", f"execution:{execution}")
    assert shown[0]["type"] == "execution.queued"
    shown = reader.json("history", "show", f"schedule:{schedule}")
    assert shown[0]["type"] == "bill_run.scheduled"


def test_views(reader: Reader) -> None:
    listed = reader.json("views", "list")
    assert list(listed[0]) == ["name", "version", "feed", "position", "rows"]
    assert reader.ask("views", "rebuild").status == 0
    assert reader.ask("views", "rebuild", "accounts", "invoices").status == 0
    assert reader.json("views", "list") == listed
