"""Share what commands that change something need: somebody to ask, the steps, the question, the run of a plan."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from drctl.cli.output import echo
from drctl.errors import Refused
from drctl.redaction import redact_output

if TYPE_CHECKING:
    from drctl.model.run import RunResult
    from drctl.model.terms import Terms
    from drctl.plans.interruption import Interruption
    from drctl.plans.plan import Plan
    from drctl.ports import World


def require_somebody(remedy: str = "add --yes") -> None:
    """Refused if nobody can be asked."""
    if not sys.stdin.isatty():
        raise Refused("nobody is here to be asked: standard input is no terminal", remedy=remedy)


def show_steps(plan: "Plan") -> None:
    """The plan's steps by number and title."""
    for number, step in enumerate(plan.steps, 1):
        echo(f"  {number:2} {step.title}", err=True)


def confirm(question: str = "Go on?") -> None:
    """Refused unless the answer is yes."""
    if not click.confirm(redact_output(question), err=True):
        raise Refused("declined", remedy="")


def continued(plan: "Plan", world: "World") -> "Interruption | None":
    """Return the unfinished run that this plan goes on with; None if it begins a new one.

    Refused if another run is unfinished: before anything is asked.
    """
    from drctl.monitors import observe
    from drctl.plans.continuation import under_way
    from drctl.plans.interruption import interruption

    return interruption(world, observe) if under_way(plan, world) else None


def ask_to_go_on(run: "Interruption") -> None:
    """Ask about a run that is continued: how it stands is shown, and nothing announced that has long happened."""
    require_somebody()
    for line in run.lines:
        echo(line, err=True)
    confirm("Go on with it?")


def typed_name(site: str, confirm: str | None, question: str) -> None:
    """Refused unless the site's name was typed, with the command or now that the question is asked."""
    if confirm is None:
        require_somebody(remedy=f"--confirm {site}")
        confirm = click.prompt(redact_output(f"{question} ({site})"), err=True)
    if confirm != site:
        raise Refused(f"{confirm} was typed, not {site}: nothing was changed", remedy=f"--confirm {site}")


def execute(plan: "Plan", world: "World", said: "Terms | None" = None) -> "RunResult":
    """Run the plan to its end, or continue it, and show how it goes on."""
    from drctl.cli.dropping import unheld
    from drctl.cli.progress import ProgressDisplay
    from drctl.cli.signals import deaf, outliving_the_terminal, unsuspended
    from drctl.cli.terms import tell_exceptions
    from drctl.monitors import observe
    from drctl.plans.interruption import interruption
    from drctl.plans.objectives import against, pause
    from drctl.plans.record import NOBODY
    from drctl.plans.runner import run
    from drctl.plans.selection import MOVES

    with outliving_the_terminal(), unheld(), ProgressDisplay() as display, unsuspended(display.tell):
        try:
            result = run(plan, world, display.announce, said or NOBODY)
        except KeyboardInterrupt:
            with deaf():
                echo("\ncut off; the same command goes on from here", err=True)
                cut_off = interruption(world, observe)
                for line in cut_off.lines if cut_off is not None else ():
                    echo(line, err=True)
            raise
    seconds = pause(world.journal.entries(result.run.id)) if plan.kind in MOVES else None
    if seconds is not None:
        echo(f"pause of writes: {against(seconds, world.plan.objectives.recovery_time)}", err=True)
    tell_exceptions(result)  # here, since standard output may be closed and end the command
    if plan.kind in MOVES:
        echo(f"its report: drctl runs report {result.run.id}", err=True)
    return replace(result, pause=seconds)
