"""Rules about what Kubernetes scales and restarts: a workload's Deployments, and what the shift that is on demands."""

from collections.abc import Iterator

from drctl.decide.capacity import Need, describe, needs
from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.capacity import Shift
from drctl.model.facts import Facts, SiteFacts
from drctl.model.fixes import SetConnectorConfig
from drctl.model.link_tasks import TASKS_MAX
from drctl.model.scaling import Scalable, Scaled


def scaling_blockers(facts: Facts) -> Iterator[Blocker]:
    """Return what forbids to move the Deployments, and where the target is smaller than it has to be."""
    for site in (facts.source, facts.target):
        yield from _deployments(site, facts)
    yield from restart_blockers(facts)
    yield from _size(facts)


def restart_blockers(facts: Facts) -> Iterator[Blocker]:
    """Return clients that would go on where they are, for nothing could restart them."""
    for each in facts.held_restarts:
        detail = each.why if str(each.what) in each.why else f"{each.what}: {each.why}"
        yield Blocker(Rule.RESTART_HELD, f"it could not be restarted: {detail}", each.remedy or "see the reason")


def scaling_warnings(facts: Facts) -> Iterator[Blocker]:
    """Return what the next shift demands more, should it begin while the work moves."""
    capacity = facts.capacity
    if capacity is None:
        return
    for at, shift in capacity.within(facts.seen_at, capacity.ahead):
        for need in _needs(facts, shift):
            if not need.carried and need.is_short:
                begins = at.astimezone(capacity.zone)
                detail = f"{_place(need, facts)}: {describe(capacity, shift)} begins at {begins:%H:%M} and "
                detail += f"demands {need.required} of {need.what}, there are {need.present}"
                yield Blocker(Rule.SHIFT_CHANGES, detail, "make it larger before, or move at another time")


def failover_scaling_warnings(facts: Facts) -> Iterator[Blocker]:
    """All of it about the target; also where nobody will know how many replicas to start."""
    yield from _deployments(facts.target, facts)
    yield from restart_blockers(facts)
    yield from _size(facts)
    yield from scaling_warnings(facts)
    # A blocked date demands nothing of a standby; how many replicas the work starts with its shift tells all the same.
    shift = facts.capacity.regular(facts.seen_at) if facts.capacity else None
    here, there = facts.source.scaled.value or {}, facts.target.scaled.value or {}
    for what in facts.deployments:
        seen = there.get(str(what))
        told = seen is not None and (seen.scale.wanted or seen.scale.kept)
        if not told and here.get(str(what)) is None and not (shift and what.name in shift.demand.deployments):
            detail = f"{facts.target.name}: nobody knows how many replicas {what} needs"
            remedy = "name it in a shift of spec.capacity, or annotate it with drctl.io/replicas"
            yield Blocker(Rule.REPLICAS_UNKNOWN, detail, remedy)


def _deployments(site: SiteFacts, facts: Facts) -> Iterator[Blocker]:
    if not facts.deployments:
        return
    if site.scaled.value is None:
        detail = f"{site.name}: its deployments: {at_site(site.name, site.scaled.unknown)}"
        yield Blocker(Rule.DEPLOYMENTS_UNKNOWN, detail, "bring its API server back, or grant what is missing")
        return
    for what in facts.deployments:
        found = site.scaled.value.get(str(what))
        if found is None:
            detail = f"{site.name}: there is no {what}"
            yield Blocker(Rule.DEPLOYMENT_MISSING, detail, "correct its name in the plan file, or create it")
        else:
            yield from _hindered(site, what, found)


def _hindered(site: SiteFacts, what: Scalable, found: Scaled) -> Iterator[Blocker]:
    if found.scale.owners and not what.take:
        detail = f"{site.name}: {what}: spec.replicas is set by a manifest of {', '.join(found.scale.owners)}"
        remedy = "leave replicas out of that manifest, or set takeOwnership: true beside its name"
        yield Blocker(Rule.DEPLOYMENT_OWNED, detail, remedy)
    for scaler in found.scalers:
        if scaler.undoes_zero:
            detail = f"{site.name}: {what}: {scaler.kind}/{scaler.name} scales it up from 0"
            pause = "annotate it with autoscaling.keda.sh/paused: 'true', without paused-replicas"
            remedy = "set its minReplicas to 1" if scaler.kind == "HorizontalPodAutoscaler" else pause
            yield Blocker(Rule.DEPLOYMENT_AUTOSCALED, detail, remedy)


def _needs(facts: Facts, shift: Shift) -> Iterator[Need]:
    return needs(shift, facts.target, facts.link, facts.named)


def _size(facts: Facts) -> Iterator[Blocker]:
    """Find where the target is too small; what drctl scales in the move is no reason, unless it may not or cannot."""
    capacity = facts.capacity
    if capacity is None:
        return
    shift = capacity.on(facts.seen_at)
    for need in _needs(facts, shift):
        demanded = f"{_place(need, facts)}: {describe(capacity, shift)} demands {need.required} of {need.what}"
        if need.present is None:
            remedy = "see the reason; without it nobody can say whether the target carries the load"
            yield Blocker(Rule.CAPACITY_UNKNOWN, f"{demanded}: {need.why}", remedy)
        elif need.most is not None and need.most < need.required:
            detail = f"{demanded}, and its autoscaler allows {need.most}"
            yield Blocker(Rule.STANDBY_TOO_SMALL, detail, "raise its maxReplicas")
        # What the move itself scales up is no reason against it; what it may not scale, or what an owner
        # sets back, is.
        elif need.is_short and not _is_scaled(need, facts):
            held = f", and drctl may not set it now: {facts.tasks_held}" if _is_tasks(need) and facts.tasks_held else ""
            detail = f"{demanded}, there are {need.present}{held}"
            yield Blocker(Rule.STANDBY_TOO_SMALL, detail, _remedy(need), _fix(need, facts))


def _is_scaled(need: Need, facts: Facts) -> bool:
    """Whether a step of the move scales it."""
    if need.carried:
        return True
    if need.pool:
        return facts.capacity is not None and facts.capacity.scales_pools and not need.owners
    if _is_tasks(need):
        return facts.capacity is not None and facts.capacity.scales_tasks and not facts.tasks_held
    return not need.owners


def _is_tasks(need: Need) -> bool:
    return need.what.startswith(TASKS_MAX)


def _remedy(need: Need) -> str:
    if need.owners:
        return f"raise it in the manifest of {', '.join(need.owners)}, or leave replicas out there"
    if _is_tasks(need):
        return "raise it, or let drctl do it: scaleTasks"
    return "raise its replicas, or let drctl do it: scaleNodePools" if need.pool else "raise it"


def _fix(need: Need, facts: Facts) -> SetConnectorConfig | None:
    """Where Strimzi runs the link its resource says it, which only its owner changes."""
    state = facts.link.status.value
    if not _is_tasks(need) or state is None or facts.link.link.has_operator:
        return None
    wanted, was = str(need.required), str(need.present)
    return SetConnectorConfig(facts.target.name, state.source.name, TASKS_MAX, wanted, was)


def _place(need: Need, facts: Facts) -> str:
    return facts.link.link.name if _is_tasks(need) else facts.target.name
