"""What every message from outside has in common, whichever door it comes through."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from commands.handling import Outcome, run_change
from commands.message import DIRECT, Command, Origin
from commands.personal import PersonalData
from commands.store import Store
from commands.workspace import Workspace


class Part(BaseModel):
    """A part of a message; unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Message(Part):
    """What is asked for. `requested_by` is who asks, in the sender's own words."""

    requested_by: str = ""

    def command(self, type: str, source: str, id: str, origin: Origin = DIRECT) -> Command:
        """The message as a command of its sender."""
        return Command(
            type,
            source,
            id,
            self.body(),
            self.requested_by,
            origin.correlation,
            origin.content_type,
        )

    def body(self) -> dict[str, Any]:
        """What it says, in plain JSON values: the same words make the same command."""
        return self.model_dump(mode="json", exclude_none=True)


M = TypeVar("M", bound=Message)
Asked = TypeVar("Asked", bound=Message, contravariant=True)


class Handler(Protocol[Asked]):
    """How every command is asked for, at every door. `source` and `id` are its sender's."""

    def __call__(
        self,
        store: Store,
        message: Asked,
        source: str,
        id: str,
        personal: PersonalData,
        origin: Origin = DIRECT,
    ) -> Outcome: ...


def changing(cls: type[M], type: str, body: Callable[[Workspace, M], object]) -> Handler[M]:
    """The handler of a command from which nothing comes but the change itself."""

    def handle(
        store: Store,
        message: M,
        source: str,
        id: str,
        personal: PersonalData,
        origin: Origin = DIRECT,
    ) -> Outcome:
        command = message.command(type, source, id, origin)
        return run_change(store, command, lambda workspace: body(workspace, message), personal)

    return handle


def as_catch_up(value: object) -> str:
    """one, all or a number, which may come as a number."""
    if isinstance(value, str) or type(value) is int:
        return str(value)
    raise PydanticCustomError("wrong_type", "must be one, all or a number")


CatchUp = Annotated[
    str,
    BeforeValidator(as_catch_up),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
]
