"""Dates in the owner's zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def business_date(at: datetime, zone: str) -> date:
    """The calendar date of an instant in the owner's zone."""
    return at.astimezone(ZoneInfo(zone)).date()
