"""What may be done to a contract: sign, amend, give notice, terminate (R31)."""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal

from aggregates.ar_term import MOST_DAYS, MOST_DECIMALS, check_percent
from aggregates.contract import (
    ContractAmended,
    ContractEvent,
    ContractSigned,
    ContractState,
    ContractTerminated,
    ContractTerms,
    Escalator,
    NoticeGiven,
    Termination,
)
from aggregates.days import nth_date, parse_frequency
from aggregates.names import check_name
from aggregates.refusal import Refusal

RENEWALS = ("none", "auto", "notice")


def nth_term_end(start: date, term: str, n: int) -> date:
    """The first day after the n-th term: n terms after the start, clamped to the month (R10)."""
    return nth_date(parse_frequency(term), start, start.day, n)


def sign(
    *, ref: str, account: str, currency: str, bill_day: int, start: date, terms: ContractTerms
) -> list[ContractEvent]:
    """A new contract, from its first day on."""
    check_name(ref, "id of a contract")
    _check(ref, terms)
    return [
        ContractSigned(
            ref=ref,
            account=account,
            currency=currency,
            start=start,
            bill_day=bill_day,
            term_end=nth_term_end(start, terms.term, 1),
            terms=terms,
        )
    ]


def changes_fixed(state: ContractState, start: date, terms: ContractTerms) -> bool:
    """More than renewal and notice would change."""
    return start != state.start or fixed_terms(terms) != fixed_terms(state.terms)


def amend(
    state: ContractState, *, start: date, terms: ContractTerms, counted: bool = False
) -> list[ContractEvent]:
    """The terms as they are to be. Once a run has acted on the contract, or charged something that
    counts toward it (`counted`), only its renewal and notice can change.
    """
    if start == state.start and terms == state.terms:
        return []
    _check(state.ref, terms)
    refuse_ended(state)
    if (state.used or counted) and changes_fixed(state, start, terms):
        raise Refusal(
            "cannot_change",
            f"runs have counted toward contract {state.ref}: only its renewal and notice can "
            "change; terminate it and sign another",
            contract=state.ref,
        )
    end = state.term_end if state.used else nth_term_end(start, terms.term, 1)
    return [ContractAmended(start=start, term_end=end, terms=terms)]


def give_notice(state: ContractState, today: date) -> list[ContractEvent]:
    """The contract is not to be renewed any more. Given too late it ends one term later."""
    refuse_ended(state)
    if state.terms.renewal == "none":
        raise Refusal(
            "contract_not_renewed",
            f"contract {state.ref} ends on {state.term_end} anyway: nothing to give notice of",
            contract=state.ref,
        )
    if state.ends is not None:
        raise Refusal(
            "notice_given",
            f"notice was given of contract {state.ref}, which ends on {state.ends}",
            contract=state.ref,
        )
    days = state.terms.notice_days if state.terms.renewal == "notice" else 0
    ends, terms = state.term_end, state.renewals + 1
    while ends < today + timedelta(days=days):
        terms += 1
        ends = nth_term_end(state.start, state.terms.term, terms)
    return [NoticeGiven(on=today, ends=ends)]


def terminate(state: ContractState, as_of: date, today: date) -> list[ContractEvent]:
    """The contract ends early; a run that does contract terms charges what that costs."""
    refuse_ended(state)
    if as_of < state.closed_to:
        raise Refusal(
            "terminated_too_early",
            f"contract {state.ref} is settled up to {state.closed_to}: terminate it as of that "
            "day or later",
            contract=state.ref,
        )
    if as_of >= state.term_end:
        raise Refusal(
            "terminated_too_late",
            f"the term of contract {state.ref} ends on {state.term_end}: terminate it as of an "
            "earlier day, or give notice",
            contract=state.ref,
        )
    return [ContractTerminated(on=today, as_of=as_of)]


def refuse_ended(state: ContractState) -> None:
    """What was terminated or has ended takes no changes."""
    if state.status != "active":
        raise Refusal(
            "contract_ended",
            f"contract {state.ref} has ended or was terminated: sign another",
            contract=state.ref,
        )


def check_packages(ref: str, terms: ContractTerms, held: Collection[str]) -> None:
    """The account-packages a contract names are those of its account."""
    for name in terms.packages:
        if name not in held:
            raise Refusal(
                "account_package_unknown",
                f"contract {ref} names account-package {name!r}, which its account does not hold",
                contract=ref,
                account_package=name,
                field="packages",
            )


def no_escalation(ref: str, package: str) -> Refusal:
    """A package of several services has no price of its own that could be overridden (R33)."""
    return Refusal(
        "escalator_not_possible",
        f"contract {ref} cannot raise the price of {package}, a package of several services: name "
        "the account-packages under it without that one",
        contract=ref,
        account_package=package,
        field="packages",
    )


def fixed_terms(terms: ContractTerms) -> tuple[object, ...]:
    """What does not change once runs have acted on a contract."""
    return (
        terms.term,
        terms.commitment,
        terms.termination,
        terms.escalator,
        terms.packages,
    )


def _check(ref: str, terms: ContractTerms) -> None:
    _check_frequency(ref, terms.term, "term")
    if terms.renewal not in RENEWALS:
        raise _invalid(ref, f"has the renewal {terms.renewal!r}: use {', '.join(RENEWALS)}")
    if (terms.renewal == "notice") != (terms.notice_days > 0):
        raise _invalid(ref, "a contract renewed by `notice`, and only that, has `notice_days`")
    if terms.notice_days > MOST_DAYS:
        raise _invalid(ref, f"has more than {MOST_DAYS} days of notice")
    if terms.commitment is not None:
        _check_frequency(ref, terms.commitment.per, "commitment")
        if terms.commitment.amount <= 0:
            raise _invalid(ref, "commits to no amount above zero: leave the commitment out")
    if terms.termination is not None:
        _check_termination(ref, terms, terms.termination)
    if terms.escalator is not None:
        _check_escalator(ref, terms.escalator)


def _check_termination(ref: str, terms: ContractTerms, termination: Termination) -> None:
    if (termination.amount is None) == (termination.percent is None):
        raise _invalid(ref, "a termination has an `amount` or a `percent`, one of them")
    if termination.amount is not None and termination.amount <= 0:
        raise _invalid(ref, "has a termination fee that is not above zero: leave it out")
    if termination.percent is not None:
        check_percent(termination.percent)
        if terms.commitment is None:
            raise _invalid(ref, "a percentage of the remaining commitments needs a commitment")


def _check_escalator(ref: str, escalator: Escalator) -> None:
    _check_frequency(ref, escalator.every, "escalator")
    percent = escalator.percent
    exponent = percent.as_tuple().exponent
    fine = isinstance(exponent, int) and -exponent <= MOST_DECIMALS
    if not fine or percent == 0 or not Decimal(-100) < percent <= Decimal(1000):
        raise Refusal(
            "percent_invalid",
            f"{percent:f} is not a percentage between -100 and 1000, other than 0, with at most "
            "four decimals",
            field="escalator",
        )


def _check_frequency(ref: str, text: str, field: str) -> None:
    if parse_frequency(text).unit == "once":
        raise _invalid(ref, f"`once` is no {field}: name a frequency, like `annual`")


def _invalid(ref: str, reason: str) -> Refusal:
    return Refusal("contract_invalid", f"contract {ref}: {reason}", contract=ref)
