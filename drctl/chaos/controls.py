"""A control that makes the Chaos Toolkit's own ``chaos run`` fail where it would pass without having tested anything.

It is a courtesy to those who run an experiment without drctl: the toolkit swallows a control's failure, so drctl's own
verdict never rests on it.
"""

from typing import Any

from drctl.drills.experiments.journal_audit import gaps

__all__ = ["after_experiment_control"]


def after_experiment_control(context: dict[str, Any], state: dict[str, Any]) -> None:  # noqa: ARG001 - the toolkit's
    """Turn a journal with gaps into a failed one, and write the gaps into its experiment's extensions."""
    found = list(gaps(state))
    experiment = state["experiment"]
    experiment["extensions"] = [*(experiment.get("extensions") or ()), {"name": "drctl", "gaps": found}]
    if found:
        state["status"], state["deviated"] = "failed", True
