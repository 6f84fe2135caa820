"""Moments as the report tells them."""

from datetime import UTC, datetime


def iso(seconds: float) -> str:
    """Seconds since 1970 as UTC in ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
