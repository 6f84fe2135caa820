"""From findings to a verdict. Only *proved* is a success, and it has to be earned."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drctl.ledger.checker import Findings
from drctl.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Weight:
    """What makes a clean history mean something.

    ``acknowledged``: records acknowledged per window (before, during, after the event), each with its floor.
    ``evidence``: what had to be witnessed by another than the one who did it, and whether it was. ``control_caught``:
    the same checker named every planted fault. ``complete``: every client's history could be read to its end.
    ``redelivery``: a group may read a record again, as at-least-once consumers do when a coordinator dies; it is told
    and is no fault. Skipping one always is.
    """

    acknowledged: Mapping[str, tuple[int, int]]
    evidence: Mapping[str, bool]
    control_caught: bool
    complete: bool = True
    redelivery: bool = False


def judge(findings: Findings, weight: Weight) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict with every reason for it."""
    faults = tuple(_faults(findings, redelivery=weight.redelivery))
    if faults:
        return Verdict.REFUTED, faults
    gaps = tuple(_gaps(weight))
    if gaps:
        return Verdict.INCONCLUSIVE, gaps
    thin = tuple(_thin(findings, weight))
    if thin:
        return Verdict.VACUOUS, thin
    return Verdict.PROVED, (_proved(findings),)


def _proved(findings: Findings) -> str:
    again = sum(group.repeated.count for group in findings.groups)
    groups = f"groups skipped none and read {again} again" if again else "no group skipped or repeated one"
    return f"all {findings.records.acknowledged} acknowledged records are there once, and {groups}"


def _faults(findings: Findings, *, redelivery: bool) -> Iterator[str]:
    for name, found in findings.records.faults.items():
        if found:
            yield f"{found.count} {name.replace('_', ' ')}, first: {found.examples[0]}"
    for group in findings.groups:
        if group.skipped:
            yield f"group {group.name} skipped {group.skipped.count}, first: {group.skipped.examples[0]}"
        if group.repeated and not redelivery:
            yield f"group {group.name} repeated {group.repeated.count}, first: {group.repeated.examples[0]}"


def _gaps(weight: Weight) -> Iterator[str]:
    if not weight.complete:
        yield "a client's history is incomplete"
    if not weight.control_caught:
        yield "the checker did not catch every planted fault"
    for what, witnessed in weight.evidence.items():
        if not witnessed:
            yield f"not witnessed: {what}"


def _thin(findings: Findings, weight: Weight) -> Iterator[str]:
    for window, (count, floor) in weight.acknowledged.items():
        if count < floor:
            yield f"only {count} records were acknowledged {window}, at least {floor} are needed"
    if not any(group.processed for group in findings.groups):
        yield "no group processed anything"
