"""drctl drill."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drctl.cli.output import echo, show_table
from drctl.errors import DrctlError
from drctl.model.verdict import exit_code

if TYPE_CHECKING:
    from drctl.drills.outcome import Drill
    from drctl.drills.report.schema import Report
    from drctl.lab import Lab


@click.command("drill")
@click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), default=Path("reports/drill"), show_default=True
)
@click.option("--small", is_flag=True, help="One broker per site instead of three.")
@click.option("--rate", type=click.FloatRange(min=1), default=120, show_default=True, help="Records per second.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=12,
    show_default=True,
    help="Work before, between and after the switchovers.",
)
@click.option("--keep", is_flag=True, help="Keep the lab's logs, histories and journal beside the report.")
def command(report: Path, *, small: bool, rate: float, seconds: float, keep: bool) -> None:
    """Rehearse a switchover and the way home on two real sites on this machine.

    Exits 0 only when the verdict is proved.
    """
    from drctl.cli.progress import ProgressDisplay
    from drctl.config import load
    from drctl.drills.report.build import build
    from drctl.drills.report.page import render
    from drctl.drills.report.write import prepare, write
    from drctl.drills.switchover import Pattern, Rehearsal
    from drctl.lab import Lab
    from drctl.monitors import observe
    from drctl.wiring import open_world

    prepare(report)
    with (
        ProgressDisplay() as display,
        tempfile.TemporaryDirectory(prefix="drctl-drill-") as folder,
        Lab.start(Path(folder) / "lab", small=small, progress=display.say) as lab,
    ):
        rehearsal = Rehearsal(
            lab, load(lab.plan_file), open_world, observe, pattern=Pattern(rate=rate, seconds=seconds)
        )
        rehearsal.say, rehearsal.announce = display.say, display.announce
        try:
            drill = rehearsal.perform()
        except DrctlError:
            keep = True
            echo(f"what the lab left behind is kept in {report}", err=True)
            raise
        finally:
            if keep:
                _keep(lab, report)
        display.say("the lab goes down")
    document = build(drill)
    write(report, document, render(document, drill))
    _show(drill, document, report)
    raise click.exceptions.Exit(exit_code(drill.verdict))


def _keep(lab: "Lab", report: Path) -> None:
    for part in ("logs", "histories", "state"):
        if (lab.folder / part).exists():
            shutil.copytree(lab.folder / part, report / part, dirs_exist_ok=True)


def _show(drill: "Drill", document: "Report", report: Path) -> None:
    records = drill.findings.records
    rows = [
        ("acknowledged", records.acknowledged),
        *((name.replace("_", " "), n.count) for name, n in records.faults.items()),
    ]
    show_table("Records", ("", "COUNT"), rows)
    echo()
    columns = ("GROUP", "PROTOCOL", "LAG AT HANDOVER", "SKIPPED", "READ TWICE", "MIRRORMAKER ALONE WOULD REPEAT")
    keys = ("name", "protocol", "lag_at_handover", "skipped", "repeated", "mirrormaker_would_repeat")
    show_table("Groups, at the first handover", columns, (_known(group, keys) for group in document.groups))
    echo()
    first, second = drill.handovers
    seconds = {t.name: t.seconds for t in second.result.timings}
    show_table(
        "Seconds per step",
        ("STEP", f"TO {first.target.upper()}", f"TO {second.target.upper()}"),
        ((t.name, f"{t.seconds:.2f}", f"{seconds[t.name]:.2f}") for t in first.result.timings),
    )
    echo()
    pauses: dict[str, list[str]] = {}
    for pause in (pause for handover in document.handovers for pause in handover.pauses):
        told = "did not return" if pause.seconds is None else f"{pause.seconds:.1f}"
        pauses.setdefault(pause.client, []).append(told)
    show_table(
        "Pause that clients saw, in seconds",
        ("CLIENT", f"TO {first.target.upper()}", f"TO {second.target.upper()}"),
        ((client, *told) for client, told in pauses.items()),
    )
    echo(f"\nverdict: {drill.verdict.value}")
    for reason in drill.reasons:
        echo(f"  {reason}")
    echo(f"report: {report / 'report.html'}")


def _known(part: object, keys: Sequence[str]) -> list[object]:
    values = [getattr(part, key) for key in keys]
    return ["unknown" if value is None else value for value in values]
