"""Share options between the commands below ``drctl chaos``."""

from pathlib import Path

import click

from drctl.redaction import redact_output

EXPERIMENT = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
SIGN_WITH = click.option(
    "--sign-with",
    type=EXPERIMENT,
    envvar="DRCTL_SIGN_WITH",
    help="Sign the report's manifest with this key (Ed25519, PEM); also DRCTL_SIGN_WITH.",
)


def say(line: str) -> None:
    """Tell on standard error what is under way."""
    click.echo(redact_output(f"… {line}"), err=True)
