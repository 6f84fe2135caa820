"""Settings for every tier."""

import gc
import logging
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# No deadline, and none for drawing examples: a slow machine must not fail a true property. The blob makes a failure
# repeatable from a log.
settings.register_profile("drctl", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("drctl")
# What a script begins in the background ignores SIGINT, and so would everything that the tests begin and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def log_plainly() -> None:
    """Write log lines without colours and columns: runs on the fakes write some hundred thousand of them."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ]
    )


log_plainly()  # modules run plans while they are collected, too


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first, whatever order chance has given to the rest."""
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


def pytest_collection_finish() -> None:
    """Leave what stays until the end, modules and thousands of tests, out of every later garbage collection."""
    gc.collect()  # worlds in which modules ran plans to name their cuts: else they would stay, too
    gc.freeze()


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Nothing of a process' logging outlives the test: a level set by one would hide the lines that another counts."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if type(each).__module__.startswith("drctl.")]:
        root.removeHandler(handler)
    for name in ("drctl", "apscheduler"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
    log_plainly()
