"""Run and show ``drctl drill --level isolated``."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drctl.cli.output import echo, show_table
from drctl.cli.sites import direction, other_site
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid
from drctl.model.verdict import Verdict, exit_code

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OF_ANOTHER = ("report.json", "verdict.json", "tabletop.json")


def drill(plan_file: Path, report: Path, target: str | None, key: "Ed25519PrivateKey | None") -> int:
    """Drill with a topic and a group of its own, leave the report; returns the exit code, 0 only if it is proved."""
    from drctl.cli.progress import ProgressDisplay
    from drctl.cli.terms import terms
    from drctl.drills.bundle.manifest import RunKind
    from drctl.drills.bundle.write import ISOLATED_JSON, ISOLATED_PAGE, begin, keep_isolated, seal
    from drctl.drills.isolated.drill import IsolatedDrill
    from drctl.drills.isolated.judging import judged
    from drctl.drills.isolated.report import body
    from drctl.drills.report.isolated_page import render
    from drctl.drills.report.run_page import as_json
    from drctl.drills.report.write import prepare, put
    from drctl.drills.timeline import Histories
    from drctl.plans.drilling import begin_drill, end_drill

    prepare(report)
    if there := next((name for name in OF_ANOTHER if (report / name).exists()), None):
        said = f"{report}: holds the {there} of something else, and this drill must not be taken for it"
        raise ConfigInvalid(said, remedy="name another folder with --report")
    begin(report)
    by = terms().by
    with (
        tempfile.TemporaryDirectory(prefix="drctl-drill-") as scratch,
        opened(plan_file) as world,
        ProgressDisplay() as display,
    ):
        histories = Path(scratch)
        source, there_site = direction(world, target or other_site(world))
        run = begin_drill(world, source, there_site, by)
        trial = IsolatedDrill(world, run, histories, display.say).perform()
        judgement = judged(trial, Histories.read(histories))
        told = body(trial, judgement, world.plan, by)
        keep_isolated(report, trial.primary, trial.standby, histories)
        put(report, {ISOLATED_JSON: as_json(told), ISOLATED_PAGE: render(told)})
        seal(report, trial.id, RunKind.ISOLATED, key)
        ended = {name: told[name] for name in ("verdict", "reasons", "removed", "stays")}
        end_drill(world, run, proved=judgement.verdict is Verdict.PROVED, told=ended)
    _show(told, report)
    return exit_code(judgement.verdict)


def _show(told: dict[str, Any], report: Path) -> None:
    echo(f"ISOLATED DRILL, {told['source']} to {told['target']} and home again: {told['worth']}")
    records = told["records"]
    rows = [
        ("acknowledged", records["acknowledged"]),
        (f"at {told['source']}", records["seenAtSource"]),
        (f"at {told['target']}", records["seenAtTarget"]),
    ]
    rows += [(what, each[what]) for each in told["groups"] for what in ("processed", "skipped", "repeated", "unread")]
    show_table(f"Records of {told['topic']}", ("", "COUNT"), rows)
    lines = [
        (f"{leg['source']} to {leg['target']}", partition, each["here"], each["there"], each["proof"])
        for leg in told["legs"]
        for partition, each in leg["positions"].items()
    ]
    echo()
    show_table("Positions handed over", ("WAY", "PARTITION", "POSITION", "THERE", "PROOF"), lines)
    for each in told["hindrances"]:
        echo(f"  - {each['detail']}\n    remedy: {each['remedy'] or 'see the reason, then drill again'}")
    earlier = told["leftByEarlierDrills"]
    for title, found in (
        ("taken away, of an earlier drill", earlier["removed"]),
        ("stays, of an earlier drill", earlier["stays"]),
        ("taken away", told["removed"]),
        ("stays, until the next drill takes it away", told["stays"]),
    ):
        for each in found:
            echo(f"{title}: {each}")
    echo(f"\nverdict: {told['verdict']}")
    for reason in told["reasons"]:
        echo(f"  {reason}")
    echo(f"report: {report / 'isolated.html'}")
