"""Keep what a drill did in its bundle: enough to judge it again, and to write its report again."""

import json
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from drctl.drills.bundle.manifest import damaged
from drctl.drills.judging import Judgement, judged, judged_circle, judged_outage
from drctl.drills.outcome import Drill, Handover, Material, Outage, OutageReport, Provenance, SiteSettings, Work
from drctl.drills.recovery import Recovery, recovered
from drctl.drills.timeline import Histories
from drctl.drills.way_home import came_home
from drctl.model.documents import json_of
from drctl.model.guards import Objectives
from drctl.model.run import Evidence, RunResult
from drctl.redaction import redact, redact_document

WANTED = (
    "prove-fence", "hand-over-positions", "watch-first-commits",
    "fence-what-answers", "measure-loss", "confirm-positions", "record-handover-point",
    "check-homecoming", "start-link-home",
)  # fmt: skip
"""The steps whose evidence reports and verdicts use. All of it is in the journal."""


@dataclass(frozen=True, slots=True)
class DrillFacts:
    """A drill without what follows from it: verdict, findings, and what they weigh.

    An ``outage`` with a handover is one whose drill went home again; earlier versions of drctl left the way home out.
    """

    id: str
    began: float
    ended: float
    work: Work
    complete: bool
    handovers: tuple[Handover, ...]
    protocols: dict[str, str]
    postures: tuple[SiteSettings, ...]
    provenance: Provenance
    phases: tuple[tuple[float, str], ...]
    outage: Outage | None = None
    objectives: Objectives | None = None


FACTS = TypeAdapter(DrillFacts)


def facts_of(drill: Drill, material: Material) -> bytes:
    """The facts of a drill, as JSON."""
    lost = drill.outage
    facts = DrillFacts(
        id=drill.id,
        began=drill.began,
        ended=drill.ended,
        work=material.work,
        complete=material.complete,
        handovers=tuple(replace(each, result=kept(each.result)) for each in drill.handovers),
        protocols=drill.protocols,
        postures=drill.postures,
        provenance=drill.provenance,
        phases=tuple((at, redact(what)) for at, what in drill.phases),
        outage=None if lost is None else _shown(lost.outage),
        objectives=None if lost is None else lost.recovery.objectives,
    )
    return FACTS.dump_json(facts, indent=1, fallback=str) + b"\n"


def facts_in(name: str, raw: bytes) -> DrillFacts:
    """The facts in a bundle's file of that name. BundleDamaged if it holds something else."""
    try:
        return FACTS.validate_python(json_of(raw, largest=len(raw)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise damaged(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise damaged(f"{name}: {error}") from error


def rebuilt(facts: DrillFacts, histories: Histories, material: Material) -> Drill:
    """The drill, judged again from its evidence."""
    outage = None
    if facts.outage is not None:
        cost = _cost(facts, facts.outage, histories, material)
        moved = [came_home(each, histories, material.primary, material.stranded) for each in facts.handovers]
        outage = OutageReport(facts.outage, cost, *moved)
    found = _judged(facts, histories, material)
    return Drill(
        id=facts.id,
        began=facts.began,
        ended=facts.ended,
        verdict=found.verdict,
        reasons=found.reasons,
        findings=found.findings,
        weight=found.weight,
        standby=found.standby,
        handovers=facts.handovers,
        histories=histories,
        protocols=facts.protocols,
        postures=facts.postures,
        provenance=facts.provenance,
        phases=facts.phases,
        outage=outage,
        material=material,
    )


def _judged(facts: DrillFacts, histories: Histories, material: Material) -> Judgement:
    """Judge what the facts claim, which the journal confirms: see ``journaled``."""
    if facts.outage is None:
        return judged(
            facts.work,
            histories,
            facts.handovers,
            primary=material.primary,
            standby=material.standby,
            complete=facts.complete,
        )
    if not facts.handovers:
        return judged_outage(
            facts.work,
            histories,
            facts.outage,
            survivor=material.primary,
            stranded=material.stranded,
            complete=facts.complete,
        )
    return judged_circle(
        facts.work,
        histories,
        facts.outage,
        facts.handovers[0],
        primary=material.primary,
        standby=material.standby,
        stranded=material.stranded,
        complete=facts.complete,
    )


def _cost(facts: DrillFacts, outage: Outage, histories: Histories, material: Material) -> Recovery:
    if facts.objectives is None:
        raise damaged("the facts of an outage name no objectives")
    return recovered(
        histories,
        material.stranded,
        facts.objectives,
        lost_at=outage.lost_at,
        began=outage.began,
        survivor=outage.target,
    )


def kept(result: RunResult) -> RunResult:
    """The result with the evidence that is used, as the journal would give it back."""
    wanted: dict[str, Evidence] = {name: result.evidence[name] for name in WANTED if name in result.evidence}
    return replace(result, evidence=json.loads(json.dumps(wanted, default=str)))


def _shown(outage: Outage) -> Outage:
    return replace(outage, result=kept(outage.result), observations=redact_document(dict(outage.observations)))
