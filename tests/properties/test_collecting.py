"""Whoever owes, pays, gets back or is put right: what a run asks of the gateway, which invoices a
payment pays, what is open and what the account owes are those of the rule, worked out here a
second time and naively (R21, R23, R25).
"""

import pytest
from hypothesis import given

from tests.properties.effort import long, quick
from tests.properties.owed_turns import (
    OFTEN,
    SOMETIMES,
    Life,
    Turn,
    begun,
    lives,
    long_lives,
)
from tests.rules.under_contract import sound


def check(turns: list[Turn]) -> Life:
    with begun() as life:
        for turn in turns:
            life.live(turn)
        life.compare(last=True)
        sound(life.world)
        return life


@quick(3)
@given(lives)
def test_what_is_asked_paid_and_owed_is_as_the_rule_says(turns: list[Turn]) -> None:
    check(turns)


@pytest.mark.chaos
@long(30)
@given(long_lives)
def test_many_lives_of_who_owes(turns: list[Turn]) -> None:
    check(turns)


def test_an_invoice_below_zero_and_a_payment_in_one_run() -> None:
    """Neither is older: what the run charges pays open invoices before what it credits does."""
    bill, out = Turn("bill", "A-1", 0, None, 1), Turn("take_out", "A-1", 0, None, 1)
    month = [out._replace(what="wait", days=31), out._replace(what="record")]
    method = Turn("method", "B-1", 0, None, 1)
    run = out._replace(what="invoice_and_collect")
    check([method, *[bill] * 3, out, *[bill] * 2, run._replace(what="credit", days=5), *month, run])


def test_the_reckoning_is_not_idle() -> None:
    """Account A-1 lives through everything once; the figures are worked out by hand."""
    life = check(
        [
            Turn("debit", "A-1", 0, 1000, 1),
            Turn("debit", "C-1", 0, 500, 1),
            Turn("invoice", "A-1", 0, None, 4),  # INV-1: 15.00, due in three days
            Turn("collect", "A-1", 0, None, 1),  # nothing is due
            Turn("record", "A-1", 0, 400, 3),  # pays INV-1: 11.00 are left
            Turn("debit", "A-1", 0, 2000, 1),
            Turn("method", "A-1", 1, None, 1),  # a card that is declined
            Turn("wait", "A-1", 0, None, 3),
            Turn("invoice_and_collect", "A-1", 0, None, 1),  # INV-2: 20.00; 11.00 are declined
            Turn("method", "A-1", 0, None, 1),
            Turn("wait", "A-1", 0, None, 3),  # tried again: by then 31.00 are due, and paid
            Turn("refund", "A-1", 1, 500, 1),  # off INV-2: 5.00 open
            Turn("charge_back", "A-1", 1, 700, 1),  # 12.00 open
            Turn("win", "A-1", 1, None, 1),  # 5.00 open
            Turn("come_back", "A-1", 0, None, 1),  # nothing open
            Turn("credit_note", "A-1", 0, 300, 1),  # of INV-2, which is paid: 3.00 are free
            Turn("void", "A-1", 0, None, 1),  # taken back: they are owed again
            Turn("credit", "A-1", 0, 100, 1),
            Turn("take_out", "A-1", 0, None, 1),
            Turn("method", "A-1", 2, None, 1),  # a card that takes its time
            Turn("debit", "A-1", 0, 900, 1),
            Turn("collect", "A-1", 1, None, 1),  # 9.00 that wait are asked for
            Turn("settle", "A-1", 0, None, 1),  # and stay free
            Turn("refund", "A-1", 0, None, 1),  # the cash of 4.00: INV-1 takes it of the 9.00
            Turn("record", "A-1", 0, 250, 3),
            Turn("remove_payment", "A-1", 1, None, 1),
        ]
    )
    assert life.done.keys() == {*OFTEN, *SOMETIMES} - {"bill"}
    owing = life.accounts["A-1"]
    assert life.asked == [("A-1", amount) for amount in (1100, 3100, 900)]
    assert [one.amount for one in owing.payments if one.gateway] == [1100, 3100, 900]
    assert [owing.open(one) for one in owing.documents] == [0] * 4
    assert (owing.undisbursed(), owing.waits, owing.balance) == (500, 900, 400)


def test_nobody_is_asked_twice_nor_for_more_than_the_balance() -> None:
    """Attempts pending, money that is free and credits that wait come off what is due."""
    life = check(
        [
            Turn("method", "A-1", 2, None, 1),  # a card that takes its time
            Turn("debit", "A-1", 0, 1000, 1),
            Turn("debit", "B-1", 0, 700, 1),
            Turn("invoice", "A-1", 0, None, 4),
            Turn("wait", "A-1", 0, None, 3),
            Turn("collect", "A-1", 0, None, 1),  # 10.00 that are due, of B-1 nothing is
            Turn("collect", "A-1", 0, None, 1),
            Turn("debit", "A-1", 0, 400, 1),
            Turn("collect", "A-1", 1, None, 1),  # 4.00 more; of B-1 all 7.00
            Turn("debit", "A-1", 0, 2000, 1),
            Turn("credit", "A-1", 0, 1500, 1),
            Turn("invoice", "A-1", 0, None, 4),  # 9.00; 10.00 and 4.00 are pending
            Turn("settle", "A-1", 0, None, 1),
            Turn("settle", "A-1", 0, None, 1),  # 5.00 are left
            Turn("credit", "A-1", 0, 200, 1),
            Turn("wait", "A-1", 0, None, 3),
            Turn("method", "A-1", 0, None, 1),
            Turn("collect", "A-1", 0, None, 1),  # 5.00 are due, 3.00 are owed
        ]
    )
    assert life.asked == [("A-1", 1000), ("A-1", 400), ("B-1", 700), ("A-1", 300)]
