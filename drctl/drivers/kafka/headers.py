"""Headers of a record, also of one that the client library cannot read."""

from operator import methodcaller

from confluent_kafka import Message

type Headers = tuple[tuple[str, bytes | None], ...]

UNREADABLE = "a header name is not UTF-8, and the client library cannot read the headers"


# The client returns a value with an error pending. An interpreter that has specialized a call which is made often no
# longer checks for that, and the error comes up somewhere later; a call from C is always checked.
_told = methodcaller("headers")


def headers_of(message: Message) -> Headers | None:
    """Return the record's headers in order, or None if one's name is not UTF-8.

    confluent-kafka raises SystemError for such a name, for a record that anybody may have written and that stays in the
    log for as long as it is retained.
    """
    try:
        told = _told(message) or ()
    except (SystemError, UnicodeDecodeError):
        return None
    return tuple((str(h[0]), h[1].encode() if isinstance(h[1], str) else h[1]) for h in told)
