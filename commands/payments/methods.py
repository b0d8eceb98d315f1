"""Payment methods one at a time, by command (R23)."""

from aggregates.payment_methods import find, method_exists, unknown_method
from commands.asking import Message, changing
from commands.payments.money import methods_of, payer
from commands.setup import payment_method as methods
from commands.workspace import Workspace


class SetPaymentMethod(Message):
    """Add a payment method to an account, or change it: a key left out keeps its value. `token` is
    the gateway's name for the card or bank account.
    """

    account: str
    payment_method: str
    kind: str | None = None
    token: str | None = None
    label: str | None = None
    auto_pay: bool | None = None
    active: bool | None = None

    def body(self) -> dict[str, object]:
        """What it says, the token by its hash: it is personal."""
        from hashlib import sha256

        said = super().body()
        if self.token is not None:
            said["token"] = sha256(self.token.encode()).hexdigest()
        return said


class RemovePaymentMethod(Message):
    """Take a payment method away from an account."""

    account: str
    payment_method: str


def _set(workspace: Workspace, asked: SetPaymentMethod) -> None:
    given = asked.model_dump(
        include={"kind", "token", "label", "auto_pay", "active"}, exclude_none=True
    )
    entry = methods.SetPaymentMethod(id=asked.payment_method, **given)
    methods.set_payment_method(workspace, asked.account, entry)


def _add(workspace: Workspace, asked: SetPaymentMethod) -> None:
    """One that is there is not replaced by adding it."""
    if _is_there(workspace, asked):
        raise method_exists(asked.account, asked.payment_method)
    _set(workspace, asked)


def _change(workspace: Workspace, asked: SetPaymentMethod) -> None:
    """One that is not there is not made by changing it: a slip in its id would add a method."""
    if not _is_there(workspace, asked):
        raise unknown_method(asked.payment_method)
    _set(workspace, asked)


def _is_there(workspace: Workspace, asked: SetPaymentMethod) -> bool:
    account, _ = payer(workspace, asked.account)
    state = methods_of(workspace, account)
    return state is not None and find(state, asked.payment_method) is not None


def _remove(workspace: Workspace, asked: RemovePaymentMethod) -> None:
    methods.remove_payment_method(workspace, asked.account, asked.payment_method)


set_payment_method = changing(SetPaymentMethod, "set_payment_method", _set)
add_payment_method = changing(SetPaymentMethod, "set_payment_method", _add)
change_payment_method = changing(SetPaymentMethod, "set_payment_method", _change)
remove_payment_method = changing(RemovePaymentMethod, "remove_payment_method", _remove)
