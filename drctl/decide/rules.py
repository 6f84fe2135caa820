"""The rules that readiness checks, in the operator's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from drctl.model.fixes import Fix


class Rule(StrEnum):
    """Every reason to wait or to think twice; the name in kebab case is what an override names (``overrides.py``)."""

    FACTS_STALE = "the observations are too old"
    FACTS_UNKNOWN = "something that must be known could not be seen"
    SOURCE_SILENT = "the source does not answer, so it cannot be drained"
    SOURCE_HEALTHY = "the source is healthy, so nothing need be lost"
    TARGET_SILENT = "the target does not answer"
    EPOCH_BEHIND = "positions tell of later decisions than the state file does"
    ONE_CLUSTER = "both sites are one and the same cluster"
    BROKERS_MISSING = "fewer brokers than replicas"
    PARTITION_WITHOUT_LEADER = "a partition has no leader"
    CLIENT_ROUTING_ELSEWHERE = "clients are not sent to the source"
    CLIENT_ROUTING_HELD = "client routing cannot be turned"
    SOURCE_FENCED = "the source is fenced already"
    EVERYONE_WRITES = "everyone may write, which no fence per user can separate"
    CANARY_REFUSED = "the canary may not write even without a fence, so its refusal would prove nothing"
    CANARY_TOPIC_MISSING = "the canary has no topic to write to"
    STANDBY_OPEN = "the standby is not fenced"
    CANARY_WRITES = "the canary is not refused at the fenced standby"
    SUPER_USER_WRITES = "an application is a super user, whom no deny rule binds"
    PLATFORM_WRITES = "a principal of the platform may write to topics that move"
    DENIED_TOO = "the fence denies a writer that writes to no topic that moves"
    REPLICATION_DENIED = "a replication principal may not write where its link leads"
    RULE_OF_OTHERS = "a deny rule that drctl did not make stands, and stays"
    LINK_UNKNOWN = "the state of the link is not known"
    CONNECTOR_ABSENT = "a connector does not exist"
    CONNECTOR_FAILED = "a connector or one of its tasks has failed"
    CONNECTOR_IDLE = "a connector does not run"
    HEADERS_REWRITTEN = "Connect rewrites header values"
    BYTES_REWRITTEN = "Connect rewrites keys or values"
    CONVERTER_INHERITED = "the converter is left to the worker"
    TOPIC_NOT_COPIED = "the link does not copy a topic of the plan"
    RECORDS_SKIPPED = "the link may leave records out without a word"
    FRONTIER_UNPROVEN = "the target does not hold what the link says it has copied"
    POLICY_DIFFERS = "the connectors have another replication policy than the plan file"
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
    GROUP_IMMOVABLE = "a group of the plan is of a kind that cannot be moved"
    GROUP_ACTIVE_AT_TARGET = "a group is active at the target"
    LOSS_NOT_ACCEPTED = "more would be lost than was accepted"
    SINKS_UNKNOWN = "the state of the sink connectors, or the group that one reads as, is not known"
    SINK_MISSING = "a sink connector of the plan does not exist"
    SINK_FAILED = "a sink connector has failed"
    SINK_GROUP_DIFFERS = "a sink connector does not read as the group whose position is moved"
    SINK_ACTIVE_AT_TARGET = "a sink connector runs at the target"
    PAUSED = "somebody has paused drctl"
    OUTSIDE_WINDOW = "the plan file's calendar lets nothing planned begin now"
    COOLING_DOWN = "the last run that moved the primary ended only just now"
    LINK_UNPROVEN = "the link home of the last run does not work"
    RECORDS_REFUSED = "the target refuses records that the source takes"
    CLEANUP_DIFFERS = "a topic is cleaned up in another way at the target"
    RETENTION_SHORTER = "the target forgets records sooner"
    SETTINGS_DIFFER = "a topic is set up differently at the target"
    RIGHT_MISSING = "an application lacks a right at the target"
    RIGHT_DENIED = "an application is denied at the target what it may do at the source"
    RIGHT_WIDER = "the target does not deny what the source denies"
    OWN_RIGHT_MISSING = "drctl itself may not do what a step needs"
    FENCE_FORBIDDEN = "drctl may not write the deny rules of a fence"
    USER_MISSING = "a SCRAM user of an application cannot log in at the target"
    SCHEMA_DIFFERS = "the target's schema registry lacks a schema, or has another one under its id"
    SCHEMAS_UNKNOWN = "the schemas of a registry could not be read"
    CAPACITY_SMALLER = "the target has fewer brokers"
    LOSSES_UNKNOWN = "whether records or positions are being lost cannot be told"
    TOPIC_RECREATED = "a topic was deleted and recreated at the source"
    RECORDS_LOST = "the source deleted records before they were copied"
    SOURCE_SHORTER = "the source's log ends before what was copied from it"
    RETENTION_NEAR = "the source is about to delete records that were not copied"
    LINK_SILENT = "the link runs and copies nothing, while records wait"
    CHECKPOINTS_MISSING = "MirrorMaker 2's checkpoints cannot be read at the target"
    TARGET_AHEAD = "a group's position at the target is ahead of the one at the source"
    POSITIONS_EXPIRING = "positions at the target are about to be forgotten"
    LINK_SLOWER = "a setting makes the copy, or what is known of it, older than it need be"
    CLIENTS_LEFT = "clients are still at a site that they should have left"
    CLIENT_STAYS = "a client's software does not go to another site by itself"
    DEPLOYMENTS_UNKNOWN = "how the workload's deployments stand is not known"
    DEPLOYMENT_MISSING = "a deployment of the plan does not exist"
    DEPLOYMENT_GROUP_UNKNOWN = "a deployment names a group that neither its workload nor a sink connector has"
    DEPLOYMENT_OWNED = "a manifest of somebody else sets a deployment's replicas"
    DEPLOYMENT_AUTOSCALED = "an autoscaler would scale a deployment up from 0"
    RESTART_HELD = "clients could not be restarted once they are sent to another site"
    REPLICAS_UNKNOWN = "nobody knows how many replicas a deployment needs"
    STANDBY_TOO_SMALL = "the standby has less than the shift demands"
    CAPACITY_UNKNOWN = "what the standby has is not known, and the shift demands it"
    POSITION_UNPROVEN = "a position cannot be proven, and waiting for the link does not change that"
    POSITIONS_UNKNOWN = "the groups' positions cannot be told"
    POSITIONS_STALE = "positions at the target were not kept, or their groups were behind"
    CERTIFICATE_INVALID = "a certificate has expired, or is not valid yet"
    CERTIFICATE_EXPIRING = "a certificate is about to expire"
    CLOCK_APART = "a site's clock and this machine's differ"
    DISK_FILLING = "a disk is nearly full"
    DIRECTORY_CORDONED = "a log directory takes no new partitions"
    QUOTA_DIFFERS = "a client may use more or less at the target than at the source"
    SHIFT_CHANGES = "the next shift demands more and begins while the work moves"


class GateCategory(IntEnum):
    """Say what a rule is about; the value is the exit code of a command that the rule refused."""

    LOSS = 17
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
    HASTE = 40
    DEPLOYMENTS = 41
    CAPACITY = 42
    POSITIONS = 43


CONCERNS: Mapping[GateCategory, frozenset[Rule]] = {
    GateCategory.SITES: frozenset(
        {
            Rule.FACTS_STALE,
            Rule.FACTS_UNKNOWN,
            Rule.SOURCE_SILENT,
            Rule.SOURCE_HEALTHY,
            Rule.TARGET_SILENT,
            Rule.ONE_CLUSTER,
            Rule.EPOCH_BEHIND,
            Rule.BROKERS_MISSING,
            Rule.PARTITION_WITHOUT_LEADER,
            Rule.CERTIFICATE_INVALID,
            Rule.CERTIFICATE_EXPIRING,
            Rule.CLOCK_APART,
            Rule.DISK_FILLING,
            Rule.DIRECTORY_CORDONED,
        }
    ),
    GateCategory.LOSS: frozenset({Rule.LOSS_NOT_ACCEPTED}),
    GateCategory.WORKER: frozenset({Rule.LINK_UNKNOWN, Rule.SINKS_UNKNOWN}),
    GateCategory.CONNECTORS: frozenset(
        {Rule.CONNECTOR_ABSENT, Rule.CONNECTOR_FAILED, Rule.CONNECTOR_IDLE, Rule.SINK_FAILED, Rule.LINK_UNPROVEN}
    ),
    GateCategory.OFFSET_SYNCS: frozenset({Rule.SYNCS_MISSING, Rule.SYNCS_LOCATION, Rule.CHECKPOINTS_MISSING}),
    GateCategory.BOTH_DIRECTIONS: frozenset({Rule.BOTH_DIRECTIONS}),
    GateCategory.NAMES: frozenset(
        {
            Rule.TOPIC_MISSING,
            Rule.GROUP_MISSING,
            Rule.GROUP_IMMOVABLE,
            Rule.CANARY_TOPIC_MISSING,
            Rule.SINK_MISSING,
            Rule.SINK_GROUP_DIFFERS,
        }
    ),
    GateCategory.CONFIGURATION: frozenset(
        {
            Rule.HEADERS_REWRITTEN,
            Rule.BYTES_REWRITTEN,
            Rule.CONVERTER_INHERITED,
            Rule.TOPIC_NOT_COPIED,
            Rule.RECORDS_SKIPPED,
            Rule.POLICY_DIFFERS,
            Rule.AT_LEAST_ONCE,
            Rule.UNCOMMITTED_COPIED,
            Rule.GROUPS_SYNCED,
            Rule.PARTITIONS_DIFFER,
            Rule.TIMESTAMPS_DIFFER,
            Rule.TIMESTAMPS_STAMPED,
            Rule.TARGET_WEAKER,
            Rule.RECORDS_REFUSED,
            Rule.CLEANUP_DIFFERS,
            Rule.RETENTION_SHORTER,
            Rule.SETTINGS_DIFFER,
            Rule.RIGHT_MISSING,
            Rule.RIGHT_DENIED,
            Rule.RIGHT_WIDER,
            Rule.OWN_RIGHT_MISSING,
            Rule.USER_MISSING,
            Rule.SCHEMA_DIFFERS,
            Rule.SCHEMAS_UNKNOWN,
            Rule.CAPACITY_SMALLER,
            Rule.LINK_SLOWER,
            Rule.QUOTA_DIFFERS,
        }
    ),
    GateCategory.LAG: frozenset(
        {
            Rule.LAG_UNKNOWN,
            Rule.LAG_TOO_HIGH,
            Rule.FRONTIER_UNPROVEN,
            Rule.LOSSES_UNKNOWN,
            Rule.TOPIC_RECREATED,
            Rule.RECORDS_LOST,
            Rule.SOURCE_SHORTER,
            Rule.RETENTION_NEAR,
            Rule.LINK_SILENT,
        }
    ),
    GateCategory.WRITERS: frozenset(
        {
            Rule.CLIENT_ROUTING_ELSEWHERE,
            Rule.CLIENT_ROUTING_HELD,
            Rule.SOURCE_FENCED,
            Rule.EVERYONE_WRITES,
            Rule.CANARY_REFUSED,
            Rule.STANDBY_OPEN,
            Rule.CANARY_WRITES,
            Rule.SUPER_USER_WRITES,
            Rule.PLATFORM_WRITES,
            Rule.DENIED_TOO,
            Rule.REPLICATION_DENIED,
            Rule.RULE_OF_OTHERS,
            Rule.FENCE_FORBIDDEN,
            Rule.CLIENTS_LEFT,
            Rule.CLIENT_STAYS,
        }
    ),
    GateCategory.ACTIVE_GROUPS: frozenset(
        {Rule.GROUP_ACTIVE_AT_TARGET, Rule.SINK_ACTIVE_AT_TARGET, Rule.TARGET_AHEAD, Rule.POSITIONS_EXPIRING}
    ),
    GateCategory.HASTE: frozenset({Rule.COOLING_DOWN, Rule.OUTSIDE_WINDOW, Rule.PAUSED}),
    GateCategory.DEPLOYMENTS: frozenset(
        {
            Rule.DEPLOYMENTS_UNKNOWN,
            Rule.DEPLOYMENT_MISSING,
            Rule.DEPLOYMENT_GROUP_UNKNOWN,
            Rule.DEPLOYMENT_OWNED,
            Rule.DEPLOYMENT_AUTOSCALED,
            Rule.RESTART_HELD,
            Rule.REPLICAS_UNKNOWN,
        }
    ),
    GateCategory.POSITIONS: frozenset({Rule.POSITION_UNPROVEN, Rule.POSITIONS_UNKNOWN, Rule.POSITIONS_STALE}),
    GateCategory.CAPACITY: frozenset({Rule.STANDBY_TOO_SMALL, Rule.CAPACITY_UNKNOWN, Rule.SHIFT_CHANGES}),
}
"""Every rule belongs to exactly one concern."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason: the rule, what exactly was found where, and what to do about it.

    ``fix`` is a change that does so and takes nothing away, None where only a person can.
    """

    rule: Rule
    detail: str
    remedy: str
    fix: Fix | None = None

    @property
    def concern(self) -> GateCategory:
        """Return what the rule is about."""
        return next(concern for concern, rules in CONCERNS.items() if self.rule in rules)
