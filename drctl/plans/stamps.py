"""Read what positions tell of the epoch: a state file that is behind them is not the newest, or new."""

from collections.abc import Iterator, Mapping

from drctl.decide.rules import Blocker, Rule
from drctl.errors import DrctlError, PositionsPending, at_site
from drctl.model.facts import Facts
from drctl.plans.followed import Held
from drctl.plans.stamp import Stamp
from drctl.ports import World


def epoch_blockers(world: World, facts: Facts) -> Iterator[Blocker]:
    """Name each site whose positions have a higher epoch than the state file has. One that does not answer is left out.

    Its silence is a reason of its own.
    """
    for site in (facts.source, facts.target):
        if not site.groups.known:
            continue
        try:
            held = world.sites[site.name].positions.committed(world.plan.groups)
        except PositionsPending as pending:
            held = pending.found  # of the others nothing is decided yet, so nobody has stamped it
        except DrctlError as error:
            yield Blocker(
                Rule.FACTS_UNKNOWN,
                f"{site.name}: positions: {at_site(site.name, str(error))}",
                "see the reason, then look again",
            )
            continue
        yield from epoch_behind(world, {site.name: held})


def epoch_behind(world: World, sites: Mapping[str, Held]) -> Iterator[Blocker]:
    """Compare the stamps on these positions with the state file's epoch."""
    current = world.epochs.current()
    for site, groups in sites.items():
        stamped = [
            (stamp.epoch, group)
            for group, positions in groups.items()
            for committed in positions.values()
            if (stamp := Stamp.read(committed.metadata)) is not None and stamp.plan == world.plan.name
        ]
        highest, group = max(stamped, default=(0, ""))
        if highest > current:
            detail = (
                f"{site}: a position of {group} was committed in epoch {highest}, the state file's epoch is {current}"
            )
            remedy = "bring the state file back that has decided since, or 'drctl runs restore --from SITE'"
            yield Blocker(Rule.EPOCH_BEHIND, detail, remedy)
