"""Wake Strimzi's operator where it looked at Connect too early, instead of waiting for its next round.

The operator asks Connect for another state, asks how the connector stands right after that, and writes down what it
hears. It looks again once its resource changes, for which its own status counts, too, and otherwise in its interval,
two minutes by default. What it has written down twice the same stands until then, while clients wait:

| seconds | the operator                                        | Connect  | status of the newest generation |
| ------- | --------------------------------------------------- | -------- | ------------------------------- |
| 0.0     | reads ``state: stopped``, asks for it, looks        | stops    | RUNNING                         |
| 0.1     | woken by its own status: looks, has nothing to write | stops    | RUNNING                         |
| 1.5     | sleeps                                              | STOPPED  | RUNNING                         |
| 3.0     | woken by an annotation of drctl's: looks, writes    | STOPPED  | STOPPED                         |

"The Cluster Operator reacts to all notifications about applicable cluster resources" (Strimzi's documentation, periodic
reconciliation). Its handlers of KafkaMirrorMaker2 and KafkaConnector reconcile on every MODIFIED, whatever the
generation (``AbstractOperator.eventHandler``, ``KafkaConnectAssemblyOperator.connectorEventHandler``), and neither
hands annotations of such a resource on to pods, so that none is restarted. A connector that was RESTARTING when it
looked it has not even asked to stop: that, too, waits for its next round. A notification may be lost, as one that finds
the resource locked for ten seconds is, so it is woken more than once.

Only who asked for something wakes it, while that may still be asked: a reading alone changes nothing.
"""

from dataclasses import dataclass

from drctl.drivers.strimzi.operator import Operator
from drctl.drivers.strimzi.schedule import WakeSchedule
from drctl.errors import DrctlError
from drctl.model.link import Connector, ConnectorState
from drctl.model.resources import Kind
from drctl.ports import Clock
from drctl.ports.permit import Permit


@dataclass(slots=True)
class _Asked:
    """Note what a resource was last asked for. ``waits``: it has not been seen since."""

    wanted: object
    permit: Permit
    schedule: WakeSchedule
    times: int = 0
    waits: bool = True


class Waker:
    """Keep what one process has asked an operator for, by the name of the resource, and how often it woke it since."""

    def __init__(self, operator: Operator, clock: Clock) -> None:
        self.operator, self.clock = operator, clock
        self._asked: dict[str, _Asked] = {}

    @property
    def times(self) -> int:
        """How often the operator was woken for what was last asked of each resource."""
        return sum(each.times for each in self._asked.values())

    def asked(self, name: str, wanted: object, permit: Permit, *, changed: bool) -> None:
        """Note what a resource is asked for now. Asked for again, with nothing ``changed``, it goes on waiting."""
        known = self._asked.get(name)
        if known is None or changed or known.wanted != wanted:
            self._asked[name] = _Asked(wanted, permit, WakeSchedule(self.clock))
            return
        known.permit = permit
        if not known.waits:
            known.schedule, known.waits = WakeSchedule(self.clock), True

    def see(self, kind: Kind, name: str, *, reached: bool) -> None:
        """Wake the operator if what was asked of the resource should have been seen by now; changes nothing else."""
        asked = self._asked.get(name)
        if asked is None or not asked.waits:
            return
        if reached:
            asked.waits = False
        elif asked.schedule.due():
            try:
                asked.permit()
                self.operator.wake(kind, name)
            except DrctlError:
                return  # it saves time and no more: who waits is told by its own deadline, with what is left
            asked.times += 1


def reached(connector: Connector, state: str, *, needs_task: bool) -> bool:
    """Whether a connector is seen in the state that was asked for; one that does not exist is not to be waited for.

    Running counts with its tasks, of which what copies needs one: the checkpoint connector has none without groups.
    """
    if connector.state is ConnectorState.ABSENT:
        return True
    if state == "stopped":
        return connector.halted
    runs = connector.state is ConnectorState.RUNNING
    return connector.working or (runs and not connector.tasks and not needs_task)
