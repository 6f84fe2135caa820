"""Who runs a drill and with what: the operator, the code, the plan file and the journal."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import drctl
from drctl.drills.outcome import Commit, Objective, PlanFacts
from drctl.lab.layout import KAFKA
from drctl.model.documents import json_of
from drctl.model.plan_file import PlanFile

CHECKOUT = Path(drctl.__file__).parents[1]


def versions() -> dict[str, str]:
    """The versions of the software that a drill rests on, by name."""
    return {
        "drctl": drctl.__version__,
        "Kafka and MirrorMaker 2": KAFKA,
        "confluent-kafka": version("confluent-kafka"),
        "Python": platform.python_version(),
    }


def plan_facts(plan_file: PlanFile) -> PlanFacts:
    """Return what a report says of the plan file: no address and no path, only its name and what it promises."""
    wanted = plan_file.objectives
    return PlanFacts(
        name=plan_file.name,
        file=plan_file.path.name,
        digest=plan_file.digest,
        topics=plan_file.topics,
        objective=Objective(wanted.recovery_time.total_seconds(), wanted.recovery_point.total_seconds()),
    )


def commit(checkout: Path = CHECKOUT) -> Commit | None:
    """The commit that is running: of the checkout, or the one pip installed from; None if neither is known."""
    if not (checkout / ".git").exists():
        return _installed()
    try:
        found = _git(checkout, "rev-parse", "--verify", "HEAD")
        return Commit(found, changed=bool(_git(checkout, "status", "--porcelain", "--untracked-files=no")))
    except (OSError, subprocess.SubprocessError):
        return None


def _git(checkout: Path, *words: str) -> str:
    # Git's own variables would speak of another repository than the one that is asked about.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(checkout), *words]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def _installed() -> Commit | None:
    """The commit in pip's record of where the package came from (direct_url.json)."""
    try:
        told = json_of(distribution("drctl").read_text("direct_url.json") or "{}")
        found = told.get("vcs_info", {}).get("commit_id")
    except (PackageNotFoundError, ValueError, AttributeError):
        return None
    return Commit(found, changed=False) if isinstance(found, str) and found else None
