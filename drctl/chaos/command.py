"""drctl chaos."""

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from drctl.errors import ConfigInvalid
from drctl.model.verdict import exit_code
from drctl.redaction import redact_document, redact_output


@click.group("chaos")
def command() -> None:
    """Run chaos experiments, judged by the ledger."""


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
@click.argument("experiment", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), default=Path("reports/chaos"), show_default=True
)
@click.option(
    "--lab", "folder", type=click.Path(path_type=Path, file_okay=False), help="A running lab; else one is started."
)
def run(experiment: Path, report: Path, folder: Path | None) -> None:
    """Run an experiment under load, on a lab of its own unless one is named.

    The verdict comes from what was acknowledged, what is there, and what another observer saw of the fault; never from
    the Chaos Toolkit's exit code. Exits 0 only when it is proved: every fault that the experiment states was seen, and
    nothing was lost or read again but what it states. A named lab must be whole.
    """
    from drctl.chaos.admission import admitted
    from drctl.chaos.campaign import CHILD, conduct
    from drctl.drills.report.write import prepare
    from drctl.lab import Lab

    admission = admitted(experiment)
    prepare(report)

    def say(line: str) -> None:
        click.echo(redact_output(f"… {line}"), err=True)

    with ExitStack() as stack:
        if folder is None:
            own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drctl-chaos-")))
            lab = stack.enter_context(Lab.start(own / "lab", progress=say))
        else:
            lab = Lab.attach(folder)
        outcome = conduct(lab, admission, report.resolve(), say=say)
    document = outcome.document()
    (report / "verdict.json").write_text(json.dumps(redact_document(document), indent=2) + "\n", "utf-8")
    click.echo(f"verdict: {outcome.verdict.value}")
    for reason in outcome.reasons:
        click.echo(redact_output(f"  {reason}"))
    if outcome.journal_digest is None:
        click.echo(f"  what the Chaos Toolkit said is in {report / f'{CHILD}.log'}")
    for fault in outcome.faults:
        told = f"  {fault['fault']} of {fault['target']}, seen by {fault['observer']}: {fault['observation']}"
        click.echo(redact_output(told))
    records = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in document["records"].items())
    click.echo(f"  {records}")
    raise click.exceptions.Exit(exit_code(outcome.verdict))
