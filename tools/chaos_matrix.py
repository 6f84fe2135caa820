"""Runs experiments one after the other on one lab, and prints a table of their verdicts.

``python tools/chaos_matrix.py experiments/*.yaml`` runs each by ``drctl chaos run EXPERIMENT --report FOLDER/NAME --lab
LAB``, which refuses a lab that is not whole. After an experiment that was not proved the lab is taken down, so that
none is judged by what another has left. Exit code 1 if any was not proved: an experiment states what it expects, and
is proved only as stated.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DRCTL = (sys.executable, "-m", "drctl")
NOT_RUN = "not run"


@dataclass(frozen=True)
class Result:
    """How an experiment ended: its verdict, or that it was not run, and why."""

    name: str
    verdict: str
    reason: str
    seconds: float
    code: int

    @property
    def as_stated(self) -> bool:
        """Whether the verdict is *proved* and the command agrees with it."""
        return self.verdict == "proved" and self.code == 0


def run(drctl: Sequence[str], experiment: Path, report: Path, lab: Path) -> Result:
    """Run one experiment; only a verdict that it wrote itself counts."""
    told = report / "verdict.json"
    told.unlink(missing_ok=True)
    begun = time.monotonic()
    command = [*drctl, "chaos", "run", str(experiment), "--report", str(report), "--lab", str(lab)]
    code = subprocess.run(command, check=False).returncode
    try:
        document = json.loads(told.read_bytes())
        verdict, reason = str(document["verdict"]), "; ".join(map(str, document["reasons"]))
    except (OSError, ValueError, KeyError, TypeError):
        verdict, reason = NOT_RUN, f"it ended with exit code {code} and no verdict"
    return Result(experiment.stem, verdict, reason, time.monotonic() - begun, code)


def matrix(drctl: Sequence[str], experiments: Sequence[Path], reports: Path, lab: Path) -> Iterator[Result]:
    """Run them all, each on a lab that the one before has left whole or on a new one."""
    up = False
    try:
        for experiment in experiments:
            print(f"\n== {experiment.stem}", flush=True)
            if not up:
                up = subprocess.run([*drctl, "lab", "up", "--dir", str(lab)], check=False).returncode == 0
            if not up:
                yield Result(experiment.stem, NOT_RUN, "the lab did not start", 0.0, 1)
                continue
            result = run(drctl, experiment, reports / experiment.stem, lab)
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
    proved = sum(each.as_stated for each in results)
    return "\n".join([*lines, f"{proved} of {len(results)} proved as stated"])


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="chaos_matrix.py")
    parser.add_argument("experiments", type=Path, nargs="+")
    parser.add_argument("--report", type=Path, default=Path("reports/chaos"))
    parser.add_argument("--drctl", nargs="+", default=DRCTL, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the lab goes down on the way out
    with tempfile.TemporaryDirectory(prefix="drctl-chaos-") as folder:
        results = list(matrix(options.drctl, options.experiments, options.report, Path(folder) / "lab"))
    print(f"\n{table(results)}")
    return 0 if results and all(each.as_stated for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
