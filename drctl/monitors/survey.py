"""Observe a site that no plan file names yet. What a plan file cannot do without is not unknown but an error."""

from drctl.model.link import ConnectorState
from drctl.model.session import IMMOVABLE
from drctl.model.survey import SiteSurvey
from drctl.monitors.readings import reading_of
from drctl.ports.asking import decided
from drctl.ports.clock import Clock
from drctl.ports.world import SurveyPorts


def survey(site: SurveyPorts, clock: Clock) -> SiteSurvey:
    """Look at everything that a plan file names. Raises what the ports raise, but for the authorizer's rules."""
    cluster = site.brokers.cluster()
    topics = site.brokers.names()
    kinds = site.positions.groups()
    movable = sorted(group for group, protocol in kinds.items() if protocol not in IMMOVABLE)
    positions, pending = decided(site.positions, movable, clock)
    held: dict[str, frozenset[str]] = {}
    for group in movable:
        places = (*positions.get(group, ()), *pending.get(group, ()))
        held[group] = frozenset(partition.topic for partition in places)
    connectors = {
        name: definition for name in site.connectors.names() if (definition := site.connectors.definition(name))
    }
    running = {name for name in connectors if site.connectors.state(name).state is ConnectorState.RUNNING}
    return SiteSurvey(
        site.name,
        topics,
        held,
        {group: protocol for group, protocol in kinds.items() if protocol in IMMOVABLE},
        connectors,
        frozenset(running),
        reading_of(clock, site.access.rules),
        cluster.super_users,
    )
