"""A large setup comes to the same as a small one, though it is kept small and written in parts."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregates.refusal import Refusal
from commands import setup_putting
from commands.applying import apply_files
from commands.setup_file import SetupFile, apply_command, read_setup
from infra import personal_keys
from infra.store import prepared
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.store.verify_history import verify_history
from tests.infra.store.tampering import rows_by_hand
from tests.support.world import base


def setup_of(count: int) -> dict[str, Any]:
    """A family, closed accounts and many others, the members before their invoicer."""
    group = "Default Bill Group"
    plain: dict[str, Any] = {"currency": "USD", "bill_group": group}
    accounts: list[dict[str, Any]] = [
        {"number": f"M-{n}", "name": "Member", "parent": "Top", "invoicer": "parent", **plain}
        for n in range(5)
    ]
    accounts.append({"number": "Top", "name": "Top", "bill_day": 7, **plain})
    accounts.append({"number": "Shut", "name": "Shut", "status": "closed", **plain})
    accounts += [
        {
            "number": f"A-{n}",
            "name": f"Ann {n}",
            "packages": [
                {"id": f"A-{n}/net", "package": "internet", "effective": "2020-09-01"},
                {"id": f"A-{n}/more", "package": "internet", "effective": "2020-09-02"},
            ],
            **plain,
        }
        for n in range(count)
    ]
    return {**base(), "accounts": accounts}


def put(store: OwnedStore, setup: dict[str, Any], id: str) -> dict[str, int]:
    files = [SetupFile("setup.yaml", yaml.safe_dump(setup, sort_keys=False).encode())]
    command = apply_command(files, source="test", id=id)
    _, summary = apply_files(store, command, read_setup(files), personal_keys)
    return {name: tally.created for name, tally in summary.items()}


def kept(store: OwnedStore) -> list[Any]:
    """Everything but names, times and hashes."""
    queries = (
        "SELECT position, stream, version, topic FROM events ORDER BY position",
        "SELECT stream, invoicer, bill_group, parent, version FROM accounts ORDER BY stream",
        "SELECT stream, account, ref, next_bill_date, version, state FROM account_packages "
        "ORDER BY stream",
        "SELECT account FROM personal_keys ORDER BY account",
    )
    return [rows_by_hand(store, query) for query in queries]


def test_in_parts_it_comes_to_the_same(
    store: OwnedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = setup_of(60)
    with closing(open_store(f"sqlite:///{tmp_path / 'whole.db'}", create=True)) as whole:
        created = put(whole, setup, "one")
        expected = kept(whole)
    monkeypatch.setattr(prepared, "LARGE", 20)
    monkeypatch.setattr(prepared, "PART", 7)
    monkeypatch.setattr(setup_putting, "AT_ONCE", 3)
    assert put(store, setup, "one") == created
    found = kept(store)
    assert found[1:] == expected[1:]
    assert [row[1:] for row in found[0]] == [row[1:] for row in expected[0]]
    assert len(rows_by_hand(store, "SELECT first FROM commits")) == 1
    assert verify_history(store).clean
    before = store.head
    assert sum(put(store, setup, "two").values()) == 0
    assert store.head == before


def test_one_wrong_account_among_many_leaves_nothing(
    store: OwnedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "LARGE", 20)
    monkeypatch.setattr(setup_putting, "AT_ONCE", 3)
    setup = setup_of(60)
    setup["accounts"][40]["packages"][1]["package"] = "nothing"
    with pytest.raises(Refusal) as caught:
        put(store, setup, "one")
    assert caught.value.code == "package_unknown"
    text = yaml.safe_dump(setup, sort_keys=False).splitlines()
    line = next(n for n, words in enumerate(text, 1) if "package: nothing" in words)
    assert f"setup.yaml:{line}: " in caught.value.sentence
    assert store.head.position == 0


def test_an_id_taken_meanwhile_is_decided_again(
    store: OwnedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "LARGE", 20)
    monkeypatch.setattr(prepared, "PART", 7)
    put(store, base(), "base")
    append = store.append
    meanwhile = iter([setup_of(1)])

    def first(batch: Any) -> Any:
        for setup in meanwhile:
            put(store, setup, "meanwhile")
        return append(batch)

    monkeypatch.setattr(store, "append", first)
    created = put(store, setup_of(40), "large")
    assert created["accounts"] == 39
    assert verify_history(store).clean
