"""PostgreSQL over TLS as its URL says: who is trusted, and the certificate we show.

The server of the stack is built without TLS, so what ends it stands before it, as in many networks.
"""

import ssl
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import SHUT_WR, create_connection
from socketserver import BaseRequestHandler, ThreadingTCPServer
from struct import pack
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from infra.store.errors import StoreError
from infra.store.open import open_store
from tests.support import seed
from tests.support.secure import KEY_PASSWORD, Certificates, certificates

_ASKS_FOR_TLS = pack(">II", 8, 80877103)
"""How a client begins that wants TLS; the answer is S, and the handshake follows."""


class Door(NamedTuple):
    """A door to PostgreSQL that is opened to TLS only."""

    port: int
    files: Certificates
    postgres_url: str

    def url(self, **parameters: object) -> str:
        """The schema of this test, with what the driver is told about TLS."""
        parts = urlsplit(self.postgres_url)
        user = parts.netloc.rpartition("@")[0]
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return parts._replace(
            netloc=f"{user}@127.0.0.1:{self.port}", query=f"{parts.query}{more}"
        ).geturl()

    @property
    def trusted(self) -> dict[str, object]:
        return {"sslmode": "verify-full", "sslrootcert": self.files.ca}


@contextmanager
def door(postgres_url: str, folder: Path, asks: ssl.VerifyMode) -> Generator[Door]:
    files = certificates(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(files.ca))
    context.load_cert_chain(files.server)
    context.verify_mode = asks
    parts = urlsplit(postgres_url)
    behind = (parts.hostname or "", parts.port or 0)

    class Passing(BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(8) != _ASKS_FOR_TLS:
                return
            self.request.sendall(b"S")
            try:
                outside = context.wrap_socket(self.request, server_side=True)
            except OSError:
                return
            with outside, create_connection(behind) as inside:
                there = threading.Thread(target=_carry, args=(outside, inside))
                there.start()
                _carry(inside, outside)
                there.join()

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Passing) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Door(server.server_address[1], files, postgres_url)
        server.shutdown()
        thread.join()


def _carry(source: Any, target: Any) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(SHUT_WR)
    except OSError:
        return


def test_a_server_that_is_trusted(postgres_url: str, tmp_path: Path) -> None:
    with door(postgres_url, tmp_path, ssl.CERT_NONE) as found:
        with closing(open_store(found.url(**found.trusted), create=True)) as store:
            seed.set_up(store)
            seed.add_accounts(store, 30)
            assert store.head.position > 30
        other = certificates(tmp_path / "other").ca
        with pytest.raises(StoreError, match=r"permission_denied: .*SSL error") as refused:
            open_store(found.url(sslmode="verify-full", sslrootcert=other))
        assert "sslrootcert" in refused.value.sentence
        assert (urlsplit(postgres_url).password or "") not in str(refused.value)


def test_a_certificate_that_we_show(postgres_url: str, tmp_path: Path) -> None:
    with door(postgres_url, tmp_path, ssl.CERT_REQUIRED) as found:
        shown = {"sslcert": found.files.client, "sslkey": found.files.client_key}
        url = found.url(**found.trusted, **shown, sslpassword=KEY_PASSWORD)
        with closing(open_store(url, create=True)) as store:
            seed.set_up(store)
            assert KEY_PASSWORD not in store.url
        with pytest.raises(StoreError, match="certificate required"):
            open_store(found.url(**found.trusted))
        wrong = found.url(**found.trusted, **shown, sslpassword="wr0ng-s3cret")
        with pytest.raises(StoreError, match="permission_denied") as refused:
            open_store(wrong)
        assert "wr0ng-s3cret" not in f"{refused.value} {refused.value.details}"


def test_a_server_without_tls(postgres_url: str) -> None:
    with pytest.raises(StoreError, match=r"permission_denied: .*does not support SSL"):
        open_store(f"{postgres_url}&sslmode=verify-full&sslrootcert=system")
