"""An experiment whose standby is read, too: what was acknowledged must be there, and what is planted there is named."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from drctl.drills.bundle.verify import verify
from drctl.drills.bundle.write import STANDBY
from drctl.drills.client_evidence import HELD
from drctl.drills.experiments.judging import ExperimentOutcome, Remains, judged
from drctl.ledger.control import COPIED
from drctl.ledger.events import Event, Seen
from drctl.model.verdict import Verdict
from tests.unit.chaos.experiments import ran_as_written, trial
from tests.unit.chaos.test_experiment import TIMED
from tests.unit.drills.bundles import KEY, resealed
from tests.unit.drills.trials import trial_bundle
from tests.unit.lab.work import everything, seen

ALL = tuple(each for each in seen() if isinstance(each, Seen))
PLACE = 100
"""Of a record in the middle of a stream."""


def outcome(standby: Sequence[Event], *, mirrored: bool = True) -> ExperimentOutcome:
    journal, faults = json.dumps(ran_as_written()).encode(), json.dumps(TIMED).encode()
    return judged(trial(mirrored=mirrored), Remains(everything(), seen(), journal, faults, standby))


def swapped() -> list[Event]:
    one, other = ALL[PLACE : PLACE + 2]
    both = [replace(other, offset=one.offset), replace(one, offset=other.offset)]
    return [*ALL[:PLACE], *both, *ALL[PLACE + 2 :]]


def test_a_standby_that_holds_everything_is_proved_and_four_faults_are_planted_there() -> None:
    found = outcome(ALL)
    assert (found.verdict, found.weight.evidence[HELD]) == (Verdict.PROVED, True)
    assert {name: found.weight.control[f"{name} at the standby"] for name in COPIED} == dict.fromkeys(COPIED, True)


@pytest.mark.parametrize(
    "standby",
    [
        (*ALL[:PLACE], *ALL[PLACE + 1 :]),
        (*ALL[:PLACE], ALL[PLACE], *ALL[PLACE:]),
        swapped(),
        (*ALL[:PLACE], replace(ALL[PLACE], intact=False), *ALL[PLACE + 1 :]),
        (*ALL, replace(ALL[PLACE], offset=9000, foreign=True)),
        (),
    ],
    ids=["dropped", "doubled", "swapped", "changed", "another run's", "nothing"],
)
def test_a_standby_that_holds_something_else_proves_nothing(standby: Sequence[Event]) -> None:
    found = outcome(standby)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert f"not witnessed: {HELD}" in found.reasons


def test_a_standby_that_was_not_read_is_not_spoken_of() -> None:
    found = outcome((), mirrored=False)
    assert found.verdict is Verdict.PROVED
    assert HELD not in found.weight.evidence
    assert not any("standby" in kind for kind in found.weight.control)


def test_what_was_found_at_the_standby_is_part_of_the_bundle(tmp_path: Path) -> None:
    report = trial_bundle(tmp_path, KEY, standby=list(ALL))
    found = verify(report, KEY.public_key())
    assert (found.damage, found.differences, found.verdict) == ((), (), Verdict.PROVED)
    (report / STANDBY).unlink()
    resealed(report, KEY)
    found = verify(report, KEY.public_key())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.differences
