"""Fixtures of the rules' tests."""

from collections.abc import Iterator

import pytest

from commands.billing import readable
from tests.support.gateway import Served, gateway_server


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A gateway that every process of the test asks, and waits for only shortly."""
    with gateway_server() as served:
        monkeypatch.setenv("BILLSTREAM_GATEWAY_URL", served.url)
        monkeypatch.setenv("BILLSTREAM_GATEWAY_KEY", "sk_test")
        monkeypatch.setenv("BILLSTREAM_GATEWAY_TIMEOUT", "0.4")
        yield served


@pytest.fixture(autouse=True)
def _few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a handful of accounts is read in several pieces."""
    monkeypatch.setattr(readable, "PIECE", 2)
