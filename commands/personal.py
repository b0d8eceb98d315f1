"""The port to what names a person: text that history keeps only as ciphertext (decision 12)."""

from typing import Protocol

from aggregates.identity import StreamId


class PersonalData(Protocol):
    """Ciphers under one random key per account. The module `infra.personal_keys` is one."""

    def new_key(self) -> bytes:
        """A random key for an account that has none."""
        ...

    def encrypt(self, key: bytes, account: StreamId, plain: str) -> str:
        """The ciphertext as it stands in events."""
        ...

    def decrypt(self, key: bytes | None, account: StreamId, written: str) -> str | None:
        """The text again; None when the key was destroyed."""
        ...
