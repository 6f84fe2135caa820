"""Reversal: replication home is begun that a move could not begin, since its old site did not answer or stand still."""

from drctl.plans.plan import Plan
from drctl.plans.selection import REVERSAL
from drctl.plans.steps.await_open_transactions import AwaitOpenTransactions
from drctl.plans.steps.fence_transactions import FenceTransactions
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.prove_fence import ProveFence
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.read_handover_point import ReadHandoverPoint
from drctl.plans.steps.reverse_replication import ReverseReplication
from drctl.plans.steps.stop_link import StopLink


def ordered(source: str, target: str, move: str = "") -> Plan:
    """Return the plan that reverses replication after the move of that id from ``source`` to ``target``.

    The fence of ``source`` is put up again where it does not stand, and its logs must end where the move left them:
    otherwise it holds records that nobody copied, and the run stops. Nothing here is ever taken back, and no client is
    touched.
    """
    return Plan(
        kind=REVERSAL,
        source=source,
        target=target,
        steps=(
            ReadHandoverPoint(move),
            RaiseEpoch(),
            FenceWrites(),
            AwaitOpenTransactions(),
            FenceTransactions(),
            ProveFence(),
            StopLink(),
            ReverseReplication(),
        ),
        point_of_no_return=ReverseReplication.name,
        rollback=(),
        about={"move": move},
    )
