"""The gateway over HTTP, in the public shape of Stripe's PaymentIntents.

Bodies are form-encoded, answers JSON. Every change carries an `Idempotency-Key`; safety does not
rest on it, for keys are forgotten after a day: a payment intent is charged once by itself, and a
refund is looked for before it is asked for.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from aggregates.refusal import Refusal
from commands.gateway import Answer, Charge, RefundOrder, Unanswered, Unreachable

if TYPE_CHECKING:
    import httpx

_KINDS = {"card": "card", "bank": "us_bank_account"}


class PaymentIntents:
    """Implements `commands.gateway.Gateway`."""

    def __init__(self, url: str, key: str, timeout: float) -> None:
        import httpx

        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"},
            timeout=timeout,
            follow_redirects=False,
        )

    def prepare(self, charge: Charge) -> Answer:
        fields = {
            "amount": str(charge.amount),
            "currency": charge.currency.lower(),
            "payment_method": charge.token,
            "payment_method_types[]": _KINDS[charge.kind],
            "confirm": "false",
            "metadata[payment]": charge.payment,
        }
        return _intent(self._post("/v1/payment_intents", fields, charge.payment))

    def confirm(self, reference: str, payment: str) -> Answer:
        path = f"/v1/payment_intents/{quote(reference, safe='')}/confirm"
        body = self._post(path, {"off_session": "true"}, f"{payment}/confirm")
        if "error" in body and _mapping(body["error"]).get("type") != "card_error":
            # Confirmed before, or nothing that says what became of it: it is looked at instead.
            return self.look(reference)
        return self._outcome(body)

    def look(self, reference: str) -> Answer:
        body = self._get(f"/v1/payment_intents/{quote(reference, safe='')}")
        if "error" in body:
            # Not known is not declined: it may have been charged under another key of ours.
            raise Unanswered(f"the gateway does not know {reference}: is it the right one?")
        return self._outcome(body)

    def payment_of(self, reference: str) -> str | None:
        body = self._get(f"/v1/payment_intents/{quote(reference, safe='')}")
        found = _mapping(body.get("metadata")).get("payment")
        return found if isinstance(found, str) else None

    def refund(self, order: RefundOrder) -> Answer:
        known = self.refund_of(order)
        if known is not None:
            return known
        fields = {
            "payment_intent": order.reference,
            "amount": str(order.amount),
            "metadata[refund]": order.refund,
        }
        body = self._post("/v1/refunds", fields, order.refund)
        error = _error(body)
        return error if error is not None else _refund(body)

    def refund_of(self, order: RefundOrder) -> Answer | None:
        known = self._find_refund(order)
        return None if known is None else _refund(known)

    def close(self) -> None:
        self._http.close()

    def _find_refund(self, order: RefundOrder) -> Mapping[str, Any] | None:
        after = ""
        while True:
            params = {"payment_intent": order.reference, "limit": "100"}
            if after:
                params["starting_after"] = after
            body = self._get("/v1/refunds", params)
            listed = cast(list[Any], body.get("data") or [])
            found = [_mapping(one) for one in listed]
            for one in found:
                if _mapping(one.get("metadata")).get("refund") == order.refund:
                    return one
            if not (body.get("has_more") and found):
                return None
            after = str(found[-1].get("id", ""))

    def _outcome(self, body: Mapping[str, Any]) -> Answer:
        """What became of a payment. One that waits for the customer, who is not there, is called
        off first: or it could still succeed after it was tried again.
        """
        if body.get("status") == "requires_action":
            reference = str(body.get("id", ""))
            path = f"/v1/payment_intents/{quote(reference, safe='')}"
            cancelled = self._post(f"{path}/cancel", {}, f"{reference}/cancel")
            body = self._get(path) if "error" in cancelled else cancelled
            if body.get("status") == "requires_action":
                raise Unanswered("the gateway still waits for the customer")
        return _intent(body)

    def _post(self, path: str, fields: dict[str, str], key: str) -> Mapping[str, Any]:
        return self._ask("POST", path, data=fields, headers={"Idempotency-Key": key})

    def _get(self, path: str, params: dict[str, str] | None = None) -> Mapping[str, Any]:
        return self._ask("GET", path, params=params or {})

    def _ask(self, method: str, path: str, **more: Any) -> Mapping[str, Any]:
        import httpx

        try:
            response = self._http.request(method, path, **more)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(f"cannot reach the gateway ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise Unanswered(f"the gateway did not answer ({type(error).__name__})") from None
        return _read(response)


def _read(response: "httpx.Response") -> Mapping[str, Any]:
    """The body of an answer that says something: done, or not done and why."""
    status = response.status_code
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Refusal(
            "gateway_refused",
            f"the gateway does not take our key (HTTP {status}): set BILLSTREAM_GATEWAY_KEY",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Unreachable("the gateway asks to be asked later (HTTP 429)")
    if status >= 500 or status == HTTPStatus.CONFLICT:
        raise Unanswered(f"the gateway failed (HTTP {status})")
    try:
        body: object = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Unanswered(f"the gateway's answer is not JSON (HTTP {status})")
    return cast(Mapping[str, Any], body)


def _intent(body: Mapping[str, Any]) -> Answer:
    error = _error(body)
    if error is not None:
        return error
    reference = str(body.get("id", ""))
    match body.get("status"):
        case "succeeded":
            return Answer("succeeded", reference)
        case "requires_confirmation":
            return Answer("ready", reference)
        case "requires_payment_method" | "canceled":
            return _declined(_mapping(body.get("last_payment_error")), reference)
        case _:
            return Answer("pending", reference)


def _error(body: Mapping[str, Any]) -> Answer | None:
    """The answer behind an error; None when it is none."""
    error = body.get("error")
    if error is None:
        return None
    found = _mapping(error)
    intent = _mapping(found.get("payment_intent"))
    return _declined(found, str(intent.get("id", "")))


def _declined(error: Mapping[str, Any], reference: str) -> Answer:
    code = error.get("decline_code") or error.get("code") or "declined"
    message = error.get("message") or "the gateway declined it and did not say why"
    return Answer("declined", reference, str(code)[:100], str(message)[:500])


def _refund(body: Mapping[str, Any]) -> Answer:
    reference = str(body.get("id", ""))
    match body.get("status"):
        case "succeeded":
            return Answer("succeeded", reference)
        case "failed" | "canceled":
            code = str(body.get("failure_reason") or "refund_failed")[:100]
            return Answer("declined", reference, code, "the gateway could not give it back")
        case _:
            return Answer("pending", reference)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}
