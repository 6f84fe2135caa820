"""Whom a fence denies what, and whether a site is closed: shared by all steps that fence, prove and lift.

| who may write by an allow rule of the site | denied topics | denied transactional ids |
| --- | --- | --- |
| an application's principal | first | once open transactions had time to end |
| a replication principal, of either direction | no: the link home writes here while it is fenced | no |
| a platform principal that may write to no topic that moves | no | no |
| a platform principal that may | like an application's | like an application's |
| ``User:*`` | no rule per principal can: the step fails | the same |
| a super user | bound by no rule: named in the proof as not covered | the same |

Example: shop, connect and mm2 may write at north; connect, of the platform, to ``connect-offsets`` only. Two rules are
needed: shop, in both scopes. Once connect is also allowed ``shop.orders`` there are four.

Invariant: a site counts as closed => writers - exempt <= denied, in each scope, and an ordinary client was refused.
Kafka's DENY beats every ALLOW, on each request, so a principal that is denied writes nothing. Who is left is exempt:
a platform principal cannot write to what moves, and no link to this site runs before it is to copy the work home.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from drctl.errors import DeadlinePassed, StepFailed
from drctl.model.access import confined
from drctl.model.fence import CanaryResult, DenyRule, FenceState, Scope
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.run import Evidence
from drctl.plans.plan import StepContext
from drctl.plans.waiting import wait_until_none
from drctl.ports import Fence, SitePorts, World
from drctl.ports.asking import both


def denials(ctx: StepContext, scope: Scope) -> frozenset[DenyRule]:
    """The deny rules the source needs in this scope."""
    return needed(ctx.world, ctx.source, (scope,))


def needed(world: World, site: SitePorts, scopes: Iterable[Scope] = Scope) -> frozenset[DenyRule]:
    """The deny rules a site needs in these scopes: every writer but those who are exempt."""
    if world.plan.site(site.name).platform_principals:
        writers, exempted = both(site.fence.writers, lambda: exempt(world, site))
    else:  # nothing else is asked, and this is asked before each effect
        writers, exempted = site.fence.writers(), exempt(world, site)
    # Kafka has no rule "all but these": a DENY for User:* would deny replication, too, and beats every
    # ALLOW. So where an ALLOW names everybody there is no fence, and the gates say so before anything is
    # stopped.
    if writers.everyone:
        raise StepFailed(
            f"{site.name}: User:* is allowed to write, and a rule per principal cannot take that away",
            remedy="replace the ALLOW rule for User:* by one rule per application",
        )
    # Whom an allow rule names, with mTLS the only list of users there is. Who has no right to write needs
    # no deny rule; who gets one later is found by the standing conditions, which ask this again before each
    # effect.
    denied = writers.principals - exempted
    return frozenset(DenyRule(principal, scope) for scope in scopes for principal in denied)


def exempt(world: World, site: SitePorts) -> frozenset[str]:
    """Return who writes behind the site's fence.

    That are the replication principals of both directions, because the link home writes at the old source while it is
    fenced, and the platform's that may write to no topic of the workloads: a Connect worker without its internal topics
    can stop no sink. One that may write there is denied like everybody, whatever the plan file calls it.
    """
    platform = world.plan.site(site.name).platform_principals
    if platform:
        # Asked of the rules each time, not believed of the plan file: a platform user that was given a
        # topic that moves since would write behind the fence.
        platform = confined(site.access.rules(), platform, world.plan.topics_at(site.name))
    return world.plan.replication_principals | platform


def stand(ctx: StepContext, scope: Scope) -> bool:
    """Whether all deny rules of this scope stand at the source."""
    if ctx.rules is None:
        wanted, standing = both(lambda: denials(ctx, scope), ctx.source.fence.standing)
        return wanted <= standing
    if not ctx.rules:
        ctx.rules.append(both(lambda: needed(ctx.world, ctx.source), ctx.source.fence.standing))
    wanted, standing = ctx.rules[0]
    stands = frozenset(denial for denial in wanted if denial.scope is scope) <= standing
    if not stands:
        ctx.rules.clear()  # who asks again asks the brokers
    return stands


@contextmanager
def one_look(ctx: StepContext) -> Iterator[None]:
    """Let both scopes be judged by one look at the source's rules: before each effect of the pause both are asked."""
    ctx.rules = []
    try:
        yield
    finally:
        ctx.rules = None


def put_up(ctx: StepContext, scope: Scope) -> None:
    """Add the deny rules of this scope at the source."""
    ctx.check_authority()
    ctx.source.fence.deny(denials(ctx, scope))


def own(site: SitePorts) -> frozenset[DenyRule]:
    """The deny rules that drctl made at the site and that stand there: all that it may lift."""
    return frozenset(denial for denial in site.fence.standing() if denial.own)


def of_others(site: SitePorts) -> list[str]:
    """The deny rules of the same shape that somebody else made, for people; drctl leaves them as they are."""
    return [f"{d.principal} ({d.scope})" for d in sorted(site.fence.standing(), key=str) if not d.own]


def standing(ctx: StepContext, scope: Scope) -> list[str]:
    """The principals denied in this scope at the source, read back."""
    return sorted(d.principal for d in ctx.source.fence.standing() if d.scope is scope)


def require(ctx: StepContext, scope: Scope) -> list[str]:
    """The same once all of them stand; StepFailed if one is missing.

    A broker answers from its own copy of the metadata, which may lag behind the rule just made.
    """
    wanted, denied = both(lambda: denials(ctx, scope), lambda: standing(ctx, scope))
    needed = {each.principal for each in wanted}
    if needed <= set(denied):
        return denied

    def missing() -> list[str]:
        denied[:] = standing(ctx, scope)
        return sorted(needed.difference(denied))

    try:
        wait_until_none(ctx, f"all are denied {scope}", missing, within=15, soon=True)
    except DeadlinePassed as late:
        told = ", ".join(missing())
        raise StepFailed(f"{ctx.source.name}: {told} should be denied {scope}, and is not") from late
    return denied


def not_closed(world: World, site: SitePorts) -> list[str]:
    """Why a site is not certain to refuse writes; empty if every writer is denied there and a canary is refused.

    Unreachable, or what else it raises, where the site does not tell.
    """
    rules, standing = both(lambda: needed(world, site), site.fence.standing)
    return [*undenied(site, rules, standing), *not_refused(site, site.fence.canary())]


def undenied(site: SitePorts, needed: frozenset[DenyRule], standing: frozenset[DenyRule]) -> list[str]:
    """Who is not denied what at the site."""
    missing = sorted(needed - standing, key=str)
    return [f"{site.name}: {each.principal} is not denied {each.scope}" for each in missing]


def not_refused(site: SitePorts, canary: CanaryResult) -> list[str]:
    """Return what an ordinary client met there if it was not refused."""
    return [] if canary.refused else [f"{site.name}: an ordinary client is not refused ({canary.answer})"]


def refusals(fence: Fence) -> list[str]:
    """Name what a canary write was refused with; empty once one is taken."""
    canary = fence.canary()
    return [canary.answer] if canary.refused else []


def not_covered(site: SitePorts) -> str:
    """Whom no deny rule binds, by name where somebody tells the names."""
    known = site.fence.writers().super_users
    if known is None:
        return "super users are not covered, and the brokers do not tell who they are"
    named = ", ".join(sorted(known))
    # Told and not refused: Strimzi's own super users are needed to run the site. A record of one shows in
    # the window and fails the proof.
    return f"these super users are not covered: {named}" if named else "no super user is named beside Strimzi's own"


def proven(proof: Evidence) -> Evidence:
    """The proof of a fence with what it amounts to, in words."""
    why = f"no log grew over the window, and an ordinary client was refused; {proof['uncovered']}"
    return {"fence": FenceState.PROVEN.value, "by": "drctl", "why": why} | proof


def open_transactions(site: SitePorts, partitions: tuple[TopicPartition, ...]) -> list[str]:
    """Partitions with an open transaction."""
    return [str(p) for p, b in sorted(site.records.bounds(partitions).items()) if b.stable < b.high]


def growth(
    site: SitePorts, ends: Mapping[TopicPartition, int], bounds: Mapping[TopicPartition, LogBounds] | None = None
) -> dict[TopicPartition, int]:
    """How many data records lie at or after ``ends``, for partitions that have any; ``bounds`` if they were just read.

    Markers do not count: a coordinator may still end a transaction that never wrote anything.
    """
    now = site.records.bounds(tuple(ends)) if bounds is None else bounds
    grown = (p for p, b in now.items() if b.stable > ends[p])
    # A hundred are enough to fail the proof and to show that it was no single stray record.
    counted = {p: len(site.records.following(p, ends[p], 100)) for p in grown}
    return {p: count for p, count in sorted(counted.items()) if count}
