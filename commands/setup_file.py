"""A setup file is read and looked through (interface "Setup file").

All files together are one whole. Everything wrong with them is named with file, line and reason;
then nothing is applied. The entries of a large file are read one by one and kept small.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import ValidationError

from aggregates.refusal import Refusal
from commands.message import Command
from commands.setup.account import SetAccount
from commands.setup.ar_term import SetArTerm
from commands.setup.bill_group import SetBillGroup
from commands.setup.bill_run import SetBillRun
from commands.setup.contract import SetContract
from commands.setup.entry import Entry, explain
from commands.setup.exchange_rates import SetExchangeRates
from commands.setup.gl_code import SetGlCode
from commands.setup.owner import SetOwner
from commands.setup.package import SetPackage
from commands.setup.payment_method import SetAccountsPaymentMethod
from commands.setup_text import BadText, Items, Map, line_at, packed, read_text, unpacked

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
    """An entry with its place, kept small until it is put: a file may hold a million. `above` is
    False of an account that another may receive invoices for, `pays` True of one that says how.
    """

    file: str
    section: str
    written: bytes
    above: bool = True
    pays: bool = False

    def entry(self) -> Any:
        """What it says, which was looked at before."""
        return _ENTRIES[self.section][0].model_validate(unpacked(self.written))

    def line(self, *path: int | str) -> int:
        return line_at(unpacked(self.written), path)


@dataclass(slots=True)
class Setup:
    """The entries of all files, by section."""

    sections: dict[str, list[Placed]] = field(
        default_factory=lambda: {section: list[Placed]() for section in SECTIONS}
    )
    faults: list[Fault] = field(default_factory=list[Fault])


_Seen = dict[str, dict[str, tuple[str, int]]]
"""Where a name of a kind stands first."""

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


_LISTS = frozenset(_ENTRIES) - {"owner"}


def apply_command(
    files: Sequence[SetupFile], *, source: str, id: str, requested_by: str = ""
) -> Command:
    """The command behind `apply`: its body names the files by their hashes."""
    hashes = [sha256(file.content).hexdigest() for file in files]
    return Command("apply", source, id, {"files": hashes}, requested_by)


def read_setup(files: Sequence[SetupFile]) -> Setup:
    """The entries of the files; refused as a whole if anything is unknown or of a wrong type."""
    setup = Setup()
    seen: _Seen = {}
    for file in files:
        _read_file(file, setup, seen)
    refuse(setup.faults)
    return setup


class _Reading:
    """A file as it is read: what is wrong with the entries of each section, and whether they are
    named a second time.
    """

    def __init__(self, file: str, setup: Setup, seen: _Seen) -> None:
        self.file = file
        self.faults: dict[str, list[Fault]] = {}
        self._setup = setup
        self._seen = seen

    def take(self, section: str, raw: Any, line: int) -> None:
        """An entry."""
        faults = self.faults.setdefault(section, [])
        cls, key = _ENTRIES[section]
        try:
            entry = cls.model_validate(raw)
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False, include_context=False):
                where = line_at(raw, error["loc"]) if isinstance(raw, Map) else line
                faults.append(Fault(self.file, where, *explain(error)))
            return
        placed = Placed(self.file, section, packed(raw))
        if isinstance(entry, SetAccount):
            placed.above = not is_member(entry)
            placed.pays = bool(entry.payment_methods)
        self._setup.sections[section].append(placed)
        for kind, name, path in _names(section, key, entry):
            met = self._seen.setdefault(kind, {})
            if name not in met:
                met[name] = (self.file, line_at(raw, path))
                continue
            at = met[name]
            reason = f"{kind} {name}".rstrip() + f" stands there twice, first in {at[0]}:{at[1]}"
            faults.append(Fault(self.file, line_at(raw, path), "duplicate_name", reason))

    def sections(self, document: Map) -> Iterator[Fault]:
        """What is wrong, in the order of the document."""
        for section, raw in document.items():
            line = document.line_of(section)
            if section not in _ENTRIES:
                reason = f"unknown key `{section}`: a setup file has {', '.join(SECTIONS)}"
                yield Fault(self.file, line, "key_unknown", reason)
                continue
            if section == "owner" and raw is not None:
                self.take(section, raw, line)
            elif isinstance(raw, Items):
                for index, item in enumerate(raw):
                    self.take(section, item, raw.line_of(index))
            elif raw is not None:
                yield Fault(self.file, line, "wrong_type", f"`{section}` must be a list of entries")
            yield from self.faults.get(section, ())


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


def is_member(entry: SetAccount) -> bool:
    """Another account receives its invoices."""
    return entry.invoicer is not None and entry.invoicer not in ("self", entry.number)


def _read_file(file: SetupFile, setup: Setup, seen: _Seen) -> None:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        reason = "not UTF-8: save the file as UTF-8"
        setup.faults.append(Fault(file.name, line, "file_not_utf8", reason))
        return
    reading = _Reading(file.name, setup, seen)
    try:
        document = read_text(text, _LISTS, reading.take)
    except BadText as bad:
        setup.faults.append(Fault(file.name, *bad.error))
        return
    if isinstance(document, Map):
        setup.faults += reading.sections(document)
    elif document is None:
        setup.faults.append(Fault(file.name, 1, "file_empty", "the file holds no setup"))
    else:
        reason = f"a setup file is a mapping with the keys {', '.join(SECTIONS)}"
        setup.faults.append(Fault(file.name, 1, "wrong_type", reason))


def refuse(faults: Sequence[Fault]) -> None:
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
