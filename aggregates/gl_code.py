"""General-ledger codes: which account of the books a transaction debits and which it credits (R26).

Accounts are written as paths under one of the five roots of double entry, `Assets:Receivable`, so
that a report can tell what is owned from what is earned, and other programs read the export as it
is.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from aggregates.event import Event, ImpossibleEvent, State
from aggregates.names import check_name
from aggregates.refusal import Refusal

ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")

_PART = r"[A-Z0-9][A-Za-z0-9-]{0,59}"
_ACCOUNT = re.compile(rf"({'|'.join(ROOTS)})(:{_PART}){{1,6}}")
_UNFIT = re.compile(r"[^A-Za-z0-9-]+")


class GlCodeCreated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`debit` and `credit` are accounts of the books. `deferred` is where revenue stands that was
    billed in advance, until its day comes.
    """

    code: str
    name: str
    debit: str
    credit: str
    deferred: str | None = None


class GlCodeRenamed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str


class GlCodeDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


GlCodeEvent = GlCodeCreated | GlCodeRenamed | GlCodeDeleted


class GlCodeState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    code: str
    name: str
    debit: str
    credit: str
    deferred: str | None = None
    deleted: bool = False


BUILT_IN: Mapping[str, GlCodeState] = {
    state.code: state
    for state in (
        GlCodeState(
            code="charge",
            name="Charges without a code of their own",
            debit="Assets:Receivable",
            credit="Income:Unassigned",
            deferred="Liabilities:Deferred-Revenue",
        ),
        GlCodeState(
            code="fee",
            name="Fees",
            debit="Assets:Receivable",
            credit="Income:Fees",
            deferred="Liabilities:Deferred-Revenue",
        ),
        GlCodeState(
            code="unbilled",
            name="Manual transactions until they are invoiced",
            debit="Assets:Unbilled-Receivable",
            credit="Assets:Receivable",
        ),
        GlCodeState(
            code="conversion",
            name="Amounts that change their currency",
            debit="Equity:Conversion",
            credit="Equity:Conversion",
        ),
        GlCodeState(
            code="payment", name="Payments", debit="Assets:Cash", credit="Assets:Receivable"
        ),
        GlCodeState(code="refund", name="Refunds", debit="Assets:Receivable", credit="Assets:Cash"),
        GlCodeState(
            code="charge_back",
            name="Charge-backs",
            debit="Assets:Receivable",
            credit="Assets:Cash",
        ),
    )
}
"""Codes that are there without setup. One of the same code in the setup takes its place."""


def evolve(state: GlCodeState | None, event: GlCodeEvent) -> GlCodeState:
    """The code after the event."""
    if isinstance(event, GlCodeCreated):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"GL code {state.code} was created twice")
        return GlCodeState(
            code=event.code,
            name=event.name,
            debit=event.debit,
            credit=event.credit,
            deferred=event.deferred,
        )
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} on a GL code that does not exist")
    match event:
        case GlCodeRenamed():
            return replace(state, name=event.name)
        case GlCodeDeleted():
            return replace(state, deleted=True)


def put(
    state: GlCodeState | None,
    *,
    code: str,
    name: str,
    debit: str,
    credit: str,
    deferred: str | None,
    posted_to: Sequence[str] = (),
) -> list[GlCodeEvent]:
    """The code as it is to be. Its accounts never change, or the books of the past would: refused
    with `gl_code_fixed`. `posted_to` says what has used the code already while it was nowhere
    defined, in a period that is closed since.
    """
    check_name(code, "GL code")
    check_name(name, "name of a GL code")
    for account in (debit, credit, *((deferred,) if deferred is not None else ())):
        check_account(account)
    if state is None:
        if posted_to:
            raise Refusal(
                "gl_code_fixed",
                f"GL code {code} stands on what was posted in a closed period ({posted_to[0]}): "
                "use another code",
                gl_code=code,
            )
        created = GlCodeCreated(code=code, name=name, debit=debit, credit=credit, deferred=deferred)
        return [created]
    if (debit, credit, deferred) != (state.debit, state.credit, state.deferred):
        raise Refusal(
            "gl_code_fixed",
            f"the accounts of GL code {code} do not change, for the books of the past would: "
            "create another code",
            gl_code=code,
        )
    return [] if name == state.name else [GlCodeRenamed(name=name)]


def delete(state: GlCodeState, *, used_by: Sequence[str]) -> list[GlCodeEvent]:
    """The code goes away, unless something in the setup names it (R1)."""
    if used_by:
        raise Refusal(
            "in_use",
            f"GL code {state.code} is used by {used_by[0]}: change that first",
            used_by=list(used_by[:20]),
        )
    return [GlCodeDeleted()]


def check_account(account: str) -> str:
    """The account as it is, when it can be one."""
    if _ACCOUNT.fullmatch(account):
        return account
    raise Refusal(
        "gl_account_invalid",
        f"{account[:60]!r} is not an account of the books: write a path of words that begin with "
        f"a capital or a digit under {', '.join(ROOTS)}, like Assets:Receivable",
        account=account[:200],
    )


def accounts_of(codes: Mapping[str, GlCodeState], code: str | None, kind: str) -> GlCodeState:
    """What a line of a kind posts to: its own code's accounts; for a code that nobody has defined,
    an income account named after it; without a code, those of `fee` or `charge`.
    """
    if code is None:
        plain = "fee" if kind == "fee" else "charge"
        return codes.get(plain) or BUILT_IN[plain]
    found = codes.get(code) or BUILT_IN.get(code)
    if found is not None:
        return found
    named = _UNFIT.sub("-", code).strip("-") or "Unassigned"
    charge = codes.get("charge") or BUILT_IN["charge"]
    credit = f"Income:{named[:1].upper()}{named[1:60]}"
    return replace(charge, code=code, name=code, credit=credit)
