"""Commands in: each message is answered once and for all, or put aside with the reason.

What came of a command is recorded in its own stream, in the transaction of its events (decision
15), and the relay replies. Only then is the message done. One that cannot be understood, or was
refused, goes to the dead letters; a fault that passes leaves everything where it is.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from aggregates.command import CommandRefused
from aggregates.refusal import Refusal
from commands.answering import NO_ANSWER, answer
from commands.catalogue import read_command
from commands.personal import PersonalData
from commands.store import Store
from consumers.role import Meter, Silent
from schemas.headers import CommandHeaders
from schemas.headers import read_command as read_headers
from schemas.replies import Refused
from schemas.wire import Codec
from schemas.wire_error import WireError


class Incoming(NamedTuple):
    """A message as it came."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Reason(NamedTuple):
    """Why a message was not done."""

    code: str
    sentence: str


class Inbox(Protocol):
    """Where commands come from, and where those go that were not done."""

    def receive(self) -> Sequence[Incoming]:
        """The next messages; none after about a second."""
        ...

    def put_aside(self, message: Incoming, reason: Reason) -> None:
        """To the dead letters, with its bytes and headers as they came."""
        ...

    def reply(self, message: Incoming, headers: CommandHeaders, reply: Refused) -> None:
        """Replies to a command of which nothing can be recorded."""
        ...

    def done(self, messages: Sequence[Incoming]) -> None:
        """They never come again, unless this is lost; what was put aside is safe before that."""
        ...

    def again(self, messages: Sequence[Incoming]) -> None:
        """They come again."""
        ...

    def close(self) -> None: ...


class CommandsIn:
    """The role. `elsewhere` knows the faults that are not the message's: it comes again."""

    name = "commands"

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        codec: Codec,
        personal: PersonalData,
        elsewhere: Callable[[BaseException], bool],
        meter: Meter | None = None,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._codec = codec
        self._personal = personal
        self._elsewhere = elsewhere
        self._meter = meter or Silent()

    def step(self) -> bool:
        messages = self._inbox.receive()
        done = 0
        try:
            for message in messages:
                self._take(message)
                done += 1
        finally:
            self._settle(messages, done)
        return bool(messages)

    def close(self) -> None:
        self._inbox.close()

    def _settle(self, messages: Sequence[Incoming], done: int) -> None:
        """What was not done comes again, and all of it when that it was done cannot be kept."""
        self._inbox.again(messages[done:])
        try:
            if done:
                self._inbox.done(messages[:done])
        except BaseException:
            self._inbox.again(messages)
            raise

    def _take(self, message: Incoming) -> None:
        headers: CommandHeaders | None = None
        try:
            headers = read_headers(list(message.headers))
            reason = self._handle(headers, message.value)
        except WireError as error:
            reason = Reason(error.code, error.sentence)
            self._reply(message, headers, reason)
        except Refusal as refusal:
            if refusal.code in NO_ANSWER or self._elsewhere(refusal):
                raise
            reason = Reason(refusal.code, refusal.sentence)
            self._reply(message, headers, reason)
        except Exception as error:
            if self._elsewhere(error):
                raise
            reason = Reason("unexpected", f"{type(error).__name__}: {str(error)[:300]}")
            self._reply(message, headers, reason)
        self._meter.add("commands")
        if reason is not None:
            self._inbox.put_aside(message, reason)
            self._meter.add("dead_letters")

    def _handle(self, headers: CommandHeaders, value: bytes | None) -> Reason | None:
        """The reason when it was refused; the relay replies either way."""
        request = read_command(self._codec, headers, value)
        event = answer(self._store, request, self._personal).event
        if isinstance(event, CommandRefused):
            return Reason(event.code, event.message)
        return None

    def _reply(self, message: Incoming, headers: CommandHeaders | None, reason: Reason) -> None:
        """A sender that can be named learns why nothing came of it."""
        if headers is not None:
            refused = Refused(
                id=headers.id,
                source=headers.source,
                type=headers.type,
                code=reason.code,
                message=reason.sentence,
            )
            self._inbox.reply(message, headers, refused)
