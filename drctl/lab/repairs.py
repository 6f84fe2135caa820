"""The undo of every fault of a lab's site: each does nothing where there is nothing to undo, so it may run twice."""

from collections.abc import Callable

from drctl.lab.clocks import skewed_brokers
from drctl.lab.faults import FAULTS
from drctl.lab.group_moves import reopen_routing
from drctl.lab.kube import KubeLab
from drctl.lab.kube.faults import FAULTS as KUBE_FAULTS
from drctl.lab.kube.faults import HEAL
from drctl.lab.kube.lab import SITE
from drctl.lab.lab import Lab
from drctl.lab.layout import wire
from drctl.lab.losses import strengthen
from drctl.lab.wholeness import await_in_sync
from drctl.lab.wire_faults import mark

type Repair = Callable[[Lab, str], list[str]]


def thaw(lab: Lab, site: str) -> list[str]:
    """Let every broker and the worker of a site that is stopped go on; return which."""
    layout = lab.layout[site]
    frozen = [name for name in (*layout.brokers, layout.worker) if lab.processes.status(name).state == "stopped"]
    for name in frozen:
        FAULTS["continue"](lab, name)
    return frozen


def restart_brokers(lab: Lab, site: str) -> list[str]:
    """Start every broker of a site that is gone, all at once, and wait until each answers; return which."""
    gone = [name for name in lab.layout[site].brokers if _ended(lab, name)]
    if gone:
        lab.start_brokers(site, gone)
    return gone


def restart_worker(lab: Lab, site: str) -> list[str]:
    """Start a site's Connect worker if it is gone, and wait until it answers; return it if it was."""
    worker = lab.layout[site].worker
    if not _ended(lab, worker):
        return []
    lab.start_worker(site)
    return [worker]


def mend_link(lab: Lab, site: str) -> list[str]:
    """Let the wire from a site carry again, if it is stopped, gone or turned; return it if it was."""
    process = wire(site)
    if lab.processes.status(process).state == "running" and not mark(lab, site).exists():
        return []
    FAULTS["heal-link"](lab, site)
    return [process]


def set_clocks_right(lab: Lab, site: str) -> list[str]:
    """Restart every broker of a site that runs on a wrong clock on the right one, in turn; return which."""
    wrong = skewed_brokers(lab, site)
    for name in wrong:
        lab.processes.terminate(name)
        lab.start_broker(name)
        await_in_sync(lab, site)
    return wrong


def restore_site(lab: Lab, site: str) -> list[str]:
    """Bring back everything of a site: its brokers first, since its worker needs them; return what was not well."""
    return [name for repair in (thaw, restart_brokers, restart_worker, mend_link) for name in repair(lab, site)]


def restore_durability(lab: Lab, site: str) -> list[str]:
    """Bring back everything of a site, and take back what let its topics lose records; return what was not well."""
    return [*restore_site(lab, site), *strengthen(lab, site)]


def heal_pods(lab: Lab, site: str) -> list[str]:
    """End what was done to each broker pod, its volume and its node; return those that were not ready.

    A lab without pods has none.
    """
    if not isinstance(lab, KubeLab) or site != SITE:
        return []
    away = [pod for pod in lab.pods if not lab.ready(pod)]
    # Those first: the others answer for what they lack meanwhile, and may not be touched before they are back.
    for pod in (*away, *(pod for pod in lab.pods if pod not in away)):
        KUBE_FAULTS[HEAL](lab, pod)
    return away


REPAIRS: dict[str, Repair] = {
    "thaw": thaw,
    "restart-brokers": restart_brokers,
    "restart-worker": restart_worker,
    "mend-link": mend_link,
    "set-clocks-right": set_clocks_right,
    "restore-site": restore_site,
    "restore-durability": restore_durability,
    "reopen-routing": reopen_routing,
    "heal-pods": heal_pods,
}

OF_SITE = ("thaw", "restart-brokers", "restart-worker", "mend-link")
CONTAINED: dict[str, tuple[str, ...]] = {"restore-site": OF_SITE, "restore-durability": (*OF_SITE, "restore-site")}
"""By repair which others it does as well; what is not named, such as the settings of a topic, is left as it is."""


def _ended(lab: Lab, name: str) -> bool:
    """Whether a process is gone; one that is just ending is waited for."""
    if lab.processes.status(name).state == "exiting":
        lab.processes.wait_gone(name)
    return lab.processes.status(name).state == "gone"
