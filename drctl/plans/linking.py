"""A link begun at an exact point: nothing that came from the other site is copied back, nothing new is left out.

Neither a link that runs nor its stored offsets say who set them. So that drctl has set them is written to the journal
right after, and only that counts: for this link, and for the move at whose handover point it begins.

| journaled as set | the source connector | then                                            |
| ---------------- | -------------------- | ----------------------------------------------- |
| yes              | stopped              | resumed from its stored offsets                 |
| yes              | runs                 | the other two are resumed, too                  |
| no               | stopped              | set to the point, whatever offsets it had       |
| no               | runs                 | not proven: somebody else has started it        |

Example: an operator started the link home by hand, from 0. It runs, and copies what came from there: not proven.
Offsets above the point that somebody left are no sign of copied records either: what was copied lies behind the fence
of the site that the link leads to, and is looked for there (prove-fence, check-homecoming).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from drctl.errors import Conflict, NotProven
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, Evidence
from drctl.plans import evidence
from drctl.plans.plan import StepContext
from drctl.plans.restarting import LINK, wait_until_works
from drctl.plans.selection import FAILBACK, REVERSAL, SWITCHOVER
from drctl.ports import LinkPorts, World

SET, MOVE = "set", "move"
"""Keys in what is journaled once a link is set, beside its name: its offsets, and the run of the handover point."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a link has to begin: ``ends`` are where the run ``move`` left the site that it copies from.

    ``step`` notes that it was set.
    """

    step: str
    move: str
    ends: Mapping[TopicPartition, int]


def start_from(ctx: StepContext, link: LinkPorts, opposite: LinkPorts, point: Point) -> Evidence:
    """Let the link run from that point, or on from there; returns what had to be restarted of it.

    Conflict while the other direction runs; NotProven if the link runs and drctl has not set it to that point.
    """
    if not opposite.replication.status().halted:
        raise Conflict(
            f"link {opposite.link.name} is not stopped: both directions at once would copy in a circle",
            remedy=f"stop its connectors at {opposite.link.target}'s Connect worker and run the command again",
        )
    if not was_set(ctx.world, link, point.move):
        _require_stopped(link)
        ctx.check_authority()
        link.replication.restart_from(point.ends, ctx.check_authority)
        body = {LINK: link.link.name, MOVE: point.move, SET: evidence.to_json(point.ends)}
        # Behind the change, not in front of it: an entry that was written first would vouch for a link that
        # nobody has set. Cut off in between, it is set once more, to the same point.
        ctx.world.journal.append(ctx.run.id, Event.STEP_INTENDED, point.step, body)
    ctx.check_authority()
    link.replication.resume(ctx.check_authority)
    return wait_until_works(ctx, point.step, link, f"link {link.link.name} works")


def was_set(world: World, link: LinkPorts, move: str) -> bool:
    """Whether the last point that drctl has set this link to is that run's handover point, by the journal."""
    for run, _ in reversed(world.journal.runs()):
        if run.kind in (SWITCHOVER, FAILBACK, REVERSAL):
            for entry in reversed(world.journal.entries(run.id)):
                # The newest word alone: a link that was set again since, for another move, no longer begins
                # at an older one's point.
                if entry.body.get(LINK) == link.link.name and SET in entry.body:
                    return bool(entry.body.get(MOVE) == move)
    return False


def _require_stopped(link: LinkPorts) -> None:
    source = link.replication.status().source
    if not source.halted:
        raise NotProven(
            f"link {link.link.name}: {source.name} is {source.state}, and drctl has not set it to the handover point:"
            " it may copy records twice, or leave some out",
            remedy=f"stop its connectors at {link.link.target}'s Connect worker, see what they have copied there, then"
            " run the command again: it sets them to the point",
        )
