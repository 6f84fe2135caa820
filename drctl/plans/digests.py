"""The digest of a plan: what an operator or approver saw is what runs, or it does not run."""

from drctl.model.chain import canonical, digest
from drctl.plans.plan import Plan
from drctl.plans.selection import contents
from drctl.ports import World


def plan_digest(plan: Plan, world: World) -> str:
    """SHA-256 in hex over direction, steps, options, what moves, and the plan file's bytes."""
    told = {
        "kind": plan.kind,
        "source": plan.source,
        "target": plan.target,
        "steps": [step.name for step in plan.steps],
        "point of no return": plan.point_of_no_return,
        "rollback": [step.name for step in plan.rollback],
        "options": plan.options,
        "about": plan.about,
        "contents": contents(world.plan),
        "plan file": world.plan.digest,
    }
    return digest(canonical(told))
