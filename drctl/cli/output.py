"""How values are shown: tables for people, JSON and YAML of a versioned shape for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

import click

API_VERSION = "drctl.io/v1alpha1"

output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json", "yaml"]),
    default="table",
    show_default=True,
    help="Form of the output.",
)


def document(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A versioned document."""
    return {"apiVersion": API_VERSION, "kind": kind, **body}


def show_document(value: Mapping[str, Any], form: str) -> None:
    """Print a document as JSON or YAML to standard output."""
    if form == "json":
        click.echo(json.dumps(value, indent=2, default=str))
        return
    from ruamel.yaml import YAML

    yaml, text = YAML(), StringIO()
    yaml.dump(json.loads(json.dumps(value, default=str)), text)
    click.echo(text.getvalue(), nl=False)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to standard output; as wide as it needs where nobody looks at a terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console = Console(file=sys.stdout) if sys.stdout.isatty() else Console(file=sys.stdout, width=240)
    console.print(table)
