"""A PostgreSQL URL: which server, which schema, and how it is shown without its secrets."""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from infra.store.errors import StoreError

DEFAULT_SCHEMA = "billstream"
_SECRETS = ("password", "sslpassword")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class Address(NamedTuple):
    """`conninfo` goes to the driver and nowhere else; `shown` goes into messages."""

    conninfo: str
    schema: str
    shown: str

    @property
    def opening(self) -> str:
        """The URL as a whole, secrets included."""
        return _joined(self.conninfo, self.schema)


def parse(url: str) -> Address:
    """`postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME&sslmode=…`; every parameter but
    `schema` is the driver's own.
    """
    try:
        parts = urlsplit(url)
        parameters = parse_qsl(
            parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)
        )
        _ = parts.port
    except ValueError as wrong:
        raise _invalid("it cannot be taken apart") from wrong
    schemas = [value for name, value in parameters if name == "schema"]
    schema = schemas[-1] if schemas else DEFAULT_SCHEMA
    if not _NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise _invalid(
            f"schema {schema!r} is not a name: use lower-case letters, digits and underscores"
        )
    rest = [(name, value) for name, value in parameters if name != "schema"]
    shown = [(name, "***" if name in _SECRETS else value) for name, value in rest]
    masked = parts._replace(netloc=_masked(parts.netloc))
    return Address(
        urlunsplit(parts._replace(query=urlencode(rest, quote_via=quote))),
        schema,
        _joined(urlunsplit(masked._replace(query=urlencode(shown, safe="*/"))), schema),
    )


def secrets_of(conninfo: str) -> list[str]:
    """What must not stand in a message, longest first."""
    parts = urlsplit(conninfo)
    found = [value for name, value in parse_qsl(parts.query) if name in _SECRETS]
    if parts.password:
        found += [parts.password, unquote(parts.password)]
    return sorted({secret for secret in found if secret}, key=len, reverse=True)


def _joined(url: str, schema: str) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}schema={schema}"


def _masked(netloc: str) -> str:
    user, at, host = netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{name}{':***' if colon else ''}{at}{host}"


def _invalid(why: str) -> StoreError:
    return StoreError(
        "database_url_invalid",
        f"the URL of the database is not one: {why}; write "
        "postgresql://USER@HOST/DATABASE?schema=NAME",
    )
