"""Hooks: commands of the operator that a run calls, each with a deadline, its facts and its outcome in the journal.

A hook may be called twice, if the run was cut off before its outcome was written: the facts name run and hook.
"""

import json
from dataclasses import asdict

import structlog

from drctl.errors import Refused
from drctl.model.hooks import Hook, Moment
from drctl.model.run import Event, Evidence, JournalEntry, RunState
from drctl.plans.plan import StepContext
from drctl.redaction import describe

TOLD = 500
"""Characters of what a hook said on standard error that go to the journal."""


PAUSED, ROLLING_BACK = "paused-by-failed-step", "rolling-back"
"""States of a run under way that hooks are told, beside those in which it ends."""


class Hooking:
    """The hooks of one run. ``entries`` is its journal from before a cut.

    ``exceptions`` are the hooks that failed, but for those before the first change: these end the run.
    """

    def __init__(self, ctx: StepContext, entries: tuple[JournalEntry, ...]) -> None:
        self.ctx, self.world, self.run = ctx, ctx.world, ctx.run
        self.exceptions: list[str] = []
        self._ended: dict[str, Evidence] = {}
        for entry in entries:
            if entry.event is Event.HOOK_ENDED:
                self._note(entry.step, entry.body)

    def require(self) -> None:
        """Call the hooks of before the first change. Refused at the first that fails: nothing was changed."""
        for name, hook in self._of(Moment.PRE):
            if self._ended.get(name, {}).get("exit") == 0:
                continue
            self.ctx.check_authority()
            outcome = self._call(name, hook, RunState.RUNNING)
            if outcome["exit"] != 0:
                raise Refused(
                    f"hook {name} {_worded(outcome)}, so nothing was changed: {outcome['said']}".rstrip(": "),
                    remedy="see what the command wants; it was given the facts on its standard input",
                )

    def tell(self, state: str, error: Exception | str = "") -> None:
        """Call the hooks of a state that is entered, those of success or failure first, each once; they change nothing.

        Of a step that failed they are told each time.
        """
        moments = [Moment.ON_STATE]
        if state == RunState.DONE:
            moments.insert(0, Moment.POST)
        elif state not in (RunState.RUNNING, ROLLING_BACK):
            moments.insert(0, Moment.ON_FAILURE)
        for moment in moments:
            for name, hook in self._of(moment, state):
                if name not in self._ended or state == PAUSED:
                    self._call(name, hook, state, error)

    def _of(self, moment: Moment, state: str = "") -> list[tuple[str, Hook]]:
        """The hooks of that moment with their names, such as ``on-state-done-1``."""
        prefix = f"{moment}-{state}" if moment in (Moment.ON_STATE, Moment.ON_FAILURE) else moment
        return [(f"{prefix}-{number}", hook) for number, hook in enumerate(self.world.plan.hooks.get(moment, ()), 1)]

    def _facts(self, name: str, state: str, error: Exception | str) -> Evidence:
        """Return what a hook is told."""
        told = {"hook": name, "state": str(state), "error": _told(error), "by": self.ctx.terms.by}
        head = {"apiVersion": "drctl.io/v1alpha1", "kind": "HookFacts"}
        return head | told | {"run": asdict(self.run), "steps": list(self.ctx.evidence)}

    def _call(self, name: str, hook: Hook, state: str, error: Exception | str = "") -> Evidence:
        self.world.journal.append(self.run.id, Event.HOOK_INTENDED, name, {"command": hook.command[0]})
        began = self.world.clock.monotonic()
        facts = json.dumps(self._facts(name, state, error))
        done = self.world.commands.run(hook.command, facts, hook.timeout.total_seconds())
        outcome: Evidence = {
            "exit": done.code,
            "seconds": round(self.world.clock.monotonic() - began, 3),
            "timed out": done.timed_out,
            "said": done.complained(TOLD),
        }
        self.world.journal.append(self.run.id, Event.HOOK_ENDED, name, outcome)
        self._note(name, outcome)
        log = structlog.get_logger("drctl.hooks").bind(run=self.run.id, hook=name)
        (log.info if done.code == 0 else log.warning)("hook-ended", **outcome)
        return outcome

    def _note(self, name: str, outcome: Evidence) -> None:
        self._ended[name] = outcome
        if outcome["exit"] != 0 and not name.startswith(Moment.PRE):
            self.exceptions.append(f"hook {name} {_worded(outcome)}")


def _told(error: Exception | str) -> str:
    return error if isinstance(error, str) else describe(error)


def _worded(outcome: Evidence) -> str:
    if outcome["timed out"]:
        return "did not end in time and was killed"
    return "could not be started" if outcome["exit"] is None else f"ended with {outcome['exit']}"
