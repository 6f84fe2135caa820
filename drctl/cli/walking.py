"""What commands that change something share: somebody to ask, the steps, the question, and the walk through a plan."""

import sys
from typing import TYPE_CHECKING

import click

from drctl.cli.output import echo
from drctl.errors import Refused
from drctl.redaction import redact_output

if TYPE_CHECKING:
    from drctl.model.run import RunResult
    from drctl.model.terms import Terms
    from drctl.plans.plan import Plan
    from drctl.ports import World


def require_somebody() -> None:
    """Refused if nobody can be asked."""
    if not sys.stdin.isatty():
        raise Refused("nobody is here to be asked: standard input is no terminal", remedy="add --yes")


def show_steps(plan: "Plan") -> None:
    """The plan's steps by number and title."""
    for number, step in enumerate(plan.steps, 1):
        echo(f"  {number:2} {step.title}", err=True)


def confirm(question: str = "Go on?") -> None:
    """Refused unless the answer is yes."""
    if not click.confirm(redact_output(question), err=True):
        raise Refused("declined", remedy="")


def walk(plan: "Plan", world: "World", said: "Terms | None" = None) -> "RunResult":
    """Run the plan to its end, or continue it, and show how it goes on."""
    from drctl.cli.progress import ProgressDisplay
    from drctl.plans.record import NOBODY
    from drctl.plans.runner import run

    with ProgressDisplay() as display:
        try:
            return run(plan, world, display.announce, said or NOBODY)
        except KeyboardInterrupt:
            echo("\ncut off; the same command goes on from here, and so does 'drctl runs resume'", err=True)
            raise
