"""Read from the clients' own histories what they saw of the switchovers, which drctl does not know."""

from collections.abc import Collection, Sequence

from drctl.drills.outcome import Handover
from drctl.drills.timeline import Histories
from drctl.ledger.findings import Findings
from drctl.ledger.verdict import Traffic, WindowPhase

OPENED = "unfence-target"
HELD = "the standby holds every record, too"


def windows(histories: Histories, handovers: Sequence[Handover]) -> dict[str, Traffic]:
    """Records acknowledged before, during and after the switchovers, with the floor below which they prove nothing."""
    first, last = handovers[0], handovers[-1]

    def between(phase: WindowPhase, began: float, ended: float, floor: int) -> Traffic:
        return Traffic(phase, histories.acknowledged_between(began, ended), floor)

    return {
        # Floors are a fraction of what the workload writes in that time on a slow machine, and more than a
        # handful: a window with three records in it shows nothing.
        "before the switchover": between(WindowPhase.BEFORE, 0, first.began, 500),
        "during the switchover": between(WindowPhase.DURING, first.began, first.ended, 50),
        f"at {first.target}": between(WindowPhase.DURING, first.ended, last.began, 200),
        "after the return": between(WindowPhase.AFTER, last.ended, float("inf"), 100),
    }


def evidence(
    histories: Histories, handovers: Sequence[Handover], standby: Findings, clients: Collection[str]
) -> dict[str, bool]:
    """Everything that clients must have seen for a verdict to mean something, and whether they did.

    ``clients`` names all that were started: one that left no history has seen nothing.
    """
    found: dict[str, bool] = {}
    until = [handover.step_began(OPENED) for handover in handovers[1:]] + [float("inf")]
    for handover, next_opened in zip(handovers, until, strict=True):
        source, target = handover.source, handover.target
        opened = handover.step_began(OPENED)
        late = histories.acknowledged_between(opened, next_opened, source)
        # Without lag every position is at the log's end, which any tool gets right.
        found[f"a group lagged when {source} handed over"] = any(handover.lags.values())
        found[f"producers were denied at {source}"] = histories.denied_between(handover.began, next_opened, source)
        found[f"nothing was acknowledged at {source} once {target} was opened"] = late == 0
        found[f"every client worked at {target} afterwards"] = all_worked(
            histories, clients, target, opened, next_opened
        )
    found[HELD] = holds_all(standby)
    return found


def holds_all(standby: Findings) -> bool:
    """Whether all that was acknowledged is at the standby, once and as it was; ``standby`` is checked by itself."""
    records = standby.records
    return not any(records.faults.values()) and not records.expired and records.acknowledged > 0


def all_worked(histories: Histories, clients: Collection[str], site: str, after: float, before: float) -> bool:
    """Whether each of these clients worked at that site between two times; False if there is none."""

    def worked(client: str) -> bool:
        return any(line.site == site and after < line.at < before for line in histories.done(client))

    return bool(clients) and all(map(worked, clients))


def read_on(histories: Histories, written: str, read: str, since: float) -> bool:
    """Whether a group read at one site, since then, what was acknowledged at another one.

    Without such a record the positions that the group was given there were put to no test.
    """
    lines = [line for client in histories.lines.values() for line in client]
    there = {
        tuple(record[:4])
        for line in lines
        if line.kind == "acknowledged" and line.site == written
        for record in line.records
    }
    return any(
        tuple(record) in there
        for line in lines
        if line.kind == "processed" and line.site == read and line.at > since
        for record in line.records
    )
