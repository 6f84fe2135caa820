"""Structured logs to standard error: key=value for people at a terminal, JSON lines for everything else."""

import logging
import sys

import structlog

LEVELS = (logging.CRITICAL, logging.INFO, logging.DEBUG)


def configure(verbose: int) -> None:
    """Set up structlog for this process; errors are told by the command line itself, so 0 is silent."""
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[min(verbose, 2)]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
