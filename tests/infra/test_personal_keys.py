"""Personal data is readable with its account's key and by nothing else (design decision 12)."""

import pytest

from aggregates import identity
from infra.personal_keys import PersonalDataDamaged, decrypt, encrypt, new_key

A, B = identity.account("A"), identity.account("B")


def test_what_is_encrypted_is_decrypted() -> None:
    key = new_key()
    written = encrypt(key, A, "Zoë Müller")
    assert "Müller" not in written
    assert written.startswith("p1.")
    assert decrypt(key, A, written) == "Zoë Müller"


def test_the_same_name_never_looks_the_same() -> None:
    key = new_key()
    assert encrypt(key, A, "Ann") != encrypt(key, A, "Ann")


def test_without_its_key_it_is_gone() -> None:
    assert decrypt(None, A, encrypt(new_key(), A, "Ann")) is None


@pytest.mark.parametrize("change", ["other key", "other account", "cut"])
def test_what_was_tampered_with_does_not_open(change: str) -> None:
    key = new_key()
    written = encrypt(key, A, "Ann")
    with pytest.raises(PersonalDataDamaged):
        decrypt(
            new_key() if change == "other key" else key,
            B if change == "other account" else A,
            written[:-4] if change == "cut" else written,
        )
