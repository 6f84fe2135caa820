r"""Topics that a source connector does not copy as they are, judged by its configuration alone.

MirrorMaker 2 copies a topic if its topic filter takes it, its replication policy does not call it internal, and it did
not come from the target; then the connector's transformations may still drop its records or give them another topic.

| what | who leaves it out |
| --- | --- |
| not in ``topics``, or in ``topics.exclude`` (default ``mm2.*\.internal, .*\.replica, __.*``) | DefaultTopicFilter |
| begins with ``__`` or ``.``; ``mm2…internal``; ``…checkpoints.internal`` | ReplicationPolicy.isInternalTopic |
| ends in ``heartbeats``: is copied as ``<alias>.<topic>`` | IdentityReplicationPolicy |
| ``<target alias>.<topic>``: would come back | DefaultReplicationPolicy, as a cycle |
| ends in ``.internal`` or ``-internal`` | both of the first two, up to Kafka 3.9 |
| ``topics.blacklist`` | DefaultTopicFilter up to Kafka 3.9 |

What depends on Connect's version is uncertain: there a stored offset tells that the topic is copied. Example: under
``topics=shop\..*`` the topic ``payments.events`` is left out, and ``shop.orders.replica`` as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drctl.model.link import internal_separator

type Config = Mapping[str, str]

FILTER = "org.apache.kafka.connect.mirror.DefaultTopicFilter"
EXCLUDED = r"mm2.*\.internal, .*\.replica, __.*"
EXCLUDED_BEFORE = re.compile(r".*[\-.]internal")
"""Kafka 3.9's default and policy; 4.x copies such topics."""
NESTED, ESCAPED = re.compile(r"\[[^]]*(?:\[|&&|--|~~|\|\|)"), re.compile(r"\\.")
"""Sets within sets, which Java knows and Python would take for letters."""
SMTS = "org.apache.kafka.connect.transforms."
RENAMING = (f"{SMTS}RegexRouter", f"{SMTS}TimestampRouter")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a topic is not copied; ``certain`` unless it depends on Connect's version."""

    why: str
    certain: bool = True


def left_out(config: Config, topic: str, prefix: str) -> LeftOut | None:
    """Why that source connector does not copy the topic, None if it does or if that cannot be told.

    ``prefix`` is what the copy's name begins with, empty under the identity policy.
    """
    if why := _internal(config, topic) or _renamed(config, topic, prefix):
        return LeftOut(why)
    if config.get("topic.filter.class", FILTER) == FILTER:
        if _matches(config.get("topics", ".*"), topic) is False:
            return LeftOut("it is not in the connector's topics")
        excluded = config.get("topics.exclude", EXCLUDED)
        if _matches(excluded, topic):
            by = "topics.exclude" if "topics.exclude" in config else f"topics.exclude, by default {EXCLUDED}"
            return LeftOut(f"the connector leaves it out: {by}")
        if "topics.exclude" not in config and _matches(config.get("topics.blacklist", ""), topic):
            return LeftOut("topics.blacklist leaves it out up to Kafka 3.9", certain=False)
    if EXCLUDED_BEFORE.fullmatch(topic):
        return LeftOut("names ending in internal are left out up to Kafka 3.9", certain=False)
    return None


def transformations(config: Config, topic: str, prefix: str) -> Iterator[tuple[str, bool]]:
    """Return what the connector's transformations may do to that topic's records: each with whether it takes them away.

    One that takes none away changes records, so that no copy equals its original.
    """
    image = prefix + topic  # transformations see the name that the copy is to get
    for name in _list(config.get("transforms", "")):
        kind = config.get(f"transforms.{name}.type", "")
        if not _may_apply(config, name, image):
            continue
        if kind == RENAMING[0] and matches_one(config.get(f"transforms.{name}.regex", ""), image) is False:
            continue
        if kind in RENAMING:
            yield f"transformation {name} ({kind}) gives its copy another name", True
        elif kind == f"{SMTS}Filter":
            yield f"transformation {name} ({kind}) drops its records", True
        else:
            yield f"transformation {name} ({kind}) changes its records", False


def _may_apply(config: Config, name: str, image: str) -> bool:
    predicate = config.get(f"transforms.{name}.predicate", "")
    if config.get(f"predicates.{predicate}.type") != f"{SMTS}predicates.TopicNameMatches":
        return True  # none, or one that looks at each record
    matched = matches_one(config.get(f"predicates.{predicate}.pattern", ""), image)
    negated = config.get(f"transforms.{name}.negate", "false").lower() == "true"
    return matched is None or matched is not negated


def _internal(config: Config, topic: str) -> str:
    """Why the replication policy calls the topic internal; under these names nothing is ever copied."""
    separator = internal_separator(config)
    internal = f"{separator}internal"
    mirror = topic.startswith("mm2") and topic.endswith(internal)
    if topic.startswith(("__", ".")) or mirror or topic.endswith(f"{separator}checkpoints{internal}"):
        return "MirrorMaker 2 takes it for an internal topic"
    return ""


def _renamed(config: Config, topic: str, prefix: str) -> str:
    if not prefix:
        return "MirrorMaker 2 takes it for heartbeats and copies it under another name" if _beats(topic) else ""
    separator, target = config.get("replication.policy.separator", "."), config.get("target.cluster.alias", "")
    came_through = topic.split(separator)[:-1] if separator else []
    return f"by its name it came from {target}, so it is not copied back" if target in came_through else ""


def _beats(topic: str) -> bool:
    return topic.endswith("heartbeats")


def _matches(patterns: str, topic: str) -> bool | None:
    """Whether one of these patterns is the whole name; None where Python cannot read them as Java does."""
    wanted = _list(patterns)
    return matches_one("|".join(wanted), topic) if wanted else False


def matches_one(pattern: str, topic: str) -> bool | None:
    """Whether that pattern is the whole name; None where Python cannot read it as Java does."""
    if NESTED.search(ESCAPED.sub("", pattern)):
        return None
    try:
        return re.fullmatch(pattern, topic) is not None
    except re.error:
        return None


def _list(value: str) -> list[str]:
    """A list as Kafka's configurations write it."""
    return re.split(r"\s*,\s*", value.strip()) if value.strip() else []
