"""Clients of kafka-python with our settings, and a real reason when they cannot begin.

kafka-python says every refusal (a wrong password, a wrong certificate) as a time-out without its
cause; the cause is only logged. So the log is listened to while a client begins.
"""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from aggregates.refusal import Refusal
from consumers.role import Unavailable
from infra.kafka.quiet import keep_secrets
from infra.kafka.settings import KafkaSettings

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

Client = TypeVar("Client")

BEGIN_MS = 10_000
"""Until a client gives up to begin."""

REQUEST_MS = 20_000
MOST_BACKOFF_MS = 1_000
"""A server that was away is asked again at least this often."""

DELIVERY_MS = 40_000

_REFUSED = ("Sasl", "Authentication", "Authorization", "SSL", "Handshake", "certificate", "Denied")

_SENDING = {"metrics_enabled": False, "allow_auto_create_topics": False}

_ONE_AT_A_TIME = threading.Lock()


class KafkaUnreachable(Refusal, Unavailable):
    """No server answered: a role tries again, a verb gives up."""


def producer(settings: KafkaSettings, **more: Any) -> "KafkaProducer":
    """Idempotent, acknowledged by all in-sync replicas."""
    from kafka import KafkaProducer

    options: dict[str, Any] = {
        "delivery_timeout_ms": DELIVERY_MS,
        "max_block_ms": REQUEST_MS,
        **_SENDING,
        **more,
    }
    return _begun(settings, lambda common: KafkaProducer(**{**common, **options}))


def consumer(settings: KafkaSettings, *topics: str, **more: Any) -> "KafkaConsumer":
    """Reads what is committed, from the beginning; offsets are committed by hand."""
    from kafka import KafkaConsumer

    from infra.kafka.lenient import read_any_header
    from infra.kafka.membership import stay

    read_any_header()
    options: dict[str, Any] = {
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": "read_committed",
        **_SENDING,
        **more,
    }
    begun = _begun(settings, lambda common: KafkaConsumer(*topics, **common, **options))
    stay(begun)
    return begun


def admin(settings: KafkaSettings, **more: Any) -> "KafkaAdminClient":
    from kafka import KafkaAdminClient

    return _begun(settings, lambda common: KafkaAdminClient(**common, **more))


def end(producer: "KafkaProducer") -> None:
    """Closes a producer soon, whatever it still had to say. kafka-python leaves its thread behind
    when it cannot deliver in time; so it is told to stop.
    """
    from kafka.errors import KafkaError

    try:
        producer.close(timeout=1)
    except KafkaError:
        sender: Any = getattr(producer, "_sender", None)
        if sender is not None:
            sender.force_close()


@contextmanager
def translated(settings: KafkaSettings) -> Generator[None]:
    """Raises ours for the library's inside the block: KafkaUnreachable for what may pass, and the
    refusals `kafka_refused` and `kafka_failed`.
    """
    from kafka.errors import KafkaError

    try:
        yield
    except (KafkaError, OSError) as error:
        raise ours(settings, error) from error


def ours(settings: KafkaSettings, error: BaseException) -> Refusal:
    """The error of ours behind one of the library's."""
    from kafka.errors import AuthorizationError, SaslAuthenticationFailedError

    cause = _plain(error)
    if isinstance(error, (AuthorizationError, SaslAuthenticationFailedError)):
        return _refused(settings, cause)
    if isinstance(error, OSError) or getattr(error, "retriable", False):
        return _unreachable(settings, cause)
    servers = settings.kafka_bootstrap_servers
    return Refusal("kafka_failed", f"Kafka at {servers} does not do it: {cause}", servers=servers)


def _begun(settings: KafkaSettings, make: Callable[[dict[str, Any]], Client]) -> Client:
    from kafka.errors import KafkaError

    common: dict[str, Any] = {
        **settings.client(),
        "client_id": f"{settings.topic_prefix}-billstream",
        "bootstrap_timeout_ms": BEGIN_MS,
        "request_timeout_ms": REQUEST_MS,
        "reconnect_backoff_max_ms": MOST_BACKOFF_MS,
    }
    begun: list[Any] = []

    def connect(**options: Any) -> Any:
        from kafka.net.compat import KafkaNetClient

        begun.append(KafkaNetClient(**options))
        return begun[-1]

    keep_secrets()
    with _ONE_AT_A_TIME, _listening() as causes:
        try:
            return make({**common, "kafka_client": connect})
        except (KafkaError, OSError, ValueError) as error:
            for client in begun:  # it stays behind with a thread and sockets otherwise
                client.close()
            raise _refusal(settings, causes or [_plain(error)]) from None


def _refusal(settings: KafkaSettings, causes: list[str]) -> Refusal:
    """A server that refuses hangs up, so the refusal is not always the last thing that is heard,
    and sometimes not heard at all.
    """
    refusals = [cause for cause in causes if any(word in cause for word in _REFUSED)]
    if refusals:
        return _refused(settings, refusals[-1])
    hung_up = all("disconnected" in cause for cause in causes)
    if hung_up and settings.kafka_security_protocol.startswith("SASL"):
        return _refused(settings, "it hangs up during authentication")
    return _unreachable(settings, causes[-1])


def _refused(settings: KafkaSettings, cause: str) -> Refusal:
    servers, how = settings.kafka_bootstrap_servers, str(settings.kafka_security_protocol)
    if how.startswith("SASL"):
        how += f", {settings.kafka_sasl_mechanism} as {settings.kafka_sasl_username!r}"
    return Refusal(
        "kafka_refused",
        f"Kafka at {servers} does not let us do this ({how}): {cause}; look at user, password and "
        "certificates in BILLSTREAM_KAFKA_…, and at the ACLs",
        servers=servers,
    )


def _unreachable(settings: KafkaSettings, cause: str) -> KafkaUnreachable:
    servers = settings.kafka_bootstrap_servers
    return KafkaUnreachable(
        "kafka_unreachable",
        f"Kafka at {servers} does not answer ({settings.kafka_security_protocol}): {cause}; see "
        "that it runs and that BILLSTREAM_KAFKA_… names its address and protocol",
        servers=servers,
    )


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


@contextmanager
def _listening() -> Generator[list[str]]:
    """Why connections failed while the block ran, oldest first."""
    causes: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = [one for one in _arguments(record) if isinstance(one, BaseException)]
            causes.extend(_plain(error) for error in found if "bootstrap" not in str(error))

    logger = logging.getLogger("kafka")
    listener = Listener(logging.WARNING)
    logger.addHandler(listener)
    try:
        yield causes
    finally:
        logger.removeHandler(listener)


def _arguments(record: logging.LogRecord) -> tuple[object, ...]:
    return record.args if isinstance(record.args, tuple) else ()
