"""Give every command its options before or behind its name, live names to complete, and examples."""

import sys
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from drctl.cli.examples import EXAMPLES

FILE_HELP = "The plan file; also DRCTL_PLAN. Default: plan.yaml."
VERBOSE_HELP = "Show log lines (-v) or more of them (-vv)."
FORMS = ("auto", "text", "json")

SITES = frozenset({"target", "site"})
"""Parameters by what they name."""
NAMES = {"workloads": "workloads", "group": "groups", "groups": "groups", "chosen": "groups"}
NAMES |= {"topic": "topics", "topics": "topics", "recreate": "topics"}


def prepare(command: click.Command, path: str) -> click.Command:
    """Give a command, and all below it, what every command has. ``path`` is how it is called; done once for each."""
    if getattr(command, "is_prepared", False):
        return command
    command.is_prepared = True  # type: ignore[attr-defined]
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            prepare(below, f"{path} {name}")
    for parameter in command.params:
        _complete(parameter)
    if not command.context_settings.get("ignore_unknown_options"):  # else they are another program's
        taken = {word for parameter in command.params for word in parameter.opts}
        command.params += [each for each in _options() if taken.isdisjoint(each.opts)]
    if path in EXAMPLES:
        command.epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in EXAMPLES[path])
    return command


def _options() -> list[click.Option]:
    kind = click.Path(path_type=Path, dir_okay=False)
    shared: dict[str, Any] = {"expose_value": False}
    return [
        click.Option(["-f", "--file", "plan_file_here"], type=kind, callback=_other_file, help=FILE_HELP, **shared),
        click.Option(["-v", "--verbose", "verbose_here"], count=True, callback=_louder, help=VERBOSE_HELP, **shared),
        click.Option(
            ["--log-format", "log_format_here"], type=click.Choice(FORMS), callback=_other_form, hidden=True, **shared
        ),
    ]


def _other_file(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.obj = ctx.find_root().obj = value


def _louder(ctx: click.Context, _: click.Parameter, value: int) -> None:
    if value:
        said = ctx.find_root().params
        said["verbose"] = said.get("verbose", 0) + value
        _set_up_logs(ctx)


def _other_form(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.find_root().params["log_format"] = value
        _set_up_logs(ctx)


def _set_up_logs(ctx: click.Context) -> None:
    if not ctx.resilient_parsing and set(ctx.help_option_names).isdisjoint(sys.argv):
        from drctl.cli.logs import configure

        said = ctx.find_root().params
        configure(said["verbose"], said.get("log_format", "auto"))


def _complete(parameter: click.Parameter) -> None:
    """Let the shell complete names of the plan file, and of runs in its journal."""
    name = parameter.name or ""
    if parameter._custom_shell_complete is not None:  # it knows better: a lab's target is no site of the plan file
        return
    if name in SITES or name == "run" or name in NAMES:
        parameter._custom_shell_complete = _live_names


def _live_names(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the live names of that kind; nothing where the plan file cannot be read: a prompt shows no errors."""
    from drctl.errors import DrctlError

    root = ctx.find_root()
    try:
        found = _named(parameter.name or "", root.obj or root.params.get("plan_file") or Path("plan.yaml"))
    except DrctlError:
        return []
    return [CompletionItem(name) for name in found if name.startswith(begun)]


def _named(what: str, plan_file: Path) -> list[str]:
    from drctl.config import load

    plan = load(plan_file)
    if what in SITES:
        return [site.name for site in plan.sites]
    if what == "run":
        from drctl.drivers.store.clock import SystemClock
        from drctl.drivers.store.journal import SqliteJournal

        if not plan.state.exists():
            return []
        return [run.id for run, _ in reversed(SqliteJournal(plan.state, SystemClock()).runs())]
    if NAMES[what] == "workloads":
        return [workload.name for workload in plan.workloads]
    return list(plan.groups if NAMES[what] == "groups" else plan.topics)
