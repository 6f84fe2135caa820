"""drctl chaos."""

from pathlib import Path
from typing import Any

import click

from drctl.chaos.campaign_command import campaign, reproduce, show_trend
from drctl.chaos.options import EXPERIMENT, FOLDER, SIGN_WITH, say
from drctl.errors import ConfigInvalid
from drctl.model.verdict import exit_code
from drctl.redaction import redact_output


@click.group("chaos")
def command() -> None:
    """Run chaos experiments, judged by the ledger."""


for each in (campaign, reproduce, show_trend):
    command.add_command(each)


@command.command("list")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path("experiments"))
def show(folder: Path) -> None:
    """List the experiments of a folder by name and title; one that could not be run is an error."""
    from drctl.chaos.admission import admitted

    found = [admitted(path) for path in sorted(folder.glob("*.yaml"))]
    if not found:
        raise ConfigInvalid(f"{folder} has no experiment", remedy="name a folder of experiments in YAML")
    width = max(len(each.path.stem) for each in found)
    for each in found:
        click.echo(redact_output(f"{each.path.stem:{width}}  {each.title}"))


@command.command("run")
@click.argument("experiment", type=EXPERIMENT)
@click.option("--report", type=FOLDER, default=Path("reports/chaos"), show_default=True)
@click.option("--lab", "folder", type=FOLDER, help="A running lab; else one is started.")
@SIGN_WITH
def run(experiment: Path, report: Path, folder: Path | None, sign_with: Path | None) -> None:
    """Run an experiment under load, on a lab of its own unless one is named.

    The verdict comes from what was acknowledged, what is there, and what another observer saw of the fault; never from
    the Chaos Toolkit's exit code. Exits 0 only when it is proved: every fault that the experiment states was seen, and
    nothing was lost or read again but what it states. A negative control, in which brokers lose records on purpose,
    exits 0 only when it is refuted as it states. A named lab must be whole. An experiment on pods needs the lab on
    Kubernetes ('drctl lab kube up', root), and starts one of its own where none is named.

    The report's folder can be checked by others: drctl verify. --sign-with signs it.
    """
    from drctl.chaos.admission import admitted
    from drctl.chaos.experiment import conduct
    from drctl.chaos.labs import lab_for
    from drctl.drills.bundle.manifest import RunKind
    from drctl.drills.bundle.signature import private_key
    from drctl.drills.bundle.write import begin_experiment, seal
    from drctl.drills.experiments.document import document
    from drctl.drills.experiments.write import write
    from drctl.drills.report.write import prepare

    admission = admitted(experiment)
    key = private_key(sign_with) if sign_with else None
    prepare(report)
    begin_experiment(report)

    with lab_for(admission, folder, say) as lab:
        outcome = conduct(lab, admission, report.resolve(), say=say)
    told = document(outcome)
    write(report, told)
    seal(report, told["id"], RunKind.EXPERIMENT, key)
    _show(told, report)
    raise click.exceptions.Exit(0 if outcome.as_stated else exit_code(outcome.verdict))


def _show(told: dict[str, Any], report: Path) -> None:
    """Print what is in ``verdict.json``, whose texts are redacted already."""
    from drctl.drills.bundle.write import TOOLKIT_LOG

    lines = [f"verdict: {told['verdict']}", *(f"  {reason}" for reason in told["reasons"])]
    if told["journal_sha256"] is None:
        lines.append(f"  what the Chaos Toolkit said is in {report / TOOLKIT_LOG}")
    lines += [
        f"  {fault['fault']} of {fault['target']}, seen by {fault['observer']}: {fault['observation']}"
        for fault in told["faults"]
    ]
    lines.append("  " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in told["records"].items()))
    if told["bound"]:
        lines.append(f"  {told['bound']['says']}")
    lines.append(f"report: {report / 'report.html'}")
    for line in lines:
        click.echo(redact_output(line))
