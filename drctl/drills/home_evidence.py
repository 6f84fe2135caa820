"""Find what must have been seen of the way home after an outage, by its journal and by the clients."""

from drctl.drills.client_evidence import OPENED, all_worked, read_on
from drctl.drills.outcome import Handover, Outage, Work
from drctl.drills.timeline import Histories
from drctl.drills.way_home import made_anew
from drctl.ledger.findings import Findings
from drctl.ledger.verdict import Traffic, WindowPhase
from drctl.model.run import RunState
from drctl.plans.evidence import partition_of
from drctl.plans.selection import FAILBACK

FOREVER = float("inf")


def home_windows(histories: Histories, home: Handover) -> dict[str, Traffic]:
    """Count records acknowledged while the work went home and after, with the floor below which they prove nothing."""
    during = histories.acknowledged_between(home.began, home.ended)
    after = histories.acknowledged_between(home.ended, FOREVER, home.target)
    return {
        "during the way home": Traffic(WindowPhase.DURING, during, 50),
        f"at {home.target} after the way home": Traffic(WindowPhase.AFTER, after, 100),
    }


def home_evidence(
    work: Work, histories: Histories, outage: Outage, home: Handover, standby: Findings
) -> dict[str, bool]:
    """Return everything that must have been seen for the way home to be proved, and whether it was.

    ``standby``: what the checker found of the site that had gone on, and is the standby now.
    """
    source, target, opened = home.source, home.target, home.step_began(OPENED)
    handed = home.result.evidence.get("hand-over-positions", {}).get("groups", {})
    return {
        f"the work went home from {source} to {target} by a failback that came to its end": _is_failback(outage, home),
        "the failback was of this failover, and of the tail that was saved": _belongs(outage, home),
        f"the link home began where the failover had opened {source}": _began_there(outage, home),
        f"a group lagged when {source} handed over": any(group.get("lag") for group in handed.values()),
        f"every group had a position at {target}": {name for name, group in handed.items() if group["positions"]}
        >= set(work.groups),
        f"producers were denied at {source}": histories.denied_between(home.began, FOREVER, source),
        f"nothing was acknowledged at {source} once {target} was opened": histories.acknowledged_between(
            opened, FOREVER, source
        )
        == 0,
        f"every client worked at {target} after the way home": all_worked(
            histories, work.clients, target, opened, FOREVER
        ),
        f"a group read at {target} what was acknowledged at {source}": read_on(histories, source, target, opened),
        f"{source} holds every record that is not in the tail, too": not any(standby.records.faults.values())
        and not standby.records.expired
        and standby.records.acknowledged > 0,
    }


def _is_failback(outage: Outage, home: Handover) -> bool:
    run = home.result.run
    return (
        (run.kind, home.result.state) == (FAILBACK, RunState.DONE)
        and (run.source, run.target) == (home.source, home.target) == (outage.target, outage.source)
        and outage.returned_at <= home.began
    )


def _belongs(outage: Outage, home: Handover) -> bool:
    checked = home.result.evidence.get("check-homecoming", {})
    return (checked.get("failover"), checked.get("salvage")) == (outage.result.run.id, outage.tail.salvage)


def _began_there(outage: Outage, home: Handover) -> bool:
    """Whether the evidence of both runs says so: but for topics that were recreated, and come home whole."""
    opened = outage.result.evidence.get("record-handover-point", {}).get("ends", {})
    anew = made_anew(home)
    wanted = {name: end for name, end in opened.items() if partition_of(name).topic not in anew}
    return bool(wanted) and home.result.evidence.get("start-link-home", {}).get("from") == wanted
