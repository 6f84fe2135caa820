"""drain-consumers, of a handover."""

from typing import ClassVar

from drctl.plans.steps.drain_consumers import DrainConsumers


class WaitUntilEmpty(DrainConsumers):
    """Wait until every group that is handed over is empty at the source.

    Client routing stays where it is, for the others: who runs these consumers stops them. A static member that leaves
    keeps its place until its session times out; as in a switchover it is removed where all who are left are certainly
    gone. A group that does not empty is named with its members, their client ids and hosts.
    """

    title: ClassVar[str] = "Wait until the groups' consumers have left the source"
    until: ClassVar[str] = "the groups are empty"
    remedy: ClassVar[str] = "stop these consumers and run it again"
