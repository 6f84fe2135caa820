"""Which settings of a connector may be written into a file that people share, and what stands there instead.

Kept is the value of a key that is known to be harmless, one that is made of nothing but references to a config
provider (``${file:/run/secrets.properties:mm2}``), and a login whose every option but the user's name is such a
reference. All else may be a secret, also a key that nobody knows.
"""

import re
from collections.abc import Mapping

from drctl.redaction import may_be_shown

REFERENCE = r"\$\{\w+:[^{}]*\}"
REFERENCES = re.compile(f"(?:{REFERENCE})+")
OPTION = re.compile(r'\s+([\w.\-]+)\s*=\s*"([^"\\]*)"')
LOGIN = re.compile(
    r'\s*[\w.$]+\s+(?:required|requisite|sufficient|optional)((?:\s+[\w.\-]+\s*=\s*"[^"\\]*")*)\s*;\s*', re.IGNORECASE
)
PLACE = "${file:/DECIDE/secrets.properties:%s}"


def without_secrets(connector: str, config: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The configuration with a reference in place of every value that may be secret, and the keys of these."""
    hidden = tuple(sorted(key for key, value in config.items() if not _harmless(key, value)))
    shown = {
        key: PLACE % re.sub(r"[^\w.\-]", "-", f"{connector}.{key}") if key in hidden else value
        for key, value in config.items()
    }
    return shown, hidden


def login_name(jaas: str) -> str:
    """Whom a login names, empty where it is a reference or cannot be read."""
    found = LOGIN.fullmatch(jaas)
    options = dict(OPTION.findall(found[1])) if found else {}
    name = options.get("username", "")
    return "" if "${" in name else name


def _harmless(key: str, value: str) -> bool:
    if may_be_shown(key) or REFERENCES.fullmatch(value):
        return True
    login = LOGIN.fullmatch(value) if key.endswith("sasl.jaas.config") else None
    options = OPTION.findall(login[1]) if login else []
    return bool(options) and all(name == "username" or REFERENCES.fullmatch(held) for name, held in options)
