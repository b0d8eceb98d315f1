"""`apply`: a setup file becomes one command (design decision 30, interface "Setup file").

All files together are one whole. Everything wrong with them is named with file, line and reason;
then nothing is applied. What is as the files say already makes no event.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import ValidationError

from aggregates import identity
from aggregates.refusal import Refusal
from commands.message import Command
from commands.setup.account import SetAccount, set_account
from commands.setup.account_package import set_account_package
from commands.setup.ar_term import SetArTerm, set_ar_term
from commands.setup.bill_group import SetBillGroup, set_bill_group
from commands.setup.bill_run import SetBillRun, set_bill_run
from commands.setup.contract import SetContract, set_contract
from commands.setup.entry import Done, Entry, explain
from commands.setup.exchange_rates import SetExchangeRates, set_exchange_rates
from commands.setup.gl_code import SetGlCode, set_gl_code
from commands.setup.owner import SetOwner, set_owner
from commands.setup.package import SetPackage, set_package
from commands.setup.payment_method import (
    SetAccountsPaymentMethod,
    set_accounts_payment_method,
    set_payment_method,
)
from commands.setup_text import BadText, Items, Map, line_at, on_one_line, read_text
from commands.workspace import Workspace

MOST_SHOWN = 20
"""Errors in the sentence; all of them, up to `MOST_KEPT`, are in the details."""
MOST_KEPT = 1_000

SECTIONS = (
    "owner",
    "gl_codes",
    "ar_terms",
    "exchange_rates",
    "bill_groups",
    "packages",
    "accounts",
    "contracts",
    "payment_methods",
    "bill_runs",
)


class SetupFile(NamedTuple):
    """A file as it was read."""

    name: str
    content: bytes


class Fault(NamedTuple):
    """One thing that is wrong, and where."""

    file: str
    line: int
    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(slots=True)
class Placed:
    """An entry with its place: its line, or all it says when its keys stand on several."""

    file: str
    place: Any
    entry: Any

    def line(self, *path: int | str) -> int:
        return self.place if isinstance(self.place, int) else line_at(self.place, path)


@dataclass(slots=True)
class Tally:
    """How many entries of a section came to what."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def count(self, done: Done) -> None:
        if done == "created":
            self.created += 1
        elif done == "changed":
            self.changed += 1
        else:
            self.unchanged += 1


@dataclass(slots=True)
class Setup:
    """The entries of all files, by section."""

    sections: dict[str, list[Placed]] = field(
        default_factory=lambda: {section: list[Placed]() for section in SECTIONS}
    )
    faults: list[Fault] = field(default_factory=list[Fault])


Summary = dict[str, Tally]
"""By section, what came of its entries; `account_packages` are counted beside `accounts`."""

_ENTRIES: dict[str, tuple[type[Entry], str]] = {
    "owner": (SetOwner, ""),
    "gl_codes": (SetGlCode, "code"),
    "ar_terms": (SetArTerm, "name"),
    "exchange_rates": (SetExchangeRates, "name"),
    "bill_groups": (SetBillGroup, "name"),
    "packages": (SetPackage, "code"),
    "accounts": (SetAccount, "number"),
    "contracts": (SetContract, "id"),
    "payment_methods": (SetAccountsPaymentMethod, "id"),
    "bill_runs": (SetBillRun, "name"),
}


def apply_command(
    files: Sequence[SetupFile], *, source: str, id: str, requested_by: str = ""
) -> Command:
    """The command behind `apply`: its body names the files by their hashes."""
    hashes = [sha256(file.content).hexdigest() for file in files]
    return Command("apply", source, id, {"files": hashes}, requested_by)


def read_setup(files: Sequence[SetupFile]) -> Setup:
    """The entries of the files; refused as a whole if anything is unknown or of a wrong type."""
    setup = Setup()
    seen: dict[tuple[str, str], str] = {}
    for file in files:
        document = _document(file, setup.faults)
        if isinstance(document, Map):
            _read_sections(file.name, document, setup, seen)
    _refuse(setup.faults)
    return setup


def apply_setup(workspace: Workspace, setup: Setup) -> Summary:
    """Puts every entry, in the order in which they need each other. Refused as a whole if the
    rules do not allow any of them.
    """
    run = _Run(workspace)
    _prefetch(workspace, setup)
    for placed in setup.sections["owner"]:
        run.put("owner", placed, set_owner)
    for placed in setup.sections["gl_codes"]:
        run.put("gl_codes", placed, set_gl_code)
    for placed in setup.sections["ar_terms"]:
        run.put("ar_terms", placed, set_ar_term)
    for placed in setup.sections["exchange_rates"]:
        run.put("exchange_rates", placed, set_exchange_rates)
    for placed in setup.sections["bill_groups"]:
        run.put("bill_groups", placed, set_bill_group)
    for placed in setup.sections["packages"]:
        run.put("packages", placed, set_package)
    for placed in _invoicers_first(setup.sections["accounts"]):
        run.put("accounts", placed, set_account)
    for placed in setup.sections["accounts"]:
        run.put_packages(placed)
    for placed in setup.sections["accounts"]:
        run.put_methods(placed)
    for placed in setup.sections["payment_methods"]:
        run.put("payment_methods", placed, set_accounts_payment_method)
    for placed in setup.sections["contracts"]:
        run.put("contracts", placed, set_contract)
    for placed in setup.sections["bill_runs"]:
        run.put("bill_runs", placed, set_bill_run)
    run.check()
    _refuse(run.faults)
    return run.summary


class _Run:
    """Putting the entries one by one and gathering what the rules say against them."""

    def __init__(self, workspace: Workspace) -> None:
        self.summary: Summary = {}
        self.faults: list[Fault] = []
        self._workspace = workspace
        self._checks: list[tuple[Placed, Callable[[], None]]] = []

    def put(self, section: str, placed: Placed, handler: Callable[[Workspace, Any], Done]) -> None:
        with_workspace = self._workspace
        self._count(section, placed, (), lambda: handler(with_workspace, placed.entry))

    def put_packages(self, placed: Placed) -> None:
        account: SetAccount = placed.entry
        for index, entry in enumerate(account.packages):

            def put(entry: Any = entry) -> Done:
                return set_account_package(self._workspace, account.number, entry)

            self._count("account_packages", placed, ("packages", index), put)

    def put_methods(self, placed: Placed) -> None:
        account: SetAccount = placed.entry
        for index, entry in enumerate(account.payment_methods):

            def put(entry: Any = entry) -> Done:
                return set_payment_method(self._workspace, account.number, entry)

            self._count("payment_methods", placed, ("payment_methods", index), put)

    def check(self) -> None:
        """The rules about how things stand in the end."""
        for placed, check in self._checks:
            try:
                check()
            except Refusal as refusal:
                self._fault(placed, (), refusal)

    def _count(
        self, section: str, placed: Placed, path: tuple[int | str, ...], put: Callable[[], Done]
    ) -> None:
        try:
            done = put()
        except Refusal as refusal:
            if refusal.code == "no_owner":
                raise
            self._fault(placed, path, refusal)
            return
        finally:
            self._checks.extend((placed, check) for check in self._workspace.take_checks())
        self.summary.setdefault(section, Tally()).count(done)

    def _fault(self, placed: Placed, path: tuple[int | str, ...], refusal: Refusal) -> None:
        key = refusal.details.get("field")
        full = (*path, key) if isinstance(key, str) else path
        fault = Fault(placed.file, placed.line(*full), refusal.code, refusal.sentence)
        if fault not in self.faults[-MOST_SHOWN:]:
            self.faults.append(fault)


def _document(file: SetupFile, faults: list[Fault]) -> Any:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        faults.append(Fault(file.name, line, "file_not_utf8", "not UTF-8: save the file as UTF-8"))
        return None
    try:
        document = read_text(text)
    except BadText as bad:
        faults.append(Fault(file.name, *bad.error))
        return None
    if document is None:
        faults.append(Fault(file.name, 1, "file_empty", "the file holds no setup"))
    elif not isinstance(document, Map):
        reason = f"a setup file is a mapping with the keys {', '.join(SECTIONS)}"
        faults.append(Fault(file.name, 1, "wrong_type", reason))
    return document


def _read_sections(
    file: str, document: Map, setup: Setup, seen: dict[tuple[str, str], str]
) -> None:
    for section, raw in document.items():
        line = document.line_of(section)
        if section not in _ENTRIES:
            reason = f"unknown key `{section}`: a setup file has {', '.join(SECTIONS)}"
            setup.faults.append(Fault(file, line, "key_unknown", reason))
        elif raw is None:
            continue
        elif section == "owner":
            _read_entry(file, section, raw, line, setup, seen)
        elif isinstance(raw, Items):
            for index, item in enumerate(raw):
                _read_entry(file, section, item, raw.line_of(index), setup, seen)
        else:
            reason = f"`{section}` must be a list of entries"
            setup.faults.append(Fault(file, line, "wrong_type", reason))


def _read_entry(
    file: str,
    section: str,
    raw: Any,
    line: int,
    setup: Setup,
    seen: dict[tuple[str, str], str],
) -> None:
    cls, key = _ENTRIES[section]
    try:
        entry = cls.model_validate(raw)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False):
            where = line_at(raw, error["loc"]) if isinstance(raw, Map) else line
            setup.faults.append(Fault(file, where, *explain(error)))
        return
    placed = Placed(file, line if on_one_line(raw) else raw, entry)
    setup.sections[section].append(placed)
    for kind, name, path in _names(section, key, entry):
        here = f"{file}:{placed.line(*path)}"
        first = seen.setdefault((kind, name), here)
        if first is not here:
            reason = f"{kind} {name}".rstrip() + f" stands there twice, first in {first}"
            setup.faults.append(Fault(file, placed.line(*path), "duplicate_name", reason))


_NOUNS = {
    "owner": "the owner",
    "gl_codes": "GL code",
    "ar_terms": "AR term",
    "exchange_rates": "exchange rates",
    "bill_groups": "bill group",
    "packages": "package",
    "accounts": "account",
    "contracts": "contract",
    "payment_methods": "payment method",
    "bill_runs": "bill run",
}


def _names(
    section: str, key: str, entry: Entry
) -> Iterator[tuple[str, str, tuple[int | str, ...]]]:
    """What an entry names, which may be named once only."""
    name = str(getattr(entry, key)) if key else ""
    if isinstance(entry, SetAccountsPaymentMethod):
        name = f"{entry.account}/{name}"
    yield _NOUNS[section], name, (key,) if key else ()
    if isinstance(entry, SetAccount):
        for index, package in enumerate(entry.packages):
            yield "account-package", package.id, ("packages", index, "id")


def _invoicers_first(accounts: Sequence[Placed]) -> Iterator[Placed]:
    """A new account takes the bill day of its invoicer (R10), so that comes before it."""
    yield from (placed for placed in accounts if not _is_member(placed.entry))
    yield from (placed for placed in accounts if _is_member(placed.entry))


def _is_member(entry: SetAccount) -> bool:
    return entry.invoicer is not None and entry.invoicer not in ("self", entry.number)


def _prefetch(workspace: Workspace, setup: Setup) -> None:
    """Reads everything the entries name, in a few questions however many entries there are."""
    accounts: list[SetAccount] = [placed.entry for placed in setup.sections["accounts"]]
    numbers: dict[str, None] = {}
    for entry in accounts:
        numbers[entry.number] = None
        if entry.parent is not None:
            numbers[entry.parent] = None
        if _is_member(entry) and entry.invoicer not in (None, "parent"):
            numbers[str(entry.invoicer)] = None
    workspace.prefetch("account", map(identity.account, numbers))
    workspace.prefetch_keys(identity.account(entry.number) for entry in accounts)
    workspace.prefetch_refs(package.id for entry in accounts for package in entry.packages)
    workspace.prefetch(
        "account_package",
        (
            identity.account_package(identity.account(entry.number), package.id)
            for entry in accounts
            for package in entry.packages
        ),
    )


def _refuse(faults: Sequence[Fault]) -> None:
    """Refuses the whole for what is wrong with its parts: the code is that of the first."""
    if not faults:
        return
    shown = "; ".join(str(fault) for fault in faults[:MOST_SHOWN])
    if len(faults) == 1:
        sentence = f"{shown}. Nothing was applied"
    else:
        more = f"; and {len(faults) - MOST_SHOWN} more" if len(faults) > MOST_SHOWN else ""
        sentence = f"{shown}{more}. {len(faults)} errors, nothing was applied"
    errors: list[Mapping[str, object]] = [fault._asdict() for fault in faults[:MOST_KEPT]]
    raise Refusal(faults[0].code, sentence, errors=errors, count=len(faults))
