"""How long clients are without a site after it was lost: from SIGKILL to the first record processed at the standby.

``python -m benchmarks.failover [ROUNDS]`` starts a lab per round, lets the drill's applications work while the service
keeps the standby's positions, kills every process of north, waits until the service has found it silent, and fails over
with the loss that is stated, as the unplanned drill does. What detection took is told apart and not counted: how many
looks at a silent site it takes is a matter of settings. Groups write down about once a second what they processed, so
no figure is too small. Prints one line of JSON; all figures are seconds of the clock, ``steps`` of the median round.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from drctl.cli.logs import configure
from drctl.config import load
from drctl.drills.lab_drill import LoadProfile
from drctl.drills.recovery import recovered
from drctl.drills.timeline import Histories
from drctl.drills.unplanned import SOURCE, TARGET, UnplannedRehearsal
from drctl.lab import Lab
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.wiring.world import open_world

WORK = LoadProfile(rate=150, seconds=10)
"""Records per second, and seconds of work before the loss and after the move."""


@dataclass(frozen=True, slots=True)
class Round:
    """One loss: until it was noticed, from then on until a record was processed at the standby, and each step."""

    detection: float
    recovery: float
    steps: Mapping[str, float]


class Outage(UnplannedRehearsal):
    """The first half of the unplanned drill: the site does not come back."""

    def measure(self) -> Round:
        """Lose north, go on at south. SystemExit if nobody processed anything there."""
        workload = self.start_workload(uuid4(), leave_lost_sites=True)
        loss, move, _ = self.lose_and_move(workload)
        self.finish(workload)
        cost = recovered(
            Histories.read(workload.histories),
            (),
            self.plan_file.objectives,
            lost_at=loss.at,
            began=move.noticed_at,
            survivor=TARGET,
        )
        if cost.own is None:
            raise SystemExit(f"nobody processed a record at {TARGET} after {SOURCE} was lost")
        return Round(cost.detection, cost.own, {span.step: round(span.ended - span.began, 2) for span in move.spans})


def one_round() -> Round:
    """A lab of its own: it loses a site."""
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder) / "lab", small=True) as lab:
        outage = Outage(lab, load(lab.plan_file), open_world, observe, profile=WORK, terms=Terms(by="benchmark"))
        return outage.measure()


def main(rounds: int = 3) -> None:
    """Run it and print the figures."""
    found = sorted((one_round() for _ in range(rounds)), key=lambda each: each.recovery)
    told = {
        "rounds": rounds,
        "recovery_less_detection": {
            "median": round(median(each.recovery for each in found), 1),
            "each": [round(each.recovery, 1) for each in found],
        },
        "detection": round(median(each.detection for each in found), 1),
        "steps": found[len(found) // 2].steps,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    configure(0)  # logs go to standard error
    main(*(int(word) for word in sys.argv[1:]))
