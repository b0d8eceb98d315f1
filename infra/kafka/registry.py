"""A schema registry with Confluent's API: our schemas registered at start, others' looked up.

Subjects are named for topic and record, so that a topic carries many types of message. The
registry's own rule of compatibility is respected, never changed: what it refuses stops the start.
"""

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from aggregates.refusal import Refusal
from consumers.role import Unavailable
from schemas.avro_files import WireSchema, of_record, prepare, records
from schemas.compatibility import is_dict, is_list, obstacles
from schemas.topics import topic_of
from schemas.wire_error import WireError

TIMEOUT = 5.0
"""Seconds until a request is given up."""
ATTEMPTS = 4
LONGEST_ANSWER = 4_000_000
MOST_UNKNOWN = 10_000
"""Ids that nobody knows, remembered so that a flood of them asks only once for each."""

_TYPE = "application/vnd.schemaregistry.v1+json"


class RegistryUnreachable(Refusal, Unavailable):
    """The registry does not answer: a role that runs tries again, one that begins gives up."""


class _Answer(NamedTuple):
    status: int
    body: dict[str, Any]

    @property
    def reason(self) -> str:
        """What the registry says is wrong, on one line."""
        told = self.body.get("message") or self.body.get("detail") or f"status {self.status}"
        return " ".join(str(told).split())[:500]


class Access(NamedTuple):
    """How the registry lets us in. Holds secrets: keep it out of sight."""

    user: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    key_password: str = ""


class Registry:
    """One registry, spoken to by one process. Use `register` before anything is encoded."""

    def __init__(
        self,
        url: str,
        access: Access | None = None,
        *,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Refusal(
                "registry_url_invalid",
                "the schema registry's address begins with http:// or https://",
            )
        self.url, in_url = _without_user(url)
        self._headers = {"Accept": f"{_TYPE}, application/json", "Content-Type": _TYPE}
        access = access or Access()
        name, _, secret = (unquote(part) for part in in_url.partition(":"))
        user, password = (access.user, access.password) if access.user else (name, secret)
        if user:
            token = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"
        self._tls = _tls(access) if url[:5] == "https" else None
        self._timeout = timeout
        self._attempts = attempts
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, WireSchema] = {}
        self._unknown: dict[int, str] = {}

    def register(self, prefix: str, wanted: Iterable[str] | None = None) -> dict[str, int]:
        """Registers the newest schema of every message (or of those wanted) under its topic. What
        the registry has already keeps its id. Refused with `schema_incompatible` and the reason.
        """
        for record in records() if wanted is None else wanted:
            schema = of_record(record)
            subject = subject_of(prefix, record)
            self._ids[record] = id = self._registered(subject, schema)
            self._schemas[id] = schema
        return dict(self._ids)

    def id_of(self, record: str) -> int:
        """The id of our schema of a record, which has been registered."""
        return self._ids[record]

    def schema_of(self, id: int) -> WireSchema:
        """The schema behind an id in a message, if we can read what it writes."""
        found = self._schemas.get(id)
        if found is not None:
            return found
        reason = self._unknown.get(id)
        if reason is None:
            try:
                self._schemas[id] = found = self._looked_up(id)
                return found
            except WireError as unknown:
                if len(self._unknown) >= MOST_UNKNOWN:
                    self._unknown.clear()
                self._unknown[id] = reason = unknown.sentence
        raise WireError("schema_unknown", reason, id=id)

    def _registered(self, subject: str, schema: WireSchema) -> int:
        plain = {"schema": json.dumps(schema.plain), "schemaType": "AVRO"}
        path = f"/subjects/{quote(subject, safe='')}/versions"
        answer = self._ask("POST", path, plain)
        if answer.status == 409:
            raise Refusal(
                "schema_incompatible",
                f"the registry does not take our schema of {schema.record} under {subject}: "
                f"{answer.reason}; {self._why(subject, plain)}"
                "start the version of billstream that goes with the readers, or make it a new "
                "version of the message",
                subject=subject,
                record=schema.record,
            )
        if answer.status != 200 or not isinstance(answer.body.get("id"), int):
            raise _refused(self.url, answer)
        return int(answer.body["id"])

    def _why(self, subject: str, plain: dict[str, str]) -> str:
        """What the registry finds incompatible, where it tells."""
        path = f"/compatibility/subjects/{quote(subject, safe='')}/versions/latest?verbose=true"
        told = self._ask("POST", path, plain).body.get("messages")
        if not is_list(told) or not told:
            return ""
        return "; ".join(" ".join(str(reason).split()) for reason in told)[:500] + "; "

    def _looked_up(self, id: int) -> WireSchema:
        answer = self._ask("GET", f"/schemas/ids/{id}")
        if answer.status == 404:
            raise WireError("schema_unknown", f"the registry has no schema {id}")
        if answer.status != 200:
            raise _refused(self.url, answer)
        try:
            schema = prepare(str(answer.body["schema"]))
            ours = of_record(schema.record)
            against = obstacles(ours.plain, schema.plain)
        except WireError:
            raise
        except Exception as error:
            raise WireError(
                "schema_unknown", f"schema {id} of the registry is no Avro record: {error}"
            ) from None
        if against:
            raise WireError(
                "schema_unknown",
                f"schema {id} of the registry is another {schema.record} than ours: {against[0]}",
            )
        return schema

    def _ask(self, method: str, path: str, body: object = None) -> _Answer:
        """One request, tried again while the registry is away or troubled."""
        again = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            retry=retry_if_exception_type(RegistryUnreachable),
            reraise=True,
        )
        return again(self._once, method, path, body)

    def _once(self, method: str, path: str, body: object) -> _Answer:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, self._headers, method=method)
        try:
            with urllib.request.urlopen(
                request, timeout=self._timeout, context=self._tls
            ) as response:
                return _Answer(response.status, _json(response.read(LONGEST_ANSWER)))
        except urllib.error.HTTPError as error:
            with error:
                if error.code >= 500 or error.code == 429:
                    raise self._away(f"it answers {error.code}") from None
                return _Answer(error.code, _json(error.read(LONGEST_ANSWER)))
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise _not_trusted(self.url, reason) from None
            raise self._away(str(reason) or type(error).__name__) from None

    def _away(self, reason: str) -> RegistryUnreachable:
        return RegistryUnreachable(
            "registry_unreachable",
            f"the schema registry at {self.url} does not work: {reason}; see that it runs and that "
            "BILLSTREAM_SCHEMA_REGISTRY_URL is its address",
        )


def subject_of(prefix: str, record: str) -> str:
    """TopicRecordNameStrategy: `billstream.invoices-billstream.invoice.generated.v1`."""
    return f"{prefix}.{topic_of(record)}-{record}"


def _refused(url: str, answer: _Answer) -> Refusal:
    if answer.status in (401, 403):
        return Refusal(
            "registry_forbidden",
            f"the schema registry at {url} does not let us in ({answer.status}): set "
            "BILLSTREAM_SCHEMA_REGISTRY_USERNAME and _PASSWORD",
        )
    return Refusal(
        "registry_failed",
        f"the schema registry at {url} answers {answer.status} ({answer.reason}): is this the "
        "address of Confluent's API? Apicurio has it under /apis/ccompat/v7",
    )


def _tls(access: Access) -> ssl.SSLContext:
    """Trusts the computer's authorities, or only the one given; shows a certificate if there is
    one.
    """
    try:
        context = ssl.create_default_context(cafile=access.ca_file or None)
        if access.cert_file:
            secret = access.key_password
            context.load_cert_chain(access.cert_file, access.key_file or None, lambda: secret)
    except (OSError, ValueError) as error:
        raise Refusal(
            "settings_invalid",
            f"a file for the schema registry's TLS cannot be used ({error}): look at "
            "BILLSTREAM_SCHEMA_REGISTRY_CAFILE, _CERTFILE, _KEYFILE and _KEY_PASSWORD",
        ) from None
    return context


def _not_trusted(url: str, reason: ssl.SSLCertVerificationError) -> Refusal:
    return Refusal(
        "registry_not_trusted",
        f"the schema registry at {url} shows a certificate that is not trusted "
        f"({reason.verify_message}): set BILLSTREAM_SCHEMA_REGISTRY_CAFILE to the file of the "
        "authority that signed it",
    )


def _json(raw: bytes) -> dict[str, Any]:
    """A registry's answer; anything but an object of JSON says nothing."""
    try:
        found: Any = json.loads(raw)
    except ValueError:
        return {}
    return found if is_dict(found) else {}


def _without_user(url: str) -> tuple[str, str]:
    """The address without user and password, and these: they are in no error and no log."""
    parts = urlsplit(url)
    in_url, _, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), in_url
