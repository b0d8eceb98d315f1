"""The order of all events, part by part: the chain, and the invoices in it."""

from collections.abc import Callable, Iterator
from functools import partial
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


class Order:
    """All parts, which others begin to check at once."""

    def __init__(self, crew: Crew) -> None:
        self._database = crew.database
        self._carried = Carried()
        self._parts = cut(crew.database, crew.size)
        self._checked: Iterator[Checked]
        if crew.is_alone:
            check = partial(check_part, crew.database, carried=self._carried)
            self._checked = map(check, self._parts)
        else:
            self._checked = crew.each(_check, self._parts)

    def finish(self, findings: Findings, tell: Callable[[int], None]) -> Commit:
        """The newest commit. What is found does not depend on who checked it: a part that began
        with a wrong idea of what came before is checked once more, knowing it.
        """
        head, carried = NOTHING, self._carried
        for part, checked in zip(self._parts, self._checked, strict=True):
            if checked.later is None:
                findings.extend(checked.findings)
            elif carried.fits(checked.later):
                findings.extend(carried.join(checked.later, checked.findings))
            else:
                findings.extend(check_part(self._database, part, carried).findings)
            head = checked.head
            tell(head.last)
        carried.finish(self._database, findings)
        carried.close()
        return head


def _check(reader: Reader, part: Part) -> Checked:
    return check_part(reader.database, part, None)


def check_part(database: Database, part: Part, carried: Carried | None) -> Checked:
    """Checks one part; `carried` is None when the parts before it are not known yet."""
    findings = Findings()
    invoices = InvoiceChecks(database, findings, carried)
    head = check_chain(database, part, findings, invoices)
    return Checked(findings, head, invoices.later())
