"""Set a bill group, change or delete it (R1, R3, R17, R18, R20)."""

from functools import partial

from aggregates import bill_group, identity
from aggregates.account_rules import unknown_account
from aggregates.bill_group import BillGroupSettings, BillGroupState
from aggregates.money import parse_amount
from aggregates.owner import digits_of
from aggregates.refusal import Refusal
from commands.setup.entry import Amount, Done, Entry, came_of
from commands.store import Absence
from commands.workspace import Workspace

KIND = "bill_group"


class SetBillGroup(Entry):
    """A set of accounts billed alike."""

    name: str
    bill_day: int | None = None
    payment_term: str | None = None
    invoice_date: str | None = None
    due_date: str | None = None
    render_threshold: Amount | None = None
    zero_invoices: bool | None = None
    exclude: list[str] | None = None


def set_bill_group(workspace: Workspace, entry: SetBillGroup) -> Done:
    """Puts a bill group. The accounts it excludes have to exist when the command is done."""
    stream = identity.named(KIND, entry.name)
    state: BillGroupState | None = workspace.find(KIND, stream)
    settings = _settings(workspace, entry, state.settings if state else BillGroupSettings())
    events = bill_group.put(state, name=entry.name, settings=settings)
    workspace.stage(KIND, stream, events)
    for number in entry.exclude or ():
        workspace.later((KIND, "exclude", number), partial(_check_account, workspace, number))
    return came_of(state is None, bool(events))


def delete_bill_group(workspace: Workspace, name: str) -> None:
    """Takes a bill group away that is not in use."""
    stream = identity.named(KIND, name)
    state: BillGroupState | None = workspace.find(KIND, stream)
    if state is None:
        raise unknown_bill_group(name)
    runs = workspace.all_of("bill_run")
    events = bill_group.delete(
        state,
        has_accounts=not workspace.absent(Absence("account", "bill_group", name)),
        bill_runs=[run.name for run in runs if name in run.settings.bill_groups],
    )
    workspace.stage(KIND, stream, events)


def find_bill_group(workspace: Workspace, name: str) -> BillGroupState:
    """The bill group of a name; refused when there is none."""
    state: BillGroupState | None = workspace.find(KIND, identity.named(KIND, name))
    if state is None:
        raise unknown_bill_group(name)
    return state


def unknown_bill_group(name: str) -> Refusal:
    return Refusal(
        "bill_group_unknown",
        f"there is no bill group {name!r}: create it or name another",
        bill_group=name,
        field="bill_group",
    )


def _settings(
    workspace: Workspace, entry: SetBillGroup, now: BillGroupSettings
) -> BillGroupSettings:
    """What is given over what there is; what is removed is the default again."""
    plain = BillGroupSettings()

    def put(field: str) -> object:
        if not entry.given(field):
            return getattr(now, field)
        wanted = getattr(entry, field)
        return getattr(plain, field) if wanted is None else wanted

    threshold = now.render_threshold
    if entry.given("render_threshold"):
        owner = workspace.owner()
        written = entry.render_threshold or "0"
        threshold = parse_amount(written, digits_of(owner, owner.currency))
    exclude = entry.exclude or [] if entry.given("exclude") else now.exclude
    return BillGroupSettings(
        bill_day=entry.kept("bill_day", now.bill_day),
        payment_term=str(put("payment_term")),
        invoice_date=str(put("invoice_date")),
        due_date=str(put("due_date")),
        render_threshold=threshold,
        zero_invoices=bool(put("zero_invoices")),
        exclude=tuple(dict.fromkeys(exclude)),
    )


def _check_account(workspace: Workspace, number: str) -> None:
    if workspace.account(number) is None:
        raise unknown_account(number)
