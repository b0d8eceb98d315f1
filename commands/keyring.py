"""The personal data of a command: keys that were read, made and destroyed (design decision 12)."""

from collections.abc import Iterable, Iterator
from typing import Any

from aggregates.identity import StreamId
from commands.personal import PersonalData
from commands.store import Store

READ_AT_ONCE = 5_000
"""How many things one question to the store asks for."""


def pages(items: list[Any]) -> Iterator[list[Any]]:
    """As many as are asked for at once."""
    for start in range(0, len(items), READ_AT_ONCE):
        yield items[start : start + READ_AT_ONCE]


class Keyring:
    """Conceals and reveals text under the keys of accounts."""

    def __init__(self, store: Store, personal: PersonalData | None) -> None:
        self._store = store
        self._personal = personal
        self._keys: dict[StreamId, bytes | None] = {}
        self.new_keys: dict[StreamId, bytes] = {}
        self.destroyed_keys: list[StreamId] = []

    def know_none(self, accounts: Iterable[StreamId]) -> None:
        """These accounts have no keys yet."""
        self._keys.update(dict.fromkeys(accounts))

    def prefetch_keys(self, accounts: Iterable[StreamId]) -> None:
        """Reads the keys of many accounts at once."""
        missing = [account for account in dict.fromkeys(accounts) if account not in self._keys]
        for page in pages(missing):
            found = self._store.keys_of(page)
            for account in page:
                self._keys[account] = found.get(account)

    def conceal(self, account: StreamId, text: str) -> str:
        """Ciphertext under the account's key, which is made when there is none."""
        cipher = self._cipher()
        key = self._key(account)
        if key is None:
            key = self.new_keys[account] = cipher.new_key()
            self._keys.pop(account, None)
        return cipher.encrypt(key, account, text)

    def reveal(self, account: StreamId, concealed: str) -> str | None:
        """The text again; None when it was erased."""
        return self._cipher().decrypt(self._key(account), account, concealed)

    def destroy_key(self, account: StreamId) -> None:
        """The account's personal data is to be forgotten for ever."""
        self.destroyed_keys.append(account)
        self.new_keys.pop(account, None)
        self._keys[account] = None

    def _key(self, account: StreamId) -> bytes | None:
        made = self.new_keys.get(account)
        if made is not None:
            return made
        if account not in self._keys:
            self.prefetch_keys([account])
        return self._keys[account]

    def _cipher(self) -> PersonalData:
        if self._personal is None:
            raise RuntimeError("this command was not given access to personal data")
        return self._personal
