"""Report a link that a step has stopped or started."""

from collections.abc import Iterable

from drctl.model.link import Connector, LinkStatus
from drctl.model.run import Evidence
from drctl.model.wording import counted

CONNECTORS, WOKEN = "connectors", "operator woken"
"""Keys: state by connector; how often the link's operator had to be asked to look again, left out where it had not."""


def link_evidence(status: LinkStatus) -> Evidence:
    """Return the state of each connector, and how often their operator was woken for it."""
    told: Evidence = {CONNECTORS: {each.name: each.state.value for each in status.connectors}}
    return told | ({WOKEN: status.woken} if status.woken else {})


def left_running(status: LinkStatus, connectors: Iterable[Connector]) -> list[str]:
    """Return what of a link has still to stop, of ``connectors`` that have to, for people; empty if none has."""
    left = [f"{each.name} is {each.state} with {counted(len(each.tasks), 'task')}" for each in connectors]
    return left and left + times_woken(status)


def times_woken(status: LinkStatus) -> list[str]:
    """Say how often the operator was woken; nothing if it was not."""
    return [f"its operator was woken {counted(status.woken, 'time')}"] if status.woken else []
