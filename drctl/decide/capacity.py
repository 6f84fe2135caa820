"""Compare what a shift demands of a site with what is there."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from drctl.model.capacity import Capacity, Shift
from drctl.model.facts import Facts, LinkFacts, SiteFacts
from drctl.model.link_tasks import TASKS_MAX, limit_of
from drctl.model.reading import Reading
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Scalable, Scaled


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a shift demands.

    ``present`` is what can work now, None where it is not known or not there, and ``why``. ``carried``: a workload's
    Deployment, which is at 0 at a standby and scaled up by the move; ``most`` is how far an autoscaler lets it come.
    ``owners`` are those whose manifest keeps drctl from scaling it.
    """

    what: str
    required: int
    present: int | None
    why: str = ""
    carried: bool = False
    pool: bool = False
    most: int | None = None
    owners: tuple[str, ...] = ()

    @property
    def is_short(self) -> bool:
        """Whether less is there than is demanded, as far as that is known."""
        return self.present is not None and self.present < self.required


def needs(shift: Shift, site: SiteFacts, link: LinkFacts | None, named: Collection[Scalable]) -> Iterator[Need]:
    """Everything that a shift demands of that site.

    ``link`` is the one that ends there, ``named`` the workloads' Deployments and the site's node pools.
    """
    carried = {what.name: what for what in named if what.kind != NODE_POOL}
    pools = {what.name: what for what in named if what.kind == NODE_POOL}
    for name, replicas in shift.demand.deployments.items():
        what = carried.get(name, Scalable(DEPLOYMENT, name))
        yield _need(site.scaled, what, replicas, carried=name in carried)
    for name, replicas in shift.demand.node_pools.items():
        yield _need(site.scaled, pools.get(name, Scalable(NODE_POOL, name)), replicas, carried=False)
    if shift.demand.tasks_max is not None and link is not None:
        yield _tasks(shift.demand.tasks_max, link)


def needs_now(facts: Facts) -> Iterator[Need]:
    """Return what the shift that is on demands of the target; nothing where the plan file has no schedule."""
    if facts.capacity is not None:
        shift = facts.capacity.on(facts.seen_at)
        yield from needs(shift, facts.target, facts.link, facts.named)


def _need(scaled: Reading[Mapping[str, Scaled | None]], what: Scalable, replicas: int, *, carried: bool) -> Need:
    pool = what.kind == NODE_POOL
    if scaled.value is None:
        return Need(str(what), replicas, None, scaled.unknown, carried, pool)
    found = scaled.value.get(str(what))
    if found is None:
        return Need(str(what), replicas, None, "it does not exist there", carried, pool)
    most = min((each.most for each in found.scalers if not each.paused), default=None)
    owners = () if what.take else found.scale.owners
    return Need(str(what), replicas, found.scale.staying, "", carried, pool, most, owners)


def _tasks(wanted: int, link: LinkFacts) -> Need:
    label = f"{TASKS_MAX} of {link.link.name}"
    state = link.status.value
    if state is None:
        return Need(label, wanted, None, link.status.unknown)
    present = limit_of(state.source).most
    return Need(label, wanted, present, "" if present is not None else f"it is {state.source.config[TASKS_MAX]}")


def describe(capacity: Capacity, shift: Shift) -> str:
    """A shift as it is shown."""
    return f"shift {shift.name} ({capacity.zone_name})" + (", blocked" if shift.blocked else "")
