"""Whatever happens to a terminal or a process while a plan is run, no fence is left behind without a word of it."""

import json
import subprocess
import sys

import pytest

from tests.spec.terminals import CUT_OFF, Ended, Mishap

LOST = "standard output cannot be written: No space left on device"
TOLD = {
    Mishap.RESULT_TO_FULL_DISK: LOST,
    Mishap.SUSPENDED: "Ctrl-Z does not suspend a run, for nobody may be able to write meanwhile: it goes on.",
}
EXPECTED = {
    "switchover": (0, ["south"], "done"),
    "failover": (0, ["south"], "done"),
    "rollback": (5, ["north"], "rolled-back"),
}
"""How each ends where nothing cuts it off: its exit code, the site that is open, its state."""


def wrong(kind: str, ended: Ended) -> str:
    """Say what is not as it has to be; empty if all is well."""
    if ended.code is None:
        return "it was held up"
    if not ended.struck:
        return f"the step was not reached ({ended.code}): {ended.screen[-300:]}"
    if ended.both_open:
        return f"both sites were open at {ended.both_open}"
    if (told := TOLD.get(Mishap(ended.mishap), "")) not in ended.screen and (kind, told) != ("rollback", LOST):
        return f"nobody is told that {told}: {ended.screen[-300:]}"
    if Mishap(ended.mishap) in CUT_OFF:
        return _not_told(ended)
    how = (ended.code, ended.open_sites, ended.runs[-1])
    return "" if how == EXPECTED[kind] else f"it ended with {how}: {ended.screen[-300:]}"


def _not_told(ended: Ended) -> str:
    told = "UNFINISHED RUN" in ended.screen or ended.mishap == Mishap.STOPPED_AND_INTERRUPTED
    if (ended.code, ended.runs[-1], told) != (130, "running", True):
        return f"it ended with {ended.code}, {ended.runs[-1]}, told at the terminal: {told}"
    if not ended.status[0].startswith("UNFINISHED RUN"):
        return f"the status begins with {ended.status[0]}"
    if not ended.open_sites and "nobody can write" not in ended.status[1]:
        return f"no site is open, and the status goes on with {ended.status[1]}"
    return ""


@pytest.mark.early
@pytest.mark.parametrize("kind", EXPECTED)
def test_a_run_goes_on_or_is_told_of_whatever_happens_to_its_terminal_at_whatever_step(kind: str) -> None:
    words = [sys.executable, "-m", "tests.spec.terminals", kind]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    runs = [Ended(**json.loads(line)) for line in done.stdout.splitlines()]
    found = [f"{each.step}, {each.mishap}: {why}" for each in runs if (why := wrong(kind, each))]
    assert not found, "\n".join(found)
    assert {each.mishap for each in runs} == set(Mishap)
