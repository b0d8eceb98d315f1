"""A month of money owed, command by command: the same steps for every way a command can come."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from aggregates import identity
from aggregates.command import CommandAccepted, CommandRefused
from infra.store.owned import OwnedStore
from tests.support.gateway import FakeGateway
from tests.support.world import account, base, package

CLOCK = datetime(2020, 10, 5, 13, 0, tzinfo=UTC)

Answered = CommandAccepted | CommandRefused


class Office(Protocol):
    """Where the month is lived: who takes commands, who works, who asks the gateway."""

    @property
    def store(self) -> OwnedStore:
        """The owner's, to look at what there is."""
        ...

    @property
    def gateway(self) -> FakeGateway: ...

    def ask(self, name: str, body: Mapping[str, Any]) -> Answered:
        """What a command is answered."""
        ...

    def work(self) -> None:
        """Fires what is due and takes every execution and reversal to its end."""
        ...

    def collect(self) -> None:
        """Asks the gateway until there is nothing more to ask."""
        ...

    def hear(self, type: str, about: Mapping[str, Any], id: str) -> None:
        """The gateway tells something by itself."""
        ...


class Known(dict[str, Mapping[str, str]]):
    """The results of steps, by the words they were kept under."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.office = office

    def invoice(self, number: str) -> str:
        """The number of an account's first invoice."""
        owner = identity.account(number)
        with self.office.store.snapshot() as reading:
            found = reading.items_of("invoice", [owner], only_open=False)[owner]
        return next(str(row.state.number) for row in found if row.state.kind == "charges")

    def reference(self, kept: str) -> str:
        """What the gateway knows a payment by."""
        with self.office.store.snapshot() as reading:
            found = reading.get("payment", identity.parse(self[kept]["payment"]))
        assert found is not None
        return str(found.state.reference)


Body = Mapping[str, Any] | Callable[[Known], Mapping[str, Any]]
Deed = Callable[[Known], None]
"""What somebody else does meanwhile."""


class Step(NamedTuple):
    """A command by its name in the catalogue; `code` when it is to be refused; `keep` is what
    its result is known by from then on.
    """

    name: str
    body: Body
    code: str = ""
    keep: str = ""


def live(office: Office) -> Known:
    """The whole month; each command has to be answered as the step says."""
    known = Known(office)
    for step in STORY:
        if not isinstance(step, Step):
            step(known)
            continue
        body = step.body(known) if callable(step.body) else step.body
        answered = office.ask(step.name, body)
        if step.code:
            assert isinstance(answered, CommandRefused), (step, answered)
            assert answered.code == step.code, (step, answered)
            continue
        assert isinstance(answered, CommandAccepted), (step, answered)
        if step.keep:
            known[step.keep] = answered.result
    return known


def _collect(known: Known) -> None:
    known.office.collect()


def _work(known: Known) -> None:
    known.office.work()


def _wait(days: int) -> Deed:
    def wait(known: Known) -> None:
        known.office.store.set_clock(known.office.store.now() + timedelta(days=days))

    return wait


def _settled(known: Known) -> None:
    """What was processing has succeeded, and the gateway says so twice."""
    reference = known.reference("slow")
    known.office.gateway.settle(reference)
    about = known.office.gateway.intents[reference]
    for id in ("evt_1", "evt_1", "evt_2"):
        known.office.hear("payment_intent.succeeded", about, id)


def _disputed(known: Known) -> None:
    """The customer's bank takes the money back, the case is won, then another one is lost."""
    about = {"payment_intent": known.reference("slow"), "amount": 700, "reason": "fraudulent"}
    for id in ("evt_3", "evt_3"):
        known.office.hear("charge.dispute.created", {**about, "id": "dp_1"}, id)
    won = {**about, "id": "dp_1", "status": "won"}
    known.office.hear("charge.dispute.closed", won, "evt_4")
    known.office.hear("charge.dispute.created", {**about, "id": "dp_2"}, "evt_5")


CARD = {"kind": "card", "auto_pay": True}


def _run(name: str, *actions: str) -> dict[str, Any]:
    groups = ["Default Bill Group"]
    return {"name": name, "actions": actions, "bill_groups": groups, "exchange_rates": "October"}


def _contract(of: str) -> dict[str, Any]:
    return {
        "id": f"{of}/2020",
        "account": of,
        "start": "2020-10-01",
        "term": "annual",
        "renewal": "auto",
        "commitment": {"amount": "50.00", "per": "monthly"},
        "termination": {"amount": "9.00"},
    }


STRICT = {
    "name": "Strict",
    "payment_term": "net 5",
    "payment_retries": [1],
    "levels": [
        {"event": "after", "days": 1, "action": "notify", "notice": "first"},
        {"event": "after", "days": 2, "action": "late_fee", "amount": {"USD": "2.00"}},
        {"event": "after", "days": 3, "action": "suspend"},
    ],
}

_BILLING = ("bill_packages", "generate_invoice")

SETUP: dict[str, Any] = base(
    gl_codes=[
        {"code": "4000", "debit": "Assets:Receivable", "credit": "Income:Internet"},
        {"code": "4999", "debit": "Assets:Receivable", "credit": "Income:Unused"},
    ],
    exchange_rates=[
        {"name": "October", "effective": "2020-10-01", "rates": {"EUR": "0.85"}},
        {"name": "Unused", "effective": "2020-11-01", "rates": {}},
    ],
    ar_terms=[STRICT, {"name": "Unused"}],
    bill_groups=[
        {"name": "Default Bill Group", "bill_day": 1, "payment_term": "net 20"},
        {"name": "Unused"},
    ],
    accounts=[
        account("A-1", package("a-1", "2020-09-01")),
        account("A-2", package("a-2", "2020-09-01")),
        account("A-3", package("a-3", "2020-09-01"), ar_term="Strict"),
        account("B-1", package("b-1", "2020-09-01")),
        account("C-1", package("c-1", "2020-09-01")),
        account("D-1", package("d-1", "2020-09-01")),
        account("E-1", package("e-1", "2020-09-01"), currency="GBP", parent="D-1", invoicer="D-1"),
        account("F-1", package("f-1", "2020-09-01")),
        account("X-1"),
        account("Z-1"),
    ],
    contracts=[_contract("A-1"), _contract("B-1")],
    bill_runs=[
        _run("Default", *_BILLING),
        _run("Dunning", "dunning", "bill_packages", "contract_terms", "generate_invoice"),
        _run("Collecting", "collect_payment"),
        _run("Unused", *_BILLING),
    ],
)
SETUP["owner"]["currencies"] = ["USD", "EUR", "GBP"]
SETUP["packages"][0]["prices"]["GBP"] = "15.00"
SETUP["packages"].append({"code": "unused", "name": "Unused", "frequency": "monthly", "prices": {}})

OCTOBER = {"start": "2020-10-01", "end": "2020-10-31"}
TO_NOVEMBER = {"start": "2020-10-01", "end": "2020-11-30"}


def _schedule(run: str, period: Mapping[str, str], **more: Any) -> dict[str, Any]:
    return {"bill_run": run, "timing": "now", "billing_period": period, **more}


def _of(*kept: str, **more: Any) -> Callable[[Known], dict[str, Any]]:
    """The body names results of steps: `payment=…` and the like."""

    def body(known: Known) -> dict[str, Any]:
        found = {key: known[name][key] for name, _, key in (one.partition(".") for one in kept)}
        return {**found, **more}

    return body


def _invoice_of(number: str, **more: Any) -> Callable[[Known], dict[str, Any]]:
    return lambda known: {"invoice": known.invoice(number), **more}


STORY: tuple[Step | Deed, ...] = (
    Step("apply", {"setup": SETUP}),
    # how they pay
    Step("set_payment_method", {"account": "A-1", "payment_method": "v", "token": "pm_1", **CARD}),
    Step("set_payment_method", {"account": "A-1", "payment_method": "v", "label": "Visa"}),
    Step(
        "set_payment_method", {"account": "A-2", "payment_method": "v", "token": "pm_slow"} | CARD
    ),
    Step(
        "set_payment_method",
        {"account": "A-3", "payment_method": "v", "token": "pm_declined"} | CARD,
    ),
    # by hand
    Step("add_charge", {"account": "A-1", "amount": "5.00", "reason": "installation"}),
    Step("add_charge", {"account": "A-1", "amount": "5.00", "gl_code": "nope"}, "gl_code_unknown"),
    Step("add_debit", {"account": "A-1", "amount": "2.00"}, keep="debit"),
    Step("add_credit", {"account": "A-1", "amount": "1.00", "reason": "goodwill"}),
    Step("remove_transaction", _of("debit.transaction", account="A-1")),
    Step("remove_transaction", _of("debit.transaction", account="A-1"), "transaction_not_waiting"),
    # October is billed; one in pounds has no rate, gets one, and is billed by the retry
    Step("schedule_bill_run", _schedule("Default", OCTOBER), keep="first"),
    _work,
    Step("apply", {"setup": {"exchange_rates": [{"name": "October", "rates": {"GBP": "0.79"}}]}}),
    Step("retry_execution", _of("first.execution"), keep="retry"),
    _work,
    Step("cancel_execution", _of("first.execution"), "execution_finished"),
    # money that came some other way
    Step("record_payment", {"account": "B-1", "amount": "5.00", "kind": "cash"}, keep="wrong"),
    Step("remove_payment", _of("wrong.payment")),
    Step("record_payment", {"account": "B-1", "amount": "30.00", "kind": "transfer"}, keep="wire"),
    Step("refund_payment", _of("wire.payment", amount="5.00")),
    Step("refund_payment", _of("wire.payment", amount="25.01"), "refund_too_large"),
    Step("record_payment", {"account": "?", "amount": "5.00", "kind": "cash"}, "account_unknown"),
    # money through the gateway
    Step("collect_payment", {"account": "A-1", "collection": "account_balance"}, keep="card"),
    _collect,
    Step("collect_payment", {"account": "A-1"}, "nothing_to_collect"),
    Step("refund_payment", _of("card.payment", amount="4.00")),
    _collect,
    Step("collect_payment", {"account": "A-2", "amount": "12.00"}, keep="slow"),
    _collect,
    _settled,
    _disputed,
    _collect,
    Step("collect_payment", {"account": "A-3", "amount": "7.00"}, keep="declined"),
    _collect,
    # what was wrong is put right
    Step("credit_invoice", _invoice_of("D-1", lines=[{"line": 1, "amount": "3.00"}])),
    Step(
        "credit_invoice",
        _invoice_of("D-1", lines=[{"line": 1, "amount": "90.00"}]),
        "credit_too_large",
    ),
    Step("add_credit", _invoice_of("F-1", account="F-1", amount="1.00", line=1)),
    Step("void_invoice", _invoice_of("C-1", reason="wrong price")),
    Step("void_invoice", _invoice_of("C-1"), "invoice_void"),
    # contracts, packages, schedules
    Step("terminate_contract", {"contract": "A-1/2020", "as_of": "2020-10-20"}),
    Step("give_contract_notice", {"contract": "B-1/2020"}),
    Step("suspend_account_package", {"account_package": "f-1", "as_of": "2020-10-10"}),
    Step("resume_account_package", {"account_package": "f-1", "as_of": "2020-10-12"}),
    Step("set_account_package_price", {"account_package": "f-1", "price": "10.00"}),
    Step("cancel_account_package", {"account_package": "f-1", "as_of": "2020-10-25"}),
    Step(
        "schedule_bill_run",
        _schedule("Default", OCTOBER, timing={"at": "2020-12-01T06:00"}),
        keep="later",
    ),
    Step("pause_schedule", _of("later.schedule")),
    Step("resume_schedule", _of("later.schedule")),
    Step("cancel_schedule", _of("later.schedule")),
    # a month later: retries, dunning, fees, and all of it taken back and done again
    _wait(27),
    _collect,
    Step("schedule_bill_run", _schedule("Dunning", TO_NOVEMBER, catch_up="all"), keep="second"),
    _work,
    Step("reverse_execution", _of("second.execution")),
    _work,
    Step("reverse_execution", _of("second.execution"), "execution_reversed"),
    Step("schedule_bill_run", _schedule("Dunning", TO_NOVEMBER, catch_up="all")),
    _work,
    Step("remove_payment_method", {"account": "A-2", "payment_method": "v"}),
    Step("bill_account", _schedule("Collecting", TO_NOVEMBER, account="A-1")),
    _work,
    _collect,
    # the books are closed
    Step("close_ledger", {"through": "2020-10-30"}),
    Step("close_ledger", {"through": "2020-10-29"}, "period_closed"),
    Step(
        "record_payment",
        {"account": "B-1", "amount": "5.00", "kind": "cash", "on": "2020-10-29"},
        "period_closed",
    ),
    Step("record_payment", {"account": "A-3", "amount": "99.00", "kind": "cheque"}),
    # what is not needed any more
    Step("delete_ar_term", {"name": "Strict"}, "in_use"),
    Step("delete_ar_term", {"name": "Unused"}),
    Step("delete_gl_code", {"code": "4000"}, "in_use"),
    Step("delete_gl_code", {"code": "4999"}),
    Step("delete_bill_run", {"name": "Unused"}),
    Step("delete_bill_group", {"name": "Unused"}),
    Step("delete_exchange_rates", {"name": "Unused"}),
    Step("delete_package", {"code": "unused"}),
    Step("delete_account", {"account": "X-1"}),
    Step("apply", {"setup": {"accounts": [{"number": "Z-1", "status": "closed"}]}}),
    Step("erase_account", {"account": "Z-1"}),
)
