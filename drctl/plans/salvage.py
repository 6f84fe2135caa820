"""Salvage: a lost site is back; it is closed, made to keep everything, and what only it has is saved."""

from drctl.model.fence import Attestation
from drctl.plans.plan import Plan
from drctl.plans.selection import SALVAGE
from drctl.plans.steps.await_open_transactions import AwaitOpenTransactions
from drctl.plans.steps.compare_returned_site import ACCEPTED, CompareReturnedSite
from drctl.plans.steps.export_tail import ExportTail
from drctl.plans.steps.fence_transactions import FenceTransactions
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.freeze_retention import FreezeRetention
from drctl.plans.steps.prove_closed import ProveClosed
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.see_returned_site import SeeReturnedSite


def ordered(source: str, target: str, failover: str = "", less: Attestation | None = None) -> Plan:
    """The salvage of what the failover of that id from ``source``, the site that was lost, to ``target`` left behind.

    ``less`` is a person's word that the site may go on with less than it had. Nothing here is ever taken back: the site
    stays closed and keeps everything until the failback.
    """
    return Plan(
        kind=SALVAGE,
        source=source,
        target=target,
        steps=(
            SeeReturnedSite(),
            RaiseEpoch(),
            FenceWrites(),
            # Before anything is waited for: while transactions time out, retention would delete what is to
            # be saved.
            FreezeRetention(),
            AwaitOpenTransactions(),
            FenceTransactions(),
            ProveClosed(),
            CompareReturnedSite(),
            ExportTail(),
        ),
        point_of_no_return=RaiseEpoch.name,
        rollback=(),
        about={"failover": failover} | ({ACCEPTED: {"by": less.by, "why": less.why}} if less else {}),
    )
