"""Several processes follow and rebuild the same views while another one writes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from infra.store.open import open_store
from infra.views.compare import compare_with_rebuild
from infra.views.open import open_views
from tests.support.past import Past

ACCOUNTS = 60


def test_readers_rebuilders_and_a_writer_do_not_disturb_each_other(url: str) -> None:
    past = Past(url)
    past.set_up()

    def write() -> None:
        for number in range(ACCOUNTS):
            past.opens(f"C-{number}", f"Customer {number}")
            past.takes(f"C-{number}")

    def follow() -> None:
        with closing(open_store(past.url)) as store:
            views = open_views(store, batch=7)
            reached = 0
            while reached < 2 * ACCOUNTS:
                assert views.catch_up() >= reached
                reached = views.head()
                list(views.rows("SELECT number FROM view_accounts"))

    def rebuild() -> None:
        with closing(open_store(past.url)) as store:
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
    (live,) = [place for place, _ in views.places() if place.name == "accounts"]
    database = past.store.views_database()
    names = [f"view_accounts_v{live.version}_g{n}" for n in range(1, live.generation + 5)]
    assert [name for name in names if database.has_table(name)] == [live.tables]
    past.close()
