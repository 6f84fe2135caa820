"""Read what a person may say with a command that moves something: belief, overrides, key, and who they are."""

import getpass
import os
import re
import socket
from collections.abc import Callable
from typing import Any

import click

from drctl.cli.output import echo
from drctl.errors import ConfigInvalid
from drctl.model.fence import Attestation
from drctl.model.run import RunResult
from drctl.model.terms import Belief, Terms


def terms_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options whose values :func:`terms` takes as keyword arguments."""
    for option in reversed(
        (
            click.option("--expect", metavar="primary=SITE,epoch=N", default="", help="Refuse unless this is so."),
            click.option("--plan-digest", default="", help="Refuse unless this is the plan that was seen."),
            click.option("--run-key", default="", help="The same key again continues that run, or shows how it ended."),
            click.option(
                "--override", "overrides", multiple=True, metavar="RULE", help="Override a rule, by its name."
            ),
            click.option("--reason", default="", help="Why; goes to the journal."),
            click.option("--break-glass", default="", metavar="REASON", help="Do without a second person's approval."),
            by_option,
        )
    ):
        command = option(command)
    return command


ATTEST_TARGET = "--attest-target-down"
attest_option = click.option(
    ATTEST_TARGET,
    "attested",
    metavar="REASON",
    help="Your word that the site which does not answer takes no writes; asked for where it answers nothing.",
)
by_option = click.option("--by", envvar="DRCTL_USER", default="", help="Your name; also DRCTL_USER.")


def terms(
    *,
    expect: str = "",
    plan_digest: str = "",
    run_key: str = "",
    overrides: tuple[str, ...] = (),
    reason: str = "",
    break_glass: str = "",
    by: str = "",
    abort: str = "",
    attested: str | None = None,
) -> Terms:
    """Return the terms, checked. ConfigInvalid for what cannot be meant: an unknown rule, or one that stays firm."""
    who = account()
    return Terms(
        by=by or who,
        account=who,
        host=socket.gethostname(),
        belief=_belief(expect),
        plan_digest=plan_digest,
        key=run_key,
        overrides=_overrides(overrides, reason),
        break_glass=_spoken("--break-glass", break_glass),
        abort=abort,
        attested=word_of(ATTEST_TARGET, attested, by),
    )


def word_of(option: str, reason: str | None, by: str | None) -> Attestation | None:
    """Return a person's word that a site takes no writes, None if it was not given. ConfigInvalid without a reason."""
    if reason is None:
        return None
    if not reason.strip():
        raise ConfigInvalid(f"{option} gives no reason", remedy="say how you know that it takes no writes")
    return Attestation(by or f"{account()} on {socket.gethostname()}", reason.strip())


def tell_exceptions(result: RunResult) -> None:
    """Tell on standard error what the gates let pass, what was overridden, and what went wrong beside the run."""
    gates = result.evidence.get("check-gates", {})
    for warning in gates.get("warnings", ()):
        echo(f"worth knowing: {warning}", err=True)
    for rule, each in gates.get("overridden", {}).items():
        echo(f"overridden: {rule}: {each['found']} (reason: {each['why']})", err=True)
    for rule in gates.get("overrides that did not apply", ()):
        echo(f"override was not needed: {rule} was not in the way", err=True)
    if glass := gates.get("break glass"):
        echo(f"THE GLASS WAS BROKEN by {glass['by']}, without a second person: {glass['reason']}", err=True)
    for each in result.exceptions:
        echo(f"completed with an exception: {each}", err=True)


def _belief(text: str) -> Belief:
    if not text:
        return Belief()
    found = re.fullmatch(r"(?:primary=(?P<primary>[-a-z0-9]+))?,?(?:epoch=(?P<epoch>\d+))?", text)
    if found is None:
        raise ConfigInvalid(f"--expect {text}: is not understood", remedy="write primary=north,epoch=7, or one of both")
    return Belief(found["primary"], int(found["epoch"]) if found["epoch"] else None)


def _overrides(names: tuple[str, ...], reason: str) -> dict[str, str]:
    from drctl.decide.overrides import OVERRIDABLE, name_of, why_not

    for name in names:
        if why := why_not(name):
            can = ", ".join(sorted(name_of(rule) for rule in OVERRIDABLE))
            raise ConfigInvalid(f"--override {name}: cannot be: {why}", remedy=f"those that can be: {can}")
    if names and not reason.strip():
        raise ConfigInvalid("--override: is given without a reason", remedy='add --reason "…": it goes to the journal')
    return dict.fromkeys(names, reason.strip())


def _spoken(option: str, text: str) -> str:
    if text and not text.strip():
        raise ConfigInvalid(f"{option}: is given without a reason", remedy="say why: it goes to the journal")
    return text.strip()


def account() -> str:
    """The name of who runs this process, or its number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"
