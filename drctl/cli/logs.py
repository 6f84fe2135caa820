"""Structured logs to standard error: key=value for people at a terminal, JSON lines for everything else.

What libraries log takes the same way, so that every line has the same form and nothing goes out unredacted; so do the
lines of drivers and monitors, which know only Python's own logging: one (-vv) for each request and look.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, override

import structlog

from drctl.cli.tracebacks import formatted
from drctl.redaction import printable, redact_document, redact_foreign

LEVELS = (logging.CRITICAL, logging.INFO, logging.DEBUG)
"""By the number of ``-v``. Without one nothing is logged: what went wrong is shown as progress, and once at the end."""


def configure(verbose: int, form: str = "auto") -> None:
    """Set up structlog for this process; with 0 a service logs all the same (``service/logs.py``).

    ``form`` is text, json, or auto: text at a terminal, JSON elsewhere.
    """
    people = sys.stderr.isatty() if form == "auto" else form == "text"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redacted,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
            if people
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[min(verbose, 2)]),
        logger_factory=structlog.PrintLoggerFactory(_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    logging.getLogger("drctl").setLevel(LEVELS[min(verbose, 2)])
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, _Libraries)] + [_Libraries()]


def _redacted(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The event with its error as a traceback without locals, and every text in it as it may be shown."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    told: dict[str, Any] = redact_document(event)
    if isinstance(error, BaseException):
        told["exception"] = formatted(error)
    return {key: printable(value) if isinstance(value, str) else value for key, value in told.items()}


class _StandardError:
    """Standard error as it is when something is written; what it does not take is lost, and ends nothing."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


class _Libraries(logging.Handler):
    """Hands on what libraries log (the scheduler, Kubernetes' client), whose lines would else go out as they are."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = redact_foreign(record.getMessage())
        except (TypeError, ValueError):  # its arguments do not fit its text
            said = ""
        ours = {"event": said} if record.name.startswith("drctl.") else {"event": "library-logged", "said": said}
        structlog.get_logger().log(record.levelno, **ours, logger=record.name, exc_info=record.exc_info)
