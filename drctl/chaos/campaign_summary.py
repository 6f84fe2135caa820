"""Sum up what campaigns have shown, and compare them: counted line by line, in memory for their experiments alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drctl.chaos.campaign import NO_CONTROL, NOT_RUN, Result
from drctl.drills.experiments.judging import ENDING
from drctl.ledger.bound import bound_in_words, loss_bound
from drctl.model.verdict import Verdict

VERDICTS = (*(each.value for each in Verdict), NOT_RUN)
TOLD = 50
"""Runs that were not proved and are told with their reason; all of them are in the results."""


@dataclass(slots=True)
class Count:
    """An experiment's runs: by verdict, who saw which fault, records, runs whose control was caught, seconds.

    ``controls``: those that were refuted as they state.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    proved: int = 0
    controls: int = 0
    seen: set[str] = field(default_factory=set)
    acknowledged: int = 0
    caught: int = 0
    seconds: float = 0.0

    @property
    def runs(self) -> int:
        """How many there were."""
        return self.verdicts.total()

    @property
    def as_stated(self) -> int:
        """How many of them ended as their experiment states."""
        return self.proved + self.controls

    @property
    def refuted(self) -> int:
        """How many of them found a loss that was not stated."""
        return self.verdicts[Verdict.REFUTED.value] - self.controls


@dataclass(slots=True)
class Summary:
    """A campaign so far; ``failed`` are the first runs that did not end as stated. ``faults``: seen in proved runs."""

    counts: dict[str, Count] = field(default_factory=dict)
    faults: int = 0
    failed: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count a run in."""
        count = self.counts.setdefault(result.experiment, Count())
        count.verdicts[result.verdict] += 1
        count.controls += result.as_stated and result.is_control
        count.proved += result.as_stated and not result.is_control
        count.acknowledged += result.acknowledged
        count.caught += result.control_caught
        count.seconds += result.seconds
        faults = [each for each in result.faults if each["fault"] not in ENDING]
        count.seen.update(f"{each['fault']} of {each['target']}: {each['observer']}" for each in faults)
        if result.as_stated:
            self.faults += 0 if result.is_control else len(faults)
        elif len(self.failed) < TOLD:
            self.failed.append(result)

    @property
    def runs(self) -> int:
        """How many there were."""
        return sum(each.runs for each in self.counts.values())

    @property
    def proved(self) -> int:
        """How many of them were proved as stated."""
        return sum(each.proved for each in self.counts.values())

    @property
    def refuted(self) -> int:
        """How many of them found a loss that was not stated."""
        return sum(each.refuted for each in self.counts.values())

    @property
    def controls(self) -> int:
        """How many were refuted as they state: brokers lost records in them, and the checker named the loss."""
        return sum(each.controls for each in self.counts.values())

    @property
    def verdict(self) -> Verdict:
        """PROVED only if every run ended as stated, a control and a proof among them; REFUTED once a loss was found.

        A control's loss is none: it was to be found. Controls alone are VACUOUS: they tell nothing of other faults.
        """
        if self.refuted:
            return Verdict.REFUTED
        if self.controls == self.runs:
            return Verdict.VACUOUS
        whole = self.proved + self.controls == self.runs and self.controls
        return Verdict.PROVED if whole else Verdict.INCONCLUSIVE

    @property
    def bound(self) -> float | None:
        """The chance of a loss per fault is below that, see :mod:`drctl.ledger.bound`; None once a loss was found."""
        return None if self.refuted else loss_bound(self.faults)

    def in_words(self) -> str:
        """Return how many were proved or refuted as stated, and what the faults without a loss bound."""
        told = f"{self.proved} of {self.runs} proved as stated, {self.controls} refuted as stated"
        if self.runs and not self.controls:
            told = f"{self.proved} of {self.runs} proved as stated; {NO_CONTROL}"
        if self.refuted:
            return f"{told}; a loss was found, so nothing is bounded"
        return f"{told}; {bound_in_words(self.faults)}"


def summed(results: Iterable[Result]) -> Summary:
    """Count them all."""
    summary = Summary()
    for each in results:
        summary.add(each)
    return summary


def as_document(head: Mapping[str, Any], summary: Summary) -> dict[str, Any]:
    """Return it as plain values, with what the campaign is."""
    return dict(head) | {
        "verdict": summary.verdict.value,
        "runs": summary.runs,
        "proved": summary.proved,
        "refuted_as_stated": summary.controls,
        "faults": summary.faults,
        "loss_per_fault_below": summary.bound,
        "experiments": [dict(each) | _counted(summary.counts.get(each["name"])) for each in head["experiments"]],
        "not_proved": [
            {
                "number": result.number,
                "experiment": result.experiment,
                "verdict": result.verdict,
                "reason": result.reason,
                "report": result.report,
            }
            for result in summary.failed
        ],
    }


def _counted(count: Count | None) -> dict[str, Any]:
    found = count or Count()
    return {
        "runs": found.runs,
        "proved": found.proved,
        "refuted_as_stated": found.controls,
        "verdicts": {each: found.verdicts[each] for each in VERDICTS if found.verdicts[each]},
        "seen": sorted(found.seen),
        "acknowledged": found.acknowledged,
        "control_caught": found.caught,
        "seconds": round(found.seconds, 1),
    }


def as_markdown(head: Mapping[str, Any], summary: Summary) -> str:
    """Return it as tables: by experiment, and every run that did not end as stated with its reason."""
    lines = [f"Campaign of {head['began']}, seed {head['seed']}: {summary.in_words()}.", "", *_by_experiment(summary)]
    if summary.failed:
        lines += ["", "| Run | Experiment | Verdict | Reason |", "|---|---|---|---|"]
        lines += [f"| {r.number} | {r.experiment} | {r.verdict} | {_cell(r.reason)} |" for r in summary.failed]
    return "\n".join([*lines, ""])


def _by_experiment(summary: Summary) -> Iterator[str]:
    heads = ("Experiment", "Runs", "As stated", "Else", "Faults, and who saw them", "Acknowledged", "Control caught")
    yield f"| {' | '.join(heads)} | Seconds |"
    yield "|---" * 8 + "|"
    for name, count in sorted(summary.counts.items()):
        others = [f"{n} {verdict}" for verdict, n in _others(count).items()]
        seen = "; ".join(sorted(count.seen)) or "nobody saw one"
        caught = "always" if count.caught == count.runs else f"{count.caught} of {count.runs}"
        yield (
            f"| {name} | {count.runs} | {count.as_stated} | {', '.join(others) or '–'} | {_cell(seen)}"
            f" | {count.acknowledged} | {caught} | {count.seconds / count.runs:.0f} |"
        )


def _others(count: Count) -> Counter[str]:
    """Return the verdicts of the runs that did not end as stated."""
    return count.verdicts - Counter({Verdict.PROVED.value: count.proved, Verdict.REFUTED.value: count.controls})


def _cell(text: str) -> str:
    return text.replace("|", "/")


def trend(told: Sequence[tuple[Mapping[str, Any], Summary]]) -> list[tuple[str, ...]]:
    """Return a row per campaign, oldest first, and one for all: began, version, runs, proved, faults, bound.

    What one of them has refuted is mended in a later version or not: it leaves nothing bounded for all.
    """
    rows = [(str(head["began"]), _version(head), *_figures(summary)) for head, summary in told]
    together = Summary()
    for _, summary in told:
        for name, count in summary.counts.items():
            whole = together.counts.setdefault(name, Count())
            whole.verdicts += count.verdicts
            whole.proved += count.proved
            whole.controls += count.controls
        together.faults += summary.faults
    return [*rows, (f"all {len(rows)}", "", *_figures(together))]


def _figures(summary: Summary) -> tuple[str, ...]:
    bound = "a loss was found" if summary.bound is None else f"{summary.bound:.2%}"
    return str(summary.runs), str(summary.proved), str(summary.faults), bound


def _version(head: Mapping[str, Any]) -> str:
    code = head.get("commit") or {}
    version = str((head.get("versions") or {}).get("drctl", "unknown"))
    return f"{version} {str(code['id'])[:10]}{' changed' if code.get('changed') else ''}" if code.get("id") else version
