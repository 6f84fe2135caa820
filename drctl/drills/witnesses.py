"""What the clients' own histories say of the switchovers. drctl does not know what they saw."""

from collections.abc import Sequence

from drctl.drills.outcome import Handover
from drctl.drills.timeline import Histories
from drctl.ledger.checker import Findings

OPENED = "open-target"


def windows(histories: Histories, handovers: Sequence[Handover]) -> dict[str, tuple[int, int]]:
    """Records acknowledged before, during and after the switchovers, with the floor below which they prove nothing."""
    first, last = handovers[0], handovers[-1]
    return {
        "before the switchover": (histories.acknowledged_between(0, first.began), 500),
        "during the switchover": (histories.acknowledged_between(first.began, first.ended), 50),
        f"at {first.target}": (histories.acknowledged_between(first.ended, last.began), 200),
        "after the return": (histories.acknowledged_between(last.ended, float("inf")), 100),
    }


def evidence(histories: Histories, handovers: Sequence[Handover], standby: Findings) -> dict[str, bool]:
    """Everything that clients must have seen for a verdict to mean something, and whether they did."""
    found: dict[str, bool] = {}
    until = [handover.step_began(OPENED) for handover in handovers[1:]] + [float("inf")]
    for handover, next_opened in zip(handovers, until, strict=True):
        source, target = handover.source, handover.target
        opened = handover.step_began(OPENED)
        late = histories.acknowledged_between(opened, next_opened, source)
        found[f"a group lagged when {source} handed over"] = any(handover.lags.values())
        found[f"producers were denied at {source}"] = histories.denied_after(handover.began, source)
        found[f"nothing was acknowledged at {source} once {target} was opened"] = late == 0
        found[f"every client worked at {target} afterwards"] = all(
            any(line.site == target and line.at > opened for line in histories.done(client))
            for client in histories.lines
        )
    found["the standby holds every record, too"] = not any(standby.records.faults.values())
    return found
