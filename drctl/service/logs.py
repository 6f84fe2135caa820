"""The service's log: it tells what changes without being asked to."""

import logging

import structlog


def speak(verbose: int) -> None:
    """Show what a service tells also without ``-v``, warnings and its address among it."""
    if not verbose:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
        logging.getLogger("drctl").setLevel(logging.INFO)
    # It would tell of every look that is not begun because the one before lasts: the service tells of that once.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
