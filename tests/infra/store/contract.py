"""What every store of history must do. A class a store: give it a `store` fixture."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates import identity
from aggregates.account import AccountRenamed, InvoicerChanged
from aggregates.account_package.events import PackageRemoved
from aggregates.chunk import PackagesLeftBehind
from aggregates.execution import CancelRequested, ExecutionQueued, ExecutionStarted
from aggregates.receivables import ChargesWaiting, Waiting
from aggregates.refusal import Refusal
from commands.store import (
    LARGEST_EVENT,
    Absence,
    Conflict,
    Metadata,
    Numbers,
    Reading,
    Staged,
    Store,
)
from schemas.stored import encode
from tests.infra.store import build
from tests.infra.store.build import Billing, a_charge, add_package, batch, open_account, staged

END = date(2020, 2, 1)
A, B, C = (identity.account(number) for number in ("A", "B", "C"))


def execution(store: Store) -> bytes:
    """A running execution."""
    stream = identity.execution(b"s", "now")
    queued = ExecutionQueued(bill_run="Run", period_start=END, period_end=END)
    started = ExecutionStarted(business_date=END, time_zone="UTC", position=1, chunks=1)
    store.append(batch(store, staged("execution", stream, 0, queued, started)))
    return stream


def waiting(account: str) -> ChargesWaiting:
    charge = Waiting(
        account_package="r", package="p", bill_date=END, execution="e", charge=a_charge(END)
    )
    return ChargesWaiting(account=account, currency="USD", reason="r", charges=(charge,))


class StoreContract:
    """Appending, reading now, reading the past."""

    # appending

    def test_an_append_gives_gapless_positions(self, store: Store) -> None:
        first = store.append(batch(store, open_account("A"), add_package("A", "A/1")))
        second = store.append(batch(store, open_account("B")))
        assert (first.first_position, first.head.position) == (1, 2)
        assert (second.first_position, second.head.position) == (3, 3)
        assert [found.position for found in store.log(0, 10)] == [1, 2, 3]

    def test_events_come_back_as_they_were_written(self, store: Store) -> None:
        made = batch(store, open_account("A"))
        made.metadata = Metadata(command="c", requested_by="me", correlation="k")
        committed = store.append(made)
        (found,) = store.stream(A)
        assert found.event == build.opened("A")
        assert found.type == "account.opened"
        assert (found.stream, found.version, found.position) == (A, 1, 1)
        assert dict(found.metadata) == {"command": "c", "requested_by": "me", "correlation": "k"}
        assert found.at == committed.head.at

    def test_a_stream_up_to_a_position(self, store: Store) -> None:
        store.append(batch(store, open_account("A")))
        renamed = AccountRenamed(name="new")
        before = build.account_state("A")
        store.append(batch(store, staged("account", A, 1, renamed, before=before)))
        assert len(store.stream(A)) == 2
        assert len(store.stream(A, up_to=1)) == 1
        assert {s: len(found) for s, found in store.streams([A, B]).items()} == {A: 2, B: 0}

    @pytest.mark.parametrize("count", [1, 40])
    def test_a_new_stream_that_is_there_is_a_conflict(self, store: Store, count: int) -> None:
        """Few rows may be written in another way than many."""
        store.append(batch(store, open_account("A")))
        new = [open_account(f"B-{n}") for n in range(count)]
        keys = {change.stream: change.stream * 2 for change in new}
        made = batch(store, *new, open_account("A"))
        made.new_keys.update(keys)
        with pytest.raises(Conflict):
            store.append(made)
        assert not any(store.exists(change.stream) for change in new)
        assert store.keys_of(list(keys)) == {}
        made = batch(store, *new)
        made.new_keys.update(keys)
        store.append(made)
        assert store.keys_of(list(keys)) == keys
        with store.snapshot() as reading:
            found = reading.get_many("account", keys)
        assert {row.state.number: row.version for row in found.values()} == {
            f"B-{n}": 1 for n in range(count)
        }

    def test_a_stream_continued_from_another_version_is_a_conflict(self, store: Store) -> None:
        store.append(batch(store, open_account("A")))
        before = build.account_state("A")
        event = AccountRenamed(name="n")
        with pytest.raises(Conflict):
            store.append(batch(store, staged("account", A, 2, event, before=before)))

    def test_a_stateless_stream_continued_from_nowhere_is_a_conflict(self, store: Store) -> None:
        event = PackagesLeftBehind(execution="e", first=0, packages=())
        change = Staged("chunk", identity.invoice("e", A), 3, [event])
        with pytest.raises(Conflict):
            store.append(batch(store, change, numbers=build.NUMBERS))

    def test_a_kind_with_state_row_needs_its_state(self, store: Store) -> None:
        change = open_account("A")
        change.state = None
        with pytest.raises(ValueError, match="without its state"):
            store.append(batch(store, change))
        assert store.log(0, 1) == []

    def test_an_event_that_is_too_large_is_refused_with_all_beside_it(self, store: Store) -> None:
        """256 KiB, its encoding and all, still go in."""
        before = build.account_state("A")
        store.append(batch(store, open_account("A")))
        around = len(encode(AccountRenamed(name="")).payload)
        most = AccountRenamed(name="n" * (LARGEST_EVENT - around))
        store.append(batch(store, staged("account", A, 1, most, before=before)))
        more = AccountRenamed(name="n" * (LARGEST_EVENT - around + 1))
        made = batch(store, open_account("B"), staged("account", A, 2, more, before=before))
        with pytest.raises(Refusal, match=r"event_too_large: .*262,145 bytes"):
            store.append(made)
        assert not store.exists(B)
        assert len(store.log(0, 10)) == len(store.stream(A)) == 2

    def test_a_read_version_is_checked_when_somebody_wrote_since(self, store: Store) -> None:
        store.append(batch(store, open_account("A")))
        made = batch(store, open_account("B"))
        made.reads.append(("account", A, 1))
        before = build.account_state("A")
        renamed = staged("account", A, 1, AccountRenamed(name="n"), before=before)
        store.append(batch(store, renamed))
        with pytest.raises(Conflict):
            store.append(made)
        made.reads = [("account", A, 2), ("account", C, 0)]
        store.append(made)

    def test_an_absence_is_checked_when_somebody_wrote_since(self, store: Store) -> None:
        made = batch(store, open_account("B"))
        made.absences.append(Absence("account", "bill_group", build.GROUP))
        store.append(batch(store, open_account("A")))
        with pytest.raises(Conflict):
            store.append(made)

    @pytest.mark.parametrize("whole", ["account", "account.opened"])
    def test_a_set_read_as_a_whole_has_not_changed(self, store: Store, whole: str) -> None:
        made = batch(store, open_account("B"))
        made.whole_kinds.append(whole)
        store.append(batch(store, build.set_up_owner()))
        made.whole_kinds.append("account_package")
        store.append(made)
        late = batch(store, open_account("C"))
        late.whole_kinds.append(whole)
        store.append(batch(store, open_account("A")))
        with pytest.raises(Conflict):
            store.append(late)

    @pytest.mark.parametrize(
        ("absence", "absent"),
        [
            (Absence("account", "bill_group", build.GROUP), False),
            (Absence("account", "bill_group", "Other"), True),
            (Absence("account", "parent", "A"), False),
            (Absence("account", "parent", "B"), True),
            (Absence("account", "invoicer", A), False),
            (Absence("account", "invoicer", C), True),
            (Absence("account_package", "package", "internet"), False),
            (Absence("account_package", "package", "phone"), True),
            (Absence("account_package", "account", A), False),
            (Absence("account_package", "account", B), True),
            (Absence("account_package", "ref", "A/1"), False),
            (Absence("account_package", "ref", "A/2"), True),
        ],
    )
    def test_absences(self, store: Store, absence: Absence, absent: bool) -> None:
        changes = (open_account("A"), open_account("B", "A", "A"), open_account("C"))
        committed = store.append(batch(store, *changes, add_package("A", "A/1")))
        with store.snapshot() as now, store.as_of(committed.head.position) as then:
            assert now.is_absent(absence) is absent
            assert then.is_absent(absence) is absent

    def test_a_chunk_commits_only_while_its_execution_runs(self, store: Store) -> None:
        running = execution(store)
        made = batch(store, open_account("A"))
        made.running = running
        store.append(batch(store, open_account("B")))
        store.append(made)
        late = batch(store, open_account("C"))
        late.running = running
        with store.snapshot() as reading:
            found = reading.get("execution", running)
        assert found is not None
        stop = staged("execution", running, found.version, CancelRequested(), before=found.state)
        store.append(batch(store, stop))
        with pytest.raises(Conflict):
            store.append(late)

    def test_a_reference_is_held_once(self, store: Store) -> None:
        store.append(batch(store, open_account("A"), add_package("A", "r")))
        with pytest.raises(Conflict):
            store.append(batch(store, open_account("B"), add_package("B", "r")))

    def test_a_removed_package_gives_its_reference_back(self, store: Store) -> None:
        added = add_package("A", "r")
        store.append(batch(store, open_account("A"), open_account("B"), added))
        stream = build.package_stream("A", "r")
        gone = staged("account_package", stream, 1, PackageRemoved(), before=added.state)
        store.append(batch(store, gone))
        store.append(batch(store, add_package("B", "r")))
        with store.snapshot() as reading, store.as_of(3) as then:
            assert reading.package_by_ref(["r"])["r"].account == B
            assert then.package_by_ref(["r"])["r"].account == A
            assert reading.packages_of([A]) == []

    # numbers

    def test_numbers_follow_commit_order_without_gap(self, store: Store) -> None:
        build.fill(store, 3)
        first = Billing(store, "e1").run(END)
        second = Billing(store, "e2").run(date(2020, 3, 1))
        assert (first.first_number, first.last_number) == (7854, 7856)
        assert (second.first_number, second.last_number) == (7857, 7859)
        invoices = [f.event for f in store.log(0, 99) if f.type == "invoice.generated"]
        assert [i.number for i in invoices] == [f"INV-00{n}" for n in range(7854, 7860)]
        chunks = [f.event for f in store.log(0, 99) if f.type == "chunk.billed"]
        assert [(c.first_number, c.last_number) for c in chunks] == [(7854, 7856), (7857, 7859)]

    def test_a_failed_append_uses_up_no_number(self, store: Store) -> None:
        build.fill(store, 1)
        billing = Billing(store, "e1")
        made, same = billing.batch(END), billing.batch(END)
        store.append(made)
        with pytest.raises(Conflict):
            store.append(same)
        with store.snapshot() as reading:
            assert reading.next_number("default") == 7855

    def test_a_new_start_raises_the_next_number_only(self, store: Store) -> None:
        build.fill(store, 1)
        for start, following in ((9000, 9000), (10, 9000)):
            made = batch(store, open_account(f"X{start}"))
            made.number_starts = {"default": start}
            store.append(made)
            with store.snapshot() as reading:
                assert reading.next_number("default") == following

    def test_a_long_number_is_written_whole_and_odd_prefixes_too(self, store: Store) -> None:
        build.fill(store, 1)
        made = Billing(store, "e1").batch(END)
        made.numbers = (Numbers('"Ü\\-', 2, 1),)
        store.append(made)
        (invoice,) = [f.event for f in store.log(0, 99) if f.type == "invoice.generated"]
        assert invoice.number == '"Ü\\-7854'

    def test_before_the_owner_there_is_no_number(self, store: Store) -> None:
        with store.snapshot() as reading, store.as_of(0) as then:
            assert (reading.next_number("default"), then.next_number("default")) == (0, 0)

    # reading now

    def test_a_snapshot_does_not_move(self, store: Store) -> None:
        with store.snapshot() as reading:
            store.append(batch(store, open_account("A")))
            assert reading.head.position == 0
            assert reading.get("account", A) is None

    def test_setup_is_listed_by_key(self, store: Store) -> None:
        stream = execution(store)
        with store.snapshot() as reading:
            assert [found.stream for found in reading.all_of("execution", "run")] == [stream]
            assert list(reading.all_of("execution", "queued")) == []
            assert list(reading.all_of("schedule")) == []

    def test_the_tree_and_the_family(self, store: Store) -> None:
        family = (open_account("A"), open_account("B", "A", "A"), open_account("C", None, "A"))
        store.append(batch(store, *family))
        with store.snapshot() as reading:
            assert {row.stream for row in reading.members_of(A)} == {A, B}
            assert {row.state.number for row in reading.children_of("A")} == {"B", "C"}

    def test_keys_of_personal_data(self, store: Store) -> None:
        made = batch(store, open_account("A"), open_account("B"))
        made.new_keys = {A: b"a" * 32, B: b"b" * 32}
        store.append(made)
        assert store.keys_of([A, B, C]) == {A: b"a" * 32, B: b"b" * 32}
        erasing = batch(store, open_account("C"))
        erasing.destroyed_keys.append(A)
        store.append(erasing)
        assert store.keys_of([A, B]) == {B: b"b" * 32}

    def test_what_waits_is_found_by_account_and_makes_its_invoicer_due(self, store: Store) -> None:
        stream = identity.receivables(A)
        store.append(
            batch(store, open_account("A"), staged("receivables", stream, 0, waiting("A")))
        )
        with store.snapshot() as reading:
            assert reading.receivables_of([A, B])[A].stream == stream
            assert list(reading.invoicers_due([build.GROUP], END)) == [(A, 0)]

    def test_ranges_of_invoicers_do_not_overlap(self, store: Store) -> None:
        build.fill(store, 40)
        with store.snapshot() as reading:
            due = [invoicer for invoicer, _ in reading.invoicers_due([build.GROUP], END)]
            assert due == sorted(due)
            low, middle = b"", due[17]
            left = reading.due_packages_in(low, middle, [build.GROUP], END)
            right = reading.due_packages_in(middle, b"", [build.GROUP], END)
            assert [len(left), len(right)] == [17, 23]
            assert reading.due_packages_in(b"", b"", ["Other"], END) == []
            assert reading.due_packages_in(b"", b"", [], date(2020, 1, 31)) == []
            later = reading.later_packages_in(middle, b"", [], date(2020, 1, 31))
            assert later == dict.fromkeys(due[17:], 1)

    # the past

    def test_the_past_is_what_a_snapshot_said_then(self, store: Store) -> None:
        said: list[tuple[int, Any]] = []

        def note() -> None:
            with store.snapshot() as reading:
                said.append((reading.head.position, everything(reading)))

        for step in self._history(store):
            step()
            note()
        for position, then in said:
            with store.as_of(position) as past:
                assert everything(past) == then

    def _history(self, store: Store) -> list[Callable[[], object]]:
        def moved(number: str, invoicer: str) -> None:
            with store.snapshot() as reading:
                row = reading.get("account", identity.account(number))
            assert row is not None
            event = InvoicerChanged(invoicer=invoicer, previous=row.state.invoicer)
            change = staged("account", row.stream, row.version, event, before=row.state)
            store.append(batch(store, change))

        stream = identity.receivables(identity.account("A-1"))
        late = staged("account", identity.account("late"), 0, replace(build.opened("late")))
        return [
            lambda: build.fill(store, 5),
            lambda: Billing(store, "e1").run(END),
            lambda: moved("A-1", "A-2"),
            lambda: Billing(store, "e2").run(date(2020, 3, 1)),
            lambda: store.append(batch(store, late)),
            lambda: moved("A-1", "A-3"),
            lambda: store.append(batch(store, staged("receivables", stream, 0, waiting("A-1")))),
            lambda: moved("A-1", "A-1"),
            lambda: execution(store),
        ]


def everything(reading: Reading) -> dict[str, Any]:
    """All that a reading answers."""
    groups = [build.GROUP]
    accounts = [identity.account(f"A-{i}") for i in range(5)]
    middle = sorted(accounts)[2]
    end = date(2020, 3, 15)
    ranges = [(b"", b""), (b"", middle), (middle, b"")]
    refs = [f"A-{i}/internet" for i in range(6)]
    return {
        "head": reading.head,
        "accounts": [reading.accounts_in(low, high, groups) for low, high in ranges],
        "due": [reading.due_packages_in(low, high, groups, end) for low, high in ranges],
        "later": [reading.later_packages_in(low, high, groups, end) for low, high in ranges],
        "invoicers": list(reading.invoicers_due(groups, end)),
        "got": reading.get_many("account", accounts),
        "packages": reading.packages_of(accounts),
        "refs": reading.package_by_ref(refs),
        "members": [reading.members_of(account) for account in accounts],
        "children": list(reading.children_of("A-1")),
        "receivables": reading.receivables_of(accounts),
        "owner": reading.get("owner", identity.owner()),
        "executions": list(reading.all_of("execution", "run")),
        "next": reading.next_number("default"),
        "billed": reading.billed_since(dict.fromkeys(accounts, 3)),
        "histories": reading.histories(accounts),
    }
