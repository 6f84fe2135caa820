"""The pages' templates: escaped, strict about names, and with the same words for times and numbers on every page."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from drctl.drills.report import words

HERE = Path(__file__).parent


def template(name: str, *folders: Path) -> Template:
    """Load a template from these folders, or that stands beside this file."""
    environment = Environment(
        loader=FileSystemLoader((*folders, HERE)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = (words.day, words.clock, words.number, words.span, words.spaced)
    environment.filters |= {each.__name__: each for each in named}
    return environment.get_template(name)
