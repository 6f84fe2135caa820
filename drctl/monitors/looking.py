"""A look that fails is an unknown reading with its reason, never a missing one."""

import logging
from collections.abc import Callable

from drctl.errors import DrctlError, Unauthenticated, Unreachable
from drctl.model.reading import Reading
from drctl.ports.clock import Clock

LOG = logging.getLogger("drctl.looks")


def look[T](clock: Clock, eye: Callable[[], T]) -> Reading[T]:
    """What ``eye`` sees now, or why it sees nothing."""
    try:
        seen = Reading(eye(), clock.now())
        LOG.debug("%s: seen", _name(eye))
        return seen
    except DrctlError as error:
        LOG.debug("%s: unknown: %s", _name(eye), error)
        return Reading(None, clock.now(), str(error) or type(error).__name__, is_silence(error))


def _name(eye: Callable[[], object]) -> str:
    """A partial is told as what it calls: its arguments hold all that was ever seen of a site."""
    called = getattr(eye, "func", eye)
    return getattr(called, "__qualname__", type(called).__name__)


def is_silence(error: DrctlError) -> bool:
    """Whether nobody answered. Who rejects us, or is known to start, is there."""
    return isinstance(error, Unreachable) and not isinstance(error, Unauthenticated)
