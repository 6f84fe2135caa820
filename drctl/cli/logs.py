"""Structured logs to standard error: key=value for people at a terminal, JSON lines for everything else."""

import logging
import sys

import structlog

LEVELS = (logging.ERROR, logging.INFO, logging.DEBUG)


def configure(verbose: int, form: str = "auto") -> None:
    """Set up structlog for this process; 0 shows only what a service could not do.

    ``form`` is text, json, or auto: text at a terminal, JSON elsewhere.
    """
    people = sys.stderr.isatty() if form == "auto" else form == "text"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
            if people
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[min(verbose, 2)]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
