"""A payment gateway on this computer that misbehaves on purpose.

It speaks the shape of PaymentIntents and keeps its own books: `charged` lists every movement of
money, so a test can count. Faults are queued for an operation (prepare, confirm, look, refund,
refunds) and used up one request each:

- `cut_before`, `cut_after`: the connection ends before or after the thing was done
- `hang_before`, `hang_after`: no answer at all, before or after it was done
- `call_before`, `call_after`: `called` is called, which may kill who asks, and nothing is answered
- `500_before`, `500_after`; `garbage`: an answer that is not JSON; `429`, `401`, `409`

Tokens beginning with `pm_declined` are declined, with `pm_gone` unknown, with `pm_action` wait
for the customer, with `pm_slow` stay processing until `settle` is called. Refunds are given at once
unless `slow_refunds` is set; `give` and `return_refund` say later what became of one.
"""

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.gateway.signature import sign

Reply = tuple[int, dict[str, Any]]


class FakeGateway:
    """The gateway's books, and what it is to do wrong next."""

    def __init__(self) -> None:
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.charged: list[tuple[str, int]] = []
        """Every charge: the payment's id and the amount."""
        self.asked: list[str] = []
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.declining = False
        """Every charge is declined."""
        self.slow_refunds = False
        """Refunds stay pending."""
        self._replies: dict[str, Reply] = {}
        self.lock = threading.RLock()
        self.called: Callable[[], None] = lambda: None
        self.released = threading.Event()
        """Set at the end: requests that hang give up."""

    def fail(self, operation: str, *faults: str) -> None:
        self.faults[operation].extend(faults)

    def forget_keys(self) -> None:
        """A day later: idempotency keys are not known any more."""
        with self.lock:
            self._replies.clear()

    def settle(self, reference: str) -> None:
        """A payment that was processing, or waited for the customer, succeeds."""
        with self.lock:
            if self.intents[reference]["status"] in ("processing", "requires_action"):
                self._charge(self.intents[reference])

    def give(self, refund: str) -> dict[str, Any]:
        """A refund that was pending is given; the refund as it is shown."""
        return self._refund_is(refund, status="succeeded")

    def return_refund(self, refund: str) -> dict[str, Any]:
        """The customer's bank does not take a refund, given or pending; the refund as shown."""
        return self._refund_is(refund, status="failed", failure_reason="expired_or_canceled_card")

    def _refund_is(self, refund: str, **now: str) -> dict[str, Any]:
        with self.lock:
            found = next(one for one in self.refunds if one["id"] == refund)
            found.update(now)
            return dict(found)

    @property
    def total(self) -> int:
        """What was charged less what was given back."""
        given = (int(r["amount"]) for r in self.refunds if r["status"] != "failed")
        return sum(a for _, a in self.charged) - sum(given)

    def webhook(self, type: str, body: dict[str, Any], id: str = "evt_1") -> bytes:
        """A webhook's body, as it is sent."""
        return json.dumps({"id": id, "type": type, "data": {"object": body}}).encode()

    def signed(self, secret: str, body: bytes, at: float) -> str:
        return sign(secret, body, int(at))

    # what it does

    def do(self, operation: str, path: str, form: dict[str, str], key: str) -> Reply:
        with self.lock:
            if key and key in self._replies:
                return self._replies[key]
            reply: Reply = getattr(self, f"_{operation}")(path, form)
            if key:
                self._replies[key] = reply
            return reply

    def _prepare(self, path: str, form: dict[str, str]) -> Reply:
        if form["payment_method"].startswith("pm_gone"):
            message = f"No such PaymentMethod: '{form['payment_method'][:7]}'"
            return 400, _error("invalid_request_error", "resource_missing", message)
        reference = f"pi_{len(self.intents) + 1}"
        self.intents[reference] = {
            "id": reference,
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "payment_method": form["payment_method"],
            "status": "requires_confirmation",
            "metadata": {"payment": form["metadata[payment]"]},
            "last_payment_error": None,
        }
        return 200, dict(self.intents[reference])

    def _confirm(self, path: str, form: dict[str, str]) -> Reply:
        intent = self.intents.get(path.split("/")[3])
        if intent is None:
            return 404, _error("invalid_request_error", "resource_missing", "No such intent")
        if intent["status"] != "requires_confirmation":
            state = _error(
                "invalid_request_error", "payment_intent_unexpected_state", "already confirmed"
            )
            return 400, state
        token = intent["payment_method"]
        if self.declining or token.startswith("pm_declined"):
            error = _error("card_error", "card_declined", "Your card was declined.")["error"]
            error["decline_code"] = "insufficient_funds"
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = error
            return 402, {"error": {**error, "payment_intent": dict(intent)}}
        if token.startswith("pm_action"):
            intent["status"] = "requires_action"
            return 200, dict(intent)
        if token.startswith("pm_slow"):
            intent["status"] = "processing"
            return 200, dict(intent)
        self._charge(intent)
        return 200, dict(intent)

    def _cancel(self, path: str, form: dict[str, str]) -> Reply:
        intent = self.intents[path.split("/")[3]]
        if intent["status"] in ("succeeded", "canceled"):
            code = "payment_intent_unexpected_state"
            return 400, _error("invalid_request_error", code, "cannot be canceled")
        intent["status"] = "canceled"
        return 200, dict(intent)

    def _charge(self, intent: dict[str, Any]) -> None:
        intent["status"] = "succeeded"
        self.charged.append((intent["metadata"]["payment"], intent["amount"]))

    def _look(self, path: str, form: dict[str, str]) -> Reply:
        intent = self.intents.get(path.split("/")[3])
        if intent is None:
            return 404, _error("invalid_request_error", "resource_missing", "No such intent")
        return 200, dict(intent)

    def _refund(self, path: str, form: dict[str, str]) -> Reply:
        reference, amount = form["payment_intent"], int(form["amount"])
        given = sum(
            r["amount"]
            for r in self.refunds
            if r["payment_intent"] == reference and r["status"] != "failed"
        )
        if given + amount > self.intents[reference]["amount"]:
            message = "Refund amount is greater than unrefunded amount on charge"
            return 400, _error("invalid_request_error", "amount_too_large", message)
        refund = {
            "id": f"re_{len(self.refunds) + 1}",
            "object": "refund",
            "payment_intent": reference,
            "amount": amount,
            "status": "pending" if self.slow_refunds else "succeeded",
            "metadata": {"refund": form["metadata[refund]"]},
        }
        self.refunds.append(refund)
        return 200, refund

    def _refunds(self, path: str, form: dict[str, str]) -> Reply:
        found = [r for r in self.refunds if r["payment_intent"] == form["payment_intent"]]
        return 200, {"object": "list", "data": found[::-1], "has_more": False}


def _error(type: str, code: str, message: str) -> dict[str, Any]:
    return {"error": {"type": type, "code": code, "message": message}}


def _operation(method: str, path: str) -> str:
    if path == "/v1/payment_intents":
        return "prepare"
    if path == "/v1/refunds":
        return "refund" if method == "POST" else "refunds"
    ending = path.rpartition("/")[2]
    return ending if ending in ("confirm", "cancel") else "look"


_STATUSES = {"500": 500, "429": 429, "401": 401, "409": 409}


def _handler(gateway: FakeGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length).decode() if length else address.query
            form = {name: values[0] for name, values in parse_qs(text).items()}
            operation = _operation(method, address.path)
            with gateway.lock:
                gateway.asked.append(operation)
                faults = gateway.faults[operation]
                fault = faults.popleft() if faults else ""
            kind, _, when = fault.partition("_")
            key = self.headers.get("Idempotency-Key") or ""
            if when == "before" or kind in ("429", "401", "409"):
                self._misbehave(kind)
                return
            status, body = gateway.do(operation, address.path, form, key)
            if fault:
                self._misbehave(kind)
                return
            self._answer(status, json.dumps(body).encode())

        def _misbehave(self, kind: str) -> None:
            if kind == "call":
                gateway.called()
            if kind == "hang":
                gateway.released.wait(60)
            if kind in ("hang", "cut", "call"):
                self.close_connection = True
                return
            body = b"<html>oops" if kind == "garbage" else b'{"error": {"message": "oops"}}'
            self._answer(_STATUSES.get(kind, 200), body)

        def _answer(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients are killed in the middle of a request: nothing to say."""


class Served(FakeGateway):
    """The gateway with its address."""

    url: str = ""


@contextmanager
def gateway_server(gateway: Served | None = None, port: int = 0) -> Generator[Served]:
    """Serves until the block ends: then nobody listens there any more."""
    found = gateway or Served()
    found.released.clear()
    server = _Server(("127.0.0.1", port), _handler(found))
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
