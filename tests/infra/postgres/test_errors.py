"""A server or a schema that cannot be used says why, with a code, and keeps its secrets."""

import multiprocessing
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest

from infra.postgres import errors
from infra.postgres.address import parse
from infra.postgres.store import PostgresStore
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.verify_history import verify_history
from tests.infra.store.build import add_package, batch, fill, open_account

AT = datetime(2020, 10, 1, tzinfo=UTC)
SPAWN = multiprocessing.get_context("spawn")


def refused(work: Callable[[], object]) -> StoreError:
    with pytest.raises(StoreError) as found:
        work()
    assert found.value.sentence
    return found.value


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h:port/d",
        "postgresql://h/d?schema=Up",
        "postgresql://h/d?schema=a-b",
        "postgresql://h/d?schema=pg_x",
        "postgresql://h/d?schema=",
        "postgresql://h/d?nothing",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    assert refused(lambda: open_store(url)).code == "database_url_invalid"


def test_secrets_are_not_shown() -> None:
    address = parse("postgresql://me:s3cr%40t@h:1/d?sslpassword=hush&schema=acme")
    assert address.shown == "postgresql://me:***@h:1/d?sslpassword=***&schema=acme"
    assert address.schema == "acme"
    assert "schema" not in address.conninfo
    assert parse("postgresql:///d").schema == "billstream"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://me:s3cret@127.0.0.1:1/d", "database_unreachable"),
        ("postgresql://me:s3cret@/d?host=/nowhere", "database_unreachable"),
        ("postgresql://me:s3cret@h.invalid/d", "database_unreachable"),
    ],
)
def test_a_server_that_does_not_answer(url: str, code: str) -> None:
    error = refused(lambda: open_store(url))
    assert error.code == code
    assert "s3cret" not in f"{error} {error.details}"


def test_a_database_that_is_not_there(postgres_server: str) -> None:
    url = urlsplit(postgres_server)._replace(path="/nothing").geturl()
    assert refused(lambda: open_store(url)).code == "database_missing"


def test_a_schema_that_is_not_there(postgres_url: str) -> None:
    assert refused(lambda: open_store(postgres_url)).code == "database_missing"


def by_hand(url: str, *script: str) -> None:
    address = parse(url)
    with psycopg.connect(address.conninfo, autocommit=True) as connection:
        for statement in script:
            connection.execute(statement.replace("{s}", address.schema).encode())


@pytest.mark.parametrize(
    "table", ["songs (name text)", "meta (a text)", "meta (key text, value text)"]
)
@pytest.mark.parametrize("create", [False, True])
def test_a_schema_of_another_program(postgres_url: str, table: str, create: bool) -> None:
    by_hand(postgres_url, "CREATE SCHEMA {s}", f"CREATE TABLE {{s}}.{table}")
    assert refused(lambda: open_store(postgres_url, create=create)).code == "schema_not_ours"


def test_an_empty_schema_that_somebody_made_for_us_is_taken(postgres_url: str) -> None:
    by_hand(postgres_url, "CREATE SCHEMA {s}")
    with closing(open_store(postgres_url, create=True)) as store:
        assert store.head.position == 0


def test_newer(store: PostgresStore, postgres_url: str) -> None:
    by_hand(postgres_url, "UPDATE {s}.meta SET value = '99' WHERE key = 'file_version'")
    assert refused(lambda: open_store(postgres_url)).code == "database_newer"


def test_making_what_is_there_opens_it(store: PostgresStore, postgres_url: str) -> None:
    fill(store, 1)
    with closing(open_store(postgres_url, create=True)) as again:
        assert again.head == store.head
        assert again.epoch == store.epoch
    code = refused(lambda: open_store(postgres_url, create=True, sandbox_clock=AT)).code
    assert code == "database_exists"


def test_a_user_without_grants(store: PostgresStore, postgres_url: str) -> None:
    address = parse(postgres_url)
    role = f"role_{address.schema}"
    by_hand(postgres_url, f"CREATE ROLE {role} LOGIN PASSWORD 'pw-of-role'")
    parts = urlsplit(postgres_url)
    url = parts._replace(netloc=f"{role}:pw-of-role@{parts.netloc.rpartition('@')[2]}").geturl()
    try:
        error = refused(lambda: open_store(url))
        assert error.code == "permission_denied"
        assert "pw-of-role" not in str(error)
        other = url.replace(address.schema, f"{address.schema}x")
        assert refused(lambda: open_store(other, create=True)).code == "permission_denied"
        by_hand(
            postgres_url,
            f"GRANT USAGE ON SCHEMA {{s}} TO {role}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {{s}} TO {role}",
        )
        with closing(open_store(url)) as reader:
            made = batch(reader, open_account("A"))
            assert refused(lambda: reader.append(made)).code == "permission_denied"
    finally:
        by_hand(postgres_url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.DiskFull, "disk_full"),
        (psycopg.errors.ReadOnlySqlTransaction, "database_read_only"),
        (psycopg.errors.QueryCanceled, "database_timeout"),
        (psycopg.errors.TooManyConnections, "database_unreachable"),
        (psycopg.errors.AdminShutdown, "database_unreachable"),
        (psycopg.errors.IdleInTransactionSessionTimeout, "database_unreachable"),
        (psycopg.errors.DataCorrupted, "database_damaged"),
        (psycopg.errors.IoError, "database_unreachable"),
        (psycopg.errors.SyntaxError, None),
    ],
)
def test_what_a_server_can_say(error: type[psycopg.Error], code: str | None) -> None:
    ours = errors.store_error(parse("postgresql://h/d"), error("told"))
    assert (ours and ours.code) == code


def test_a_text_that_cannot_be_kept(store: PostgresStore) -> None:
    made = batch(store, open_account("A"), add_package("A", "A\x00"))
    assert refused(lambda: store.append(made)).code == "text_not_storable"
    assert store.head.position == 0


def test_a_sandbox_has_a_clock_of_its_own(postgres_url: str) -> None:
    later = AT.replace(day=2)
    with closing(open_store(postgres_url, create=True, sandbox_clock=AT)) as store:
        assert store.is_sandbox
        assert store.now() == AT
        assert store.append(batch(store, open_account("A"))).head.at == AT
        store.set_clock(later)
        assert refused(lambda: store.set_clock(AT)).code == "clock_goes_back"
    with closing(open_store(postgres_url)) as again:
        assert again.is_sandbox
        assert again.now() == later


def test_only_a_sandbox_is_set(store: PostgresStore) -> None:
    assert not store.is_sandbox
    assert refused(lambda: store.set_clock(AT)).code == "not_a_sandbox"


def test_the_time_is_the_servers(store: PostgresStore) -> None:
    before = store.now()
    committed = store.append(batch(store, open_account("A")))
    assert before <= committed.head.at <= store.now()


def make(url: str) -> None:
    open_store(url, create=True).close()


def test_four_processes_make_it_at_once(postgres_url: str) -> None:
    makers = [SPAWN.Process(target=make, args=(postgres_url,)) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
    assert [maker.exitcode for maker in makers] == [0] * 4
    with closing(open_store(postgres_url)) as store:
        assert verify_history(store).clean
