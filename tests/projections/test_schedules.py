"""What is seen of schedules."""

from datetime import UTC, date, datetime
from typing import Any

from aggregates import identity, schedule
from projections.schedules import VIEW, timing
from tests.projections.memory import seen
from tests.support.past import scheduled

STREAM = identity.schedule(b"monthly")
NEXT = {
    "next_due": datetime(2021, 1, 1),  # noqa: DTZ001
    "next_at": datetime(2021, 1, 1, 5, tzinfo=UTC),
}


def row(*events: tuple[str, Any]) -> dict[str, Any]:
    past = [("bill_run.scheduled", STREAM, scheduled()), *((t, STREAM, e) for t, e in events)]
    return seen(VIEW, past)["schedules"][identity.text(STREAM),]


def fired(**more: Any) -> tuple[str, Any]:
    event = schedule.ScheduleFired(
        execution="e",
        due=datetime(2020, 12, 1),  # noqa: DTZ001
        period_start=date(2020, 11, 1),
        period_end=date(2020, 12, 1),
        **more,
    )
    return "schedule.fired", event


def test_a_schedule_waits_for_its_first_occurrence() -> None:
    found = row()
    assert (found["status"], found["next_at"], found["next_day"]) == (
        "pending",
        "2020-12-01T05:00:00+00:00",
        "2020-12-01",
    )


def test_after_an_occurrence_the_window_begins_the_day_after() -> None:
    found = row(fired(**NEXT))
    assert (found["status"], found["window_start"], found["next_day"]) == (
        "pending",
        "2020-12-02",
        "2021-01-01",
    )


def test_without_a_next_occurrence_it_is_done() -> None:
    assert (row(fired())["status"], row(fired())["last_start"]) == ("done", "2020-11-01")


def test_it_is_paused_resumed_and_cancelled() -> None:
    paused = ("schedule.paused", schedule.SchedulePaused())
    resumed = ("schedule.resumed", schedule.ScheduleResumed(**NEXT))
    cancelled = ("schedule.cancelled", schedule.ScheduleCancelled())
    assert row(paused)["status"] == "paused"
    assert row(paused, resumed)["next_day"] == "2021-01-01"
    assert (row(cancelled)["status"], row(cancelled)["next_at"]) == ("cancelled", None)


def test_a_skipped_window_moves_on() -> None:
    skipped = schedule.WindowSkipped(
        due=datetime(2020, 12, 1),  # noqa: DTZ001
        period_start=date(2020, 12, 5),
        period_end=date(2020, 12, 1),
        **NEXT,
    )
    assert row(("schedule.window_skipped", skipped))["next_day"] == "2021-01-01"


def test_timing_in_words() -> None:
    at = datetime(2020, 10, 31, 6)  # noqa: DTZ001
    assert timing(schedule.Timing(kind="now")) == "now"
    assert timing(schedule.Timing(kind="at", at=at)) == "at 2020-10-31T06:00"
    assert timing(schedule.Timing(kind="every", rule="FREQ=DAILY")) == "every FREQ=DAILY"
