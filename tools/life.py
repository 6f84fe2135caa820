"""Print "Life of a switchover" into ARCHITECTURE.md from the plan itself.

``python tools/life.py`` (``make docs``). Between the two marks stands what the plan says: its steps in order, where
each acts, and the first sentence of its docstring. What is around the marks is written by hand.
"""

import inspect
from pathlib import Path

from drctl.model.facts import Facts
from drctl.plans import switchover
from drctl.plans.plan import Plan, Step
from drctl.ports import World

PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"
BEGIN, END = "<!-- begin: printed by tools/life.py -->\n", "<!-- end -->\n"


def told() -> str:
    """The steps as a numbered list, and those of the rollback."""
    plan = switchover.ordered("source", "target", observe=_unseeing)
    lines = [f"{number}. {_line(plan, step)}" for number, step in enumerate(plan.steps, 1)]
    back = ", ".join(f"**{step.name}**" for step in plan.rollback)
    return "\n".join([*lines, "", f"Rollback: {back}.", ""])


def placed(text: str) -> str:
    """The page with what the plan says today between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + told() + END + after


def _line(plan: Plan, step: Step) -> str:
    marks = [step.at.value]
    marks += ["lasting"] if step.lasting else []
    marks += ["may end pending"] if step.may_end_pending else []
    marks += ["*point of no return*"] if step.name == plan.point_of_no_return else []
    first = " ".join(inspect.cleandoc(type(step).__doc__ or "").partition("\n\n")[0].split())
    return f"**{step.name}** ({', '.join(marks)}): {first.partition('. ')[0].rstrip('.')}."


def _unseeing(world: World, source: str, target: str) -> Facts:
    raise AssertionError(f"a page looks at no world, neither {source} nor {target} of {world.plan.name}")


if __name__ == "__main__":
    PAGE.write_text(placed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
