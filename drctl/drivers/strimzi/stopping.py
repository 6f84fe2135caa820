"""How a connector is asked to stop so that it counts as stopped only once it is: through a pause, where in doubt.

Strimzi's operator asks Connect for another state only if Connect tells one that differs from it
(``AbstractConnectOperator.updateState``), and Connect tells the old one for a moment after it was asked. So a connector
that was asked to run and, before it has begun, is to stop again is not asked to stop; it begins, and is told as STOPPED
under the newest generation until the operator's next round, two minutes later. A pause in between is asked for whatever
Connect tells, and undoes the start that is still to come:

| the resource asks for | told of its newest generation                     | asked for now                       |
| --------------------- | ------------------------------------------------- | ----------------------------------- |
| ``stopped``           | anything                                          | nothing                             |
| ``running``           | RUNNING, PAUSED, FAILED: the start is behind it   | ``stopped``                         |
| ``running``           | STOPPED, or nothing for sure: it may still begin  | ``paused``                          |
| ``running``, turned   | anything                                          | ``paused``                          |
| ``paused``            | PAUSED, FAILED                                    | ``stopped``                         |
| ``paused``            | anything else                                     | nothing; it is waited for and woken |

Example: ``running`` is written at 0.0; the operator asks for it at 0.1 and hears STOPPED. A stop at 0.5 writes
``paused``, which the operator asks for. Connect begins at 1.5 and pauses at once. Woken at 3.5 the operator tells
PAUSED; ``stopped`` is written, asked for, and told once it is so.

A resource has *turned* if drctl asked it to run before it was seen stopped: the operator may then hear RUNNING from
before that stop, and ask for the start later. That stands in an annotation, for the next process, too.

Invariant: drctl wrote ``stopped`` and STOPPED is told of that generation => no start that the operator asked for before
is still to come. What it told last differed from STOPPED, and it asked for nothing but a pause and a stop since: its
reconciliations of one resource come one after the other, and each tells of the generation that it has read.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from drctl.drivers.strimzi.connect_status import wanted_state
from drctl.drivers.strimzi.operator import PATIENCE
from drctl.drivers.strimzi.schedule import WakeSchedule
from drctl.errors import DeadlinePassed, DrctlError
from drctl.model.link import ConnectorState
from drctl.model.resources import Object
from drctl.ports import Clock
from drctl.ports.permit import Permit

TURNED = "drctl.io/turned-around"
"""On a resource that was asked to run before it was seen stopped."""
_BEGUN = (ConnectorState.RUNNING, ConnectorState.PAUSED, ConnectorState.FAILED)
_PAUSED = (ConnectorState.PAUSED, ConnectorState.FAILED)
"""A connector that has failed is never paused, nor does it begin by itself."""


def has_turned(item: Object) -> bool:
    """Whether the resource was asked to run before it was seen stopped, and never stopped for sure since."""
    return TURNED in (item["metadata"].get("annotations") or {})


def next_state(spec: Mapping[str, Any], told: ConnectorState | None, *, turned: bool) -> str:
    """Return the state to ask for now on the way to ``stopped``, by the table above.

    ``told`` is Connect's word for the newest generation, None where the operator has not told it.
    """
    wanted = wanted_state(spec)
    if wanted == "stopped":
        return "stopped"
    if wanted == "paused":
        return "stopped" if told in _PAUSED else "paused"
    return "stopped" if told in _BEGUN and not turned else "paused"


def until_asked(
    clock: Clock, label: str, ask: Callable[[], Collection[str]], wake: Callable[[], None], permit: Permit
) -> None:
    """Ask until all are asked to stop. ``ask`` asks for what may be asked for now, and names what waits for its pause.

    DeadlinePassed, with all of them paused at least, where the operator does not tell of the pause.
    """
    deadline, schedule = clock.monotonic() + PATIENCE, WakeSchedule(clock)
    while waiting := ask():
        if clock.monotonic() > deadline:
            raise DeadlinePassed(
                f"{label}: timed out waiting until its operator tells that {', '.join(waiting)} paused,"
                " which were to stop before they had begun",
                remedy="check that Strimzi's cluster operator runs and Connect answers it",
            )
        clock.sleep(0.2)
        permit()
        if schedule.due():
            with suppress(DrctlError):
                wake()
