"""The tables of the page: what stands in each, as text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drctl.drills.report.schema import Report
from drctl.drills.report.schema_handover import HandedGroup, HandoverPart
from drctl.drills.report.schema_outage import OutagePart, WayHomePart
from drctl.drills.report.words import clock, moment, number, spaced, yes

CLASSES = (
    "acknowledged", "lost", "duplicated", "reordered", "corrupt", "phantom", "misrouted", "aborted_read",
    "inconsistent_offsets", "precommitted_read", "deleted", "recovered", "superseded", "stranded", "expired",
)  # fmt: skip

PLANNED_SITES = ("At the primary", "At the standby")


@dataclass(frozen=True, slots=True)
class Table:
    """Heads and rows; the first column names the row, those in ``text`` hold words, ``prose`` whole sentences."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: frozenset[int] = frozenset()
    prose: int | None = None

    @property
    def wide(self) -> bool:
        """Whether it is too wide for a phone, where every row then stands as a block."""
        return len(self.heads) > 3 or self.prose is not None


def tables(report: Report) -> dict[str, Table]:
    """Every table of the page that there is once, by name."""
    return {
        "pauses": _pauses(report),
        "groups": _groups(report),
        "sites": _sites(report),
        "windows": Table(
            ("Records acknowledged", "Count", "Needed"),
            tuple((w.name, number(w.acknowledged), number(w.floor)) for w in report.windows),
        ),
        "evidence": _said(("What had to be witnessed", "Witnessed"), report.evidence.items()),
        "control": _said(
            ("Negative control: a fault planted into a copy of this drill’s history", "Named by the checker"),
            ((f"a record {fault}", named) for fault, named in report.negative_control.items()),
        ),
        "classes": _classes(report),
        "timeline": Table(
            ("UTC", "What happened"), tuple((clock(m.at), m.what) for m in report.timeline), frozenset({1})
        ),
    }


def handed(handover: HandoverPart) -> Table:
    """The groups of one handover with what proves their positions."""
    return Table(
        ("Group", "Positions", "Lag", "Pairs of records compared", "Proofs", "MirrorMaker 2 alone"),
        tuple(map(_handed_row, handover.groups)),
        frozenset({4}),
    )


def _handed_row(group: HandedGroup) -> tuple[str, ...]:
    return (
        group.name,
        number(group.partitions),
        number(group.lag),
        number(group.compared),
        ", ".join(f"{count} {proof}" for proof, count in group.proofs.items()),
        number(group.mirrormaker_would_repeat),
    )


def stranded(outage: OutagePart) -> Table:
    """The tail of a lost site by topic, with what was decided about it."""
    return Table(
        ("Stranded tail", "Records saved", "Decision"),
        tuple(
            (part.topic, number(part.records), part.decision or ("due" if part.records else "none needed"))
            for part in outage.stranded
        ),
        frozenset({2}),
    )


def way_home(home: WayHomePart) -> Table:
    """Return what came home, and what it cost."""
    rows = [
        ("Written at the survivor, and copied home", home.copied),
        ("Read again by a group on the way home", home.read_again),
        ("Of the stranded tail, stepped over in the log at home", home.stepped_over),
        ("Copied again with topics that were recreated", home.copied_again),
        *((f"{part.topic}, recreated: to be copied again, at most", part.records) for part in home.recreated),
        *((f"{part.topic}, recreated: older records gone by it", part.gone) for part in home.recreated),
    ]
    return Table(("The way home", "Records"), tuple((what, number(count)) for what, count in rows))


def origin(report: Report) -> dict[str, str]:
    """Who ran the drill, where, with what and when, by what each is called."""
    run, commit = report.run, report.run.commit
    changed = ", with local changes" if run.local_changes else ""
    return {
        "Drill": run.id,
        **_failover(report.outage),
        **{f"Run from {h.source} to {h.target}": f"{h.run}, epoch {h.epoch}" for h in report.handovers},
        "Run by": f"{run.user} on {run.host}",
        "Began": moment(run.began),
        "Ended": moment(run.ended),
        **{f"Version of {name}": version for name, version in run.versions.items()},
        "Commit of drctl": f"{commit}{changed}" if commit else "unknown",
        "Plan file": f"{report.plan.file}, plan {report.plan.name}",
        "SHA-256 of the plan file": report.plan.digest,
        "Head of the journal": f"{report.journal.head}, line {report.journal.lines}",
    }


def _failover(lost: OutagePart | None) -> dict[str, str]:
    return {f"Failover from {lost.lost_site} to {lost.survivor}": f"{lost.run}, epoch {lost.epoch}"} if lost else {}


def meanings(report: Report) -> dict[str, Mapping[str, str]]:
    """The definitions that no table has beside its numbers, by heading; of proofs only those that occur."""
    used = {proof for handover in report.handovers for group in handover.groups for proof in group.proofs}
    told = report.definitions
    return {
        "Verdicts": told.verdicts,
        "What a group did with a record": told.groups,
        "What was measured": told.measures,
        **({"Proofs of positions": {proof: told.proofs.get(proof, proof) for proof in sorted(used)}} if used else {}),
    }


def _pauses(report: Report) -> Table:
    """Every client's pause at each handover."""
    found: dict[str, list[str]] = {}
    for pause in (pause for move in report.pauses for pause in move):
        told = "did not return" if pause.seconds is None else f"{pause.seconds:.1f}"
        found.setdefault(pause.client, []).append(told)
    targets = [report.outage.survivor] if report.outage else []
    targets += [handover.target for handover in report.handovers]
    heads = ("Client, in seconds", *(f"to {target}" for target in targets))
    return Table(heads, tuple((client, *told) for client, told in found.items()))


def _groups(report: Report) -> Table:
    heads = ("Group", "Protocol", f"Lag at {'the loss' if report.outage else 'handover'}", "Skipped", "Read twice")
    compared = bool(report.handovers)
    return Table(
        (*heads, "MirrorMaker 2 alone") if compared else heads,
        tuple(
            (
                group.name,
                group.protocol or "unknown",
                number(group.lag_at_handover),
                number(group.skipped),
                number(group.repeated),
                *([number(group.mirrormaker_would_repeat)] if compared else []),
            )
            for group in report.groups
        ),
        frozenset({1}),
    )


def _sites(report: Report) -> Table:
    return Table(
        ("Site", "Cluster id", "Brokers", "Replication factor", "min.insync.replicas"),
        tuple(
            (
                site.name,
                site.cluster_id,
                number(site.brokers),
                number(site.replication_factor),
                number(site.min_insync_replicas),
            )
            for site in report.sites
        ),
        frozenset({1}),
    )


def _classes(report: Report) -> Table:
    found, standby = report.records, report.standby
    classes = [name for name in CLASSES if report.outage or name != "stranded"]
    meanings = report.definitions.records
    if standby is None:
        heads: tuple[str, ...] = ("Class", "At the survivor, and in the saved tail", "Meaning")
        rows = tuple((spaced(name), number(getattr(found, name)), meanings[name]) for name in classes)
        return Table(heads, rows, frozenset({2}), prose=2)
    sites = ("At home, and in the saved tail", "At the standby, and in it") if report.outage else PLANNED_SITES
    return Table(
        ("Class", *sites, "Meaning"),
        tuple(
            (spaced(name), number(getattr(found, name)), number(getattr(standby, name)), meanings[name])
            for name in classes
        ),
        frozenset({3}),
        prose=3,
    )


def _said(heads: Sequence[str], found: Iterable[tuple[str, bool]]) -> Table:
    return Table(tuple(heads), tuple((what, yes(value=seen)) for what, seen in found))
