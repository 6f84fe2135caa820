"""The single values of the plan file: names as their owners allow them, addresses, durations.

Patterns stand in the JSON Schema too, so they are written for both dialects; what a pattern cannot say well, or says
otherwise in Python (its ``$`` matches before a line's end, too), is checked after it.
"""

import re
import unicodedata
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

SHAPE = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel, frozen=True, regex_engine="python-re")
"""Of every part of the plan file: keys in camel case, none that is not known, values as they are written."""

DURATION = r"^(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m)?(?:[0-9]{1,9}s)?(?:[0-9]{1,9}ms)?$"
TIME = r"^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$"
DATES = r"^\d{4}-\d{2}-\d{2}(?:/\d{4}-\d{2}-\d{2})?$"
NAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
ALIAS = r"^[A-Za-z0-9]([-_A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
RESOURCE = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
HOST = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$"
MAP_KEY = r"^(?!\.{1,2}$)[-._A-Za-z0-9]{1,253}$"
LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE = r"^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$"
URL = r"^https?://[^\s/]+"
SERVER = r"(?:[^\s,:\[\]]+|\[[0-9A-Fa-f:.]+(?:%[^\s,:\[\]]+)?\]):[0-9]{1,5}"
SERVERS = rf"^\s*{SERVER}\s*(?:,\s*{SERVER}\s*)*$"
PRINCIPAL = r"^User:(?!\*$).+$"
TOPIC = r"^(?!\.{1,2}$)[A-Za-z0-9._-]+$"
EXACT = r"^[^*?\[\]]+$"
SINK = r"^(?!\.{1,2}$)[^/]+$"
SEPARATOR = r"^[._-]+$"
CLIENT_ID = r"^[^*]*[^*]\*?$"

LONGEST_GROUP = 32_767
"""Bytes: what Kafka's protocol has room for in a group's id."""

LARGEST_PORT = 65_535

PATTERNS = {
    NAME: "a name of lower-case letters, digits and dashes, for example north",
    ALIAS: "a name of letters, digits, dashes and underscores, the site's alias in MirrorMaker 2, for example north",
    RESOURCE: "the name of a Kubernetes resource",
    HOST: "a host name in lower case",
    MAP_KEY: "a key of a ConfigMap: letters, digits, dots, dashes and underscores",
    LABEL_KEY: "a label's key, for example app or strimzi.io/cluster",
    LABEL_VALUE: "a label's value of at most 63 letters, digits, dots, dashes and underscores",
    DURATION: "a duration, for example 500ms, 60s or 1h30m",
    URL: "an http:// or https:// address",
    SERVERS: "host:port, more of them separated by commas, IPv6 in brackets",
    PRINCIPAL: "one principal as User:name",
    TIME: "a time of day as 06:00, from 00:00 to 24:00",
    DATES: "a day as 2026-12-24, or the first and the last as 2026-12-24/2027-01-06, in quotes",
    TOPIC: "an exact name, no pattern: letters, digits, dots, dashes and underscores",
    EXACT: "an exact name, no pattern",
    SINK: "the name of a connector without slash: Connect's REST interface cannot be asked for one with it",
    SEPARATOR: "a separator of dots, dashes or underscores",
    CLIENT_ID: "a client id, or the beginning of one followed by *",
}
"""Words for what is expected, by pattern."""


def one_line(text: str) -> str:
    """The text, if it has no control character, line break, or half of a surrogate pair in it."""
    return _refuse_unprintable(text, "")


def words(text: str) -> str:
    """The same for a word of a command, which may be a script of several lines."""
    return _refuse_unprintable(text, "\n\t")


def _refuse_unprintable(text: str, allowed: str) -> str:
    for letter in text:
        if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} and letter not in allowed:
            raise PydanticCustomError("unprintable", f"has the character U+{ord(letter):04X} in it; remove it")
    return text


def _servers(text: str) -> str:
    each = [server.strip() for server in text.split(",")]
    for server in each:
        if not 0 < int(server.rpartition(":")[2]) <= LARGEST_PORT:
            raise PydanticCustomError("port", f"expected ports from 1 to {LARGEST_PORT}")
    return ",".join(each)


def _url(text: str) -> str:
    if re.search(r"\s", text):
        raise PydanticCustomError("url", "expected an address without blanks")
    login, _, place = text.partition("://")[2].rpartition("@")
    # Behind the last @ stands the host. A password with a slash would otherwise end before it.
    if re.search(r"[/?#@]", login):
        # A part of the password would be taken for the host, and shown.
        raise PydanticCustomError("url", "expected an address; in a password write / as %2F and @ as %40")
    if re.search(r"[?#]", place):
        raise PydanticCustomError("url", "expected an address without ? and #")
    try:
        told = urlsplit(text)
        good = bool(told.hostname) and (told.port is None or told.port > 0)
    except ValueError:
        good = False
    if not good:
        raise PydanticCustomError("url", f"expected a host, and a port from 1 to {LARGEST_PORT} or none")
    return text


def _group(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "expected a name, not only blanks")
    if len(text.encode()) > LONGEST_GROUP:
        raise PydanticCustomError("group", f"expected at most {LONGEST_GROUP} bytes")
    return text


def _amount(text: str) -> list[tuple[int, str]]:
    return [(int(count), unit) for count, unit in re.findall(r"([0-9]+)(ms|h|m|s)", text)]


def milliseconds(text: str) -> int:
    """A duration that matches ``DURATION``."""
    sizes = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
    return sum(count * sizes[unit] for count, unit in _amount(text))


HOUR = 3_600_000
LONGEST = 366 * 24 * HOUR
"""Milliseconds of the longest duration: nobody plans a recovery for longer than a year."""

LONGEST_WAIT = 7 * 24 * HOUR
"""Milliseconds that anything may be waited for: clients keep such times in 31 bits, which is 24 days."""


def _within(longest: int) -> AfterValidator:
    def checked(text: str) -> str:
        if milliseconds(text) > longest:
            raise PydanticCustomError("too_long", f"expected at most {longest // HOUR}h")
        return text

    return AfterValidator(checked)


def _above_zero(text: str) -> str:
    if not milliseconds(text):
        raise PydanticCustomError("zero", "expected more than no time at all")
    return text


_Line = AfterValidator(one_line)

Name = Annotated[str, StringConstraints(pattern=NAME), _Line]
SiteName = Annotated[str, StringConstraints(pattern=ALIAS), _Line]
Resource = Annotated[str, StringConstraints(pattern=RESOURCE), _Line]
HostName = Annotated[str, StringConstraints(pattern=HOST, max_length=253), _Line]
MapKey = Annotated[str, StringConstraints(pattern=MAP_KEY), _Line]
LabelKey = Annotated[str, StringConstraints(pattern=LABEL_KEY), _Line]
LabelValue = Annotated[str, StringConstraints(pattern=LABEL_VALUE), _Line]
Text = Annotated[str, StringConstraints(min_length=1), _Line]
Url = Annotated[str, StringConstraints(pattern=URL), _Line, AfterValidator(_url)]
Servers = Annotated[str, StringConstraints(pattern=SERVERS, max_length=65_536), _Line, AfterValidator(_servers)]
Principal = Annotated[str, StringConstraints(pattern=PRINCIPAL), _Line]
TopicName = Annotated[str, StringConstraints(pattern=TOPIC, max_length=249), _Line]
GroupName = Annotated[str, StringConstraints(min_length=1), _Line, AfterValidator(_group)]
SinkName = Annotated[str, StringConstraints(pattern=SINK), _Line, AfterValidator(_group)]
ListenerName = Annotated[str, StringConstraints(pattern=EXACT, max_length=249), _Line]
Separator = Annotated[str, StringConstraints(pattern=SEPARATOR), _Line]
ClientId = Annotated[str, StringConstraints(pattern=CLIENT_ID), _Line]
File = Text
Command = Annotated[list[Annotated[str, StringConstraints(min_length=1), AfterValidator(words)]], Field(min_length=1)]
Time = Annotated[str, StringConstraints(pattern=TIME), _Line]
Dates = Annotated[str, StringConstraints(pattern=DATES), _Line]
Duration = Annotated[str, StringConstraints(pattern=DURATION, min_length=2), _Line, _within(LONGEST)]
Wait = Annotated[
    str,
    StringConstraints(pattern=DURATION, min_length=2),
    _Line,
    _within(LONGEST_WAIT),
    AfterValidator(_above_zero),
]
"""A deadline or a window, which is never nothing."""

Lasting = Annotated[Duration, AfterValidator(_above_zero)]
