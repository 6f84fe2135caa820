"""Which rules a person may override, and which not; what an override leaves of the reasons to wait.

A rule may be overridden only where the rest of the plan still holds without it: what it watches is proven once more by
a later step, or costs time and comfort, never records.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drctl.decide.rules import Blocker, Rule

OVERRIDABLE: Mapping[Rule, str] = {
    Rule.LAG_TOO_HIGH: "the drain waits until everything is copied, whatever it takes, or the rollback runs",
    Rule.LINK_SILENT: "the drain waits until everything is copied, or the rollback runs",
    Rule.POSITIONS_STALE: "every position is proven afresh and handed over; a failover instead would read more again",
    Rule.BROKERS_MISSING: "the partitions have their leaders; another broker's loss may cost availability",
    Rule.GROUP_MISSING: "a group that does not exist has no position to lose",
    Rule.PAUSED: "a person has asked to wait, and a person who knows why may go on",
    Rule.OUTSIDE_WINDOW: "the rule is about who is disturbed, not about what is lost",
    Rule.COOLING_DOWN: "the rule is against haste, not against a fault",
    Rule.TARGET_WEAKER: "nothing is lost in the move; what is written there is kept less safely, as it says",
    Rule.RETENTION_SHORTER: "nothing is lost in the move; the target forgets sooner, as it says",
    Rule.QUOTA_DIFFERS: "nothing is lost in the move; the target holds its clients back sooner, as it says",
    Rule.DISK_FILLING: "nothing is lost in the move; a broker whose directory fills stops, and its partitions with it",
    Rule.DIRECTORY_CORDONED: "nothing is lost in the move; what is there is served, and no such topic can be added",
    Rule.STANDBY_TOO_SMALL: "nothing is lost in the move; the target carries less, as it says",
    Rule.RESTART_HELD: "nothing is lost in the move; who is not restarted does not work on until somebody restarts it",
    Rule.SCHEMA_DIFFERS: "nothing is lost in the move; who needs such a schema cannot read until it is there",
    Rule.SCHEMAS_UNKNOWN: "nothing is lost in the move; whether the schemas are there is on your word",
    Rule.CAPACITY_UNKNOWN: "nothing is lost in the move; whether the target carries the load is on your word",
    Rule.STANDBY_OPEN: "fence-standby denies those writers first; what they wrote there stops the proof of positions",
    Rule.EPOCH_BEHIND: "any client may write such a stamp; that the state file is the newest is on your word",
    Rule.SOURCE_HEALTHY: "the fence is proven before the target is opened; the loss is counted, and accepted by number",
    Rule.LINK_UNPROVEN: "the link is judged again by the gates and by the drain; a failover states the loss",
}
"""Each with why it is safe."""

FIRM: Mapping[Rule, str] = {
    Rule.FACTS_STALE: "looking again costs a second",
    Rule.FACTS_UNKNOWN: "what is unknown cannot be judged",
    Rule.SOURCE_SILENT: "a source that does not answer cannot be drained: that is a failover",
    Rule.TARGET_SILENT: "there is nowhere to go",
    Rule.ONE_CLUSTER: "the fence would close both, and lifting it at the target would open both",
    Rule.PARTITION_WITHOUT_LEADER: "what lies in it could not be drained or proven",
    Rule.CLIENT_ROUTING_ELSEWHERE: "the clients are not where the run would take them from",
    Rule.CLIENT_ROUTING_HELD: "the run would close the source and then send its clients nowhere",
    Rule.SOURCE_FENCED: "somebody else's fence may protect an open sibling",
    Rule.EVERYONE_WRITES: "the fence would not hold",
    Rule.CANARY_REFUSED: "the fence could not be proven",
    Rule.CANARY_WRITES: "whoever is like the canary would write at both sites",
    Rule.SUPER_USER_WRITES: "the fence would not hold",
    Rule.PLATFORM_WRITES: "it would be denied, and what it writes for itself with it: sinks could not be stopped",
    Rule.REPLICATION_DENIED: "nothing would be copied",
    Rule.CANARY_TOPIC_MISSING: "the fence could not be proven",
    Rule.FENCE_FORBIDDEN: "the brokers would refuse the step that fences, or the one that opens the target",
    Rule.OWN_RIGHT_MISSING: "the brokers would refuse the step that needs it, most of them while nobody may write",
    Rule.BOTH_DIRECTIONS: "records would be copied in circles, and lost among their copies",
    Rule.TOPIC_NOT_COPIED: "its records would stay at the source, and the drain would wait for them until it times out",
    Rule.RECORDS_SKIPPED: "a copy with a hole looks like any other: neither the drain nor a proof of positions sees it",
    Rule.FRONTIER_UNPROVEN: "records that only the source holds would be left behind, and nobody would notice",
    Rule.GROUP_IMMOVABLE: "nothing that drctl could commit is what such a group goes on from",
    Rule.GROUP_ACTIVE_AT_TARGET: "Kafka commits nothing for a group with members",
    Rule.SINK_GROUP_DIFFERS: "it would deliver every record once more",
    Rule.SINK_ACTIVE_AT_TARGET: "its group would be handed positions while it reads",
    Rule.POSITION_UNPROVEN: "no position is guessed; earlier ones that skip nothing are for --accept-repeats",
    Rule.POSITIONS_UNKNOWN: "what is unknown cannot be handed over",
    Rule.PARTITIONS_DIFFER: "positions and records would have no place",
}
"""Some that are asked for, each with why not; so is every rule that is named nowhere here."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """Reasons that still stand, and those that a person took upon themselves."""

    standing: tuple[Blocker, ...]
    overridden: tuple[Blocker, ...]


def sift(found: Iterable[Blocker], overrides: Mapping[str, str]) -> Sifted:
    """Divide the reasons; an override of a rule that is firm changes nothing."""
    named = frozenset(rule for rule in OVERRIDABLE if name_of(rule) in overrides)
    every = tuple(found)
    return Sifted(tuple(b for b in every if b.rule not in named), tuple(b for b in every if b.rule in named))


def why_not(name: str) -> str:
    """Why no override of that name is taken, empty if it may be."""
    rule = next((rule for rule in Rule if name_of(rule) == name), None)
    if rule is None:
        return "there is no rule of that name"
    return "" if rule in OVERRIDABLE else FIRM.get(rule, "no later step would notice what it watches for")


def name_of(rule: Rule) -> str:
    """A rule's name as an override names it."""
    return rule.name.lower().replace("_", "-")
