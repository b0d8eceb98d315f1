"""The schema registry, a real one: our schemas in it, others' out of it, and what it refuses."""

import json
import secrets
import struct
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from aggregates.account import MemberJoined
from aggregates.refusal import Refusal
from infra.kafka.codec import open_codec
from infra.kafka.registry import Access, Registry, RegistryUnreachable, subject_of
from infra.kafka.settings import KafkaSettings, kafka_settings
from infra.stack.ports import free_ports
from schemas.avro_files import of_record, records
from schemas.wire import Codec
from schemas.wire_error import WireError
from tests.infra.kafka.front import front
from tests.support.secure import KEY_PASSWORD, certificates

JOINED = "billstream.account.member_joined.v1"


@pytest.fixture
def prefix() -> str:
    """The beginning of topics that no other test has."""
    return f"t-{secrets.token_hex(6)}"


def call(url: str, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    request = urllib.request.Request(f"{url}{path}", data, kind, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def foreign(url: str, prefix: str, **change: Any) -> int:
    """Somebody else's schema of a member's joining; its id."""
    schema = {**of_record(JOINED).plain, **change}
    path = f"/subjects/{prefix}-{secrets.token_hex(3)}/versions"
    return int(call(url, "POST", path, {"schema": json.dumps(schema)})["id"])


def framed(id: int, body: bytes) -> bytes:
    return struct.pack(">bI", 0, id) + body


def test_every_schema_is_registered_under_topic_and_record(registry_url: str, prefix: str) -> None:
    ids = Registry(registry_url).register(prefix)
    assert set(ids) == set(records())
    there = call(registry_url, "GET", f"/subjects?subjectPrefix={prefix}")
    subjects = {subject for subject in there if subject.startswith(prefix)}
    assert subjects == {subject_of(prefix, record) for record in records()}
    assert f"{prefix}.invoices-billstream.invoice.generated.v1" in subjects
    assert Registry(registry_url).register(prefix) == ids


def test_what_one_process_writes_another_reads(registry_url: str, prefix: str) -> None:
    writer = Registry(registry_url)
    writer.register(prefix, [JOINED])
    sent = Codec(writer).encode_event(MemberJoined(member="A-1"))
    assert sent == framed(writer.id_of(JOINED), b"\x06A-1")
    assert Codec(Registry(registry_url)).decode_event(sent) == MemberJoined(member="A-1")


def test_a_later_shape_by_somebody_newer_is_read(registry_url: str, prefix: str) -> None:
    fields = [
        {"name": "why", "type": "string", "default": ""},
        *of_record(JOINED).plain["fields"],
    ]
    id = foreign(registry_url, prefix, fields=fields)
    codec = Codec(Registry(registry_url))
    assert codec.decode_event(framed(id, b"\x02x\x06A-1")) == MemberJoined(member="A-1")


@pytest.mark.parametrize(
    "change",
    [
        {"fields": [{"name": "member", "type": "long"}]},
        {"fields": []},
        {"namespace": "somebody.else"},
        {"name": "v9"},
        {"type": "enum", "symbols": ["A"]},
    ],
    ids=["another type", "no fields", "unknown", "newer version", "no record"],
)
def test_a_schema_we_cannot_read_is_unknown(
    registry_url: str, prefix: str, change: dict[str, Any]
) -> None:
    id = foreign(registry_url, prefix, **change)
    codec = Codec(Registry(registry_url))
    for _ in range(2):
        with pytest.raises(WireError) as refused:
            codec.decode_event(framed(id, b"\x06A-1"))
        assert refused.value.code == "schema_unknown"


def test_an_id_that_nobody_gave_is_unknown(registry_url: str) -> None:
    with pytest.raises(WireError) as refused:
        Codec(Registry(registry_url)).decode_event(framed(2**31 - 1, b"\x06A-1"))
    assert refused.value.code == "schema_unknown"


def test_an_incompatible_schema_stops_the_start_with_the_reason(
    registry_url: str, prefix: str
) -> None:
    """The subject asks for backward compatibility and has a schema that ours cannot read."""
    subject = subject_of(prefix, JOINED)
    before = {**of_record(JOINED).plain, "fields": [{"name": "who", "type": "string"}]}
    path = f"/subjects/{subject}/versions"
    call(registry_url, "POST", path, {"schema": json.dumps(before)})
    call(registry_url, "PUT", f"/config/{subject}", {"compatibility": "BACKWARD"})
    with pytest.raises(Refusal) as refused:
        Registry(registry_url).register(prefix, [JOINED])
    assert refused.value.code == "schema_incompatible"
    assert refused.value.details == {"subject": subject, "record": JOINED}
    assert "member" in refused.value.sentence


def test_where_there_is_no_registry_it_is_said_and_may_be_tried_again() -> None:
    (port,) = free_ports(1)
    registry = Registry(f"http://user:secret@127.0.0.1:{port}", timeout=0.5, attempts=2)
    with pytest.raises(RegistryUnreachable) as away:
        registry.register("x", [JOINED])
    assert f"http://127.0.0.1:{port}" in str(away.value)
    assert "secret" not in str(away.value)
    assert away.value.code == "registry_unreachable"


def test_an_address_of_something_else_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        Registry("file:///etc/hostname")
    assert refused.value.code == "registry_url_invalid"


def test_another_address_of_the_registry_is_said_to_be_wrong(registry_url: str) -> None:
    with pytest.raises(Refusal) as refused:
        Registry(registry_url.replace("/apis/ccompat/v7", "/nowhere")).register("x", [JOINED])
    assert refused.value.code == "registry_failed"
    assert "/apis/ccompat/v7" in refused.value.sentence


SECRET = "p4ss:w0rd"


def secured(url: str, prefix: str, **more: str) -> KafkaSettings:
    """As operators set it, for a registry behind a password."""
    given: dict[str, str] = {
        "topic_prefix": prefix,
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "schema_registry_url": url,
        "schema_registry_username": "roles",
        "schema_registry_password": SECRET,
    }
    return kafka_settings(**{**given, **more})


def test_user_and_password_from_settings(registry_url: str, prefix: str) -> None:
    event = MemberJoined(member="A-1")
    with front(registry_url, "roles", SECRET) as url:
        codec = open_codec(secured(url, prefix))
        assert codec.decode_event(codec.encode_event(event)) == event
        in_url = url.replace("http://", "http://roles:p4ss%3Aw0rd@")
        assert open_codec(secured(in_url, prefix, schema_registry_username="")) is not None
        for wrong in ({"schema_registry_password": "wr0ng"}, {"schema_registry_username": ""}):
            settings = secured(url, prefix, **wrong)
            with pytest.raises(Refusal, match=r"registry_forbidden: .*_PASSWORD") as refused:
                open_codec(settings)
            for text in (str(refused.value), str(settings), repr(settings)):
                assert "wr0ng" not in text
                assert SECRET not in text


def test_tls_and_a_certificate_from_settings(
    registry_url: str, prefix: str, tmp_path: Path
) -> None:
    files = certificates(tmp_path)
    trusted = {"schema_registry_cafile": str(files.ca)}
    shown = {
        "schema_registry_certfile": str(files.client),
        "schema_registry_keyfile": str(files.client_key),
        "schema_registry_key_password": KEY_PASSWORD,
    }
    with front(registry_url, "roles", SECRET, files.server) as url:
        open_codec(secured(url, prefix, **trusted))
        with pytest.raises(Refusal, match=r"registry_not_trusted: .*certificate"):
            open_codec(secured(url, prefix))
    with front(registry_url, "roles", SECRET, files.server, str(files.ca)) as url:
        open_codec(secured(url, prefix, **trusted, **shown))
        with pytest.raises(RegistryUnreachable):
            Registry(url, Access(ca_file=str(files.ca)), attempts=1).register(prefix)
        for wrong in ({"key_password": "wr0ng"}, {"cafile": "/nowhere"}, {"certfile": "/nowhere"}):
            more = {f"schema_registry_{name}": value for name, value in wrong.items()}
            with pytest.raises(Refusal, match=r"settings_invalid: .*SCHEMA_REGISTRY_") as refused:
                open_codec(secured(url, prefix, **{**trusted, **shown, **more}))
            assert "wr0ng" not in str(refused.value)
