"""Small chunks, so that a handful of accounts makes several."""

from collections.abc import Iterator

import pytest

from commands.billing import scope


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scope, "PACKAGES_A_CHUNK", 2)
        patch.setattr(scope, "PACKAGES_A_CHUNK_WITH_CATCH_UP", 1)
        yield
