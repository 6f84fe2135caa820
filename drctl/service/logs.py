"""The service's log: it tells what changes without being asked to, and its libraries tell it in the same form."""

import logging
from typing import override

import structlog

from drctl.redaction import describe, redact_foreign


def speak(verbose: int) -> None:
    """Show what a service tells also without ``-v``, warnings and its address among it; and libraries' warnings."""
    if not verbose:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    root = logging.getLogger()
    if not any(isinstance(handler, _Libraries) for handler in root.handlers):
        root.addHandler(_Libraries(logging.WARNING))
    # It would tell of every look that is not begun because the one before lasts: the service tells of that once.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


class _Libraries(logging.Handler):
    """Brings the standard library's log lines into ours: else they would stand between them as bare text."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        failure = record.exc_info[1] if record.exc_info else None
        why = {"why": describe(failure)} if failure else {}
        log = structlog.get_logger("drctl.service")
        log.log(record.levelno, "library-told", library=record.name, told=redact_foreign(record.getMessage()), **why)
