"""The rules that readiness checks, in the operator's words."""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason: the rule, what exactly was found where, and what to do about it."""

    rule: Rule
    detail: str
    remedy: str
