"""Several processes follow and rebuild the same views while another one writes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.store.open import open_store
from infra.views.compare import compare_with_rebuild
from infra.views.open import open_views
from tests.support.past import Past

ACCOUNTS = 60


def test_readers_rebuilders_and_a_writer_do_not_disturb_each_other(tmp_path: Path) -> None:
    past = Past(tmp_path / "past.db")
    past.set_up()

    def write() -> None:
        for number in range(ACCOUNTS):
            past.opens(f"C-{number}", f"Customer {number}")
            past.takes(f"C-{number}")

    def follow() -> None:
        with open_store(past.url) as store:
            views = open_views(store, batch=7)
            reached = 0
            while reached < 2 * ACCOUNTS:
                assert views.catch_up() >= reached
                reached = views.head()
                list(views.rows("SELECT number FROM view_accounts"))

    def rebuild() -> None:
        with open_store(past.url) as store:
            views = open_views(store, batch=50)
            views.catch_up()
            for _ in range(4):
                views.rebuild(["accounts", "account_packages"])

    jobs: list[Callable[[], None]] = [write, follow, follow, rebuild, rebuild]
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result(timeout=120)
    views = open_views(past.store)
    views.catch_up()
    assert {place.name: rows for place, rows in views.places()}["accounts"] == ACCOUNTS
    assert compare_with_rebuild(past.store).differences == []
    tables = views.rows("SELECT name FROM sqlite_schema WHERE name GLOB 'view_accounts_v*_g*'")
    assert len([name for (name,) in tables if "_by_" not in name]) == 1
    past.close()
