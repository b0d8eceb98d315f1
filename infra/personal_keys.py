"""Personal data as ciphertext under a random key per account (design decision 12).

The ciphertext stands in events, rows and backups; the key lies outside history and its destruction
is the erasure. AES-256-GCM; the account's id is bound in, so a ciphertext moved to another account
does not open.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aggregates.identity import StreamId

_PREFIX = "p1."
_NONCE = 12


class PersonalDataDamaged(Exception):
    """A ciphertext does not open with the key of its account."""


def new_key() -> bytes:
    """A random 256-bit key."""
    return os.urandom(32)


def encrypt(key: bytes, account: StreamId, plain: str) -> str:
    """The ciphertext as text: `p1.` and base64url of nonce and sealed bytes."""
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, plain.encode(), account)
    return _PREFIX + urlsafe_b64encode(nonce + sealed).decode()


def decrypt(key: bytes | None, account: StreamId, written: str) -> str | None:
    """The plain text; None when the key was destroyed. Text that was never encrypted is returned
    as it is.
    """
    if not written.startswith(_PREFIX):
        return written
    if key is None:
        return None
    try:
        raw = urlsafe_b64decode(written.removeprefix(_PREFIX))
        return _cipher(key).decrypt(raw[:_NONCE], raw[_NONCE:], account).decode()
    except (InvalidTag, ValueError) as wrong:
        raise PersonalDataDamaged("a ciphertext does not open with its account's key") from wrong


@lru_cache(maxsize=4096)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)
