"""Files from outside, read within bounds: their size, and for YAML their depth and how many parts they have.

Every refusal is ConfigInvalid with file, line and remedy; nothing of the file is shown in it.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.tokens import (
    AliasToken,
    AnchorToken,
    BlockEndToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    ScalarToken,
    TagToken,
    Token,
)

from drctl.config.wording import problem_of
from drctl.errors import ConfigInvalid
from drctl.model.documents import LARGEST, DocumentError, json_of, text_of

DEEPEST = 32
"""Levels of nesting: a plan file has eight, an experiment some more."""

MOST = 100_000
"""Parts of a YAML document, some four seconds of reading; a topic in a list is two of them."""

BREAKS = re.compile("[\x85\u2028\u2029]")
"""Line ends of YAML 1.1 alone: what follows one on a comment's line is content to its readers, and a comment to us."""

OPENING = (BlockMappingStartToken, BlockSequenceStartToken, FlowMappingStartToken, FlowSequenceStartToken)
CLOSING = (BlockEndToken, FlowMappingEndToken, FlowSequenceEndToken)


def contents(path: Path, remedy: str, *, largest: int = LARGEST) -> bytes:
    """The bytes of a regular file. A pipe or a device is not waited for, a large file not read to its end."""
    try:
        # Not blocking: opening a pipe without a writer would wait for one without end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise ConfigInvalid(f"{path}: cannot be read: {_reason(error)}", remedy=remedy) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigInvalid(f"{path}: is no regular file", remedy=remedy)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            # One byte more tells that there is more, whatever the size says: a file may grow while it is
            # read, and those of /proc tell 0.
            raw = file.read(largest + 1)
    except OSError as error:
        raise ConfigInvalid(f"{path}: cannot be read: {_reason(error)}", remedy=remedy) from error
    finally:
        os.close(descriptor)
    if len(raw) > largest:
        raise ConfigInvalid(f"{path}: is larger than {largest} bytes", remedy=remedy)
    return raw


def read_json(path: Path, remedy: str, *, largest: int = LARGEST) -> tuple[Any, str]:
    """The value of a JSON file, and its text, in which :func:`drctl.model.documents.line_of_key` finds lines."""
    raw = contents(path, remedy, largest=largest)
    try:
        text = text_of(raw)
        return json_of(text), text
    except DocumentError as error:
        raise ConfigInvalid(f"{path}:{error.line}: {error.problem}", remedy=remedy) from error


def parse_yaml(path: Path, raw: bytes, shape: str) -> CommentedMap:
    """A YAML 1.2 mapping that knows its lines. ``shape`` tells in a remedy what it begins with."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    # In YAML 1.1 the names no, on and 12:30 are other values than they look like.
    yaml.version = (1, 2)
    yaml.allow_duplicate_keys = False
    try:
        text = text_of(raw)
        if strange := BREAKS.search(text):
            raise DocumentError("has a line break in it that YAML 1.1 knows and 1.2 does not", _line(text, strange))
        # Before anything is built: a few hundred bytes of nested anchors make gigabytes.
        _refuse_unbounded(path, yaml.scan(text))
        document = yaml.load(text)
    except DocumentError as error:
        raise ConfigInvalid(f"{path}:{error.line}: {error.problem}", remedy="save it as plain UTF-8") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigInvalid(f"{path}:{line}: {problem_of(error)}", remedy="correct the YAML there") from error
    except YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise ConfigInvalid(f"{path}:{line}: is no YAML text: a character is not allowed", remedy=shape) from error
    except (ValueError, TypeError, RecursionError, AssertionError, AttributeError, LookupError) as error:
        raise ConfigInvalid(f"{path}:1: cannot be read as YAML", remedy=shape) from error
    if not isinstance(document, CommentedMap):
        raise ConfigInvalid(f"{path}:1: holds no mapping", remedy=shape)
    return document


def plain(node: Any) -> Any:
    """A parsed document as plain dicts, lists and scalars."""
    if isinstance(node, CommentedMap):
        return {key if isinstance(key, str) else str(key): plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return str(node)


class _Constructor(RoundTripConstructor):
    """Gives a line to what the library's own constructors raise without one, such as for a number of 5,000 digits."""

    def construct_non_recursive_object(self, node: Node, tag: Any = None) -> Any:
        try:
            return super().construct_non_recursive_object(node, tag)
        except YAMLError:
            raise
        except (ArithmeticError, ValueError, TypeError, AssertionError, AttributeError, LookupError) as error:
            raise MarkedYAMLError(None, None, "this value cannot be read", node.start_mark) from error


def _refuse_unbounded(path: Path, tokens: Iterator[Token]) -> None:
    """Read token by token, so that nothing deep, long or shared is ever built up."""
    depth = 0
    for count, token in enumerate(tokens):
        where = f"{path}:{token.start_mark.line + 1}: "
        if isinstance(token, AnchorToken | AliasToken):
            raise ConfigInvalid(f"{where}anchors and aliases are not supported", remedy="write the value out")
        if isinstance(token, TagToken) and tuple(token.value) != ("!!", "str"):
            raise ConfigInvalid(f"{where}tags are not supported", remedy="write the value without its tag")
        if isinstance(token, ScalarToken) and token.plain and token.value == "<<":
            raise ConfigInvalid(f"{where}merge keys are not supported", remedy="write the keys out")
        depth += isinstance(token, OPENING) - isinstance(token, CLOSING)
        if depth > DEEPEST:
            raise ConfigInvalid(f"{where}is nested deeper than {DEEPEST} levels", remedy="correct the YAML there")
        if count >= MOST:
            raise ConfigInvalid(f"{where}has more than {MOST} parts", remedy="divide it into several files")


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
