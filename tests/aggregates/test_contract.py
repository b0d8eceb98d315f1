"""Contract terms: commitments, early end, renewal and prices on an anniversary (R31)."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from aggregates import commitments
from aggregates.contract import (
    Commitment,
    CommitPeriodClosed,
    ContractEnded,
    ContractEvent,
    ContractRenewed,
    ContractState,
    ContractTerms,
    Escalator,
    PriceEscalated,
    Termination,
    TerminationCharged,
    evolve,
)
from aggregates.contract_rules import amend, check_packages, give_notice, sign, terminate
from aggregates.counting import Charges, Line
from aggregates.refusal import Refusal

MONTHLY = Commitment(amount=10000, per="monthly")
YEAR = ContractTerms(term="annual", commitment=MONTHLY)
RUN = "run"


@dataclass
class Contract:
    state: ContractState

    def to(self, *events: ContractEvent) -> "Contract":
        for event in events:
            self.state = evolve(self.state, event)
        return self

    lines: list[Line] = field(default_factory=list[Line])

    def count(self, *lines: tuple[date, int]) -> "Contract":
        """Charges in history, one a position."""
        for day, amount in lines:
            self.lines.append(Line("a", day, amount, len(self.lines) + 1))
        return self

    def run(self, end: date) -> list[ContractEvent]:
        """Closes what is due; the state given with it is the fold of the events."""
        charges = Charges(self.lines, len(self.lines))
        events, after = commitments.due_steps(self.state, charges, end, "half_up", RUN)
        assert self.to(*events).state == after
        return events


def signed(
    terms: ContractTerms = YEAR, start: date = date(2020, 10, 1), bill_day: int = 1
) -> Contract:
    (event,) = sign(
        ref="K", account="C-1", currency="USD", bill_day=bill_day, start=start, terms=terms
    )
    return Contract(evolve(None, event))


def shortfalls(events: list[ContractEvent]) -> list[tuple[str, str, int, int, int]]:
    return [
        (e.start.isoformat(), e.end.isoformat(), e.commitment, e.counted, e.shortfall)
        for e in events
        if isinstance(e, CommitPeriodClosed)
    ]


def test_a_shortfall_is_added_once_by_the_first_run_that_reaches_the_end() -> None:
    contract = signed().count((date(2020, 10, 1), 6000), (date(2020, 10, 31), 1500))
    assert contract.run(date(2020, 10, 31)) == []
    contract.count((date(2020, 11, 1), 9900))
    assert shortfalls(contract.run(date(2020, 11, 30))) == [
        ("2020-10-01", "2020-11-01", 10000, 7500, 2500)
    ]
    assert contract.run(date(2020, 11, 30)) == []
    assert shortfalls(contract.run(date(2020, 12, 31))) == [
        ("2020-11-01", "2020-12-01", 10000, 9900, 100)
    ]


def test_periods_that_no_run_reached_are_closed_oldest_first() -> None:
    contract = signed().count((date(2020, 11, 1), 10001))
    assert shortfalls(contract.run(date(2021, 1, 1))) == [
        ("2020-10-01", "2020-11-01", 10000, 0, 10000),
        ("2020-11-01", "2020-12-01", 10000, 10001, 0),
        ("2020-12-01", "2021-01-01", 10000, 0, 10000),
    ]


def test_credits_count_and_may_leave_less_than_nothing() -> None:
    contract = signed().count((date(2020, 10, 5), 3000), (date(2020, 10, 6), -4000))
    assert shortfalls(contract.run(date(2020, 11, 1)))[0][3:] == (-1000, 11000)


def test_part_periods_are_prorated_by_day() -> None:
    """Start 4 Oct with bill day 1: 28 of 31 days. The last period ends with the contract."""
    contract = signed(start=date(2020, 10, 4))
    assert shortfalls(contract.run(date(2020, 11, 1)))[0][2] == 9032
    contract.run(date(2021, 10, 1))
    last = contract.run(date(2021, 10, 31))
    assert shortfalls(last) == [("2021-10-01", "2021-10-04", 968, 0, 968)]
    assert isinstance(last[-1], ContractEnded)
    assert last[-1].on == date(2021, 10, 4)
    assert contract.state.status == "ended"


def test_quarterly_periods_count_from_the_start() -> None:
    contract = signed(replace(YEAR, commitment=Commitment(amount=300, per="quarterly")))
    contract.count((date(2020, 12, 31), 100))
    assert shortfalls(contract.run(date(2021, 1, 1))) == [
        ("2020-10-01", "2021-01-01", 300, 100, 200)
    ]


@pytest.mark.parametrize(
    ("termination", "fee", "left"),
    [
        (Termination(amount=5000), 5000, 40000),
        (Termination(percent=Decimal(50)), 20000, 40000),
        (Termination(percent=Decimal("33.3333")), 13333, 40000),
    ],
)
def test_an_early_end_costs_a_flat_fee_or_a_share_of_what_is_left(
    termination: Termination, fee: int, left: int
) -> None:
    contract = signed(replace(YEAR, termination=termination))
    contract.run(date(2021, 5, 1))
    contract.to(*terminate(contract.state, date(2021, 6, 1), date(2021, 5, 20)))
    assert contract.state.status == "terminated"
    assert contract.run(date(2021, 5, 31)) == []
    closed, charged, ended = contract.run(date(2021, 6, 30))
    assert isinstance(closed, CommitPeriodClosed)
    assert isinstance(charged, TerminationCharged)
    assert (charged.amount, charged.remaining) == (fee, left)
    assert isinstance(ended, ContractEnded)


def test_an_early_end_within_a_period_cuts_it() -> None:
    """10 of 31 days are committed to, 21 of 31 and eleven months are left."""
    contract = signed(replace(YEAR, termination=Termination(percent=Decimal(100))))
    contract.to(*terminate(contract.state, date(2020, 10, 11), date(2020, 10, 5)))
    closed, charged, _ = contract.run(date(2020, 10, 31))
    assert shortfalls([closed]) == [("2020-10-01", "2020-10-11", 3226, 0, 3226)]
    assert isinstance(charged, TerminationCharged)
    assert charged.amount == 6774 + 110000


def test_without_a_fee_an_early_end_costs_nothing() -> None:
    contract = signed(ContractTerms(term="annual"))
    contract.to(*terminate(contract.state, date(2020, 10, 11), date(2020, 10, 5)))
    (ended,) = contract.run(date(2020, 10, 31))
    assert isinstance(ended, ContractEnded)


def test_a_contract_renews_by_itself_until_notice_is_given() -> None:
    contract = signed(ContractTerms(term="every 3 months", renewal="auto"))
    assert contract.run(date(2020, 12, 31)) == []
    (renewed,) = contract.run(date(2021, 1, 1))
    assert isinstance(renewed, ContractRenewed)
    assert (renewed.start, renewed.end) == (date(2021, 1, 1), date(2021, 4, 1))
    contract.to(*give_notice(contract.state, date(2021, 4, 1)))
    (ended,) = contract.run(date(2021, 4, 1))
    assert isinstance(ended, ContractEnded)


def test_notice_given_too_late_ends_it_one_term_later() -> None:
    terms = ContractTerms(term="every 3 months", renewal="notice", notice_days=30)
    in_time, late = signed(terms), signed(terms)
    in_time.to(*give_notice(in_time.state, date(2020, 12, 2)))
    late.to(*give_notice(late.state, date(2020, 12, 3)))
    assert in_time.state.ends == date(2021, 1, 1)
    assert late.state.ends == date(2021, 4, 1)
    assert [type(event) for event in in_time.run(date(2021, 4, 1))] == [ContractEnded]
    assert [type(event) for event in late.run(date(2021, 4, 1))] == [ContractRenewed, ContractEnded]


def test_a_commit_period_goes_on_over_a_renewal() -> None:
    contract = signed(replace(YEAR, renewal="auto"), start=date(2020, 10, 15))
    contract.run(date(2021, 10, 1))
    events = contract.run(date(2021, 11, 1))
    assert [type(event) for event in events] == [ContractRenewed, CommitPeriodClosed]
    assert shortfalls(events)[0][:3] == ("2021-10-01", "2021-11-01", 10000)


def test_terms_from_a_31st_are_clamped_anew() -> None:
    contract = signed(ContractTerms(term="monthly", renewal="auto"), start=date(2021, 1, 31))
    ends = [e.end for e in contract.run(date(2021, 4, 1)) if isinstance(e, ContractRenewed)]
    assert contract.state.term_end == date(2021, 4, 30)
    assert ends == [date(2021, 3, 31), date(2021, 4, 30)]


def test_prices_rise_on_anniversaries_and_are_rounded_once() -> None:
    terms = ContractTerms(
        term="every 2 years", escalator=Escalator(percent=Decimal("2.5"), every="annual")
    )
    contract = signed(terms, start=date(2020, 2, 29))
    assert list(commitments.anniversaries(contract.state, date(2021, 2, 27))) == []
    assert list(commitments.anniversaries(contract.state, date(2023, 1, 1))) == [date(2021, 2, 28)]
    assert commitments.escalated(1999, contract.state, "half_up") == 2049
    contract.to(PriceEscalated(execution=RUN, on=date(2021, 2, 28), packages=()))
    assert list(commitments.anniversaries(contract.state, date(2023, 1, 1))) == []


def test_a_price_may_fall() -> None:
    terms = ContractTerms(term="annual", escalator=Escalator(percent=Decimal(-10)))
    assert commitments.escalated(1005, signed(terms).state, "half_up") == 905
    assert commitments.escalated(1005, signed(terms).state, "half_even") == 904


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (ContractTerms(term="once"), "contract_invalid"),
        (ContractTerms(term="12"), "frequency_invalid"),
        (ContractTerms(term="annual", renewal="maybe"), "contract_invalid"),
        (ContractTerms(term="annual", renewal="notice"), "contract_invalid"),
        (ContractTerms(term="annual", renewal="auto", notice_days=3), "contract_invalid"),
        (ContractTerms(term="annual", renewal="notice", notice_days=9999), "contract_invalid"),
        (ContractTerms(term="annual", commitment=Commitment(amount=0)), "contract_invalid"),
        (
            ContractTerms(term="annual", commitment=Commitment(amount=1, per="once")),
            "contract_invalid",
        ),
        (ContractTerms(term="annual", termination=Termination()), "contract_invalid"),
        (ContractTerms(term="annual", termination=Termination(amount=0)), "contract_invalid"),
        (
            ContractTerms(term="annual", termination=Termination(percent=Decimal(5))),
            "contract_invalid",
        ),
        (
            ContractTerms(term="annual", escalator=Escalator(percent=Decimal(0))),
            "percent_invalid",
        ),
        (
            ContractTerms(term="annual", escalator=Escalator(percent=Decimal(1), every="once")),
            "contract_invalid",
        ),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: ContractTerms, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        signed(terms)
    assert refused.value.code == code


def test_an_early_end_lies_within_the_term_and_after_what_is_settled() -> None:
    contract = signed()
    contract.run(date(2020, 11, 1))
    for day, code in ((date(2020, 10, 31), "early"), (date(2021, 10, 1), "late")):
        with pytest.raises(Refusal, match=f"terminated_too_{code}"):
            terminate(contract.state, day, date(2020, 11, 5))
    contract.to(*terminate(contract.state, date(2020, 11, 1), date(2020, 11, 5)))
    with pytest.raises(Refusal, match="contract_ended"):
        terminate(contract.state, date(2020, 12, 1), date(2020, 11, 5))


def test_notice_is_given_once_and_of_what_renews() -> None:
    with pytest.raises(Refusal, match="contract_not_renewed"):
        give_notice(signed().state, date(2020, 10, 5))
    contract = signed(replace(YEAR, renewal="auto"))
    contract.to(*give_notice(contract.state, date(2020, 10, 5)))
    with pytest.raises(Refusal, match="notice_given"):
        give_notice(contract.state, date(2020, 10, 6))


def test_terms_are_fixed_once_a_run_has_counted() -> None:
    contract = signed()
    other = replace(YEAR, commitment=Commitment(amount=20000))
    (amended,) = amend(contract.state, start=date(2020, 11, 1), terms=other)
    contract.to(amended)
    assert contract.state.closed_to == date(2020, 11, 1)
    assert contract.state.term_end == date(2021, 11, 1)
    assert amend(contract.state, start=date(2020, 11, 1), terms=other) == []
    with pytest.raises(Refusal, match="cannot_change"):
        amend(contract.state, start=date(2020, 11, 1), terms=YEAR, counted=True)
    with pytest.raises(Refusal, match="cannot_change"):
        amend(contract.state, start=date(2020, 10, 1), terms=other, counted=True)
    renewed = replace(other, renewal="auto")
    contract.to(*amend(contract.state, start=date(2020, 11, 1), terms=renewed, counted=True))
    assert contract.state.terms.renewal == "auto"
    contract.run(date(2020, 12, 1))
    with pytest.raises(Refusal, match="cannot_change"):
        amend(contract.state, start=date(2020, 11, 1), terms=YEAR)


def test_packages_under_a_contract_are_held_by_its_account() -> None:
    terms = replace(YEAR, packages=("a", "b"))
    check_packages("K", terms, {"a", "b", "c"})
    with pytest.raises(Refusal, match="account_package_unknown"):
        check_packages("K", terms, {"a"})
