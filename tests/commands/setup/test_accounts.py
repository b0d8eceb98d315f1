"""Accounts: tree, family, status, currency, name (R10, R15, R32)."""

from datetime import date
from typing import Any

import pytest

from aggregates import identity
from aggregates.refusal import Refusal
from commands.setup.account import delete_account, erase_account
from tests.support.books import Books
from tests.support.world import account, package

OTHER = {"bill_groups": [{"name": "Other", "bill_day": 15}]}


def accounts(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"accounts": list(entries)}


def family(books: Books) -> None:
    """P receives the invoices of C and D."""
    books.apply(
        accounts(
            account("C", package("C/i", "2020-09-01"), parent="P", invoicer="parent"),
            account("D", invoicer="P"),
            account("P", package("P/i", "2020-09-01")),
        )
    )


# bill day


def test_r10_the_bill_day_is_resolved_once(books: Books) -> None:
    books.apply({"bill_groups": [{"name": "None"}]})
    books.apply(
        accounts(
            account("own", bill_day=31),
            account("member", invoicer="own"),
            account("group"),
            account("today", bill_group="None"),
        )
    )
    books.apply({"bill_groups": [{"name": "Default Bill Group", "bill_day": 20}]})
    days = {n: books.state("account", n).bill_day for n in ("own", "member", "group", "today")}
    assert days == {"own": 31, "member": 31, "group": 1, "today": 5}


def test_a_new_bill_day_moves_the_packages(books: Books) -> None:
    books.apply(accounts(account("A", package("A/i", "2020-09-01"))))
    before = books.position
    books.apply(accounts({"number": "A", "bill_day": 15}))
    assert books.events(before) == ["account.bill_day_changed", "account_package.calendar_changed"]


# family


def test_children_may_stand_before_their_parents(books: Books) -> None:
    family(books)
    assert books.state("account", "P").members == 2
    assert books.state("account", "C").invoicer == "P"


def test_r15_a_bill_day_of_an_invoicer_is_that_of_its_members(books: Books) -> None:
    family(books)
    before = books.position
    books.apply(accounts({"number": "P", "bill_day": 15}))
    assert [books.state("account", n).bill_day for n in "PCD"] == [15, 15, 15]
    names = books.events(before)
    assert names.count("account.bill_day_changed") == 3
    assert names.count("account_package.calendar_changed") == 2
    assert len(books.store.log(before, 100)[0].metadata["command"]) == 36


def test_r15_a_bill_group_of_an_invoicer_is_that_of_its_members(books: Books) -> None:
    family(books)
    books.apply(OTHER)
    books.apply(accounts({"number": "P", "bill_group": "Other"}))
    assert [books.state("account", n).bill_group for n in "PCD"] == ["Other"] * 3
    assert books.state("account", "P").bill_day == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bill_day": 15}, "invoicer_bill_day_differs"),
        ({"bill_group": "Other"}, "invoicer_bill_group_differs"),
    ],
)
def test_r15_a_member_cannot_differ_alone(books: Books, change: dict[str, Any], code: str) -> None:
    family(books)
    books.apply(OTHER)
    assert books.code(accounts({"number": "C", **change})) == code


def test_r15_an_account_that_differs_cannot_join(books: Books) -> None:
    family(books)
    entry = account("E", bill_day=15, invoicer="P")
    assert books.code(accounts(entry)) == "invoicer_bill_day_differs"


def test_a_whole_family_may_change_in_one_file_in_any_order(books: Books) -> None:
    family(books)
    books.apply(OTHER)
    whole = [{"number": n, "bill_group": "Other", "bill_day": 9} for n in ("C", "D", "P")]
    books.apply(accounts(*whole))
    assert [books.state("account", n).bill_day for n in "PCD"] == [9, 9, 9]


def test_a_chain_of_invoicers_is_refused_naming_the_top(books: Books) -> None:
    family(books)
    chain = books.refused(accounts(account("E", invoicer="C")))
    assert (chain.code, "P" in chain.sentence) == ("invoicer_chain", True)
    upward = books.refused(accounts(account("T"), {"number": "P", "invoicer": "T"}))
    assert (upward.code, "invoiced to T" in upward.sentence) == ("invoicer_chain", True)


def test_a_chain_in_one_file_is_refused(books: Books) -> None:
    chain = accounts(account("A", invoicer="B"), account("B", invoicer="C"), account("C"))
    assert books.code(chain) == "invoicer_chain"
    ring = accounts(account("A", invoicer="B"), account("B", invoicer="A"))
    assert books.code(ring) == "invoicer_chain"


def test_a_family_can_move_to_another_invoicer_in_one_file(books: Books) -> None:
    family(books)
    moved = [{"number": n, "invoicer": "T"} for n in ("P", "C", "D")]
    books.apply(accounts(*moved, account("T")))
    assert [books.state("account", n).members for n in "PT"] == [0, 3]


def test_leaving_and_joining_tells_the_invoicers(books: Books) -> None:
    family(books)
    before = books.position
    books.apply(accounts({"number": "D", "invoicer": "self"}))
    assert books.events(before) == ["account.invoicer_changed", "account.member_left"]
    books.apply(accounts({"number": "D", "invoicer": None}))
    assert books.state("account", "P").members == 1


def test_invoiced_to_a_parent_needs_one(books: Books) -> None:
    assert books.code(accounts(account("A", invoicer="parent"))) == "no_parent"


# tree


def test_an_account_that_is_its_own_ancestor(books: Books) -> None:
    books.apply(accounts(account("A"), account("B", parent="A"), account("C", parent="B")))
    cycle = books.refused(accounts({"number": "A", "parent": "C"}))
    assert cycle.code == "account_cycle"
    assert books.code(accounts({"number": "A", "parent": "A"})) == "account_cycle"
    ring = accounts(account("X", parent="Y"), account("Y", parent="X"))
    assert books.code(ring) == "account_cycle"


def test_a_deep_tree(books: Books) -> None:
    chain = [account(f"N{i}", **({"parent": f"N{i - 1}"} if i else {})) for i in range(500)]
    books.apply(accounts(*reversed(chain)))
    assert books.state("account", "N499").parent == "N498"
    assert books.code(accounts({"number": "N0", "parent": "N499"})) == "account_cycle"


def test_moving_does_not_change_who_pays(books: Books) -> None:
    family(books)
    books.apply(accounts({"number": "C", "parent": None}))
    state = books.state("account", "C")
    assert (state.parent, state.invoicer) == (None, "P")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"currency": "GBP"}, "currency_unknown"),
        ({"bill_group": "Nowhere"}, "bill_group_unknown"),
        ({"parent": "nobody"}, "account_unknown"),
        ({"invoicer": "nobody"}, "account_unknown"),
        ({"status": "asleep"}, "status_invalid"),
        ({"bill_day": 32}, "bill_day_invalid"),
        ({"name": " "}, "name_invalid"),
        ({"number": "self"}, "name_reserved"),
        ({"number": "parent"}, "name_reserved"),
        ({"number": "a\tb"}, "name_invalid"),
        ({"number": "x" * 201}, "name_invalid"),
        ({"number": 7}, "wrong_type"),
    ],
)
def test_wrong_accounts_are_refused(books: Books, entry: dict[str, Any], code: str) -> None:
    assert books.code(accounts(account("A") | entry)) == code


def test_a_new_account_needs_its_keys(books: Books) -> None:
    assert books.code(accounts({"number": "A"})) == "missing_key"


# currency and status


def test_the_currency_changes_only_while_nothing_is_there(books: Books) -> None:
    books.apply(accounts(account("A")))
    books.apply(accounts({"number": "A", "currency": "EUR"}))
    books.apply(accounts({"number": "A", "packages": [package("A/i", "2020-09-01")]}))
    assert books.code(accounts({"number": "A", "currency": "USD"})) == "cannot_change"


def test_the_currency_of_an_invoicer_stays(books: Books) -> None:
    books.apply(accounts(account("P"), account("C", invoicer="P")))
    assert books.code(accounts({"number": "P", "currency": "EUR"})) == "cannot_change"


def test_r32_closing_is_refused_while_something_goes_on(books: Books) -> None:
    family(books)
    assert books.code(accounts({"number": "C", "status": "closed"})) == "account_still_billed"
    books.apply(accounts(account("Q"), account("R", invoicer="Q")))
    assert books.code(accounts({"number": "Q", "status": "closed"})) == "account_is_invoicer"
    books.apply(accounts({"number": "D", "status": "closed"}))
    assert books.state("account", "D").status == "closed"


def test_r32_a_package_ended_in_the_same_file_lets_an_account_close(books: Books) -> None:
    family(books)
    ended = {"id": "C/i", "cancel": "2020-09-01"}
    books.apply(accounts({"number": "C", "status": "closed", "packages": [ended]}))
    held = {"id": "C/i", "cancel": None}
    assert books.code(accounts({"number": "C", "packages": [held]})) == "already_ended"


def test_a_closed_account_takes_no_package_and_no_member(books: Books) -> None:
    books.apply(accounts(account("A", status="closed")))
    held = package("A/i", "2020-09-01")
    assert books.code(accounts({"number": "A", "packages": [held]})) == "account_closed"
    assert books.code(accounts(account("B", invoicer="A"))) == "invoicer_closed"


# the person


def test_a_name_stands_in_history_as_ciphertext_only(books: Books) -> None:
    books.apply(accounts(account("A", name="Ada Lovelace")))
    assert books.name_of("A") == "Ada Lovelace"
    assert not any("Ada" in str(event) for event in books.store.log(0, 1000))


def test_the_same_name_again_changes_nothing(books: Books) -> None:
    books.apply(accounts(account("A")))
    books.unchanged(accounts(account("A")))
    books.apply(accounts({"number": "A", "name": "Another"}))
    assert books.name_of("A") == "Another"


def test_an_erased_person_cannot_be_read_or_written_again(books: Books) -> None:
    books.apply(accounts(account("A"), account("B")))
    books.do(lambda workspace: erase_account(workspace, "A"))
    assert books.name_of("A") is None
    assert books.name_of("B") == "B Ltd"
    assert books.code(accounts(account("A"))) == "account_erased"
    books.apply(accounts({"number": "A", "bill_day": 9}))
    assert not books.do(lambda workspace: erase_account(workspace, "A")).changed


# deleting


def refused(books: Books, number: str) -> str:
    before = books.position
    with pytest.raises(Refusal) as caught:
        books.do(lambda workspace: delete_account(workspace, number))
    assert books.position == before
    return caught.value.code


def test_what_is_in_use_cannot_be_deleted(books: Books) -> None:
    family(books)
    books.apply({"bill_groups": [{"name": "Default Bill Group", "exclude": ["D"]}]})
    assert refused(books, "P") == "in_use"
    assert refused(books, "D") == "in_use"
    assert refused(books, "nobody") == "account_unknown"


def test_an_account_never_billed_goes_with_its_packages(books: Books) -> None:
    family(books)
    before = books.position
    books.do(lambda workspace: delete_account(workspace, "C"))
    names = sorted(books.events(before))
    assert names == ["account.deleted", "account.member_left", "account_package.removed"]
    again = account("C", package("C/i", "2020-10-01"))
    books.apply(accounts(again))
    books.unchanged(accounts(again))
    assert books.state("account_package", "C/i").effective == date(2020, 10, 1)


def test_a_deleted_account_is_not_known(books: Books) -> None:
    books.apply(accounts(account("A")))
    books.do(lambda workspace: delete_account(workspace, "A"))
    assert books.state("account", "A").deleted
    assert books.code(accounts(account("B", parent="A"))) == "account_unknown"
    assert identity.account("A") not in books.store.keys_of([])
