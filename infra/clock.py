"""The computer's clock. Only the composition and the store ask it; rules get the time handed in."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
