"""drctl validate."""

from pathlib import Path

import click

from drctl.cli.output import document, echo, output_option, show_document
from drctl.errors import DrctlError
from drctl.model.wording import counted


@click.command("validate")
@output_option
@click.pass_obj
def command(plan_file: Path, output: str) -> None:
    """Read the plan file and every file that it names, and say what is wrong in them. Asks no site.

    Exits 2 if something is wrong, with every error and its line; 0 if drctl can work with it. Whether the sites are as
    the file says is what 'drctl doctor' tells.
    """
    from drctl.config import load
    from drctl.wiring.files import file_errors

    plan = load(plan_file)
    errors = file_errors(plan)
    if output in ("json", "yaml"):
        told = [{"message": str(error), "remedy": error.remedy} for error in errors]
        show_document(document("Validation", {"file": str(plan_file), "valid": not errors, "errors": told}), output)
    if errors:
        raise _all_of(errors)
    if output not in ("json", "yaml"):
        parts = (counted(len(plan.sites), "site"), counted(len(plan.links), "link"))
        echo(f"{plan_file}: valid: {', '.join((*parts, counted(len(plan.workloads), 'workload')))}")


def _all_of(errors: list[DrctlError]) -> DrctlError:
    """The last error as it is, after the others were told."""
    for error in errors[:-1]:
        echo(f"error: {error}\nremedy: {error.remedy}", err=True)
    return errors[-1]
