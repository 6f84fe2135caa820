"""Plans as pages: the runbook is written from the steps, so that it cannot say anything else.

``python -m drctl.plans.render [FOLDER]`` writes every plan's page into ``runbooks/``, and the page to begin with, which
is kept in ``situations.md``. ``drctl plan runbooks`` writes the same with the names and addresses of a plan file.
"""

import inspect
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drctl.errors import ConfigInvalid
from drctl.model.facts import Facts
from drctl.model.fence import MARK
from drctl.model.site import Site
from drctl.plans import decision, failback, failover, fence, handover, reversal, salvage, switchover, unfence
from drctl.plans.durations import UNKNOWN, Durations, durations, usual
from drctl.plans.plan import Place, Plan, Step
from drctl.plans.selection import DECISION, FAILBACK, FAILOVER, FENCE, HANDOVER, REVERSAL, SALVAGE, SWITCHOVER, UNFENCE
from drctl.ports import World
from drctl.ports.journal import Journal

COMMANDS = {
    SWITCHOVER: "drctl switchover --to {target}",
    FAILOVER: "drctl failover --to {target}",
    HANDOVER: "drctl groups handover --to {target} --group …",
    FENCE: "drctl fence --site {source}",
    REVERSAL: "drctl runs resume",
    UNFENCE: "drctl unfence {source}",
    SALVAGE: "drctl salvage",
    DECISION: "drctl salvage decide --topic … --decision replay|discard|hand-over --by … --reason …",
    FAILBACK: "drctl failback --to {target}",
}
BEGIN = "README.md"
"""The page to begin with: which situation is it, what an exit code asks for, what to do without drctl."""
BACK = {
    SWITCHOVER: "the source is open again",
    FAILOVER: "the target was not opened, the link runs on, and a source that was fenced by this run is open again",
    HANDOVER: "the groups have again what they had at the target; nothing changes at the source",
    FAILBACK: "the source is open again; the link to the target runs on",
}


@dataclass(frozen=True, slots=True)
class ShellAddress:
    """A site in a line for a shell: its brokers, the client properties with drctl's login, its Connect worker.

    As text it is what follows ``--bootstrap-server`` in Kafka's tools. ``connect`` stands between double quotes.
    """

    bootstrap: str
    config: str
    connect: str

    def __str__(self) -> str:
        return f"{self.bootstrap} --command-config {self.config}"

    @staticmethod
    def of(name: str, site: Site | None = None) -> "ShellAddress":
        """Return what the plan file says of a site; shell variables without it, and where Strimzi's resources tell."""
        name = name.upper()
        servers = shlex.quote(site.bootstrap_servers) if site and site.bootstrap_servers else f'"${name}"'
        config = f'"${name}_CONFIG"'
        if site and site.client_properties:
            config = shlex.quote(str(site.client_properties))
        # A login in it must not stand in a file that is handed around, nor what a shell would take for its own.
        plain = site is not None and re.fullmatch(r"https?://[\w.:/\[\]-]+", site.connect_url)
        return ShellAddress(servers, config, site.connect_url if site and plain else f"${name}_CONNECT")


SOURCE, TARGET = ShellAddress.of("source"), ShellAddress.of("target")


def page(plan: Plan, source: ShellAddress = SOURCE, target: ShellAddress = TARGET, took: Durations = UNKNOWN) -> str:
    """The plan as a runbook in Markdown; ``took`` is what its steps took in earlier runs."""
    command = COMMANDS[plan.kind].format(source=plan.source, target=plan.target)
    lines = [
        f"# Runbook: {plan.kind}",
        "",
        f"Written by `python -m drctl.plans.render` from `drctl/plans/{plan.kind}.py`: change it there.",
        "",
        f"`{command}` takes these steps. A run that was cut off, by Ctrl-C too, goes on",
        "when the same command is given again. If a step before",
        f"**{plan.point_of_no_return}** fails, {_back(plan)}.",
        "Steps marked *lasting* are asked again before every later step.",
        "",
        "| | step | where | can be rolled back afterwards |",
        "| --- | --- | --- | --- |",
    ]
    for number, step in enumerate(plan.steps, 1):
        back = "yes" if plan.can_roll_back_after(step.name) else "no"
        lines.append(f"| {number} | [{step.name}](#{step.name}) | {_where(plan, step)} | {back} |")
    lines += ["", "## Steps", ""]
    for number, step in enumerate(plan.steps, 1):
        lines += _section(plan, step, f"{number}.", source, target)
        lines += _expected(f"{number:2}/{len(plan.steps)}", step, took)
    if plan.rollback:
        lines += [
            "## rollback",
            "",
            "Also steps, each checked, done and verified; what is already so is left as it is.",
            "",
        ]
    for number, step in enumerate(plan.rollback, 1):
        lines += _section(plan, step, f"back {number}.", source, target)
        lines += _expected(f"back {number:2}/{len(plan.rollback)}", step, UNKNOWN)
    return "\n".join(lines).rstrip() + "\n"


def _back(plan: Plan) -> str:
    return f"the rollback runs and {BACK[plan.kind]}" if plan.rollback else "nothing was changed"


def _section(plan: Plan, step: Step, number: str, source: ShellAddress, target: ShellAddress) -> list[str]:
    marks = [_where(plan, step)]
    marks += ["lasting"] if step.lasting else []
    marks += ["**point of no return**"] if step.name == plan.point_of_no_return else []
    look = step.inspect.format(source=source, target=target)
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


def _expected(place: str, step: Step, took: Durations) -> list[str]:
    """The line by which the command says that the step is done, and how long that usually takes."""
    times = usual(took.get(step.name, ()))
    return [f"Done looks like: `✓ {place} {step.title} (… s)`{f'; {times}' if times else ''}", ""]


def _where(plan: Plan, step: Step) -> str:
    return {Place.SOURCE: plan.source, Place.TARGET: plan.target, Place.BOTH: "both sites"}[step.at]


def pages(sites: Sequence[Site] = (), journal: Journal | None = None) -> dict[str, str]:
    """Every runbook page by file name; with a source and a target in their words, else in general ones.

    A ``journal`` tells how long each step took in earlier runs.
    """

    def took(kind: str) -> Durations:
        return UNKNOWN if journal is None else durations(journal, kind)

    source, target = [site.name for site in sites] or ("source", "target")
    here, there = map(ShellAddress.of, ("source", "target"), sites or (None, None))
    plans = (
        switchover.ordered(source, target, observe=_blind),
        failover.ordered(source, target, observe=_blind),
        handover.ordered(source, target, observe=_blind),
        fence.ordered(source, target),
        reversal.ordered(source, target),
        unfence.ordered(source, target),
        salvage.ordered(source, target),
        decision.ordered(source, target),
    )
    made = {f"{plan.kind}.md": page(plan, here, there, took(plan.kind)) for plan in plans}
    # Between named sites the way home is the other way round.
    home = failback.ordered(*((target, source) if sites else (source, target)), observe=_blind)
    made[f"{home.kind}.md"] = page(home, *((there, here) if sites else (here, there)), took(home.kind))
    begin = Path(__file__).with_name("situations.md").read_text(encoding="utf-8")
    return made | {BEGIN: begin.format(source=here, target=there, here=source, there=target, rules=MARK)}


def _blind(world: World, source: str, target: str) -> Facts:
    raise AssertionError(f"a page looks at no world, neither {source} nor {target} of {world.plan.name}")


def main(folder: Path, sites: Sequence[Site] = (), journal: Journal | None = None) -> None:
    """Write every page into that folder. ConfigInvalid if it cannot be written."""
    made = pages(sites, journal)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        why = error.strerror
        raise ConfigInvalid(f"{folder}: the runbooks cannot be written: {why}", remedy="name another folder") from error


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runbooks"))
