"""Which recurrence rules are refused, and how (issue: bad input)."""

import pytest

from aggregates.refusal import Refusal
from commands.local_time import zone
from commands.recurrence_rule import parse

TORONTO = zone("America/Toronto")


def refusal(rule: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse(rule, TORONTO)
    return caught.value


@pytest.mark.parametrize(
    "written", ["freq=monthly;bymonthday=-1", " RRULE:FREQ=MONTHLY;BYMONTHDAY=-1; "]
)
def test_a_rule_is_read_with_or_without_its_name_in_any_case(written: str) -> None:
    rule = parse(written, TORONTO)
    assert (rule.frequency, dict(rule.by)) == ("MONTHLY", {"BYMONTHDAY": (-1,)})


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=MINUTELY;INTERVAL=90",
        "FREQ=DAILY;BYMINUTE=0,30",
        "FREQ=DAILY;BYHOUR=6;BYSECOND=0,1",
    ],
)
def test_a_rule_that_fires_too_often_is_refused(rule: str) -> None:
    assert refusal(rule).code == "recurrence_too_frequent"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "'' is no part of a rule"),
        ("every month", "'EVERY MONTH' is no part"),
        ("INTERVAL=2", "FREQ is one of"),
        ("FREQ=FORTNIGHTLY", "not 'FORTNIGHTLY'"),
        ("FREQ=DAILY;FREQ=DAILY", "stands twice"),
        ("FREQ=DAILY;BYHOUR=", "has no value"),
        ("FREQ=DAILY;BYEASTER=0", "no part of a rule"),
        ("FREQ=DAILY;X-MINE=1", "no part of a rule"),
        ("DTSTART:20200101T000000\nRRULE:FREQ=DAILY", "DTSTART does not belong"),
        ("FREQ=DAILY\nEXDATE:20200101T000000", "EXDATE does not belong"),
        ("FREQ=DAILY\nFREQ=DAILY", "a second line does not belong"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a number"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL is a number"),
        ("FREQ=DAILY;INTERVAL=99999999999", "INTERVAL is a number"),
        ("FREQ=DAILY;COUNT=many", "COUNT is a number"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20210101", "exclude each other"),
        ("FREQ=DAILY;UNTIL=20210230", "UNTIL is a date"),
        ("FREQ=DAILY;UNTIL=2021-02-03", "UNTIL is a date"),
        ("FREQ=DAILY;UNTIL=00010101T000000Z", "UNTIL is a date"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from 1 to 31 or from -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from 1 to 31"),
        ("FREQ=DAILY;BYHOUR=24", "from 0 to 23, not '24'"),
        ("FREQ=DAILY;BYHOUR=-1", "from 0 to 23"),
        ("FREQ=YEARLY;BYMONTH=13", "from 1 to 12"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY is a day"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY is a day"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY is a day"),
        ("FREQ=WEEKLY;BYDAY=1MO", "a numbered day"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "a numbered day"),
        ("FREQ=MONTHLY;BYWEEKNO=20", "BYWEEKNO goes with"),
        ("FREQ=MONTHLY;BYYEARDAY=20", "BYYEARDAY goes with"),
        ("FREQ=WEEKLY;BYMONTHDAY=20", "BYMONTHDAY does not go with"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS picks from"),
        ("FREQ=MONTHLY;WKST=ABC", "WKST is one of"),
        ("FREQ=DAILY;BYHOUR=" + ",".join(["6"] * 400), "longer than"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_the_reason(rule: str, says: str) -> None:
    found = refusal(rule)
    assert found.code == "recurrence_invalid"
    assert says in found.sentence
