"""JSON from outside, read within bounds: of size, depth and numbers, with every key once.

What Python's reader lets through or answers with an error of its own is refused here with the line: a key that stands
twice (the last one would win in silence), ``NaN`` and ``1e999``, whole numbers beyond 64 bits, text that cannot be
written again (half of a surrogate pair), and nesting that would end in RecursionError here or wherever the value is
looked through.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

LARGEST = 1 << 20
"""Bytes of a document that a person writes."""

DEEPEST = 64
"""Levels of nesting: far more than any document of ours has, far less than Python's recursion limit."""

TOKEN = re.compile(r'"((?:[^"\\]++|\\.)*+)"?(\s*:)?|[\[{]|[\]}]', re.DOTALL)
"""A string, with its colon if it is a key, or a bracket; the optional quote keeps an open string from a second look."""

DIGITS = 19
"""Digits of the largest whole number of 64 bits."""

LARGE = re.compile(r"\d{19}|[eE][+-]?\d{3}")
"""Without any of this outside of its strings, a text holds no number that is too large."""

ONE_KIND = bytes.maketrans(b"{}", b"[]")
BESIDE_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class DocumentError(ValueError):
    """A document is not what it should be; ``line`` is where, counted from 1. The message shows nothing of it."""

    def __init__(self, problem: str, line: int = 1) -> None:
        super().__init__(f"line {line}: {problem}")
        self.problem, self.line = problem, line


def text_of(raw: bytes, *, largest: int = LARGEST) -> str:
    """UTF-8 text, without a byte-order mark. DocumentError if it is too large or something else."""
    if len(raw) > largest:
        raise DocumentError(f"is larger than {largest} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError("is not UTF-8 text", raw.count(b"\n", 0, error.start) + 1) from error


def json_of(raw: bytes | str, *, largest: int = LARGEST, deepest: int = DEEPEST, ours: bool = False) -> Any:
    """The value of a JSON document. DocumentError, which is a ValueError, for whatever else it is.

    ``ours``: written by drctl itself, so that it may hold what Python writes and others cannot read, such as ``NaN``
    and halves of characters; who reads it looks at its numbers himself.
    """
    text = text_of(raw, largest=largest) if isinstance(raw, bytes) else raw
    if len(text) > largest:
        raise DocumentError(f"is larger than {largest} bytes")
    bare = _outside_strings(text)
    if bare.count("[") + bare.count("{") > deepest and not _is_flat(bare, deepest):
        _refuse_depth(text, deepest)
    # Most texts hold no large number, and take a third of the time without a call for each number.
    strict: dict[str, Any] = {} if ours else {"parse_constant": _constant}
    if not ours and LARGE.search(bare):
        strict |= {"parse_int": _whole, "parse_float": _finite}
    try:
        value = json.loads(text, object_pairs_hook=_once, **strict)
        if "\\u" in text and not ours:  # an escape can make half of a surrogate pair, which nothing can print or send
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise DocumentError(f"is no JSON: {error.msg}", error.lineno) from error
    except _Unfit as error:
        raise DocumentError(error.problem, _line_of_unfit(text, error)) from error
    except UnicodeEncodeError as error:
        raise DocumentError("holds an escape that is half of a character") from error
    except ValueError as error:  # Python's own limit of digits
        raise DocumentError("holds a number that is too large") from error
    return value


def line_of_key(text: str, place: Sequence[str]) -> int:
    """The line of a key in a JSON document, named with the keys above it; 1 if it is not there.

    Keys are compared as they are written, so one with escapes in it is missed.
    """
    wanted = tuple(place)
    return next((_line(text, at) for path, _, at in _keys(text) if path == wanted), 1)


class _Unfit(ValueError):
    """A part of a document that Python's own reader would let through; ``part`` is how it is written."""

    def __init__(self, problem: str, part: str, *, key: bool = False) -> None:
        super().__init__(problem)
        self.problem, self.part, self.key = problem, part, key


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names: set[str] = set()
        for name, _ in pairs:
            if name in names:
                raise _Unfit("a key stands twice in one object", name, key=True)
            names.add(name)
    return found


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > DIGITS or not -(1 << 63) <= int(digits) < 1 << 63:
        raise _Unfit("holds a whole number of more than 64 bits", digits)
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _Unfit("holds a number that is too large", digits)
    return value


def _constant(word: str) -> float:
    raise _Unfit("NaN and Infinity are no numbers of JSON", word)


def _line_of_unfit(text: str, unfit: _Unfit) -> int:
    """Where it stands: of a key its second place in the same object, else where it is written first."""
    seen: set[int] = set()
    for path, parent, at in _keys(text) if unfit.key else ():
        if path[-1] == unfit.part:
            if parent in seen:
                return _line(text, at)
            seen.add(parent)
    return _line(text, max(text.find(unfit.part), 0))


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Every key after those above it, the number of its object, and where it stands."""
    path: list[str] = []
    parents: list[int] = []
    for count, token in enumerate(TOKEN.finditer(text)):
        word = token.group()
        if word[0] in "[{":
            path.append("")
            parents.append(count)
        elif word[0] in "]}":
            del path[-1:], parents[-1:]
        elif token.group(2) and path:
            path[-1] = token.group(1)
            yield tuple(path), parents[-1], token.start()


def _outside_strings(text: str) -> str:
    """Return what is not within quotes; of a string that is not closed, nothing."""
    if "\\" in text:
        text = text.replace("\\\\", "").replace('\\"', "")
    return "".join(text.split('"')[::2])


def _is_flat(bare: str, deepest: int) -> bool:
    """Whether all brackets close, and within that many levels."""
    brackets = bare.encode("utf-8", "replace").translate(ONE_KIND, BESIDE_BRACKETS)
    # Each round takes the innermost level away.
    return any(not (brackets := brackets.replace(b"[]", b"")) for _ in range(deepest))


def _refuse_depth(text: str, deepest: int) -> None:
    depth = 0
    for token in TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group()[0], 0)
        if depth > deepest:
            raise DocumentError(f"is nested deeper than {deepest} levels", _line(text, token.start()))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
