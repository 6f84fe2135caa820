"""Failed tasks of a link are restarted while a run waits until it works, as an operator would, and not without end.

Connect never restarts a task that has failed. Some failures pass with a restart alone: under transactions v2 a task's
EndTxn that races with an abort by its coordinator is answered INVALID_TXN_STATE, which ends the task and loses nothing
(KAFKA-20785).

| restart | earliest, after the one before |
| ------- | ------------------------------ |
| first   | at once                        |
| second  | 5 s                            |
| third   | 10 s                           |
| fourth  | 20 s                           |

What fails a fifth time stays failed, and the wait ends as that of any link that does not work: at the step's deadline,
with the trace. Only a link that the same step has just asked to run is restarted, and of it nothing that is stopped or
paused.
"""

from dataclasses import dataclass, field

from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.run import Event, Evidence
from drctl.model.wording import counted
from drctl.plans.link_evidence import times_woken
from drctl.plans.plan import StepContext
from drctl.plans.waiting import wait_until_none
from drctl.ports import LinkPorts

MOST, PAUSE = 4, 5.0
"""Restarts of one wait, and seconds between the first two of them, doubled each time."""
LINK = "link"
"""Key of a link's name in what is journaled about it."""
RESTARTING, RESTARTED = "restarting", "restarted"
"""Keys in what is journaled: what had failed, with why, before each restart; and all of it in the step's evidence."""


def wait_until_works(ctx: StepContext, step: str, link: LinkPorts, what: str) -> Evidence:
    """Wait until the link works, and restart of it what fails meanwhile; ``what`` names that in ``step``.

    Returns what was restarted, in order, as evidence; nothing if nothing was. DeadlinePassed with the trace otherwise.
    """
    waiting = _Waiting(ctx, step, link)
    wait_until_none(ctx, what, waiting.left)
    return {RESTARTED: waiting.restarted} if waiting.restarted else {}


def idle(status: LinkStatus) -> list[str]:
    """Why a link does not work; empty if it does."""
    if status.working:
        return []
    told = times_woken(status)
    if not status.source.working:
        return [f"{status.source.name} is {status.source.state} {status.source.reason}".strip(), *told]
    beside = (status.checkpoint, status.heartbeat)
    return [f"{each.name} is {each.state}" for each in beside if each.state is not ConnectorState.RUNNING] + told


@dataclass(slots=True)
class _Waiting:
    """One wait for one link; ``due`` is when it may be restarted again, by the monotonic clock."""

    ctx: StepContext
    step: str
    link: LinkPorts
    restarted: list[dict[str, str]] = field(default_factory=list)
    due: float = 0.0

    def left(self) -> list[str]:
        """Tell why it does not work, once what has failed was restarted."""
        status = self.link.replication.status()
        why, times = idle(status), len(self.restarted)
        clock = self.ctx.world.clock
        if status.failed and times < MOST and clock.monotonic() >= self.due:
            self._restart(status.failed)
            # Counted from its end: a worker may need seconds to take a restart.
            self.due = clock.monotonic() + PAUSE * 2**times
        told = f" (restarted {counted(len(self.restarted), 'time')})" if self.restarted else ""
        return [each + told for each in why]

    def _restart(self, failed: dict[str, str]) -> None:
        self.ctx.check_authority()
        # Before it, so that it is reported also where the wait fails or the process dies.
        body = {LINK: self.link.link.name, RESTARTING: failed}
        self.ctx.world.journal.append(self.ctx.run.id, Event.STEP_INTENDED, self.step, body)
        self.restarted.append(failed)
        self.ctx.report(f"restarting {', '.join(failed)} of link {self.link.link.name}")
        self.link.replication.restart_failed(self.ctx.check_authority)
