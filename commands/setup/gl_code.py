"""Set a general-ledger code, rename or delete it (R26)."""

from collections.abc import Iterator

from aggregates import gl_code, identity
from aggregates.ar_term import ArTermState
from aggregates.gl_code import BUILT_IN, GlCodeState
from aggregates.package import PackageState
from aggregates.refusal import Refusal
from commands.books import books
from commands.setup.entry import Done, Entry, came_of
from commands.workspace import Workspace

KIND = "gl_code"


class SetGlCode(Entry):
    """A code with the accounts of the books that it debits and credits."""

    code: str
    name: str = ""
    debit: str = ""
    credit: str = ""
    deferred: str | None = None


def set_gl_code(workspace: Workspace, entry: SetGlCode) -> Done:
    """Puts a code. Its name may change, its accounts may not."""
    workspace.owner()
    stream = identity.named(KIND, entry.code)
    state: GlCodeState | None = workspace.find(KIND, stream)
    if state is None:
        entry.need(f"GL code {entry.code!r}", "debit", "credit")
        events = gl_code.put(
            None,
            code=entry.code,
            name=entry.kept("name", entry.code),
            debit=entry.debit,
            credit=entry.credit,
            deferred=entry.deferred,
            posted_to=list(_users(workspace, entry.code)) if _closed(workspace) else (),
        )
    else:
        events = gl_code.put(
            state,
            code=entry.code,
            name=entry.kept("name", state.name),
            debit=entry.kept("debit", state.debit),
            credit=entry.kept("credit", state.credit),
            deferred=entry.kept("deferred", state.deferred),
        )
    workspace.stage(KIND, stream, events)
    return came_of(state is None, bool(events))


def delete_gl_code(workspace: Workspace, code: str) -> None:
    """Takes a code away that no service and no late fee names."""
    stream = identity.named(KIND, code)
    state: GlCodeState | None = workspace.find(KIND, stream)
    if state is None:
        raise _unknown(code)
    used_by = list(_users(workspace, code))
    workspace.stage(KIND, stream, gl_code.delete(state, used_by=used_by))


def check_known(workspace: Workspace, code: str) -> None:
    """Refused with `gl_code_unknown` when no amount can be meant for the code: it is not in the
    setup, not there without setup, and no service or late fee names it.
    """
    if code in BUILT_IN or workspace.find(KIND, identity.named(KIND, code)) is not None:
        return
    if next(_users(workspace, code), None) is None:
        raise _unknown(code)


def _unknown(code: str) -> Refusal:
    return Refusal(
        "gl_code_unknown",
        f"there is no GL code {code!r}: see `billstream gl-code list`",
        gl_code=code,
    )


def _closed(workspace: Workspace) -> bool:
    ledger = books(workspace)
    return ledger is not None and ledger.closed_through is not None


def _users(workspace: Workspace, code: str) -> Iterator[str]:
    """What in the catalogue names the code."""
    packages: Iterator[PackageState] = workspace.all_of("package")
    for package in packages:
        if any(service.gl_code == code for service in package.services):
            yield f"package {package.code}"
    terms: Iterator[ArTermState] = workspace.all_of("ar_term")
    for term in terms:
        if any(level.gl_code == code for level in term.settings.levels):
            yield f"AR term {term.name}"
