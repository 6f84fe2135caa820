"""Which consumer group a sink connector reads as, from what the Connect workers of both sites tell. Never a guess.

| worker of the site that serves | worker of the other site | the sink reads as                     |
|--------------------------------|--------------------------|---------------------------------------|
| has the sink                   | whatever it says         | what that configuration says          |
| has the sink, by a reference   | whatever it says         | unknown: only Connect can read it     |
| has none                       | has the sink             | what the other configuration says     |
| has none                       | has none                 | unknown: nobody has it                |
| has none                       | does not answer          | unknown                               |
| does not answer                | whatever it says         | unknown                               |

While no site serves, or nobody knows which, every worker has to answer, and those that have the sink have to agree.
Example: ``consumer.override.group.id=ledger`` at the site that serves, whose worker is frozen, and a copy without it at
the standby. The copy would read as ``connect-NAME``, whose positions are those of months ago: they must not move.
"""

from collections.abc import Mapping

from drctl.errors import at_site
from drctl.model.workloads import SinkGroup, sink_group

GROUP = "consumer.override.group.id"

type Word = Mapping[str, str] | str | None
"""Answer of a worker about a sink: its configuration, None if there is none of that name, or why nobody told."""


def reads_as(sink: str, told: Mapping[str, Word], serving: str | None) -> SinkGroup:
    """Return the group, or why it is unknown with what helps; ``told`` is by site."""
    if serving is not None and (word := told.get(serving)) is not None:
        return _by_one(sink, serving, word)
    # One that does not answer may be the one that has the right configuration: the other's copy is then no
    # answer.
    if silent := next((site for site, word in sorted(told.items()) if isinstance(word, str)), None):
        return _by_one(sink, silent, told[silent])
    found = {site: _by_one(sink, site, word) for site, word in told.items() if word is not None}
    if not found:
        where = " or ".join(sorted(told))
        return SinkGroup(
            None, f"there is no such connector at {where}", "correct its name in the plan file, or create it"
        )
    if len({each.name for each in found.values()}) > 1:
        each_one = ", ".join(f"{each.name} at {site}" for site, each in sorted(found.items()))
        return SinkGroup(
            None, f"it reads as {each_one}, and no site is known to serve", f"set the same {GROUP} at both"
        )
    return next(iter(found.values()))


def group_in(sink: str, config: Mapping[str, str]) -> str:
    """Return the group that this configuration gives it; a reference stays one."""
    return config.get(GROUP) or sink_group(sink)


def is_reference(group: str) -> bool:
    """Whether only Connect can read it, such as ``${file:/etc/sink:group}``."""
    return "${" in group


def _by_one(sink: str, site: str, word: Word) -> SinkGroup:
    if isinstance(word, str) or word is None:
        return SinkGroup(
            None,
            f"{site}: {at_site(site, str(word))}",
            f"start the Connect worker at {site}: its configuration names the group",
        )
    group = group_in(sink, word)
    if is_reference(group):
        why = f"{site}: {GROUP} is a reference, {group}, which only Connect can read"
        return SinkGroup(None, why, "write the group's name into its configuration")
    return SinkGroup(group)
