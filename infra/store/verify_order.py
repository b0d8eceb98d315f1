"""The order of all events, part by part: the chain, and the invoices in it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from infra.store.crew import Crew, Reader
from infra.store.database import Database
from infra.store.findings import Findings
from infra.store.verify_carried import Carried, Later
from infra.store.verify_chain import NOTHING, Commit, Part, check_chain, cut
from infra.store.verify_invoices import InvoiceChecks


class Checked(NamedTuple):
    """What was found in a part, its last commit, and what is left to the parts before it."""

    findings: Findings
    head: Commit
    later: Later | None


def check_order(crew: Crew, findings: Findings, tell: Callable[[int], None]) -> Commit:
    """Checks all parts; the newest commit. What is found does not depend on who checked it: a part
    that began with a wrong idea of what came before is checked once more, knowing it.
    """
    head = NOTHING
    carried = Carried()
    parts = cut(crew.database, crew.size)
    for part, checked in zip(parts, _alone_or_not(crew, parts, carried), strict=True):
        if checked.later is None:
            findings.extend(checked.findings)
        elif carried.fits(checked.later):
            findings.extend(carried.join(checked.later, checked.findings))
        else:
            findings.extend(check_part(crew.database, part, carried).findings)
        head = checked.head
        tell(head.last)
    carried.finish(crew.database, findings)
    carried.close()
    return head


def _alone_or_not(crew: Crew, parts: list[Part], carried: Carried) -> Iterator[Checked]:
    if crew.is_alone:
        return (check_part(crew.database, part, carried) for part in parts)
    return crew.each(_check, parts)


def _check(reader: Reader, part: Part) -> Checked:
    return check_part(reader.database, part, None)


def check_part(database: Database, part: Part, carried: Carried | None) -> Checked:
    """Checks one part; `carried` is None when the parts before it are not known yet."""
    findings = Findings()
    invoices = InvoiceChecks(database, findings, carried)
    head = check_chain(database, part, findings, invoices)
    return Checked(findings, head, invoices.later())
