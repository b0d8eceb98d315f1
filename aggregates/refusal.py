"""The one error of a decision: a request that the rules do not allow."""

from collections.abc import Mapping


class Refusal(Exception):
    """A command that is refused. Nothing was changed.

    `code` is stable and part of the interface; `sentence` tells an operator what to do;
    `details` name the things involved, for programs.
    """

    def __init__(self, code: str, sentence: str, **details: object) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.details: Mapping[str, object] = details

    def __reduce__(self) -> tuple[object, ...]:
        """Comes whole out of another process."""
        return _again, (self.code, self.sentence, dict(self.details))


def _again(code: str, sentence: str, details: Mapping[str, object]) -> Refusal:
    return Refusal(code, sentence, **details)
