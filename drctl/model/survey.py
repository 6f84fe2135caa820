"""Model what is found at two sites before there is a plan file, and what a plan file would say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drctl.model.access import AclRule
from drctl.model.reading import Reading
from drctl.model.session import GroupProtocol


@dataclass(frozen=True, slots=True)
class SiteSurvey:
    """One site: all its topics, each group with the topics in which it has a position, its worker's connectors.

    ``immovable`` are groups of a kind that cannot be moved, with their kind. Of ``connectors`` (name, then
    configuration, which may hold secrets) ``running`` run. ``super_users`` is None where the brokers keep them to
    themselves.
    """

    name: str
    topics: frozenset[str]
    groups: Mapping[str, frozenset[str]]
    immovable: Mapping[str, GroupProtocol]
    connectors: Mapping[str, Mapping[str, str]] = field(repr=False)
    running: frozenset[str]
    rules: Reading[frozenset[AclRule]]
    super_users: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class ProposedLink:
    """A link as it would stand in a plan file; of its connectors' settings no value is one that may be secret.

    ``hidden`` are connector and key of those that were left out. ``derived``: nothing of it exists yet, it is the other
    direction turned around. ``principals`` may be whom it writes as, the likeliest first; none if nothing tells.
    """

    source: str
    target: str
    connectors: Mapping[str, Mapping[str, str]]
    hidden: tuple[tuple[str, str], ...]
    derived: bool
    prefix: str
    separator: str
    principals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Propose a plan file: ``primary`` is where the link that runs leads from.

    ``platform`` are, by site, principals that write to no topic that moves. ``not_there_yet`` are topics that the link
    copies and whose copies do not exist. ``elsewhere`` are groups of the primary with positions in other topics only.
    """

    primary: str
    standby: str
    certain: bool
    links: tuple[ProposedLink, ...]
    topics: tuple[str, ...]
    not_there_yet: tuple[str, ...]
    groups: tuple[str, ...]
    elsewhere: tuple[str, ...]
    immovable: Mapping[str, GroupProtocol]
    sinks: tuple[str, ...]
    platform: Mapping[str, tuple[str, ...]]
    super_users: Mapping[str, frozenset[str] | None]
    canary_topic: str
    canary_topic_missing: tuple[str, ...]
