"""Tracebacks as they may be shown: where it happened and what was called, without locals and without values.

Python's own repeat every message of the chain, and a client library's message may repeat what it was given; rich's show
the locals as well.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import drctl
from drctl.redaction import describe

OURS = str(Path(drctl.__file__).parent)


def formatted(error: BaseException) -> str:
    """The whole chain, oldest first as Python has it; of every error its class, and what it says as far as it may."""
    return "\n".join(reversed(list(_chain(error))))


def place(error: BaseException) -> str:
    """File and line of ours at which it came up, such as ``drivers/connect/worker.py:31``; empty if there is none."""
    found = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(OURS):
            found = f"{frame.filename.removeprefix(OURS).lstrip('/')}:{frame.lineno}"
    return found


def report_uncaught(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:
    """Log what ended a thread, or the process, without being caught. Used as Python's hooks for these."""
    import structlog

    error = error if error is not None else kind()
    structlog.get_logger("drctl").error("uncaught", exc_info=error.with_traceback(at))


def _chain(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        where = "".join(traceback.format_tb(current.__traceback__))
        name, said = type(current).__qualname__, describe(current)
        head = "Traceback (most recent call last):\n" if where else ""
        yield f"{head}{where}{said if said.startswith(type(current).__name__) else f'{name}: {said}'}"
        if isinstance(current, BaseExceptionGroup):
            yield from (part for each in current.exceptions for part in _chain(each))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
