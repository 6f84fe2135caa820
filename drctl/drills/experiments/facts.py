"""``evidence/facts.json`` of an experiment: its trial as JSON and back."""

from pydantic import TypeAdapter, ValidationError

from drctl.drills.bundle.manifest import damaged
from drctl.drills.experiments.judging import Trial
from drctl.model.documents import json_of

TRIAL = TypeAdapter(Trial)


def trial_as_json(trial: Trial) -> bytes:
    """Return the bytes of a trial's facts."""
    return TRIAL.dump_json(trial, indent=1) + b"\n"


def trial_in(name: str, raw: bytes) -> Trial:
    """Return the trial in a bundle's file of that name. BundleDamaged if it holds something else."""
    try:
        return TRIAL.validate_python(json_of(raw, largest=len(raw)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise damaged(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise damaged(f"{name}: {error}") from error
