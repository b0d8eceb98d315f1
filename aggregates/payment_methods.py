"""How an account pays: its cards and bank accounts, kept as tokens of the gateway (R23).

One stream an account, so that which method is used is decided on one version. A method taken away
stays on record: payments asked for with it name it.
"""

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State
from aggregates.names import check_name
from aggregates.refusal import Refusal

METHOD_KINDS = ("card", "bank")


class MethodAdded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`token` is personal: the gateway's name for the card, as ciphertext (decision 12). `label`
    is what people know it by, without anything secret in it.
    """

    account: str
    ref: str
    kind: str
    token: str
    label: str = ""
    auto_pay: bool = False
    active: bool = True


class MethodChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The method as it is from now on."""

    ref: str
    kind: str
    token: str
    label: str = ""
    auto_pay: bool = False
    active: bool = True


class MethodRemoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    ref: str


PaymentMethodsEvent = MethodAdded | MethodChanged | MethodRemoved


class Method(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`removed` ones are never used again; the id may be given anew."""

    ref: str
    kind: str
    token: str
    label: str = ""
    auto_pay: bool = False
    active: bool = True
    removed: bool = False


class PaymentMethodsState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """In the order in which they were added."""

    account: str
    methods: tuple[Method, ...] = ()


def evolve(state: PaymentMethodsState | None, event: PaymentMethodsEvent) -> PaymentMethodsState:
    """The account's methods after the event."""
    if isinstance(event, MethodAdded):
        before = PaymentMethodsState(account=event.account) if state is None else state
        kept = tuple(method for method in before.methods if method.ref != event.ref)
        return replace(before, methods=(*kept, _method(event)))
    found = None if state is None else find(state, event.ref)
    if state is None or found is None:
        raise ImpossibleEvent(f"{type(event).__name__} on a payment method that does not exist")
    if isinstance(event, MethodRemoved):
        after = replace(found, removed=True, active=False, auto_pay=False)
    else:
        after = _method(event)
    methods = tuple(after if method is found else method for method in state.methods)
    return replace(state, methods=methods)


def _method(event: MethodAdded | MethodChanged) -> Method:
    return Method(
        ref=event.ref,
        kind=event.kind,
        token=event.token,
        label=event.label,
        auto_pay=event.auto_pay,
        active=event.active,
    )


def find(state: PaymentMethodsState, ref: str) -> Method | None:
    """A method that was not removed."""
    for method in state.methods:
        if method.ref == ref and not method.removed:
            return method
    return None


def used_for_auto_pay(state: PaymentMethodsState) -> Method | None:
    """The method that a run charges: the first active one with auto pay (R23)."""
    for method in state.methods:
        if method.active and method.auto_pay and not method.removed:
            return method
    return None


def put(
    state: PaymentMethodsState | None, *, account: str, method: Method
) -> list[PaymentMethodsEvent]:
    """The method as it is to be: added, changed, or as it is already."""
    check_name(method.ref, "id of a payment method")
    if method.kind not in METHOD_KINDS:
        raise Refusal(
            "payment_method_kind_unknown",
            f"{method.kind!r} is no kind of payment method: use {' or '.join(METHOD_KINDS)}",
            field="kind",
        )
    if not method.token:
        raise Refusal(
            "token_missing",
            f"payment method {method.ref} has no token: give the gateway's name for it",
            field="token",
        )
    if method.auto_pay and not method.active:
        raise Refusal(
            "auto_pay_inactive",
            f"payment method {method.ref} is not active: make it active or turn auto pay off",
            field="auto_pay",
        )
    now = None if state is None else find(state, method.ref)
    if now == method:
        return []
    if now is None:
        return [
            MethodAdded(
                account=account,
                ref=method.ref,
                kind=method.kind,
                token=method.token,
                label=method.label,
                auto_pay=method.auto_pay,
                active=method.active,
            )
        ]
    return [
        MethodChanged(
            ref=method.ref,
            kind=method.kind,
            token=method.token,
            label=method.label,
            auto_pay=method.auto_pay,
            active=method.active,
        )
    ]


def remove(state: PaymentMethodsState | None, ref: str) -> list[PaymentMethodsEvent]:
    """The method is not used any more."""
    if state is None or find(state, ref) is None:
        raise unknown_method(ref)
    return [MethodRemoved(ref=ref)]


def method_exists(account: str, ref: str) -> Refusal:
    return Refusal(
        "payment_method_exists",
        f"account {account} has a payment method {ref!r} already: change it with "
        "`billstream payment-method change`, or give another id",
        payment_method=ref,
    )


def unknown_method(ref: str) -> Refusal:
    return Refusal(
        "payment_method_unknown",
        f"there is no payment method {ref!r} on the account: `billstream payment-method list "
        "--account NUMBER` shows the ones there are",
        payment_method=ref,
    )
