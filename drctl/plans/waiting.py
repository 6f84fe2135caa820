"""Waiting: every wait names what it waits for and has a deadline."""

from collections.abc import Callable, Sequence

from drctl.errors import DeadlinePassed, DrctlError
from drctl.plans.plan import Scene

_POLL = 0.2
_PATIENCE = 10.0
_SHOWN = 8


def wait_until_none(
    scene: Scene, what: str, left: Callable[[], Sequence[str]], *, within: float | None = None, remedy: str = ""
) -> None:
    """Ask ``left`` again and again until it names nothing any more, and show what it names meanwhile.

    Raises DeadlinePassed after ``within`` seconds (the step timeout if None) with ``what`` and what is left. A
    transient error counts as something left.
    """
    clock = scene.world.clock
    seconds = scene.world.plan.guards.step_timeout.total_seconds() if within is None else within
    deadline = clock.monotonic() + seconds
    while names := _ask(left):
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        scene.say(f"waiting until {what}: {shown}")
        if clock.monotonic() >= deadline:
            raise DeadlinePassed(f"waited {seconds:g} s until {what}, in vain: {shown}", remedy=remedy)
        clock.sleep(_POLL)


def patiently[T](scene: Scene, question: Callable[[], T]) -> T:
    """Answer a question that changes nothing; transient errors are asked past for some seconds."""
    deadline = scene.world.clock.monotonic() + _PATIENCE
    while True:
        try:
            return question()
        except DrctlError as error:
            waited_already = isinstance(error, DeadlinePassed)
            if waited_already or not error.transient or scene.world.clock.monotonic() >= deadline:
                raise
            scene.say(str(error))
            scene.world.clock.sleep(_POLL)


def _ask(left: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return left()
    except DrctlError as error:
        if not error.transient:
            raise
        return (str(error),)
