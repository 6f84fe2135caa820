"""Take down what a run that moves the work does: when each step began and ended, and what was handed over."""

from collections.abc import Callable
from dataclasses import dataclass, field

from drctl.drills.timeline import StepSpan
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence, RunResult
from drctl.model.translation import Exact, Proof
from drctl.plans.evidence import partition_of
from drctl.plans.runner import Announce, Progress, StepState


@dataclass(slots=True)
class StepTimer:
    """Notes when each step began and ended while passing progress on."""

    announce: Announce
    now: Callable[[], float]
    run: str
    spans: list[StepSpan] = field(default_factory=list)
    began: float = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.state is StepState.STARTED:
            self.began = self.now()
        elif progress.state in (StepState.DONE, StepState.FOUND_DONE):
            self.spans.append(StepSpan(self.run, progress.step, self.began, self.now()))
        self.announce(progress)


def handed_positions(result: RunResult) -> dict[str, dict[TopicPartition, Exact]]:
    """The positions that a switchover handed over, from its evidence."""
    found: dict[str, dict[TopicPartition, Exact]] = {}
    for group, handed in result.evidence["hand-over-positions"]["groups"].items():
        found[group] = {partition_of(name): _exact(name, line) for name, line in handed["positions"].items()}
    return found


def _exact(name: str, line: Evidence) -> Exact:
    return Exact(partition_of(name), line["here"], line["there"], Proof.COUNTED, line.get("compared", 0))
