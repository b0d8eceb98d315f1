"""The collector where no process runs it all the time: after a run, or when somebody asks (R23)."""

import time
from typing import TYPE_CHECKING

from aggregates.refusal import Refusal

if TYPE_CHECKING:
    from infra.composition import App

KEYS = ("requested", "refund", "retry", "undisbursed")
LOOKS = 4
"""How often the gateway is asked before payments are left pending."""
PAUSE = 0.1
"""Seconds before the second look; doubled each time."""


def collect_now(app: "App") -> int:
    """Does what the collector finds to do; how many payments and refunds are pending after it. The
    next look goes on with them.
    """
    if not _is_anything(app):
        return 0
    from consumers.collecting import Collector
    from infra import personal_keys
    from infra.gateway.open import open_gateway

    collector = Collector(app.store, open_gateway(), personal_keys, patience=0)
    try:
        pause, left = PAUSE, 0
        for _ in range(LOOKS):
            moved = collector.look()
            left = collector.waiting()
            if not left or not (moved or collector.away):
                break
            if collector.away:
                time.sleep(pause)
                pause *= 2
        return left
    finally:
        collector.close()


def collect_after_run(app: "App") -> None:
    """After a run: payments it asked for are collected. Whatever the gateway does, the run stands;
    what is left is said in one line.
    """
    from infra.cli.output import counted, notice

    try:
        left = collect_now(app)
    except Refusal as refusal:
        notice(f"error: {refusal.code}: {refusal.sentence}")
        return
    if left:
        waiting = f"{counted(left, 'payment')} {'waits' if left == 1 else 'wait'} for the gateway"
        notice(f"{waiting}: `billstream payment collect` asks again")


def _is_anything(app: "App") -> bool:
    with app.store.snapshot() as reading:
        if reading.items_at_work("invoice", "credit", limit=1):
            return True
        return any(reading.items_at_work("payment", key, limit=1) for key in KEYS)
