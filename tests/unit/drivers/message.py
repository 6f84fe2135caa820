"""Records as the client library hands them out."""

from confluent_kafka import TIMESTAMP_CREATE_TIME, Message


def message(
    key: str | None,
    value: str | None,
    headers: list[tuple[str, str | bytes | None]] | None = None,
    timestamp: tuple[int, int] = (TIMESTAMP_CREATE_TIME, 5),
) -> Message:
    """A record with key and value in hex, at offset 7 of ``topic-0``."""
    return Message(
        topic="topic",
        partition=0,
        offset=7,
        key=None if key is None else bytes.fromhex(key),
        value=None if value is None else bytes.fromhex(value),
        headers=headers,
        timestamp=timestamp,
    )
