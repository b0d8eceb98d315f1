"""History behind a state, as a reading shows it: of streams, and what was billed since."""

from datetime import date
from typing import Any

from aggregates import identity
from aggregates.account_package.events import PackageTakenBack
from commands.store import Store
from tests.infra.store import build
from tests.infra.store.build import Billing, batch, staged

END = date(2020, 2, 1)


def test_what_was_billed_since_is_told_by_account(store: Store) -> None:
    """After a position each, in the order of history, for some accounts of many."""
    build.fill(store, 5)
    first = Billing(store, "e1").run(END)
    second = Billing(store, "e2").run(date(2020, 3, 1))
    names = ("A-0", "A-1", "A-2", "A-3", "none")
    one, two, three, four, none = (identity.account(name) for name in names)
    taken = PackageTakenBack(bill_dates=(date(2020, 3, 1),), next_bill_date=None, on=END)
    with store.snapshot() as reading:
        (row,) = reading.packages_of([three])
    change = staged("account_package", row.stream, row.version, taken, before=row.state)
    last = store.append(batch(store, change)).head.position
    after = {
        one: 0,
        two: first.head.position,
        three: first.head.position,
        four: second.head.position,
        none: 0,
    }
    dates: dict[bytes, list[Any]] = {
        one: [date(2020, 2, 1), date(2020, 3, 1)],
        two: [date(2020, 3, 1)],
        three: [date(2020, 3, 1), (date(2020, 3, 1),)],
    }
    with store.snapshot() as now, store.as_of(last) as then:
        found = now.billed_since(after)
        assert then.billed_since(after) == found
    assert {account: [fact.on for fact in facts] for account, facts in found.items()} == dates
    assert found[two][0].account_package == "A-1/internet"
    assert found[three][-1].position == last
    with store.as_of(second.head.position) as then:
        assert [fact.on for fact in then.billed_since(after)[three]] == dates[three][:1]
    with store.as_of(first.head.position) as then:
        assert {account: len(facts) for account, facts in then.billed_since(after).items()} == {
            one: 1
        }
        assert then.billed_since({}) == {}


def test_histories_of_streams_as_the_reading_shows_them(store: Store) -> None:
    build.fill(store, 2)
    position = build.read_at(store)
    Billing(store, "e1").run(END)
    stream, gone = build.package_stream("A-1", "A-1/internet"), identity.account("gone")
    with store.snapshot() as now, store.as_of(position) as then:
        assert now.histories([stream, gone]) == store.streams([stream, gone])
        assert [one.version for one in now.histories([stream])[stream]] == [1, 2]
        assert [one.version for one in then.histories([stream])[stream]] == [1]
