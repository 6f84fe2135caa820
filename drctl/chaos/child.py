"""Runs one experiment in a process of its own: ``python -m drctl.chaos.child EXPERIMENT JOURNAL``.

The toolkit installs signal handlers and global controls, so it never shares a process with drctl. What it decides is
data for the verdict and nothing more; its exit code means nothing.
"""

import json
import logging
import sys
from pathlib import Path

from chaoslib.experiment import ensure_experiment_is_valid, run_experiment
from chaoslib.loader import load_experiment
from chaoslib.types import Strategy

from drctl.drills.experiments.journal_audit import hypothesis_strategy


def main(experiment_file: str, journal_file: str) -> None:
    """Load, check, run; write the journal as JSON."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    experiment = load_experiment(experiment_file)
    ensure_experiment_is_valid(experiment)
    strategy = Strategy.from_string(hypothesis_strategy(experiment))
    settings = {"runtime": {"rollbacks": {"strategy": "always"}}}
    journal = run_experiment(experiment, settings=settings, strategy=strategy)
    Path(journal_file).write_text(json.dumps(journal, default=str, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
