"""Gather what others than the injector saw of an outage, and what the clients' own histories say of it."""

from collections.abc import Iterable

from drctl.drills.client_evidence import OPENED, all_worked, read_on
from drctl.drills.outcome import Outage, Work
from drctl.drills.timeline import Histories
from drctl.ledger.events import Stranded
from drctl.ledger.findings import Findings
from drctl.ledger.verdict import Traffic, WindowPhase
from drctl.model.fence import FenceState

LOAD = 5.0
"""Seconds right before the loss in which there must be traffic: a site that is lost idle strands nothing."""


def outage_windows(histories: Histories, outage: Outage) -> dict[str, Traffic]:
    """Records acknowledged before, during and after the outage, with the floor below which they prove nothing."""
    source, target, lost, back = outage.source, outage.target, outage.lost_at, outage.returned_at

    def between(phase: WindowPhase, began: float, ended: float, site: str, floor: int) -> Traffic:
        return Traffic(phase, histories.acknowledged_between(began, ended, site), floor)

    return {
        f"at {source} before it was lost": between(WindowPhase.BEFORE, 0, lost, source, 500),
        f"in the {LOAD:.0f} s before {source} was lost": between(WindowPhase.BEFORE, lost - LOAD, lost, source, 50),
        f"at {target} while {source} was gone": between(WindowPhase.DURING, lost, back, target, 200),
        f"at {target} after {source} was back": between(WindowPhase.AFTER, back, float("inf"), target, 100),
    }


def outage_evidence(
    work: Work,
    histories: Histories,
    outage: Outage,
    findings: Findings,
    stranded: Iterable[Stranded],
    *,
    until: float = float("inf"),
) -> dict[str, bool]:
    """Everything that must have been seen for a verdict to mean something, and whether it was.

    ``work`` names all clients that were started: one that left no history has seen nothing; and every group: one of
    which no position is told has none. ``until``: when the lost site was opened again, if it was.
    """
    source, target = outage.source, outage.target
    opened = outage.step_began(OPENED)
    stated = outage.result.evidence["measure-loss"]["total"]
    noticed = outage.noticed_at
    return {
        f"others than the injector saw {source} gone": bool(outage.observations) and all(outage.observations.values()),
        f"drctl found {source} silent after it was lost, and before the failover": noticed is not None
        and outage.lost_at <= noticed <= outage.began,
        f"nothing was acknowledged at {source} once {target} was opened": histories.acknowledged_between(
            opened, until, source
        )
        == 0,
        f"every client worked at {target} afterwards": all_worked(histories, work.clients, target, opened, until),
        f"a group read at {target} what was acknowledged at {source}": read_on(
            histories, source, target, outage.lost_at
        ),
        f"every group had a position at {target}": _all_placed(work, outage),
        # Too high is no fault: the statement is an upper bound, made with the site silent.
        "the loss was stated before it was accepted, and not too low": stated is not None
        and stated >= findings.records.stranded.count,
        f"{source} was closed when it was back, by proof": outage.fence.get("fence") == FenceState.PROVEN,
        "the stranded tail begins at the frontier of the failover": not outage.tail.moved,
        "the salvaged files are as they were written": not outage.tail.faults,
        "every stranded record was decided on": not outage.tail.undecided
        and {each.topic for each in stranded} <= outage.tail.decisions.keys(),
    }


def _all_placed(work: Work, outage: Outage) -> bool:
    confirmed = outage.result.evidence["confirm-positions"]
    placed = {group for group, told in confirmed["groups"].items() if told["positions"]}
    return not confirmed["uncovered"] and placed >= set(work.groups)
