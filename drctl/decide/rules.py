"""The rules that readiness checks, in the operator's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Rule(StrEnum):
    """Every reason to wait or to think twice; the name in kebab case is what an override would name."""

    FACTS_STALE = "the observations are too old"
    FACTS_UNKNOWN = "something that must be known could not be seen"
    SOURCE_SILENT = "the source does not answer, so it cannot be drained"
    TARGET_SILENT = "the target does not answer"
    BROKERS_MISSING = "fewer brokers than replicas"
    PARTITION_WITHOUT_LEADER = "a partition has no leader"
    FRONT_DOOR_ELSEWHERE = "clients are not sent to the source"
    SOURCE_FENCED = "the source is fenced already"
    EVERYONE_WRITES = "everyone may write, which no fence per user can separate"
    CANARY_REFUSED = "the canary may not write even without a fence, so its refusal would prove nothing"
    CANARY_TOPIC_MISSING = "the canary has no topic to write to"
    STANDBY_OPEN = "the standby is not fenced"
    LINK_UNKNOWN = "the state of the link is not known"
    CONNECTOR_ABSENT = "a connector does not exist"
    CONNECTOR_FAILED = "a connector or one of its tasks has failed"
    CONNECTOR_IDLE = "a connector does not run"
    HEADERS_REWRITTEN = "Connect rewrites header values"
    BYTES_REWRITTEN = "Connect rewrites keys or values"
    CONVERTER_INHERITED = "the converter is left to the worker"
    POLICY_UNSUPPORTED = "only the identity replication policy is supported"
    SYNCS_MISSING = "the offset syncs cannot be read at the target"
    SYNCS_LOCATION = "the offset syncs are not set to be kept at the target"
    BOTH_DIRECTIONS = "both directions run under the identity policy, which copies records in circles"
    AT_LEAST_ONCE = "the link copies at least once"
    UNCOMMITTED_COPIED = "the link copies records of aborted transactions"
    GROUPS_SYNCED = "MirrorMaker 2 commits positions for the groups, too"
    LAG_UNKNOWN = "replication lag was not measured"
    LAG_TOO_HIGH = "the link is too far behind"
    TOPIC_MISSING = "a topic of the plan does not exist"
    PARTITIONS_DIFFER = "a topic has another number of partitions at the target"
    TIMESTAMPS_DIFFER = "timestamps are stamped differently, so no record looks the same on both sites"
    TIMESTAMPS_STAMPED = "brokers stamp the time, so timestamps are no part of the proof"
    TARGET_WEAKER = "the target keeps records less safely"
    GROUP_MISSING = "a group of the plan does not exist"
    GROUP_ACTIVE_AT_TARGET = "a group is active at the target"
    SINKS_UNKNOWN = "the state of the sink connectors is not known"
    SINK_MISSING = "a sink connector of the plan does not exist"
    SINK_FAILED = "a sink connector has failed"
    SINK_ACTIVE_AT_TARGET = "a sink connector runs at the target"


class Concern(IntEnum):
    """What a rule is about; the value is the exit code of a command that the rule refused."""

    SITES = 30
    WORKER = 31
    CONNECTORS = 32
    OFFSET_SYNCS = 33
    BOTH_DIRECTIONS = 34
    NAMES = 35
    CONFIGURATION = 36
    LAG = 37
    WRITERS = 38
    ACTIVE_GROUPS = 39


CONCERNS: Mapping[Concern, frozenset[Rule]] = {
    Concern.SITES: frozenset(
        {
            Rule.FACTS_STALE,
            Rule.FACTS_UNKNOWN,
            Rule.SOURCE_SILENT,
            Rule.TARGET_SILENT,
            Rule.BROKERS_MISSING,
            Rule.PARTITION_WITHOUT_LEADER,
        }
    ),
    Concern.WORKER: frozenset({Rule.LINK_UNKNOWN, Rule.SINKS_UNKNOWN}),
    Concern.CONNECTORS: frozenset(
        {Rule.CONNECTOR_ABSENT, Rule.CONNECTOR_FAILED, Rule.CONNECTOR_IDLE, Rule.SINK_FAILED}
    ),
    Concern.OFFSET_SYNCS: frozenset({Rule.SYNCS_MISSING, Rule.SYNCS_LOCATION}),
    Concern.BOTH_DIRECTIONS: frozenset({Rule.BOTH_DIRECTIONS}),
    Concern.NAMES: frozenset({Rule.TOPIC_MISSING, Rule.GROUP_MISSING, Rule.CANARY_TOPIC_MISSING, Rule.SINK_MISSING}),
    Concern.CONFIGURATION: frozenset(
        {
            Rule.HEADERS_REWRITTEN,
            Rule.BYTES_REWRITTEN,
            Rule.CONVERTER_INHERITED,
            Rule.POLICY_UNSUPPORTED,
            Rule.AT_LEAST_ONCE,
            Rule.UNCOMMITTED_COPIED,
            Rule.GROUPS_SYNCED,
            Rule.PARTITIONS_DIFFER,
            Rule.TIMESTAMPS_DIFFER,
            Rule.TIMESTAMPS_STAMPED,
            Rule.TARGET_WEAKER,
        }
    ),
    Concern.LAG: frozenset({Rule.LAG_UNKNOWN, Rule.LAG_TOO_HIGH}),
    Concern.WRITERS: frozenset(
        {
            Rule.FRONT_DOOR_ELSEWHERE,
            Rule.SOURCE_FENCED,
            Rule.EVERYONE_WRITES,
            Rule.CANARY_REFUSED,
            Rule.STANDBY_OPEN,
        }
    ),
    Concern.ACTIVE_GROUPS: frozenset({Rule.GROUP_ACTIVE_AT_TARGET, Rule.SINK_ACTIVE_AT_TARGET}),
}
"""Every rule belongs to exactly one concern."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason: the rule, what exactly was found where, and what to do about it."""

    rule: Rule
    detail: str
    remedy: str

    @property
    def concern(self) -> Concern:
        """What the rule is about."""
        return next(concern for concern, rules in CONCERNS.items() if self.rule in rules)
