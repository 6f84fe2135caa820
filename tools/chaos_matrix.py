"""Runs experiments one after the other on one lab, and prints a table of their verdicts.

``python tools/chaos_matrix.py experiments/*.yaml`` runs each by ``drctl chaos run EXPERIMENT --report FOLDER/NAME --lab
LAB``, which refuses a lab that is not whole. After an experiment that was not proved the lab is taken down, so that
none is judged by what another has left, and the next one goes on with a new lab. Exit code 1 if any was not proved: an
experiment states what it expects, and is proved only as stated.

``--seeds 3`` runs all of them three times, each time in an order that the seed (1, 2, 3) determines: what an experiment
finds depends on what ran before it. After every experiment ``matrix.md`` and ``matrix.json`` are written anew, so an
interrupted matrix leaves a table of what it came to.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drctl.drills.experiments.judging import ENDING
from drctl.ledger.bound import bound_in_words, loss_bound

DRCTL = (sys.executable, "-m", "drctl")
NOT_RUN = "not run"


@dataclass(frozen=True)
class Result:
    """How an experiment ended: its verdict, or that it was not run, and why; ``report`` is its folder.

    ``faults``: per fault that another than its injector saw what it was and who saw it.
    """

    name: str
    seed: int
    verdict: str
    reason: str
    seconds: float
    code: int
    report: str = ""
    faults: tuple[dict[str, str], ...] = ()
    acknowledged: int = 0
    control_caught: bool = False

    @property
    def as_stated(self) -> bool:
        """Whether the verdict is *proved* and the command agrees with it."""
        return self.verdict == "proved" and self.code == 0


def run(drctl: Sequence[str], experiment: Path, seed: int, report: Path, lab: Path) -> Result:
    """Run one experiment; only a verdict that it wrote itself counts."""
    told = report / "verdict.json"
    told.unlink(missing_ok=True)
    begun = time.monotonic()
    command = [*drctl, "chaos", "run", str(experiment), "--report", str(report), "--lab", str(lab)]
    code = subprocess.run(command, check=False).returncode
    taken = time.monotonic() - begun
    try:
        document = json.loads(told.read_bytes())
        verdict, reason = str(document["verdict"]), "; ".join(map(str, document["reasons"]))
    except (OSError, ValueError, KeyError, TypeError):
        reason = f"it ended with exit code {code} and no verdict"
        return Result(experiment.stem, seed, NOT_RUN, reason, taken, code, str(report))
    return Result(experiment.stem, seed, verdict, reason, taken, code, str(report), **_evidence(document))


def _evidence(document: dict[str, Any]) -> dict[str, Any]:
    """What a verdict rests on, as far as a row of the table has place for it."""
    control = document.get("negative_control") or {}
    return {
        "faults": tuple(
            {key: str(fault.get(key, "")) for key in ("fault", "target", "observer")}
            for fault in document.get("faults", ())
        ),
        "acknowledged": int(document.get("records", {}).get("acknowledged", 0)),
        "control_caught": bool(control) and all(control.values()),
    }


def order(experiments: Sequence[Path], seed: int) -> list[Path]:
    """The order of one round: seed 0 keeps the order in which they were named."""
    ordered = list(experiments)
    if seed:
        random.Random(seed).shuffle(ordered)
    return ordered


def matrix(
    drctl: Sequence[str], experiments: Sequence[Path], seeds: Sequence[int], reports: Path, lab: Path
) -> Iterator[Result]:
    """Run them all once per seed, each on a lab that the one before has left whole or on a new one."""
    up = False
    try:
        for seed, experiment in [(number, each) for number in seeds for each in order(experiments, number)]:
            print(f"\n== {experiment.stem}{f', seed {seed}' if seed else ''}", flush=True)
            if not up:
                up = subprocess.run([*drctl, "lab", "up", "--dir", str(lab)], check=False).returncode == 0
            if not up:
                yield Result(experiment.stem, seed, NOT_RUN, "the lab did not start", 0.0, 1)
                continue
            report = reports / (f"{experiment.stem}-seed-{seed}" if seed else experiment.stem)
            result = run(drctl, experiment, seed, report, lab)
            yield result
            if not result.as_stated:
                down(drctl, lab)
                up = False
    finally:
        if up:
            down(drctl, lab)


def down(drctl: Sequence[str], lab: Path) -> None:
    subprocess.run([*drctl, "lab", "down", "--dir", str(lab)], check=False)


def table(results: Sequence[Result]) -> str:
    """The results line by line, what was not as stated with its reason."""
    width = max((len(each.name) for each in results), default=0)
    lines = [
        f"{each.name:{width}}  {each.verdict:12}  {each.seconds:5.0f} s{'' if each.as_stated else f'  {each.reason}'}"
        for each in results
    ]
    return "\n".join([*lines, summary(results)])


def summary(results: Sequence[Result]) -> str:
    """How many were proved, and what the faults without a loss bound; nothing is bounded once one was refuted."""
    told = f"{sum(each.as_stated for each in results)} of {len(results)} proved as stated"
    if any(each.verdict == "refuted" for each in results):
        return f"{told}; a loss was found, so nothing is bounded"
    return f"{told}; {bound_in_words(_faults(results))}"


def _faults(results: Sequence[Result]) -> int:
    """Faults that somebody saw in runs that were proved; what ends a fault is none."""
    seen = Counter(fault["fault"] for each in results if each.as_stated for fault in each.faults)
    return sum(count for kind, count in seen.items() if kind not in ENDING)


def markdown(results: Sequence[Result]) -> str:
    """The results as a table for a note, with who saw each fault."""
    heads = "| Experiment | Seed | Verdict | Fault, and who saw it | Acknowledged | Control caught | Seconds | Reason |"
    rows = [
        f"| {each.name} | {each.seed or '–'} | {each.verdict} | {_seen(each)} | {each.acknowledged} "
        f"| {'all' if each.control_caught else 'no'} | {each.seconds:.0f} | {each.reason.replace('|', '/')} |"
        for each in results
    ]
    return "\n".join([heads, "|---" * 8 + "|", *rows, "", summary(results), ""])


def _seen(result: Result) -> str:
    told = (f"{fault['fault']} of {fault['target']}: {fault['observer']}" for fault in result.faults)
    return "; ".join(told).replace("|", "/") or "nobody"


def keep(results: Sequence[Result], reports: Path) -> None:
    """Write the table as Markdown and as JSON."""
    reports.mkdir(parents=True, exist_ok=True)
    refuted = any(each.verdict == "refuted" for each in results)
    document = {
        "results": [{**asdict(each), "as_stated": each.as_stated} for each in results],
        "faults": _faults(results),
        "loss_per_fault_below": None if refuted else loss_bound(_faults(results)),
    }
    (reports / "matrix.md").write_text(markdown(results), "utf-8")
    (reports / "matrix.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="chaos_matrix.py")
    parser.add_argument("experiments", type=Path, nargs="+")
    parser.add_argument("--report", type=Path, default=Path("reports/chaos-matrix"))
    parser.add_argument("--seeds", type=int, default=0, help="run all of them so many times, in seeded orders")
    parser.add_argument("--drctl", nargs="+", default=DRCTL, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the lab goes down on the way out
    with tempfile.TemporaryDirectory(prefix="drctl-chaos-") as folder:
        results: list[Result] = []
        seeds = range(1, options.seeds + 1) or (0,)
        lab = Path(folder) / "lab"
        for result in matrix(options.drctl, options.experiments, seeds, options.report, lab):
            results.append(result)
            keep(results, options.report)
    print(f"\n{table(results)}")
    return 0 if results and all(each.as_stated for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
