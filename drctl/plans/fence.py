"""Fence: a site that a failover left behind is back, and is closed late, as the failover would have closed it."""

from datetime import datetime

from drctl.plans.plan import Plan
from drctl.plans.selection import FENCE
from drctl.plans.steps.await_open_transactions import AwaitOpenTransactions
from drctl.plans.steps.fence_transactions import FenceTransactions
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.prove_closed import ProveClosedLate
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.see_open_site import SeeOpenSite


def ordered(
    source: str, target: str, failover: str = "", *, silent: datetime | None = None, answered: datetime | None = None
) -> Plan:
    """The fence of ``source``, which the failover of that id to ``target`` could not close.

    ``silent`` is when somebody last found it silent and ``answered`` when it was first met after that, None if nobody
    knows better than the journal, or than this run. Nothing here is ever taken back: the site stays closed until the
    failback.
    """
    return Plan(
        kind=FENCE,
        source=source,
        target=target,
        steps=(
            SeeOpenSite(silent, answered),
            RaiseEpoch(),
            FenceWrites(),
            AwaitOpenTransactions(),
            FenceTransactions(),
            ProveClosedLate(),
        ),
        point_of_no_return=RaiseEpoch.name,
        rollback=(),
        about={"failover": failover},
    )
