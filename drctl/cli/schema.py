"""drctl schema."""

import json

import click


@click.command("schema")
@click.argument("what", type=click.Choice(["plan", "report"]), default="plan")
def command(what: str) -> None:
    """Print the JSON Schema of the plan file or of a drill's report."""
    if what == "plan":
        from drctl.config import schema

        found = schema()
    else:
        from drctl.drills.report.schema import report_schema

        found = report_schema()
    click.echo(json.dumps(found, indent=2))
