"""Read words that an earlier version of drctl has written, as today's.

A journal is never rewritten: its digests are over the words that stand in it. So what was called otherwise is read as
what it is called now, behind the check of its digest, and everything behind that knows today's words only.

| stands in a journal or report of 0.2.0      | is read as                                  |
| ------------------------------------------- | ------------------------------------------- |
| state ``compensated``                       | ``rolled-back``                             |
| state ``turning-back``                      | ``rolling-back``                            |
| event ``compensation-started``              | ``rollback-started``                        |
| hook ``on-failure-compensated-1``           | ``on-failure-rolled-back-1``                |
| hook ``on-state-turning-back-1``            | ``on-state-rolling-back-1``                 |
"""

import re
from typing import Any

STATES = {"compensated": "rolled-back", "turning-back": "rolling-back"}
EVENTS = {"compensation-started": "rollback-started"}
STATE = "state"
"""The key under which the body of an entry, or a report, names a run's state."""

_HOOK = re.compile(rf"(on-state|on-failure)-({'|'.join(STATES)})-(\d+)")


def step(name: str) -> str:
    """Return what a step or hook is called now.

    Hooks are named after the state that they are told. One that was called before a run was cut off would be called
    again by who goes on with the run, if its outcome were not found under today's name.
    """
    found = _HOOK.fullmatch(name)
    return f"{found[1]}-{STATES[found[2]]}-{found[3]}" if found else name


def body(told: dict[str, Any]) -> dict[str, Any]:
    """Return what an entry of a journal holds, with the run's state as it is called now."""
    # On top only, where the end of a run tells its state: other bodies hold the positions of ten thousand
    # groups, and are read several times a step.
    return {**told, STATE: STATES[told[STATE]]} if isinstance(told.get(STATE), str) and told[STATE] in STATES else told


def document(told: dict[str, Any]) -> dict[str, Any]:
    """Return a report with all run states in it as they are called now; everything else is the same."""
    return {key: _state(value) if key == STATE else _within(value) for key, value in told.items()}


def _state(value: Any) -> Any:
    return STATES.get(value, value) if isinstance(value, str) else _within(value)


def _within(value: Any) -> Any:
    if isinstance(value, dict):
        return document(value)
    return [_within(each) for each in value] if isinstance(value, list) else value
