"""State what an experiment must be refuted of, and hold what was found against it: pure.

An experiment whose brokers lose records on purpose is a negative control: the checker must name the loss, or its
silence in every other experiment means nothing. It states its classes, and the first line that applies decides:

===================================================================  ==============================
a class was found that is not stated, or in another topic            refuted, and not as stated
a stated class was not found                                         inconclusive
a fault was not seen, too little traffic, a history incomplete, …    inconclusive
none of these                                                        refuted, as stated: a success
===================================================================  ==============================

What a group did not reach does not count: it cannot read what is lost. Example: stated are ``lost: some`` and
``skipped: any``, in the topic a. Ten records lost and two skipped there is as stated; ten lost there and one duplicated
is refuted of something else, as are ten lost there and one in the topic b; two skipped and none lost shows nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from drctl.ledger.findings import Findings
from drctl.model.verdict import Verdict

REPEATED = "repeated"
CLASSES = (
    "lost", "duplicated", "reordered", "corrupt", "phantom", "misrouted", "aborted_read", "inconsistent_offsets",
    "precommitted_read", "deleted", "skipped",
)  # fmt: skip
"""Classes that an experiment can be refuted of; reading again is stated apart, since it may be no fault."""
AS_STATED = "as stated: this is a negative control, and the checker named the loss"


@dataclass(frozen=True, slots=True)
class Refutation:
    """Hold the classes that must be found, each in some record, and those that may be found ``besides``.

    ``topics``: where alone any of them may be found; everywhere if it is empty, as in bundles of earlier versions.
    """

    classes: tuple[str, ...]
    besides: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


def refutation_in(extension: Mapping[str, Any]) -> Refutation | None:
    """Return what an experiment's extension states that it is refuted of; None if it is to be proved."""
    expected = extension.get("expected")
    if extension.get("verdict") != Verdict.REFUTED.value or not isinstance(expected, Mapping):
        return None
    stated = {str(name): losses for name, losses in expected.items() if name != REPEATED}
    must = sorted(name for name, losses in stated.items() if losses == "some")
    may = sorted(name for name, losses in stated.items() if losses == "any")
    topics = extension.get("topics")
    return Refutation(tuple(must), tuple(may), tuple(map(str, topics)) if isinstance(topics, list) else ())


def control_verdict(
    stated: Refutation,
    findings: Findings,
    elsewhere: Findings,
    reasons: tuple[str, ...],
    lacking: tuple[str, ...],
    *,
    repeats: bool,
) -> tuple[Verdict, tuple[str, ...], bool]:
    """Return a control's verdict with its reasons, and whether it is as stated.

    ``elsewhere``: what was found in topics that are not stated, by itself. ``reasons``: those of the ledger's verdict.
    ``lacking``: what is missing besides that makes a run mean something. ``repeats``: groups may read records again.
    """
    found = _found(findings, repeats=repeats)
    others = [("records", found - {*stated.classes, *stated.besides})]
    if stated.topics:
        others.append(("records of other topics", _found(elsewhere, repeats=repeats)))
    not_stated = [f"not stated is that {what} are {_listed(names)}" for what, names in others if names]
    if not_stated:
        return Verdict.REFUTED, (*not_stated, *reasons, *lacking), False
    missing = [name for name in stated.classes if name not in found]
    gaps = (*(f"no record was found to be {_worded(name)}, as the experiment states" for name in missing), *lacking)
    if gaps:
        return Verdict.INCONCLUSIVE, gaps, False
    return Verdict.REFUTED, (AS_STATED, *reasons), True


def _found(findings: Findings, *, repeats: bool) -> frozenset[str]:
    found = {name for name, examples in findings.records.faults.items() if examples}
    for group in findings.groups:
        kinds = {"skipped": group.skipped, "phantom": group.phantom, REPEATED: group.repeated and not repeats}
        found |= {name for name, records in kinds.items() if records}
    return frozenset(found)


def _listed(names: Collection[str]) -> str:
    return ", ".join(map(_worded, sorted(names)))


def _worded(name: str) -> str:
    return name.replace("_", " ")
