"""Where two documents differ, by place."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

SHOWN = 20
"""Places: who reads them looks for one cause, and a forged report differs everywhere."""
LONGEST = 80
"""Characters of a value that is shown."""


def differences(reported: Any, found: Any) -> tuple[str, ...]:
    """The first places at which a report differs from what its evidence shows."""
    return tuple(islice(_different(reported, found, ""), SHOWN))


def _different(reported: Any, found: Any, place: str) -> Iterator[str]:
    if isinstance(reported, dict) and isinstance(found, dict):
        for key in sorted(reported.keys() | found.keys()):
            yield from _different(reported.get(key), found.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(reported, list) and isinstance(found, list) and len(reported) == len(found):
        for number, (one, other) in enumerate(zip(reported, found, strict=True)):
            yield from _different(one, other, f"{place}[{number}]")
    elif type(reported) is not type(found) or reported != found:
        yield f"{place}: the report says {_short(reported)}, the evidence {_short(found)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
