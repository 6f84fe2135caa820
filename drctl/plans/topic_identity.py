"""Whether the topics are still those that the gates saw: one recreated has its name and another id.

Offsets say nothing about a topic with other records in it, however right they were when they were proven. So the ids
that the gates saw are journaled, and asked again before positions are committed and before the target is opened.
"""

from collections.abc import Iterator, Mapping

from drctl.errors import StepFailed
from drctl.model.cluster import Topic
from drctl.model.facts import Facts
from drctl.model.run import Evidence
from drctl.plans.plan import StepContext
from drctl.ports import SitePorts
from drctl.ports.asking import both

GATES = "check-gates"
NOTED = "topic ids"


def noted(facts: Facts) -> Evidence:
    """Return the ids of both sites' topics for the journal; a site whose topics are unknown is left out."""
    told = {site.name: site.topics.value for site in (facts.source, facts.target) if site.topics.value is not None}
    return {site: _ids(topics) for site, topics in told.items()}


def _ids(topics: Mapping[str, Topic]) -> dict[str, str]:
    return {name: topic.topic_id for name, topic in sorted(topics.items())}


def require_same_topics(ctx: StepContext) -> None:
    """StepFailed if, at either site, a topic is gone or another one than the gates saw."""
    of_source, of_target = both(lambda: _changed(ctx, ctx.source), lambda: _changed(ctx, ctx.target))
    _refuse([*of_source, *of_target])


def require_same_topics_at(ctx: StepContext, site: SitePorts) -> None:
    """Do the same at one site; the other may be lost."""
    _refuse(_changed(ctx, site))


def _refuse(changed: list[str]) -> None:
    if changed:
        raise StepFailed(
            f"not the topics that the gates saw: {'; '.join(changed)}",
            remedy="find who deletes topics, and see which records are missing; the next run's gates tell what to do",
        )


def _changed(ctx: StepContext, site: SitePorts) -> list[str]:
    """Return which topics are others now, for people. Of a run that an older drctl has begun nothing was noted."""
    seen: Mapping[str, str] = ctx.evidence.get(GATES, {}).get(NOTED, {}).get(site.name, {})
    return list(_differences(site, seen)) if seen else []


def _differences(site: SitePorts, seen: Mapping[str, str]) -> Iterator[str]:
    now = site.brokers.topics(tuple(seen))
    for name, topic_id in sorted(seen.items()):
        if name not in now:
            yield f"{name} is gone at {site.name}"
        elif now[name].topic_id != topic_id:
            yield f"{name} was deleted and recreated at {site.name}: its id was {topic_id}"
