"""The option that signs what a run leaves."""

from pathlib import Path

import click

sign_option = click.option(
    "--sign-with",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="DRCTL_SIGN_WITH",
    help="Sign the report's manifest with this key (Ed25519, PEM); also DRCTL_SIGN_WITH.",
)
