"""drctl version."""

import platform
from importlib.metadata import PackageNotFoundError, version

import click

from drctl import __version__
from drctl.cli.output import API_VERSION, document, echo, output_option, show_document

LIBRARIES = ("confluent-kafka", "httpx2", "kubernetes")


@click.command("version")
@output_option
def command(output: str) -> None:
    """Show the version of drctl, of Python and of the client libraries, and of the plan file that it reads."""
    libraries = {name: found for name in LIBRARIES if (found := _installed(name))}
    body = {"version": __version__, "python": platform.python_version(), "libraries": libraries}
    if output in ("json", "yaml"):
        show_document(document("Version", body), output)
        return
    echo(f"drctl {__version__}")
    echo(f"plan file {API_VERSION}; Python {body['python']}")
    echo("; ".join(f"{name} {found}" for name, found in libraries.items()))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
