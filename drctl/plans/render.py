"""Plans as pages: the runbook is written from the steps, so that it cannot say anything else.

``python -m drctl.plans.render [FOLDER]`` writes every plan's page into ``runbooks/``.
"""

import inspect
import sys
from pathlib import Path

from drctl.model.facts import Facts
from drctl.plans import decision, failback, failover, fence, handover, reversal, salvage, switchover
from drctl.plans.plan import Place, Plan, Step
from drctl.plans.selection import DECISION, FAILBACK, FAILOVER, FENCE, HANDOVER, REVERSAL, SALVAGE, SWITCHOVER
from drctl.ports import World

COMMANDS = {
    SWITCHOVER: "drctl switchover --to target",
    FAILOVER: "drctl failover --to target",
    HANDOVER: "drctl groups handover --to target --group …",
    FENCE: "drctl fence --site source",
    REVERSAL: "drctl runs resume",
    SALVAGE: "drctl salvage",
    DECISION: "drctl salvage decide --topic … --decision replay|discard|hand-over --by … --reason …",
    FAILBACK: "drctl failback --to target",
}
BACK = {
    SWITCHOVER: "the source is open again",
    FAILOVER: "the target was not opened, the link runs on, and a source that was fenced by this run is open again",
    HANDOVER: "the groups have again what they had at the target; nothing changes at the source",
    FAILBACK: "the source is open again; the link to the target runs on",
}


def page(plan: Plan) -> str:
    """The plan as a runbook in Markdown."""
    lines = [
        f"# Runbook: {plan.kind}",
        "",
        f"Written by `python -m drctl.plans.render` from `drctl/plans/{plan.kind}.py`: change it there.",
        "",
        f"`{COMMANDS[plan.kind]}` takes these steps. A run that was cut off, by Ctrl-C too, goes on",
        "when the same command is given again. If a step before",
        f"**{plan.point_of_no_return}** fails, {_back(plan)}.",
        "Steps marked *lasting* are asked again before every later step.",
        "",
        "| | step | where | can turn back afterwards |",
        "| --- | --- | --- | --- |",
    ]
    for number, step in enumerate(plan.steps, 1):
        back = "yes" if plan.can_turn_back_after(step.name) else "no"
        lines.append(f"| {number} | [{step.name}](#{step.name}) | {_where(plan, step)} | {back} |")
    lines += ["", "## Steps", ""]
    for number, step in enumerate(plan.steps, 1):
        lines += _section(plan, step, f"{number}.")
    if plan.way_back:
        lines += [
            "## Way back",
            "",
            "Also steps, each checked, done and verified; what is already so is left as it is.",
            "",
        ]
    for number, step in enumerate(plan.way_back, 1):
        lines += _section(plan, step, f"back {number}.")
    return "\n".join(lines).rstrip() + "\n"


def _back(plan: Plan) -> str:
    return f"the way back is walked and {BACK[plan.kind]}" if plan.way_back else "nothing was changed"


def _section(plan: Plan, step: Step, number: str) -> list[str]:
    marks = [_where(plan, step)]
    marks += ["lasting"] if step.lasting else []
    marks += ["**point of no return**"] if step.name == plan.point_of_no_return else []
    look = step.look.format(source=plan.source.upper(), target=plan.target.upper())
    return [
        f'### <a id="{step.name}"></a>{number} {step.title}',
        "",
        f"`{step.name}` · {' · '.join(marks)}",
        "",
        inspect.cleandoc(type(step).__doc__ or ""),
        "",
        f"See for yourself: `{look}`",
        "",
    ]


def _where(plan: Plan, step: Step) -> str:
    return {Place.SOURCE: plan.source, Place.TARGET: plan.target, Place.BOTH: "both sites"}[step.at]


def pages() -> dict[str, str]:
    """Every runbook page by file name."""
    plans = (
        switchover.ordered("source", "target", observe=_blind),
        failover.ordered("source", "target", observe=_blind),
        handover.ordered("source", "target", observe=_blind),
        fence.ordered("source", "target"),
        reversal.ordered("source", "target"),
        salvage.ordered("source", "target"),
        decision.ordered("source", "target"),
        failback.ordered("source", "target", observe=_blind),
    )
    return {f"{plan.kind}.md": page(plan) for plan in plans}


def _blind(world: World, source: str, target: str) -> Facts:
    raise AssertionError(f"a page looks at no world, neither {source} nor {target} of {world.plan.name}")


def main(folder: Path) -> None:
    """Write every page into that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runbooks"))
