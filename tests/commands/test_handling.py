"""Load, decide, append: conflicts, repeats and what a workspace relies on (decisions 8, 15)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregates import identity
from aggregates.event import ImpossibleEvent
from aggregates.refusal import Refusal
from commands.handling import ATTEMPTS, run_command
from commands.message import Command
from commands.setup.account import delete_account
from commands.setup.bill_group import SetBillGroup, delete_bill_group, set_bill_group
from commands.workspace import Workspace
from infra import personal_keys
from tests.support.books import Books
from tests.support.world import account, base, package


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    found = Books(tmp_path)
    found.apply(base(accounts=[account("A", package("A/i", "2020-09-01"))]))
    yield found
    found.store.close()


def command(id: str = "1", **body: object) -> Command:
    return Command("rename", "crm", id, body, "ada", "why")


def put_group(workspace: Workspace, name: str) -> dict[str, str]:
    set_bill_group(workspace, SetBillGroup(name=name))
    return {"group": name}


def test_an_accepted_command_is_recorded_with_its_events(books: Books) -> None:
    before = books.position
    outcome = run_command(books.store, command(), lambda w: put_group(w, "New"))
    created, accepted = books.store.log(before, 10)
    assert (created.type, accepted.type) == ("bill_group.created", "command.accepted")
    assert accepted.event.result == {"group": "New"}
    assert accepted.event.requested_by == "ada"
    name = identity.text(identity.command("crm", "1"))
    expected = {"command": name, "requested_by": "ada", "correlation": "why"}
    assert created.metadata == expected
    assert outcome.position == accepted.position


def test_the_same_command_again_changes_nothing_and_answers_the_same(books: Books) -> None:
    first = run_command(books.store, command(), lambda w: put_group(w, "New"))
    before = books.position
    again = run_command(books.store, command(), lambda w: put_group(w, "Other"))
    assert books.position == before
    assert (again.result, again.repeated, again.changed) == (first.result, True, False)


def test_the_same_command_done_elsewhere_since_we_looked_is_answered_the_same(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its own doing makes it meet."""
    snapshot = books.store.snapshot

    def overtaken() -> Any:
        monkeypatch.undo()
        run_command(books.store, command(), lambda w: put_group(w, "New"))
        return snapshot()

    def body(workspace: Workspace) -> dict[str, str]:
        assert put_group(workspace, "New") == {"group": "New"}
        raise ImpossibleEvent("a group is recorded twice")

    monkeypatch.setattr(books.store, "snapshot", overtaken)
    met = run_command(books.store, command(), body)
    assert (met.result, met.repeated, met.changed) == ({"group": "New"}, True, False)
    with pytest.raises(ImpossibleEvent):
        run_command(books.store, command("2"), body)


def test_the_same_id_with_another_body_is_refused(books: Books) -> None:
    run_command(books.store, command(), lambda w: put_group(w, "New"))
    with pytest.raises(Refusal) as caught:
        run_command(books.store, command(name="other"), lambda w: put_group(w, "Other"))
    assert caught.value.code == "command_id_reused"


def test_a_command_that_changes_nothing_writes_nothing(books: Books) -> None:
    before = books.position
    run_command(books.store, command(), lambda w: put_group(w, "Default Bill Group"))
    assert books.position == before


def test_a_refusal_writes_nothing(books: Books) -> None:
    def refuse(workspace: Workspace) -> dict[str, str]:
        put_group(workspace, "New")
        raise Refusal("no", "no")

    before = books.position
    with pytest.raises(Refusal):
        run_command(books.store, command(), refuse)
    assert books.position == before


def meanwhile(books: Books, first: list[str]) -> None:
    """Another command commits in between, once."""
    if first:
        return
    first.append("done")
    books.apply({"accounts": [{"number": "A", "bill_day": 9}]})


def test_a_conflict_decides_again_on_what_is_true_now(books: Books) -> None:
    seen: list[int] = []
    first: list[str] = []

    def decide(workspace: Workspace) -> dict[str, str]:
        state = workspace.account("A")
        assert state is not None
        seen.append(state.bill_day)
        meanwhile(books, first)
        return put_group(workspace, "New")

    run_command(books.store, command(), decide)
    assert seen == [1, 9]


def test_endless_conflicts_end_as_busy(books: Books) -> None:
    days: list[int] = []

    def decide(workspace: Workspace) -> dict[str, str]:
        workspace.account("A")
        days.append(len(days) + 2)
        books.apply({"accounts": [{"number": "A", "bill_day": days[-1]}]})
        return put_group(workspace, "New")

    with pytest.raises(Refusal) as caught:
        run_command(books.store, command(), decide)
    assert (caught.value.code, len(days)) == ("busy", ATTEMPTS)


def no_group(workspace: Workspace) -> None:
    delete_bill_group(workspace, "G")


def no_account(workspace: Workspace) -> None:
    delete_account(workspace, "A")


@pytest.mark.parametrize(
    ("setup", "delete"),
    [
        (
            {"bill_runs": [{"name": "Default", "bill_groups": ["Default Bill Group", "G"]}]},
            no_group,
        ),
        (
            {"accounts": [account("B", bill_group="G")]},
            no_group,
        ),
        ({"accounts": [account("B", parent="A")]}, no_account),
        ({"accounts": [account("B", invoicer="A")]}, no_account),
        (
            {"bill_groups": [{"name": "G", "exclude": ["A"]}]},
            no_account,
        ),
    ],
)
def test_a_deletion_relies_on_nothing_using_it_meanwhile(
    books: Books, setup: dict[str, Any], delete: Callable[[Workspace], None]
) -> None:
    """What is used after it was looked at, and before the deletion commits, is not deleted."""
    books.apply({"bill_groups": [{"name": "G", "bill_day": 1}]})
    first: list[str] = []

    def decide(workspace: Workspace) -> dict[str, str]:
        delete(workspace)
        if not first:
            first.append("done")
            books.apply(setup)
        return {}

    with pytest.raises(Refusal) as caught:
        run_command(books.store, command(), decide, personal_keys)
    assert caught.value.code == "in_use"


def test_two_sets_with_one_date_cannot_slip_past_each_other(books: Books) -> None:
    from commands.setup.exchange_rates import SetExchangeRates, set_exchange_rates

    first: list[str] = []

    def new(name: str) -> SetExchangeRates:
        return SetExchangeRates.model_validate({"name": name, "effective": "2020-11-01"})

    def decide(workspace: Workspace) -> dict[str, str]:
        set_exchange_rates(workspace, new("One"))
        if not first:
            first.append("done")
            books.do(lambda w: set_exchange_rates(w, new("Two")))
        return {}

    with pytest.raises(Refusal) as caught:
        run_command(books.store, command(), decide)
    assert caught.value.code == "duplicate_effective_date"


def test_a_package_added_meanwhile_follows_the_new_bill_day(books: Books) -> None:
    from commands.setup.account import SetAccount, set_account

    first: list[str] = []

    def decide(workspace: Workspace) -> dict[str, str]:
        set_account(workspace, SetAccount(number="A", bill_day=15))
        if not first:
            first.append("done")
            held = package("A/late", "2020-09-01")
            books.apply({"accounts": [{"number": "A", "packages": [held]}]})
        return {}

    run_command(books.store, command(), decide, personal_keys)
    calendar = books.state("account_package", "A/late").calendar
    assert calendar[-1].bill_day == 15


def test_what_was_staged_since_the_mark_can_be_taken_back(books: Books) -> None:
    def decide(workspace: Workspace) -> dict[str, str]:
        put_group(workspace, "Kept")
        workspace.mark()
        put_group(workspace, "Gone")
        set_bill_group(workspace, SetBillGroup(name="Kept", bill_day=9))
        workspace.undo()
        return {}

    run_command(books.store, command(), decide)
    assert books.state("bill_group", "Gone") is None
    assert books.state("bill_group", "Kept").settings.bill_day is None
