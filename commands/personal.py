"""The port to what names a person: text that history keeps only as ciphertext (decision 12)."""

from typing import Protocol

from aggregates.identity import StreamId


class PersonalData(Protocol):
    """Ciphers under one random key per account. `infra/personal_keys` implements it."""

    def new_key(self) -> bytes:
        """A random key for an account that has none."""
        ...

    def conceal(self, key: bytes, account: StreamId, text: str) -> str:
        """The ciphertext as it stands in events."""
        ...

    def reveal(self, key: bytes, account: StreamId, concealed: str) -> str:
        """The text again."""
        ...
