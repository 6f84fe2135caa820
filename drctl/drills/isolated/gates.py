"""Reasons why an isolated drill makes nothing; each is reported with its remedy."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from drctl.decide.left_out import left_out, transformations
from drctl.drills.isolated.trial import DrillHindrance
from drctl.errors import DrctlError, Refused
from drctl.model.canaries import PREFIX
from drctl.model.plan_file import PlanFile
from drctl.plans.pausing import require_not_paused
from drctl.plans.unfinished import require_none_unfinished
from drctl.ports import World

ALLOW = (
    "set spec.drills.isolated.createTopics: true, and give drctl the rights of docs/kafka-rights.md for names that "
    f"begin with {PREFIX}"
)
ASKING = tuple(f"{of}allow.auto.create.topics" for of in ("source.consumer.", "consumer.", "source.cluster."))
"""Where MirrorMaker 2 takes that setting of its source's consumer from, the first one that is set."""
PATTERN = PREFIX.replace(".", r"\.") + ".*"


def hindrances(world: World, source: str, target: str, topic: str) -> tuple[DrillHindrance, ...]:
    """Return every reason not to begin; a site or worker that does not answer is one."""
    found = [*_of_the_plan_file(world.plan, source, target)]
    asking: tuple[Callable[[], tuple[DrillHindrance, ...]], ...] = (
        partial(_of_the_state, world, source),
        partial(_of_the_link, world, source, target, topic),
    )
    for ask in asking:
        try:
            found += ask()
        except DrctlError as error:
            found.append(DrillHindrance(str(error), error.remedy))
    return tuple(found)


def may_clean_up(world: World, source: str) -> bool:
    """Whether what earlier drills have left may be taken away now; a link that does not run keeps nobody from it."""
    try:
        _of_the_state(world, source)
    except DrctlError:
        return False
    return world.plan.drill_topics


def require_still_alone(world: World, source: str) -> None:
    """Raise Refused where clients have been sent elsewhere, or a run has begun: that one is never waited with."""
    if (routing := world.client_routing.site()) != source:
        raise Refused(
            f"clients are sent to {routing or 'no site'}, and not to {source}", remedy="run the drill at a calm time"
        )
    require_none_unfinished(world)


def _of_the_plan_file(plan: PlanFile, source: str, target: str) -> Iterator[DrillHindrance]:
    if not plan.drill_topics:
        yield DrillHindrance("the plan file does not allow drills to make topics at the sites", ALLOW)
    if not any((link.source, link.target) == (target, source) for link in plan.links):
        yield DrillHindrance(
            f"the plan file has no link from {target} to {source}, so no way home", "add it to spec.links"
        )
    if named := [name for name in (*plan.topics, *plan.own_groups) if name.startswith(PREFIX)]:
        yield DrillHindrance(
            f"the plan file names {', '.join(named)}: names that begin with {PREFIX} are for drills", "rename them"
        )


def _of_the_state(world: World, source: str) -> tuple[DrillHindrance, ...]:
    require_not_paused(world)
    require_still_alone(world, source)
    return ()


def _of_the_link(world: World, source: str, target: str, topic: str) -> tuple[DrillHindrance, ...]:
    return tuple(_unlike_the_workloads(world, source, target, topic))


def _unlike_the_workloads(world: World, source: str, target: str, topic: str) -> Iterator[DrillHindrance]:
    """Why the link would not copy the drill's topic as it is; raises what its worker raises."""
    link = world.links[source, target]
    status = link.replication.status()
    if not status.working:
        yield DrillHindrance(
            f"link {link.link.name} does not run: {status.source.name} is {status.source.state}",
            "see 'drctl doctor'; what a link does not copy no drill can follow",
        )
    config = status.source.config
    if apart := left_out(config, topic, link.link.prefix):
        yield DrillHindrance(
            f"link {link.link.name} would not copy the drill's topic {topic}: {apart.why}",
            rf"add {PATTERN} to the topics of {status.source.name}, in links and file alike",
        )
    if world.sites[source].brokers.cluster().auto_creates_topics and _asks_for_topics(config):
        yield DrillHindrance(
            f"the brokers of {source} make topics that are asked for (auto.create.topics.enable), and link "
            f"{link.link.name} asks for what it copies: the drill's topic would come back after its end (KAFKA-16561)",
            f"set {ASKING[0]}=false on {status.source.name}, in links and file alike, or turn that off at the brokers",
        )
    for what, _ in transformations(config, topic, link.link.prefix):
        yield DrillHindrance(
            f"link {link.link.name} would not copy the drill's topic as it is: {what}",
            f"leave names that begin with {PREFIX} out by a predicate",
        )


def _asks_for_topics(config: Mapping[str, str]) -> bool:
    return next((config[key] for key in ASKING if key in config), "true").lower() != "false"
