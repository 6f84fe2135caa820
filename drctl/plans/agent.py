"""The fencing agent: a command of the operator that takes a silent site down and says how it knows."""

import json
from dataclasses import asdict

from drctl.model.fence import FenceState
from drctl.model.run import Evidence
from drctl.plans.plan import StepContext

TOLD = 500
"""Characters of what it said that go to the journal."""


def fence_by_agent(ctx: StepContext) -> tuple[Evidence, str]:
    """Call it for the source: evidence of a fence *by agent*, or nothing and why not; both empty if there is none.

    It counts only if it ended well and said what it saw: an agent that says nothing has shown nothing. It is never
    called again within a step that was observed; cut off before that, it may be.
    """
    agent = ctx.world.plan.fencing_agent
    if agent is None:
        return {}, ""
    site = ctx.source.name
    ctx.report(f"the fencing agent takes {site} down")
    ctx.check_authority()
    facts = {"apiVersion": "drctl.io/v1alpha1", "kind": "FencingFacts", "site": site, "run": asdict(ctx.run)}
    done = ctx.world.commands.run((*agent.command, site), json.dumps(facts), agent.timeout.total_seconds())
    said, name = done.said(TOLD), agent.command[0]
    if done.code == 0 and said:
        return {"fence": FenceState.BY_AGENT.value, "by": name, "why": said, "answered": False}, ""
    if done.timed_out:
        why = f"did not end within {agent.timeout.total_seconds():g} s"
    elif done.code is None:
        why = "could not be started"
    else:
        why = f"ended with {done.code}" + ("" if done.code else " and said nothing of what it saw")
    return {}, f"the fencing agent {name} {why}: {done.complained(TOLD)}".rstrip(": ")
