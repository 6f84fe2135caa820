"""Find what a configuration keeps secret, in every form in which others may repeat it."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drctl.redaction.keys import may_be_shown, names_a_secret

SHORT, TRIVIAL = 6, 4
"""Letters: what is shorter than the first is hidden only where it stands alone, what is shorter than the second only if
its key says that it is secret; or else every ``5`` of a message would go."""

ORDINARY = re.compile(r"true|false|none|null|all|any|\d{1,5}|(?:[a-z_]\w*\.){2,}[A-Z]\w*|-{1,2}[\w-]+", re.IGNORECASE)
"""Switches, small numbers, Java classes and options, which are no secrets unless their key says so."""
FILE = re.compile(r"[\w./~-]*\.(?:sh|py|pl|rb|js|jar|json|ya?ml|toml|ini|conf|cfg|properties|pem|crt|log|txt)")

PLACE = "secretName"
REFERENCE = {PLACE, "name", "key", "certificate", "pattern", "optional"}
REFERRING = ("secretKeyRef", "configMapKeyRef", "secretRef", "configMapRef")
"""Keys that Kubernetes' and Strimzi's resources have in place of a secret: they name a Secret, and a key in it."""
NAMED = re.compile(r"\$\{[\w\-]{1,60}:[^{}\s]{1,300}\}")
"""A value that a worker fetches by its name when it needs it: ``${secrets:kafka/orders:password}``."""

UNRESERVED = "-._~"


def _in_url(safe: str) -> list[str]:
    """How a URL has each octet, with these and all letters and digits as they are."""
    letters = map(chr, range(256))
    return [each if each.isascii() and (each.isalnum() or each in safe) else f"%{ord(each):02X}" for each in letters]


IN_QUERY, IN_PATH = _in_url(UNRESERVED), _in_url(UNRESERVED + "/")

INSIDE = re.compile(r"""(?<![\w.\-])([\w.\-]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'&;,]+))""")
"""Settings within a value: those of JAAS, or of a URL's query."""
PATH = re.compile(r"[\w+.-]+://[^/\s]+/(\S{8,})")
USER_INFO = re.compile(r"://([^\s@]*)@")


def concealed(configs: Iterable[object]) -> list[re.Pattern[str]]:
    """A pattern for each secret that the configs hold, longest first."""
    secrets: set[str] = set()
    for config in configs:
        for text, certain in _values(config, certain=False):
            for part in _parts(text):
                if certain or (len(part) >= TRIVIAL and not ORDINARY.fullmatch(part)):
                    secrets.update(_forms(part))
    # Longest first: a short secret that is part of a long one would leave the rest of that to be seen.
    return [_pattern(each) for each in sorted(secrets, key=lambda each: (-len(each), each))]


def _values(config: object, *, certain: bool, under: str = "") -> Iterator[tuple[str, bool]]:
    """Every value that may not be shown, and whether its key says that it is secret."""
    if isinstance(config, Mapping):
        if _is_reference(config, under):
            return
        for key, value in config.items():
            # Strimzi names the user in the open, beside a reference to the password.
            if key == "username" and "passwordSecret" in config:
                continue
            if isinstance(value, Mapping | list | tuple) or not may_be_shown(str(key)):
                yield from _values(value, certain=certain or names_a_secret(str(key)), under=str(key))
    elif isinstance(config, list | tuple | set | frozenset):
        for value in config:
            yield from _values(value, certain=certain, under=under)
    elif isinstance(config, str | int | float) and not isinstance(config, bool):
        yield str(config), certain


def _is_reference(config: Mapping[Any, Any], under: str) -> bool:
    """Whether it tells where a secret is, as Kubernetes and Strimzi do: names of a Secret and of its keys only."""
    keys = set(map(str, config))
    if under == "passwordSecret":
        return keys == {"secretName", "password"}
    return keys <= REFERENCE and (PLACE in keys or under in REFERRING)


def _parts(value: str) -> Iterator[str]:
    """The value, and the secrets within it that may be told without the rest."""
    bare = value.strip()
    if not bare or FILE.fullmatch(bare) or NAMED.fullmatch(bare):
        return
    yield bare
    for key, *quoted in INSIDE.findall(bare):
        if names_a_secret(key) or key.startswith("-"):
            yield from filter(None, quoted)
    for login in USER_INFO.findall(bare):
        yield login
        yield login.partition(":")[2]
    if path := PATH.fullmatch(bare):  # that of a webhook is its secret
        yield path[1]
    password = bare.partition(":")[2]
    if password and not password.startswith("//") and not re.search(r"\s", bare):
        yield password
    if "\n" in bare:  # a key in PEM; its first and last lines are no secret
        yield from (line.strip() for line in bare.splitlines() if len(line) >= 2 * SHORT and "-----" not in line)


def _forms(secret: str) -> Iterator[str]:
    """As it is, in JSON once and twice, in a URL, in HTML, in Python's quotes and in the header of a request."""
    if not secret:
        return
    octets = secret.encode("utf-8", "replace")
    once = json.dumps(secret)[1:-1]
    yield from (secret, once, json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(once)[1:-1])
    yield from (html.escape(secret), repr(secret)[1:-1])
    for in_url in (IN_QUERY, IN_PATH):
        quoted = "".join(map(in_url.__getitem__, octets))
        yield from (quoted, quoted.replace("%20", "+"))
    # Of a shorter one the encoded form is four to eight letters, which turn up in ordinary words.
    if len(secret) >= SHORT:
        yield base64.b64encode(octets).decode()


def _pattern(secret: str) -> re.Pattern[str]:
    text = re.escape(secret)
    return re.compile(text if len(secret) >= SHORT else rf"(?<!\w){text}(?!\w)")
