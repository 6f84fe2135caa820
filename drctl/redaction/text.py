"""Text without the secrets in it, and without what would command a terminal."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from drctl.redaction.keys import may_be_shown, names_a_secret
from drctl.redaction.prose import PROSE
from drctl.redaction.values import NAMED, concealed

HIDDEN = "***"

NO_DIGEST = r"(?!sha256:[0-9a-f]{64}(?!\w))"
"""Before an image's digest stands its name and no login."""
LOGIN = re.compile(rf"(?<![\w+.-])([\w+.-]++://)\S{{0,4096}}@{NO_DIGEST}")
"""A login in a URL. Up to the last ``@``: a password may hold slashes and quotes, whatever the standard says."""
BARE_LOGIN = re.compile(
    r"""(?<![^\s"'@/:,;=(\[{])[^\s"'@/:,;=(\[{]{1,256}[:/](?!/)[^\s"'@]{0,512}@(?=(?://)?[\w\[])""" + NO_DIGEST
)
"""The same without a scheme, as in ``jdbc:oracle:thin:user/password@host``, or before ``//host`` there."""
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
AUTHORIZATION = re.compile(
    rf"""(\bauthorization\\*["']?\s*[:=]\s*(?!{PROSE.pattern})\\*["']?\w+\s+)[^\s"'\\]+"""
    r"""|(\b(?:Basic|Bearer)\s+)(?=\S*[\d=+/])[\w+/=.~-]{8,}""",
    re.IGNORECASE,
)
INVALID = re.compile(r"(Invalid value\s++)(.*?)((?<!\s)\s++for configuration\s++)([\w.\-]+)", re.DOTALL)
"""Kafka's own words for a wrong setting (``ConfigException``): the value stands before its key."""
FIELD = re.compile(
    r"""(?<![\w.\[\]-])([\w.\[\]-]++)(:\s(?:Invalid|Unsupported|Duplicate)\svalue:\s)("(?:[^"\\]|\\.)*+"|\{.*\}|\S+?(?=:?\s|:?\Z))""",
    re.DOTALL,
)
"""Kubernetes' words for the same: the field stands before."""

KEY = re.compile(
    r"""(?P<quote>(?<!\\)\\*+["'])(?P<quoted>[\w.\-]+)(?P=quote)\s*[:=]\s*"""
    r"""|(?<![\w.\-])(?P<plain>[\w.\-]++)(?:\s?=(?!=)\s?|(?P<colon>\s?:(?!//|\s\w+ value\b"""
    r"""|\s(?:Forbidden|Not found|Too (?:long|many|few)):)\s*))"""
)
VALUE = re.compile(
    r"""(?P<quote>\\*["'])(?P<inside>.*?)(?:(?<!\\)(?P=quote)(?=[\s,;}\])]|\Z)|\Z)|\[[^\]]*\]|[^\s{]\S*""", re.DOTALL
)
SETTING = re.compile(r"[a-z][a-z0-9_\-]*(\.[a-z0-9_\-]+)+")
"""A key of a configuration, in contrast to a Java class, which ends in a capitalised word."""
PASSWORD = re.compile(r"pass(?:word|wd|phrase)$|^pwd$", re.IGNORECASE)
CLASS = re.compile(r"(?:[\w$]+\.)*[A-Z][\w$]*(?:Exception|Error)")
"""Name of an error of others, as in ``TopicAuthorizationException: Not authorized``: its message follows."""
SELECTOR = "KeySelector("
"""Before the name of a key of a Secret, as Java's client for Kubernetes writes references."""
PLACEHOLDERS = ("…", "", HIDDEN, "null", "None", "<nil>", "[hidden]", "[REDACTED]", "<redacted>")
"""Texts that our own examples, and others, show in place of a value, or where there is none."""

SEQUENCE = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|\Z)"  # OSC: titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*(?:\x1b\\|\x9c|\Z)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SURROGATE = re.compile("[\ud800-\udfff]")
"""Bytes that came in and are no text, and would not go out as any."""

PLAIN_WORDS = (AttributeError, NameError, TypeError, IndexError, OSError, UnicodeError, RecursionError, MemoryError)
"""Errors of Python whose texts speak of code and files, not of the values they met."""
LONGEST_TRACE = 64_000
"""Letters of a trace that are looked through."""


def redact(text: str) -> str:
    """Our own words without logins in URLs, private keys, and values whose key says that they are secret."""
    return _keyed(_patterns(text), names_a_secret, settings_only=True)


def redact_foreign(text: str, *configs: object) -> str:
    """Words of others with values of harmless keys only, and without the values that ``configs`` hold under other keys.

    A config is a mapping, nested or not; values of any other kind, such as the words of a command, count as secret.
    """
    hidden = INVALID.sub(
        lambda found: found[0] if _shows(found[4], found[2]) else f"{found[1]}{HIDDEN}{found[3]}{found[4]}", text
    )
    hidden = FIELD.sub(
        lambda found: found[0] if may_be_shown(found[1].rpartition(".")[2]) else f"{found[1]}{found[2]}{HIDDEN}", hidden
    )
    for pattern in concealed(configs):
        hidden = pattern.sub(HIDDEN, hidden)
    return BARE_LOGIN.sub(
        f"{HIDDEN}@", _keyed(_patterns(hidden), lambda key: not may_be_shown(key), settings_only=False)
    )


def redact_trace(trace: object, *configs: object) -> str:
    """Return the first line of a trace of Java's, and where that is a wrapper the cause at its bottom, as above."""
    # Connect wraps what went wrong in ConnectException, so that the first line alone says only that a task died.
    first, *more = redact_foreign(str(trace or "")[:LONGEST_TRACE], *configs).splitlines() or [""]
    cause = next((line for line in reversed(more) if line.startswith("Caused by: ")), "")
    return " ".join(line[:300] for line in (first, cause) if line)


def redact_document(value: Any) -> Any:
    """A document for people or programs with every text in it redacted. Names and numbers stay as they are."""
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if isinstance(part, str) and names_a_secret(str(key)) else redact_document(part)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_document(part) for part in value]
    return SURROGATE.sub("\ufffd", redact(value)) if isinstance(value, str) else value


def redact_output(text: object) -> str:
    """Any text as it goes to a terminal."""
    return redact(printable(str(text)))


def printable(text: str) -> str:
    """Text that commands no terminal: without escape sequences, control and direction characters; lines stay."""
    return SURROGATE.sub("\ufffd", UNPRINTABLE.sub("", SEQUENCE.sub("", text)))


def without_login(url: str) -> str:
    """An address as it may be shown: without user and password, query and fragment."""
    return LOGIN.sub(r"\1", url).split("?", 1)[0].split("#", 1)[0]


def describe(error: BaseException) -> str:
    """Describe an error as it may be shown: ours as it is, a stranger's only where its kind repeats no input."""
    if getattr(error, "is_redacted", False):
        return str(error)
    name = type(error).__name__
    if isinstance(error, PLAIN_WORDS) or type(error).__module__ == "sqlite3":
        said = redact_foreign(str(error))
        return f"{name}: {said}" if said else name
    return name


def _patterns(text: str) -> str:
    text = LOGIN.sub(rf"\1{HIDDEN}@", PRIVATE_KEY.sub(HIDDEN, text))
    return AUTHORIZATION.sub(lambda found: f"{found[1] or found[2]}{HIDDEN}", text)


def _keyed(text: str, hides: Callable[[str], bool], *, settings_only: bool) -> str:
    """The text with the values of such keys hidden; what follows a key that is shown is looked through as well."""
    parts, at = [], 0
    while found := KEY.search(text, at):
        if text.endswith("${", at, found.start()) and (named := NAMED.match(text, found.start() - 2)):
            parts.append(text[at : named.end()])
            at = named.end()
            continue
        hidden = _is_key(found, text, settings_only=settings_only) and hides(found["quoted"] or found["plain"])
        value = VALUE.match(text, found.end()) if hidden else None
        parts.append(text[at : found.end()])
        at = found.end()
        if value and not _is_harmless(found, value):
            parts.append(HIDDEN)
            at = value.end()
    return "".join(parts) + text[at:]


def _shows(key: str, value: str) -> bool:
    return may_be_shown(key) or value in PLACEHOLDERS or NAMED.fullmatch(value) is not None


def _is_harmless(found: re.Match[str], value: re.Match[str]) -> bool:
    """Whether what stands behind a key is none of its values: a name, nothing, or how a sentence goes on."""
    told = value["inside"] if value["quote"] else value[0]
    if told in PLACEHOLDERS or NAMED.fullmatch(told.rstrip(",;.)]")):
        return True
    in_prose = found[0].rstrip().endswith(":") and not value["quote"]
    return in_prose and PROSE.match(value.string, value.start()) is not None


def _is_key(found: re.Match[str], text: str, *, settings_only: bool) -> bool:
    """Prose and addresses have colons, too: before one of these a word is a key only if it looks like one."""
    if found["colon"] is None:
        return found["plain"] != "key" or not text.endswith(SELECTOR, 0, found.start())
    if CLASS.fullmatch(found["plain"]):
        return False
    if names_a_secret(found["plain"]) and (not settings_only or PASSWORD.search(found["plain"])):
        return True
    return SETTING.fullmatch(found["plain"]) is not None and text[found.end() - 1].isspace()
