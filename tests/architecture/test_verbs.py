"""The verbs that are promised to people and programs are there, and each teaches by an example."""

import click
import pytest

from infra.cli.main import load, program
from infra.cli.verbs import NOUNS, VERBS

PROMISED: dict[str, str] = {
    "": "demo init apply explain verify scheduler",
    "account": "list search show bill erase delete",
    "account-package": "list show cancel suspend resume set-price",
    "bill-group": "list show delete",
    "exchange-rates": "list show delete",
    "package": "list show delete",
    "bill-run": "list show delete schedule preview scheduled pause resume cancel completed",
    "execution": "show failures left-behind retry replay cancel resume",
    "invoice": "list show export",
    "history": "list show export",
    "views": "list rebuild",
    "import": "customers",
    "clock": "show advance",
}
"""Fixed names: they may be added to, never taken away or renamed."""


def test_every_promised_verb_is_in_the_table() -> None:
    promised = {
        f"{noun} {verb}".strip() for noun, verbs in PROMISED.items() for verb in verbs.split()
    }
    assert promised - set(VERBS) == set()
    assert set(PROMISED) - {""} == set(NOUNS)


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_resolves_and_teaches(name: str) -> None:
    command = load(VERBS[name])
    context = click.Context(command, info_name=f"billstream {name}", terminal_width=80)
    text = command.get_help(context)
    assert command.help, "no help"
    assert "Example" in text
    assert f"billstream {name}" in (command.epilog or "")


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_found_by_its_words(name: str) -> None:
    found: click.Command | None = program()
    context = click.Context(click.Command("billstream"))
    for word in name.split():
        assert isinstance(found, click.Group)
        found = found.get_command(context, word)
    assert found is load(VERBS[name])


@pytest.mark.parametrize("name", VERBS)
def test_help_fits_eighty_columns(name: str) -> None:
    command = load(VERBS[name])
    context = click.Context(command, info_name=f"billstream {name}", terminal_width=80)
    explained, _, _ = command.get_help(context).partition("Example")
    assert [line for line in explained.splitlines() if len(line) > 80] == []
