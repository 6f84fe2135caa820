"""Evidence for programs: its keys as every other key of a document, without blanks.

In the journal they stand in words, as they were digested; ``drctl runs show --evidence`` shows that.
"""

import re
from typing import Any

NAMED = frozenset(
    {"groups", "positions", "topics", "sinks", "uncovered", "not working", "not available"}
    | {"not restarted", "static ids", "static members in pods", "static members removed"}
)
"""Below these the keys are names of others, which stay as they are: a group may be called anything."""


def spelled(evidence: Any, *, names: bool = False) -> Any:
    """The same with keys of ours in camel case: ``not arrived`` as ``notArrived``."""
    if isinstance(evidence, dict):
        return {
            str(key) if names else _camel(str(key)): spelled(value, names=key in NAMED)
            for key, value in evidence.items()
        }
    if isinstance(evidence, list | tuple):
        return [spelled(each) for each in evidence]
    return evidence


def _camel(key: str) -> str:
    """Words of ours as one; anything that is not lower-case words is somebody's name."""
    if not re.fullmatch(r"[a-z]+( [a-z]+)+", key):
        return key
    first, *others = key.split()
    return first + "".join(word.capitalize() for word in others)
