"""What is proved of a business in the end: history, state rows, replays, views."""

from datetime import date
from typing import Any

from aggregates import identity
from aggregates.execution import FINISHED
from aggregates.receivables import ReceivablesState
from commands.billing.replay import replay_execution
from infra.composition import App
from infra.verify import verify_all
from projections import executions, failures, left_behind
from projections.shapes import Showing
from tests.properties.ledger import Key, Ledger, Told
from tests.properties.shop import Shop


def prove(shop: Shop, ledger: Ledger) -> None:
    """Everything has ended; now it has to be right."""
    app = App(shop.store, shop.store.url)
    report = verify_all(app, views=True, expect=None, progress=lambda _: None)
    assert report.found == 0, report.findings
    _check_waiting(ledger)
    for execution, told in ledger.executions.items():
        assert told.state.status in FINISHED
        replayed = replay_execution(shop.store, execution)
        assert not replayed.differences, replayed.differences
        billed = [end for end in told.chunks.values() if hasattr(end, "counts")]
        assert replayed.chunks == len(billed)
        _check_lists(app, identity.text(execution), told)


def _check_waiting(ledger: Ledger) -> None:
    """What was charged is what waits and what was invoiced, to the last unit."""
    waits: dict[Key, str] = {}
    for state in ledger.states.values():
        if isinstance(state, ReceivablesState):
            for one in state.waiting:
                charge = one.charge
                key = Key(
                    one.account_package,
                    one.bill_date,
                    charge.service,
                    charge.start,
                    charge.end,
                    charge.kind,
                )
                assert ledger.owing[key] == charge.amount
                waits[key] = state.account
    assert waits == ledger.waiting
    waiting = sum(ledger.charged[key] for key in waits)
    invoiced = sum(ledger.charged[key] for key in ledger.invoiced)
    assert waiting + invoiced == sum(ledger.charged.values())


def _check_lists(app: App, execution: str, told: Told) -> None:
    """The Completed list, failures and left-behind packages as an operator sees them."""
    app.views.catch_up()
    digits = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0}
    showing = Showing(digits, date.min, lambda at: at)
    shown: Any = executions.one(app.views, showing, execution)
    counts = told.counts()
    for name in ("packages_billed", "cycles_billed", "invoices_generated", "failed"):
        assert shown[name] == getattr(counts, name)
    left = list(left_behind.of_execution(app.views, execution))
    assert shown["left_behind"] == len(left) == len(told.left)
    wanted = {
        (one.account_package, one.next_bill_date.isoformat(), one.reason) for one in told.left
    }
    assert {
        (row["account_package"], row["next_bill_date"], row["reason"]) for row in left
    } == wanted
    failed = list(failures.of_execution(app.views, execution))
    assert len(failed) == shown["failed"]
    assert {(row["invoicer"], row["code"]) for row in failed} == {
        (failure.invoicer, failure.code) for failure in told.failures
    }
