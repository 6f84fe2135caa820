"""Staleness: what was not renewed within three of the intervals at which it is renewed where all is well.

| what         | is stale if, for three intervals                                            | then                   |
| ------------ | --------------------------------------------------------------------------- | ---------------------- |
| a link       | a record has waited, and nothing at all was copied while it was watched     | no planned move begins |
| a position,  | group-offset sync told nothing of it but that it fails, and the group is    | no planned move begins |
|  source seen | elsewhere at the source by now                                              |                        |
| a position,  | the newest record there is younger than the first one behind it             | a failover warns       |
|  source lost |                                                                             |                        |

A link that has nothing to copy is never stale, nor is the position of a group that has read all, however long ago that
was. A record's time is its producer's word, so by itself it holds nothing up: it only says where to look closer.
A planned move goes by no position at the standby, it proves each one afresh; what it must not do is begin over a
standby that nobody keeps, for a move whose source dies ends as a failover, which has nothing else. While the source
answers it is known what is due: a position that group-offset sync would commit now and that the standby does not have.
Since when, its own reports tell. Where none is about this direction and epoch nothing is known, and nothing blocks.
In a failover nobody can tell a position that was not kept from one of a group that was as far behind: both read what
lies behind it, and skip nothing.

Example: a record of 09:00 waits at 09:02, the link is exactly-once. It is watched for 30 s. In the 12th one other
record is noted as copied: the time was wrong or the link slow, and the lag and the drain judge that.
The service was killed at 09:00, and a run was under way from 09:01 to 09:02. At 09:02:30 billing, which works, has not
been kept for 90 s, and the planned move is refused; audit, which rests, is where it was, and is not named.

Invariant: a link blocks => it runs, a record waits, and what it has copied was the same for all of the time it was
watched. The drain of such a link would time out behind the fence, while clients wait.
Invariant: a position blocks => it is due, and of the time since a report last told that it was kept, more than three
intervals lie outside of all runs: while one is under way, nothing is kept, by design.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from drctl.decide.rules import Blocker, Rule
from drctl.model.facts import LinkFacts
from drctl.model.forecast import Forecast
from drctl.model.link import Connector
from drctl.model.loss import EndsFrom
from drctl.model.sync_report import SyncReport
from drctl.model.wording import counted

INTERVALS = 3
"""So many may pass: one is lost to a rebalance or a slow answer, a second one by chance."""
SOON = timedelta(seconds=10)
"""The interval of what is noted with every batch, and of positions that group-offset sync keeps: both take moments, and
consumers that commit by themselves do so every 5 s (auto.commit.interval.ms)."""
FLUSHED = timedelta(seconds=60)
"""The interval of a link that notes what it has copied once a minute (``offset.flush.interval.ms``)."""
SHOWN = 5
"""Groups that are named."""
KEPT_WITHIN = INTERVALS * SOON
"""A position that was not kept for longer is stale."""

type Span = tuple[datetime, datetime]
"""A time with its begin and end."""


def stale_after(source: Connector) -> timedelta:
    """Return the time in which a link with that source connector has noted something it copied, if it copies at all."""
    boundary = source.config.get("transaction.boundary", "poll")
    if source.config.get("exactly.once.support") != "required" or boundary == "connector":
        return INTERVALS * FLUSHED
    if boundary == "interval":
        told = source.config.get("transaction.boundary.interval.ms", "")
        return INTERVALS * max(SOON, timedelta(milliseconds=int(told)) if told.isdecimal() else FLUSHED)
    return INTERVALS * SOON


def worth_watching(link: LinkFacts) -> timedelta | None:
    """Return for how long it has to be watched whether it copies; None if nothing speaks against that.

    A link whose state or lag is unknown, or that does not run, is named by other rules. Records without a time do not
    tell how long they have waited: the drain tells whether they are copied.
    """
    status, lag = link.status.value, link.lag.value
    if status is None or lag is None or not status.source.working:
        return None
    after = stale_after(status.source)
    return after if lag.total and lag.seconds is not None and lag.seconds >= after.total_seconds() else None


def link_silent(name: str, watched: timedelta, waiting: int) -> Blocker:
    """Return the reason not to begin over a link that ran and copied nothing while it was watched."""
    detail = (
        f"{name}: RUNNING, and nothing was copied for {watched.total_seconds():.0f} s, while"
        f" {counted(waiting, 'record')} waited"
    )
    remedy = "look at its tasks and the worker's log; restart the connector with its tasks"
    return Blocker(Rule.LINK_SILENT, detail, remedy)


def not_kept(
    report: SyncReport, groups: Collection[str], runs: Collection[Span], now: datetime
) -> Mapping[str, timedelta]:
    """Return which of these groups group-offset sync has not kept for longer than it may, and for how long.

    ``report`` is its newest one about this direction and epoch; ``runs`` are the times in which a run held it up, which
    do not count. Whether anything of a group was due is not asked here. Groups that it leaves alone are not named.
    """
    found: dict[str, timedelta] = {}
    for group in groups:
        since = report.failing[group].since if group in report.failing else report.at
        age = now - since - _held_up(runs, since, now)
        if age > KEPT_WITHIN and group not in report.left_alone:
            found[group] = age
    return found


def positions_not_kept(report: SyncReport, due: Mapping[str, timedelta]) -> Blocker:
    """Return the reason not to begin over a standby at which these groups' positions are due, each for how long."""
    named = ", ".join(_told(report, group, due[group]) for group in sorted(due)[:SHOWN])
    more = f" and {counted(len(due) - SHOWN, 'more group')}" if len(due) > SHOWN else ""
    return Blocker(
        Rule.POSITIONS_STALE,
        f"{report.target}: positions were not kept there: {named}{more}; group-offset sync last told of itself at"
        f" {report.at:%Y-%m-%d %H:%M:%S} UTC",
        "see that 'drctl service run --sync-groups' runs, and why it fails in its log; then run the command again",
    )


def _told(report: SyncReport, group: str, age: timedelta) -> str:
    why = f" ({report.failing[group].why})" if group in report.failing else ""
    return f"{group} for {age.total_seconds():.0f} s{why}"


def _held_up(runs: Collection[Span], since: datetime, until: datetime) -> timedelta:
    """Return how much of that time lies in at least one of the spans."""
    total, reached = timedelta(0), since
    for begin, end in sorted(runs):
        begin, end = max(begin, reached), min(end, until)  # noqa: PLW2901 - the part that counts
        if begin < end:
            total, reached = total + (end - begin), end
    return total


def stale_positions(found: Forecast) -> Iterator[Blocker]:
    """Name the groups whose position at the target is stale. None where the source answers: it is asked for them."""
    if found.loss is not None and found.loss.ends_from is EndsFrom.ASKED:
        return
    limit = KEPT_WITHIN.total_seconds()
    late = {group: each for group, each in found.groups.items() if each.late is not None and each.late > limit}
    if not late:
        return
    named = ", ".join(f"{group} by {late[group].late:.0f} s" for group in sorted(late)[:SHOWN])
    more = f" and {counted(len(late) - SHOWN, 'more group')}" if len(late) > SHOWN else ""
    known = [each.rereads for each in late.values()]
    again = "how much is read again is unknown"
    if None not in known:
        again = f"at most {counted(sum(each or 0 for each in known), 'record')} are read again"
    yield Blocker(
        Rule.POSITIONS_STALE,
        f"{found.target}: positions are older than the newest record there: {named}{more}; {again}, none is skipped",
        "know that they read again, or were as far behind; 'drctl service run --sync-groups' keeps positions",
    )
