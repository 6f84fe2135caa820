"""Commands that the plan file has a run call, hooks and the fencing agent: their shape."""

from pydantic import BaseModel

from drctl.config.values import SHAPE, Command, Wait


class _Part(BaseModel):
    model_config = SHAPE


class HookPart(_Part):
    """A command as a list of words, without a shell; the run's facts are JSON on its standard input."""

    command: Command
    timeout: Wait = "30s"  # a run waits for its hooks, so one that hangs must end; a message takes seconds


class HooksPart(_Part):
    """Commands that a run calls.

    ``pre`` after the gates and before the first change: one that fails ends the run. The others change nothing about
    it: ``post`` when all is done, ``onFailure`` when it stops or is rolled back, ``onState`` at every change of state.
    """

    pre: list[HookPart] = []
    post: list[HookPart] = []
    on_failure: list[HookPart] = []
    on_state: list[HookPart] = []


class FencingAgentPart(_Part):
    """A command that takes a silent site down, such as by power or by its volumes, and is sure of it.

    It is given the site as its last word and the run's facts as JSON on its standard input. It ends with 0 and says on
    standard output what it saw only if the site cannot take writes; it may be called twice.
    """

    command: Command
    # Power and storage controllers take tens of seconds, and the site stays fenced as pending without its word.
    timeout: Wait = "1m"
