"""A link begun at an exact point: nothing that came from the other site is copied back, nothing new is left out."""

from collections.abc import Mapping

from drctl.errors import Conflict
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from drctl.plans.plan import Scene
from drctl.plans.waiting import wait_until_none
from drctl.ports import LinkPorts


def start_from(scene: Scene, link: LinkPorts, opposite: LinkPorts, ends: Mapping[TopicPartition, int]) -> None:
    """Let the link run, from ``ends`` unless it has already gone beyond; Conflict while the other direction runs."""
    if not opposite.replication.status().halted:
        raise Conflict(
            f"link {opposite.link.name} is not stopped: both directions at once would copy in a circle",
            remedy=f"stop its connectors at {opposite.link.target}'s Connect worker and run the command again",
        )
    if link.replication.status().source.halted and not has_run(link, ends):
        scene.in_charge()
        link.replication.restart_from(ends)
    scene.in_charge()
    link.replication.resume()
    wait_until_none(scene, f"link {link.link.name} works", lambda: idle(link))


def has_run(link: LinkPorts, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether the link has gone beyond the point: to set it back there would copy records twice."""
    absent = link.replication.status().source.state is ConnectorState.ABSENT
    return not absent and _beyond(link.replication.frontier(), ends)


def idle(link: LinkPorts) -> list[str]:
    """Why the link does not work; empty if it does."""
    status = link.replication.status()
    return [] if status.working else [f"{status.source.name} is {status.source.state} {status.source.trace}".strip()]


def _beyond(frontier: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> bool:
    return any(offset > ends.get(partition, offset) for partition, offset in frontier.items())
