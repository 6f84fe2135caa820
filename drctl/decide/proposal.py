"""Propose a plan file for two sites, from what was found there. Whoever reads it decides; nothing is guessed
without being named as such.
"""

import re
from collections.abc import Iterator, Mapping

from drctl.decide.hiding import login_name, without_secrets
from drctl.decide.left_out import left_out, matches_one
from drctl.errors import NotFound
from drctl.model.access import EVERYONE, writable
from drctl.model.link import MIRROR_KINDS, syncs_topic
from drctl.model.own_rights import JOURNAL
from drctl.model.survey import Proposal, ProposedLink, SiteSurvey

CLASSES = {kind: name for name, kind in MIRROR_KINDS.items()}
ALIASES = ("source.cluster.alias", "target.cluster.alias")
SHARED = re.compile(
    r"(source|target)\.cluster\..*|replication\.policy\..*|(key|value|header)\.converter|offset-syncs\.topic\.location"
)
"""Settings that the connectors of one link have in common."""
OUR_GROUPS = "drctl-"
WRITING = ("producer.override.sasl.jaas.config", "target.cluster.sasl.jaas.config", "target.producer.sasl.jaas.config")
"""Where a source connector may say whom it writes as."""

type Connectors = Mapping[str, Mapping[str, str]]


def propose(first: SiteSurvey, second: SiteSurvey, canary_topic: str) -> Proposal:
    """Propose a plan file. NotFound where no MirrorMaker 2 leads from one of the sites to the other, or copies nothing.

    Where both directions run or stand still, the first site is taken for the primary.
    """
    ways = [(first, second), (second, first)]
    found = [way for way in ways if _mirror(*way)]
    if not found:
        raise NotFound(
            f"no MirrorMaker 2 leads from {first.name} to {second.name} or back; {_other_aliases(first, second)}",
            remedy="name the sites as their aliases in MirrorMaker 2, and their workers: a link runs at its target's",
        )
    running = [way for way in found if _runs(*way)] or found
    source, target = running[0]
    config = _source_config(_mirror(source, target))
    prefix, _ = _naming(config, source.name)
    topics = tuple(_copied(source, config, prefix, {canary_topic, JOURNAL}))
    if not topics:
        raise NotFound(f"the link from {source.name} to {target.name} copies no topic", remedy="see its 'topics'")
    sinks = tuple(sorted(_sinks(source, set(topics))))
    groups, elsewhere = _groups(source, set(topics), sinks)
    names = {*topics, *(prefix + topic for topic in topics)}
    return Proposal(
        source.name,
        target.name,
        len(running) == 1,
        (_link(source, target, names), _link(target, source, names)),
        topics,
        tuple(topic for topic in topics if prefix + topic not in target.topics),
        groups,
        elsewhere,
        dict(sorted(source.immovable.items())),
        sinks,
        {site.name: _platform(site, names, canary_topic) for site in (source, target)},
        {site.name: site.super_users for site in (source, target)},
        canary_topic,
        tuple(site.name for site in (source, target) if canary_topic not in site.topics),
    )


def _mirror(source: SiteSurvey, target: SiteSurvey) -> Connectors:
    """MirrorMaker 2's connectors in that direction; none unless the source connector is among them."""
    wanted = (source.name, target.name)
    found = {
        name: config
        for name, config in target.connectors.items()
        if config.get("connector.class") in MIRROR_KINDS and tuple(map(config.get, ALIASES)) == wanted
    }
    # Checkpoints and heartbeats alone copy no record, so they are no link.
    return found if any(_kind(config) == "source" for config in found.values()) else {}


def _kind(config: Mapping[str, str]) -> str:
    return MIRROR_KINDS.get(config.get("connector.class", ""), "")


def _source_config(mirror: Connectors) -> Mapping[str, str]:
    return next(config for config in mirror.values() if _kind(config) == "source")


def _runs(source: SiteSurvey, target: SiteSurvey) -> bool:
    return any(name in target.running for name, config in _mirror(source, target).items() if _kind(config) == "source")


def _aliases(config: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(config.get(key, "?") for key in ALIASES)


def _other_aliases(*sites: SiteSurvey) -> str:
    configs = [config for site in sites for config in site.connectors.values() if _kind(config)]
    pairs = {_aliases(config) for config in configs}
    told = ", ".join(sorted(f"{source} to {target}" for source, target in pairs))
    return f"there are connectors from {told}" if told else "their workers have none at all"


def _naming(config: Mapping[str, str], source: str) -> tuple[str, str]:
    separator = config.get("replication.policy.separator", ".")
    identity = config.get("replication.policy.class", "").endswith("IdentityReplicationPolicy")
    return ("" if identity else source + separator), separator


def _copied(source: SiteSurvey, config: Mapping[str, str], prefix: str, ours: set[str]) -> Iterator[str]:
    back = config.get("target.cluster.alias", "") + config.get("replication.policy.separator", ".")
    for topic in sorted(source.topics - ours):
        # The default policy calls a copy ALIAS.topic: what has the other site's alias came from there, and is
        # none of this site's own.
        came_back = bool(prefix) and topic.startswith(back)
        if not came_back and not topic.endswith("heartbeats") and left_out(config, topic, prefix) is None:
            yield topic


def _sinks(site: SiteSurvey, topics: set[str]) -> Iterator[str]:
    for name, config in site.connectors.items():
        if _kind(config):
            continue
        listed = {topic.strip() for topic in config.get("topics", "").split(",")}
        if listed & topics or any(matches_one(config.get("topics.regex", ""), topic) for topic in topics):
            yield name


def _groups(site: SiteSurvey, topics: set[str], sinks: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # Connect calls a sink's group connect-NAME unless the connector says otherwise. It moves with its sink,
    # and would move twice if it were proposed as a group.
    of_sinks = {site.connectors[name].get("consumer.override.group.id", f"connect-{name}") for name in sinks}
    own = sorted(group for group in site.groups.keys() - of_sinks if not group.startswith(OUR_GROUPS))
    moving = tuple(group for group in own if site.groups[group] & topics)
    return moving, tuple(group for group in own if group not in moving)


def _link(source: SiteSurvey, target: SiteSurvey, names: set[str]) -> ProposedLink:
    mirror, derived = _mirror(source, target), False
    if not mirror:
        mirror, derived = _turned(_mirror(target, source), source.name, target.name), True
    mirror = _whole(mirror, f"{source.name}-to-{target.name}")
    config = _source_config(mirror)
    shown: dict[str, dict[str, str]] = {}
    hidden: list[tuple[str, str]] = []
    for name, settings in mirror.items():
        shown[name], keys = without_secrets(name, {key: value for key, value in settings.items() if key != "name"})
        hidden += [(name, key) for key in keys]
    prefix, separator = _naming(config, source.name)
    writers = _principals(config, source.name, target, names)
    return ProposedLink(source.name, target.name, shown, tuple(hidden), derived, prefix, separator, writers)


def _turned(mirror: Connectors, source: str, target: str) -> Connectors:
    """The other direction, of the one that exists."""

    def side(key: str) -> str:
        for one, other in (("source.cluster.", "target.cluster."), ("target.cluster.", "source.cluster.")):
            if key.startswith(one):
                return other + key.removeprefix(one)
        return key

    def turned(config: Mapping[str, str]) -> dict[str, str]:
        return {side(key): value for key, value in config.items()}

    return {f"{source}-to-{target}.{_kind(config)}": turned(config) for config in mirror.values()}


def _whole(mirror: Connectors, link: str) -> Connectors:
    """All three, those that do not exist with what the link's connectors have in common."""
    there = {_kind(config) for config in mirror.values()}
    common = {key: value for key, value in _source_config(mirror).items() if SHARED.fullmatch(key)}
    # A connector may be missing for a reason (Strimzi's v1 resource has no heartbeats any more), but drctl
    # needs all three: proposed here, decided by whoever reads it.
    missing = {
        f"{link}.{kind}": {"connector.class": name, **common} for kind, name in CLASSES.items() if kind not in there
    }
    return {**mirror, **missing}


def _principals(config: Mapping[str, str], source: str, target: SiteSurvey, names: set[str]) -> tuple[str, ...]:
    """Whom the connector logs in as, if it says so; else who may write what MirrorMaker 2 writes there."""
    told = [f"User:{name}" for key in WRITING if (name := login_name(config.get(key, "")))]
    rules = target.rules.value or frozenset()
    wanted = {syncs_topic(source, config), *(names & target.topics)}
    writers = {rule.principal for rule in rules if rule.lets_write} - {EVERYONE}
    able = sorted(principal for principal in writers if set(writable(rules, principal, wanted)) == wanted)
    certain = [each for each in told if each in able] or told
    reading = f"User:{login_name(config.get('source.cluster.sasl.jaas.config', ''))}"
    return tuple(dict.fromkeys(certain or sorted(able, key=lambda each: each != reading)))


def _platform(site: SiteSurvey, names: set[str], canary_topic: str) -> tuple[str, ...]:
    """Who writes topics, but none that moves, nor the canary's: Connect workers, registries."""
    rules = site.rules.value or frozenset()
    who = {rule.principal for rule in rules if rule.lets_write and rule.kind == "TOPIC"} - {EVERYONE}
    others = site.topics - {JOURNAL}
    return tuple(
        sorted(
            principal
            for principal in who
            if not writable(rules, principal, {*names, canary_topic}) and writable(rules, principal, others)
        )
    )
