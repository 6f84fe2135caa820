"""Tell from the journal whether the proof that a site was closed still holds: deny rules outlast outage and rollback.

| behind the proof, in the journal | the proof |
| --- | --- |
| a step that opens the site, at least intended, or found done | is void: the site may be open |
| a step that failed because what was proven does not stand, or by anything that nobody can tell from that | is void |
| gates of another run that the site has answered | is void: the site was met, and somebody has seen to it |
| an epoch that no run in the journal has raised | is void: the journal's end is missing |
| a rollback that found the site silent and left it alone | holds |
| steps that failed since nobody answered, or since too much would be lost | holds |

Example: a switchover has proven north's fence, and north dies. Its rollback asks north first, which does not answer,
so it intends nothing there. What then takes the move over, or comes after it, is told that north is closed, and counts
what is lost from the ends at which it stood still. Had *unfence-source* been intended, nobody could say so.

Invariant: a proof counts => no entry behind it, of any run, says that the site was opened, about to be, or met.
What a person does by hand is not in the journal: where the service saw the site's logs longer since, it is void, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from drctl.errors import StepFailed
from drctl.model.fence import FenceState
from drctl.model.run import Event, Evidence, JournalEntry, Run
from drctl.plans.closed import LEFT_CLOSED, LEFT_FENCED, may_open, newest_raised
from drctl.plans.selection import MOVES, UNFENCE
from drctl.plans.step_evidence import DrainedLink, FenceProof
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.topic_identity import GATES
from drctl.ports import World

OUTLASTING = (FenceProof.step, DrainedLink.step)
"""Steps whose evidence a rollback leaves true until the source is opened."""
HAPPENED = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)


@dataclass(slots=True)
class ProofTrace:
    """Hold what one run says of a site's fence: ``evidence`` of the steps that still counts at its end.

    ``met``: the run has met the site, or may have opened it, so what runs before it have proven counts no more.
    """

    evidence: dict[str, Evidence] = field(default_factory=dict)
    met: bool = False


def trace(run: Run, entries: Iterable[JournalEntry], site: str) -> ProofTrace:
    """Follow one run from its beginning to its end."""
    found, rolled_back = ProofTrace(), False
    for entry in entries:
        rolled_back |= entry.event is Event.ROLLBACK_STARTED
        if proof := _proof(run, entry, site):
            found.evidence[FenceProof.step] = proof
        # The drain counts only behind a fence that still counts: where records may have come since, nothing
        # is drained.
        elif entry.step == DrainedLink.step and entry.event in HAPPENED and found.evidence:
            found.evidence[DrainedLink.step] = entry.body
        # Once the run is rolled back, a step that fails is one of the rollback, and says nothing against the
        # proof: unfence-source that found the site silent fails, too, and leaves the fence as it was.
        elif _voids(run, entry, site) or (not rolled_back and _contradicts(entry)):
            found = ProofTrace(met=True)
    return found


def proof_left(world: World, source: str, target: str) -> dict[str, Evidence]:
    """Return the proof that runs which have ended leave of a source that is silent now, with the drain behind it.

    Empty if there is none that counts. It is for a run that takes over nothing.
    """
    left: dict[str, Evidence] = {}
    # Newest first, and no further than the first run that met the site: whatever older ones have proven is
    # overtaken by that.
    for run, _ in reversed(world.journal.runs()):
        if run.kind not in (*MOVES, UNFENCE):  # nothing else opens a site
            continue
        found = trace(run, world.journal.entries(run.id), source)
        same_way = (run.source, run.target) == (source, target)
        # Only of runs the same way: a drain is of one link, and says nothing of the other.
        left = {step: body for step, body in found.evidence.items() if same_way} | left
        if found.met:
            break
    proof = left.get(FenceProof.step)
    # An epoch that nobody in this journal has raised was raised by somebody whose journal is elsewhere:
    # what they did to the site is unknown, so nothing is proven.
    if proof is None or _seen_longer(world, source, proof) or world.epochs.current() > newest_raised(world):
        return {}
    return left


def _proof(run: Run, entry: JournalEntry, site: str) -> Evidence | None:
    if run.source != site or entry.event not in HAPPENED:
        return None
    if entry.step == FenceProof.step:
        return entry.body
    if entry.step == FenceWhatAnswers.name and entry.body.get("fence") == FenceState.PROVEN and "ends" in entry.body:
        return FenceProof.from_json(entry.body).to_json()
    return None


def _voids(run: Run, entry: JournalEntry, site: str) -> bool:
    """Whether the run opens the site there or is about to, finds it open, or is answered by it in its gates."""
    # The intent is an entry of its own in front of this one, and voids the proof by itself.
    if entry.event is Event.STEP_FAILED:  # what it may have done it has intended before
        return False
    if may_open(run, entry, site):
        # These say in so many words that the rules were left standing: because the site was silent, because
        # others had made them, or because the run had never fenced it.
        untouched = LEFT_FENCED in entry.body or LEFT_CLOSED in entry.body or entry.body.get("fenced") is False
        return entry.event is Event.STEP_INTENDED or not untouched
    passed = run.source == site and entry.step == GATES and entry.event in HAPPENED
    # Gates of a switchover do not write it: they pass only if the source answers.
    return passed and bool(entry.body.get("source answered", True))


def _contradicts(entry: JournalEntry) -> bool:
    """Whether a step failed that may have seen the site less than closed; silence and a refused loss say nothing."""
    return entry.event is Event.STEP_FAILED and entry.body.get("error") == StepFailed.__name__


def _seen_longer(world: World, site: str, proof: Evidence) -> bool:
    """Whether somebody saw the site's logs end behind where they were proven to stand still."""
    sighting, ends = world.sightings.last(site), FenceProof.from_json(proof).ends
    # One partition that grew suffices. A partition that is only in one of the two says nothing: it may have
    # been created since.
    return sighting is not None and any(sighting.ends.get(partition, 0) > end for partition, end in ends.items())
