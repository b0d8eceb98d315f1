"""`/healthz`, `/readyz` and `/metrics` over HTTP, and what the payment gateway posts."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from aggregates.refusal import Refusal
from infra.gateway.webhooks import PATH as WEBHOOKS
from infra.run.metrics import CONTENT_TYPE, Metrics


class Health(NamedTuple):
    """How a process is, role by role: `roles` says what each does. Alive: no role hangs; ready:
    each did its last step well.
    """

    alive: bool
    ready: bool
    roles: dict[str, str]


Hear = Callable[[str, bytes], tuple[int, bytes]]
"""What is answered to a webhook, given its signature and body: status and JSON."""

LARGEST = 256 * 1024
"""Bytes of a webhook at most."""


class HealthServer:
    """Answers until it is closed. Port 0 takes a free one, which `port` then says."""

    def __init__(
        self,
        host: str,
        port: int,
        metrics: Metrics,
        look: Callable[[], Health],
        hear: Hear | None = None,
    ) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(metrics, look, hear))
        except OSError as error:
            raise Refusal(
                "port_taken",
                f"cannot answer on {host}:{port} ({error.strerror}): give another --port, or 0 "
                "for a free one",
                port=port,
            ) from None
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(
    metrics: Metrics, look: Callable[[], Health], hear: Hear | None
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "billstream"
        sys_version = ""
        timeout = 30
        """Seconds that a sender may take to say what it has to say."""

        def do_GET(self) -> None:
            health = look()
            body = json.dumps({"roles": health.roles}).encode()
            match self.path.partition("?")[0]:
                case "/healthz":
                    self._answer(200 if health.alive else 503, "application/json", body)
                case "/readyz":
                    self._answer(200 if health.ready else 503, "application/json", body)
                case "/metrics":
                    self._answer(200, CONTENT_TYPE, metrics.shown())
                case _:
                    self._answer(404, "text/plain", b"/healthz, /readyz or /metrics\n")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length") or ""
            if hear is None or self.path.partition("?")[0] != WEBHOOKS:
                self._answer(404, "text/plain", f"{WEBHOOKS}\n".encode())
            elif not (length.isascii() and length.isdigit() and int(length) <= LARGEST):
                self._answer(413, "text/plain", b"a webhook has at most 256 KiB\n")
            else:
                body = self.rfile.read(int(length))
                status, said = hear(self.headers.get("Stripe-Signature") or "", body)
                self._answer(status, "application/json", said)

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes come every few seconds: nothing to say."""

    return Handler
