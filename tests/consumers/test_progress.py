"""The account of a run: what is done counts once and never goes back; rates are of late."""

from hypothesis import given
from hypothesis import strategies as st

from aggregates.execution import Counts
from consumers.progress import FEWEST, LONGEST, WINDOW, Done, Progress, Tally


def chunk(index: int, worker: str = "", packages: int = 500, failed: int = 0) -> Done:
    counts = Counts(packages_billed=packages, invoices_generated=packages, failed=failed)
    return Done(index, counts, worker)


def test_at_the_beginning_nothing_is_known() -> None:
    assert Tally(4, 100.0).at(100.0) == Progress(0, 4, Counts(), None, None, ())


def test_a_run_is_counted_chunk_by_chunk() -> None:
    tally = Tally(4, 100.0)
    assert tally.add(chunk(0, failed=2), 101.0)
    assert tally.add(chunk(2), 102.0)
    now = tally.at(102.0)
    assert (now.done, now.chunks) == (2, 4)
    assert now.counts == Counts(packages_billed=1000, invoices_generated=1000, failed=2)
    assert (now.rate, now.remaining) == (500.0, 2.0)


def test_a_chunk_that_is_told_twice_counts_once() -> None:
    tally = Tally(4, 0.0)
    assert tally.add(chunk(1, "a"), 1.0)
    before = tally.at(1.0)
    assert not tally.add(chunk(1, "b"), 1.0)
    assert tally.at(1.0) == before


def test_a_chunk_of_an_execution_that_may_not_go_on_does_not_count() -> None:
    tally = Tally(4, 0.0)
    assert not tally.add(Done(0, None), 1.0)
    assert tally.at(1.0) == Progress(0, 4, Counts(), None, None, ())


def test_taken_up_again_it_begins_with_what_is_done_and_its_rate_with_now() -> None:
    tally = Tally(10, 1000.0, [chunk(index, "dead") for index in range(6)])
    begun = tally.at(1000.0)
    assert (begun.done, begun.counts.packages_billed) == (6, 3000)
    assert (begun.rate, begun.remaining) == (None, None)
    assert not tally.add(chunk(5, "dead"), 1001.0)
    tally.add(chunk(6, "new"), 1002.0)
    now = tally.at(1002.0)
    assert (now.done, now.rate, now.remaining) == (7, 250.0, 6.0)
    dead, new = now.workers
    assert (dead.chunks, dead.counts.packages_billed, dead.rate, dead.remaining) == (
        (6, 3000, 0.0, None)
    )
    assert (new.chunks, new.rate, new.remaining) == (1, 250.0, 6.0)


def test_each_worker_has_its_share() -> None:
    tally = Tally(8, 0.0)
    for second, worker in enumerate(("b", "a", "b", "b"), 1):
        tally.add(chunk(second, worker), float(second))
    now = tally.at(4.0)
    a, b = now.workers
    assert (a.worker, a.chunks, a.counts.packages_billed, a.rate) == ("a", 1, 500, 125.0)
    assert (b.worker, b.chunks, b.counts.packages_billed, b.rate) == ("b", 3, 1500, 375.0)
    assert (now.rate, now.remaining, a.remaining, b.remaining) == (500.0, 4.0, 4.0, 4.0)


def test_a_rate_is_of_the_last_seconds() -> None:
    tally = Tally(1000, 0.0)
    for index in range(100):  # fast at first: ten chunks a second
        tally.add(chunk(index), (index + 1) / 10)
    for index in range(100, 100 + 2 * int(WINDOW)):  # then one a second
        tally.add(chunk(index), 10.0 + index - 99)
    now = tally.at(10.0 + 2 * WINDOW)
    assert now.rate == 500.0
    assert now.remaining == 1000 - now.done


def test_large_chunks_have_a_rate_too() -> None:
    """Each takes longer than the window."""
    tally = Tally(10, 0.0)
    for index in range(5):
        tally.add(chunk(index), (index + 1) * 20.0)
    now = tally.at(100.0)
    assert (now.rate, now.remaining) == (25.0, 100.0)
    assert FEWEST * 20.0 > WINDOW


def test_after_a_pause_the_rate_begins_anew() -> None:
    """Workers were away for an hour: that is no time of theirs."""
    tally = Tally(100, 0.0)
    for index in range(10):
        tally.add(chunk(index), index + 1.0)
    assert tally.at(10.0 + LONGEST + 3600).rate is None
    back = 10.0 + LONGEST + 3600
    tally.add(chunk(10), back)
    assert tally.at(back).rate is None
    tally.add(chunk(11), back + 1)
    assert tally.at(back + 1).rate == 500.0


def test_what_is_seen_at_once_is_one_moment() -> None:
    """Who looks every second sees many chunks at a time, and none of them took no time."""
    tally = Tally(100, 0.0)
    for second in range(1, 31):
        for index in range(2):
            tally.add(chunk(second * 2 + index), float(second))
    assert tally.at(30.0).rate == 1000.0


def test_at_the_end_nothing_remains() -> None:
    tally = Tally(1, 0.0, [chunk(0)])
    (share,) = tally.at(0.0).workers
    assert (tally.at(0.0).remaining, share.remaining) == (0.0, 0.0)
    assert Tally(0, 0.0).at(0.0).remaining == 0.0


STEPS = st.lists(
    st.tuples(
        st.integers(0, 19),
        st.sampled_from(["", "a", "b"]),
        st.integers(0, 900),
        st.floats(0, 90, allow_nan=False),
    ),
    max_size=60,
)


@given(STEPS, st.sets(st.integers(0, 19)))
def test_whatever_is_told_in_whatever_order(
    steps: list[tuple[int, str, int, float]], before: set[int]
) -> None:
    """Nothing goes back, shares make the whole, and it equals what each chunk did once."""
    tally = Tally(20, 0.0, [chunk(index, "before") for index in before])
    billed = dict.fromkeys(before, 500)
    now, last = 0.0, tally.at(0.0)
    for index, worker, packages, waited in steps:
        now += waited
        tally.add(chunk(index, worker, packages), now)
        billed.setdefault(index, packages)
        told = tally.at(now)
        assert told.done >= last.done
        assert told.counts.packages_billed >= last.counts.packages_billed
        assert told.done == sum(share.chunks for share in told.workers) == len(billed)
        assert told.counts.packages_billed == sum(billed.values())
        assert told.counts.packages_billed == sum(
            share.counts.packages_billed for share in told.workers
        )
        assert (told.rate is None) == any(share.rate is None for share in told.workers)
        assert told.rate is None or told.rate >= 0
        assert told.remaining is None or told.remaining >= 0
        last = told
