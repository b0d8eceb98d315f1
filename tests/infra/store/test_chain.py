"""The chain's values are for ever: other programs and old notes compare with them."""

from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from aggregates import identity
from infra.store import chain
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.infra.store.build import FIRST_BILL_DATE, Billing, batch, fill, open_account

AT = datetime(2020, 10, 31, 12, 0, tzinfo=UTC)


def hashes(count: int) -> list[bytes]:
    return [sha256(bytes([n % 256])).digest() for n in range(count)]


def test_golden_event_hash() -> None:
    hashed = chain.event_hash(
        1,
        bytes(range(16)),
        1,
        chain.middle("owner.renamed", 1),
        b'{"name":"A"}',
        chain.tail(b"{}", 7),
    )
    fields = [
        (1).to_bytes(8, "big"),
        bytes(range(16)),
        (1).to_bytes(8, "big"),
        b"owner.renamed",
        (1).to_bytes(8, "big"),
        b'{"name":"A"}',
        b"{}",
        (7).to_bytes(8, "big"),
    ]
    assert hashed == sha256(b"".join(len(f).to_bytes(4, "big") + f for f in fields)).digest()
    assert hashed.hex() == "850bc3feb31f2b3327b8bc6567a506b72c2b7d5b98ae156882d2f0e28441a88f"


def test_golden_commit_root() -> None:
    merkle = chain.merkle_root(hashes(5))
    assert merkle.hex() == "550347fe72bcb7c23a0576eb793f410a6192c5d678b483eb1adfd880720b55ea"
    assert (
        chain.commit_root(chain.START, 1, 5, 7, merkle).hex()
        == "9ec5d63f514e7198acb46a792b2da30ff1c718980d349cb49f54a9aa2f7456d2"
    )


def test_golden_history(url: str) -> None:
    with closing(open_store(url, create=True, clock=lambda: AT)) as store:
        store.append(batch(store, open_account("A"), open_account("B")))
        head = store.append(batch(store, open_account("C"))).head
    assert (head.position, head.at) == (3, AT)
    assert head.root.hex() == "0f32c7509901e64ab38e5e809c6b462c77641f5b44e14635304414318cebfaa6"


@pytest.mark.parametrize("count", [*range(1, 20), 1024, 1025, 3071, 3072, 5000])
def test_a_tree_grows_to_the_same_root_whatever_comes_at_once(count: int) -> None:
    leaves = hashes(count)
    for some in (1, 7, 1024, count):
        growing = chain.GrowingTree()
        for first in range(0, count, some):
            growing.extend(leaves[first : first + some])
        assert growing.root() == chain.merkle_root(leaves)


@pytest.mark.parametrize("count", range(1, 20))
def test_every_hash_can_be_proved_and_no_other(count: int) -> None:
    leaves = hashes(count)
    root = chain.merkle_root(leaves)
    for index, leaf in enumerate(leaves):
        path = chain.merkle_path(leaves, index)
        assert len(path) <= 5
        assert chain.follow(path, leaf) == root
        assert chain.follow(path, bytes(32)) != root


def test_one_invoice_is_proved_by_a_short_path(store: OwnedStore) -> None:
    fill(store, 20)
    committed = Billing(store, "e").run(FIRST_BILL_DATE)
    events = [found for found in store.log(0, 999) if found.position >= committed.first_position]
    mine = identity.invoice("e", identity.account("A-7"))
    index = next(i for i, found in enumerate(events) if found.stream == mine)
    all_hashes = [found.hash for found in events]
    path = chain.merkle_path(all_hashes, index)
    assert len(path) <= 6
    merkle = chain.follow(path, events[index].hash)
    query = "SELECT first, last, at, root FROM commits ORDER BY first DESC LIMIT 2"
    with store.proving() as database:
        (first, last, at, root), (*_, previous) = database.execute(query).fetchall()
    assert chain.commit_root(previous, first, last, at, merkle) == root


def test_time_never_goes_back_in_history(url: str) -> None:
    times = iter([AT, AT.replace(hour=9), AT.replace(hour=13)])
    with closing(open_store(url, create=True, clock=lambda: next(times))) as store:
        heads = [store.append(batch(store, open_account(number))).head for number in "ABC"]
    assert [head.at.hour for head in heads] == [12, 12, 13]
