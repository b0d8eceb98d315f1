"""The verbs that are promised to people and programs are there, and each teaches by an example."""

import click
import pytest

from infra.cli.main import load, program
from infra.cli.verbs import NOUNS, VERBS
from tests.support.verbs import command_of, help_of

PROMISED: dict[str, str] = {
    "": "demo init apply explain verify scheduler run lag",
    "account": "list search show bill balance charge debit transactions erase delete",
    "account-package": "list show cancel suspend resume set-price",
    "ar-term": "list show delete",
    "bill-group": "list show delete",
    "contract": "list show give-notice terminate",
    "exchange-rates": "list show delete",
    "package": "list show delete",
    "bill-run": "list show delete schedule preview scheduled pause resume cancel completed",
    "execution": "show failures left-behind retry replay cancel resume reverse",
    "invoice": "list show overdue export void credit",
    "credit": "add list remove",
    "payment": "list show record remove refund collect check webhook",
    "payment-method": "list add change remove",
    "gl-code": "list show delete",
    "ledger": "journal trial-balance aging statement export close",
    "history": "list show export",
    "views": "list rebuild",
    "import": "customers",
    "clock": "show advance",
    "stack": "up status down",
    "topics": "create list",
    "dead-letters": "list show resend",
    "restore": "finish commands",
}
"""Fixed names: they may be added to, never taken away or renamed."""


def test_every_promised_verb_is_in_the_table() -> None:
    promised = {
        f"{noun} {verb}".strip() for noun, verbs in PROMISED.items() for verb in verbs.split()
    }
    assert promised - set(VERBS) == set()
    assert set(PROMISED) - {""} == set(NOUNS)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_lists_all_its_verbs(noun: str) -> None:
    """Also one that is called as a noun is: `invoice credit`."""
    group = program().get_command(click.Context(program()), noun)
    assert group is not None
    shown = group.get_help(click.Context(group)).partition("Verbs:")[2].split("\n")
    listed = {words[0] for line in shown if (words := line.split())}
    assert {name.partition(" ")[2] for name in VERBS if name.startswith(f"{noun} ")} <= listed


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_found_by_its_words(name: str) -> None:
    command, context = command_of(name)
    assert command is load(VERBS[name])
    assert context.command_path == f"billstream {name}"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_teaches_in_eighty_columns(name: str) -> None:
    explained, _, example = help_of(name).partition("  Example")
    assert len(explained.splitlines()) > 3
    assert f"billstream {name}" in example
    assert [line for line in explained.splitlines() if len(line) > 80] == []
