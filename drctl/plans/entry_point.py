"""Whether clients that start now reach a site: asked through what they bootstrap through, not read back."""

from drctl.errors import DrctlError
from drctl.model.run import Evidence
from drctl.plans.plan import StepContext
from drctl.plans.waiting import wait_until_none
from drctl.ports import EntryPoint, SitePorts


def wait_until_reached(ctx: StepContext, site: SitePorts) -> Evidence:
    """Wait until the cluster that answers at the entry point is the site's; nothing where the plan file names none.

    DeadlinePassed after the step timeout, with what answered last.
    """
    entry = ctx.world.entry_point
    if entry is None:
        return {}
    wanted = site.brokers.cluster().cluster_id
    wait_until_none(
        ctx,
        f"clients reach {site.name} through {entry.servers}",
        lambda: _elsewhere(entry, site.name, wanted),
        remedy=f"see where {entry.servers} leads; DNS names take their time to live: set guards.stepTimeout above it",
    )
    return {"entry point": entry.servers, "cluster": wanted}


def _elsewhere(entry: EntryPoint, site: str, wanted: str) -> list[str]:
    try:
        found = entry.cluster_id(site)
    # Taken for an answer that is still to come, to the deadline: a name in DNS may lead nowhere for a
    # moment.
    except DrctlError as error:  # also a login that is refused: until it moves, the entry point leads to the other site
        return [str(error)]
    return [] if found == wanted else [f"cluster {found} answers, not {wanted}"]
