"""Mending a standby: safe changes one by one, each checked, done, verified and written to the journal.

It raises no epoch and stands in nobody's way: a mending that was cut off is not continued but begun again from what the
sites show then, and no other run waits for it.
"""

import os
import secrets
import socket
from collections.abc import Callable, Sequence

from drctl.errors import Conflict, DeadlinePassed, DrctlError, Locked, NotFound, Refused, Superseded
from drctl.model.cluster import Topic
from drctl.model.fence import EVERYONE, DenyRule, Scope
from drctl.model.fixes import AddPartitions, AllowRight, Fix, SetConnectorConfig, SetTopicConfig
from drctl.model.run import Event, Run, RunState
from drctl.plans import fencing
from drctl.plans.authority import require_authority
from drctl.plans.pausing import require_not_paused
from drctl.plans.selection import DOCTOR
from drctl.plans.unfinished import require_none_unfinished
from drctl.ports import SitePorts, World

PATIENCE = 30.0
"""Seconds until a change must show."""


def mend(world: World, source: str, target: str, fixes: Sequence[Fix], say: Callable[[str], None]) -> list[str]:
    """Make these changes at the target; returns what failed, with why. Those after a failure are tried all the same.

    Refused while drctl is paused, another run is unfinished or clients are not at the source; Locked or Superseded
    where somebody else is, or gets, in charge.
    """
    world.lease.acquire(f"doctor --fix by process {os.getpid()} on {socket.gethostname()}")
    try:
        require_not_paused(world)
        require_none_unfinished(world)
        if (routing := world.client_routing.site()) != source:
            # What only adds at a standby, such as partitions, changes the work of the site that serves.
            raise Refused(
                f"client routing names {routing or 'no site'}, so {target} is no standby of {source}",
                remedy="mend a standby only: see 'drctl status'",
            )
        run = _begin(world, source, target, fixes)
        failed = [why for fix in fixes if (why := _mended(world, run, fix, say))]
        world.journal.append(run.id, Event.RUN_ENDED, body={"failed": failed})
        world.journal.end(run.id, RunState.STOPPED if failed else RunState.DONE)
        return failed
    finally:
        world.lease.release()


def _begin(world: World, source: str, target: str, fixes: Sequence[Fix]) -> Run:
    for run, state in world.journal.runs():
        if run.kind == DOCTOR and state is RunState.RUNNING:
            world.journal.end(run.id, RunState.STOPPED)  # cut off; what it left undone is found again
    began = world.clock.now()
    number = f"{began:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    plan = world.plan
    run = Run(number, DOCTOR, plan.name, plan.digest, source, target, world.epochs.current())
    world.journal.begin(run, {"changes": [str(fix) for fix in fixes]})
    return run


def _mended(world: World, run: Run, fix: Fix, say: Callable[[str], None]) -> str:
    """One change; returns why it failed, or nothing."""
    site, name = world.sites[fix.site], str(fix)
    try:
        if is_done(site, fix):
            world.journal.append(run.id, Event.STEP_FOUND_DONE, name)
            say(f"{name}: found done")
            return ""
        _refuse_moved_on(site, fix)
        world.journal.append(run.id, Event.STEP_INTENDED, name, {"was": getattr(fix, "was", None)})
        require_authority(world, run, "run the doctor again")
        _keep_closed(world, site, fix)
        _do(site, fix)
        _verify(world, site, fix)
        world.journal.append(run.id, Event.STEP_OBSERVED, name)
        say(f"{name}: done")
        return ""
    except (Locked, Superseded):
        raise
    except DrctlError as error:
        world.journal.append(run.id, Event.STEP_FAILED, name, {"message": str(error)})
        say(f"{name}: failed: {error}")
        return f"{name}: {error}"


def is_done(site: SitePorts, fix: Fix) -> bool:
    """Whether the site is already as this change wants it."""
    match fix:
        case AllowRight(rule=rule):
            return rule in site.access.rules()
        case AddPartitions(count=count):
            return len(_topic(site, fix.topic).partitions) >= count
        case SetTopicConfig(key=key, value=value):
            return _topic(site, fix.topic).config.get(key) == value
        case SetConnectorConfig(key=key, value=value):
            return _connector(site, fix.connector).get(key) == value


def _keep_closed(world: World, site: SitePorts, fix: Fix) -> None:
    """Deny who is about to be allowed to write at a fenced standby: the right is for the day on which it opens.

    The denial comes first, so at no instant may they write. Where no rule stands the first move closes the standby.
    Refused where everybody would be allowed to: no rule per principal denies that.
    """
    standing = site.fence.standing()
    if not standing or not isinstance(fix, AllowRight) or not fix.rule.lets_write:
        return
    if fix.rule.principal == EVERYONE:
        raise Refused(f"{fix}: it would open the standby to everybody", remedy="allow each application by its name")
    exempt = fencing.exempt(world, site)
    needed = frozenset(DenyRule(fix.rule.principal, scope) for scope in Scope if fix.rule.principal not in exempt)
    if missing := needed - standing:
        site.fence.deny(missing)


def _do(site: SitePorts, fix: Fix) -> None:
    match fix:
        case AllowRight(rule=rule):
            site.access.allow([rule])
        case AddPartitions(topic=topic, count=count):
            site.topics.add_partitions(topic, count)
        case SetTopicConfig(topic=topic, key=key, value=value):
            site.topics.change({topic: {key: value}})
        case SetConnectorConfig(connector=connector, key=key, value=value):
            site.connectors.put(connector, {**_connector(site, connector), key: value})


def _refuse_moved_on(site: SitePorts, fix: Fix) -> None:
    """Refuse to touch what somebody has set otherwise since it was looked at."""
    match fix:
        case SetTopicConfig(topic=topic):
            now = _topic(site, topic).config.get(fix.key, fix.was)
        case SetConnectorConfig(connector=connector):
            now = _connector(site, connector).get(fix.key, fix.was)
        case _:
            return
    if now != fix.was:
        raise Conflict(f"{fix.site}: {fix.key} is {now} by now", remedy="run the doctor again")


def _verify(world: World, site: SitePorts, fix: Fix) -> None:
    deadline = world.clock.monotonic() + PATIENCE
    while not is_done(site, fix):
        if world.clock.monotonic() >= deadline:
            raise DeadlinePassed(f"{fix}: it does not show", remedy="see whether something sets it back")
        world.clock.sleep(0.2)


def _topic(site: SitePorts, name: str) -> Topic:
    found = site.brokers.topics([name]).get(name)
    if found is None:
        raise NotFound(f"{site.name}: there is no topic {name}", remedy="create it, or let the link create it")
    return found


def _connector(site: SitePorts, name: str) -> dict[str, str]:
    found = site.connectors.definition(name)
    if found is None:
        raise NotFound(f"{site.name}: there is no connector {name}", remedy="create it")
    return dict(found)
