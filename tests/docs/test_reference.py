"""The reference says what the code says."""

import re
from pathlib import Path

import pytest

from tests.docs import refusals
from tests.docs.reference import FOLDER, pages
from tests.docs.refusals import every_error, every_finding, unread
from tests.support.sources import ROOT, named, sources

PAGES = pages()

LATER = {"R27"}
"""Rules of later versions."""

NOT_YET_EXAMPLES: set[int] = set()

PATH = re.compile(r"`([a-z_]+/[a-z_0-9/]+\.(?:py|md|yaml))`")
RULE = re.compile(r"\bR\d{1,2}\b")
DECISION = re.compile(r"decisions? (\d+(?:(?:, | and )\d+)*)")
EXAMPLE = re.compile(r"def test_\w*example_0*(\d+)_")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_made_page_is_as_the_code_makes_it(page: Path) -> None:
    assert page.read_text() == PAGES[page](), "it is outdated: run `make docs`"


def test_errors_names_every_code_and_no_other() -> None:
    """The scan meets codes it must know, so that it cannot pass by finding nothing."""
    codes = set(every_error())
    assert {"rate_missing", "database_locked", "unexpected", "packages_overwritten"} <= codes
    assert {"invoicer_bill_day_differs", "invoicer_bill_group_differs"} <= codes
    assert {"line_without_charge", "invoice_number_gap", "view_differs"} <= set(every_finding())


def test_codes_that_cannot_be_read_off_are_only_passed_on() -> None:
    """These hand on the code of something refused elsewhere, or choose from a table of codes."""
    assert unread() == {
        "aggregates/refusal.py",
        "aggregates/schedule.py",
        "commands/billing/chunk_pass.py",
        "commands/billing/generate_invoice.py",
        "commands/corrections/reversing.py",
        "commands/customer_mapping.py",
        "commands/handling.py",
        "commands/reading_message.py",
        "commands/setup_file.py",
        "commands/setup_putting.py",
        "commands/setup_text.py",
        "infra/cli/errors.py",
        "infra/store/errors.py",
    }


CIRCLE = """
def put(code):
    raise Refusal(f"{code}_unknown", "there is none")

def take(code):
    put(code)
    give(code)

def give(code):
    take(code)
    give("invoice")
    self.put("payment")
"""


def _name_alone(path: Path) -> str:
    return path.name


def test_a_code_handed_round_in_a_circle_is_followed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions of common names seem to call each other; the literals are found all the same."""
    path = tmp_path / "circle.py"
    path.write_text(CIRCLE)
    monkeypatch.setattr(refusals, "sources", lambda: [path])
    monkeypatch.setattr(refusals, "named", _name_alone)
    assert set(every_error()) == {"invoice_unknown", "payment_unknown"}


def test_every_rule_of_this_version_is_in_the_reference() -> None:
    text = (FOLDER / "rules.md").read_text()
    rules = {f"R{number}" for number in range(1, 34)} - LATER
    found = set(re.findall(r"^\| \*\*(R\d+)\*\* \|", text, re.MULTILINE))
    assert found == rules


def test_every_rule_names_a_module_and_a_test() -> None:
    for line in (FOLDER / "rules.md").read_text().splitlines():
        if line.startswith("| **R"):
            _, _, _, modules, tests, _ = line.split("|")
            assert PATH.search(modules), line
            assert PATH.search(tests), line


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        *[path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))],
    ],
)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    named = PATH.findall((ROOT / document).read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        *[path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))],
    ],
)
def test_every_link_leads_somewhere(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_every_worked_example_has_a_test_that_names_it() -> None:
    folder = ROOT / "tests"
    found = {
        int(n) for path in folder.rglob("test_*.py") for n in EXAMPLE.findall(path.read_text())
    }
    assert found == set(range(1, 33)) - NOT_YET_EXAMPLES


def test_every_rule_that_code_cites_is_in_the_reference() -> None:
    known = set(re.findall(r"R\d+", (FOLDER / "rules.md").read_text()))
    cited = {(rule, named(p)) for p in sources() for rule in RULE.findall(p.read_text())}
    assert {found for found in cited if found[0] not in known} == set()


def test_every_design_decision_that_code_cites_is_told() -> None:
    """Their numbers are those of the design; `docs/adr/README.md` says where they are told."""
    table = (ROOT / "docs" / "adr" / "README.md").read_text().partition("| design decision |")[2]
    told = set(re.findall(r"\b\d+\b(?= \w|, \d)|(?<=, )\d+", table))
    cited = {
        (number, named(path))
        for path in sources()
        for numbers in DECISION.findall(path.read_text())
        for number in re.findall(r"\d+", numbers)
    }
    assert len(cited) > 20
    assert {found for found in cited if found[0] not in told} == set()
