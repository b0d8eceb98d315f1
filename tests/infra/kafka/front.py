"""What stands before a schema registry that is secured: TLS, a password, a certificate asked for.

Requests that may pass go on to the real one.
"""

import base64
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def front(
    registry_url: str, user: str, password: str, certificate: Path | None = None, ca: str = ""
) -> Generator[str]:
    """The address of a door to the registry. With a certificate it speaks TLS, with a CA it lets
    only those in whose certificate is signed by it.
    """
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length) if length else None
            if self.headers.get("Authorization") != wanted:
                self._answer(401, b'{"error_code": 401, "message": "who are you?"}')
                return
            kind = {"Content-Type": self.headers.get("Content-Type") or "application/json"}
            address = registry_url.rpartition("/apis/")[0] + self.path
            asked = urllib.request.Request(address, sent, kind, method=self.command)
            try:
                with urllib.request.urlopen(asked, timeout=20) as found:
                    self._answer(found.status, found.read())
            except urllib.error.HTTPError as error:
                with error:
                    self._answer(error.code, error.read())

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust us hangs up."""

    server = Server(("127.0.0.1", 0), Door)
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca or None)
        context.load_cert_chain(certificate)
        context.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
        server.socket = context.wrap_socket(server.socket, True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        scheme = "https" if certificate is not None else "http"
        yield f"{scheme}://127.0.0.1:{server.server_port}/apis/ccompat/v7"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
