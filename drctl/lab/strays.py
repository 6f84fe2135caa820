"""Applications that do not follow client routing: they write at the standby, as after a split of the sites."""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping

from drctl.drivers.kafka.records import KafkaRecords, read
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import LabError
from drctl.lab.injecting import FaultEvidence, evidence_of
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES
from drctl.model.offsets import TopicPartition

STRAYS = {"turbines": TopicPartition("turbines.readings", 0), "shop": TopicPartition("shop.prices", 0)}
"""Users that write, each with a partition of a topic that is theirs."""
# Of each user, so that a denial of one record is no accident of a broker that was just elected.
ATTEMPTS = 10


def write_at_standby(lab: Lab, site: str) -> FaultEvidence:
    """Let applications write where clients are not routed to. Seen by its brokers, which deny it, and by a reader.

    LabError if one record is not denied, or is there: nothing keeps the sites from both taking writes.
    """
    routed = FileClientRouting(lab.folder / "client-routing.json").site()
    if site not in SITES or routed in (site, None):
        raise LabError(
            f"clients are routed to {routed}, so nothing that writes at {site} is astray",
            remedy="name the standby, while clients are routed to the other site",
        )
    name, at = b"stray-" + secrets.token_hex(8).encode(), lab.clock.now()
    ends = _ends(lab, site)
    outcomes = {user: _attempted(lab, site, user, name) for user in STRAYS}
    told = refused(site, outcomes, _found(lab, site, ends, name))
    return evidence_of(lab, "write-at-standby", site, at, by="its brokers and a reader of it", look=lambda: told)


def refused(site: str, outcomes: Mapping[str, Collection[Outcome]], found: Collection[TopicPartition]) -> str:
    """Return in words that nothing was taken from anybody. LabError if anything was, or if nobody knows.

    ``outcomes``: by user, of each record that was sent. ``found``: where such a record was read.
    """
    counts = {user: Counter(each) for user, each in outcomes.items()}
    taken = [f"{count[kind]} of {user} {kind}" for user, count in counts.items() for kind in count if kind != "denied"]
    there = [f"one is in {place}" for place in sorted(found)]
    if taken or there or not counts or not all(counts.values()):
        what = "; ".join((*taken, *there)) or "none was sent"
        raise LabError(
            f"{site} did not deny every record of applications astray: {what}",
            remedy="see the rules there: a standby denies its applications to write",
        )
    users = ", ".join(f"{count.total()} of {user}" for user, count in sorted(counts.items()))
    return f"brokers denied every record ({users}), and no reader finds one"


def _ends(lab: Lab, site: str) -> Mapping[TopicPartition, int]:
    kafka = lab.site(site).kafka("drctl")
    try:
        return {place: each.stable for place, each in KafkaRecords(kafka).bounds(tuple(STRAYS.values())).items()}
    finally:
        kafka.close()


def _attempted(lab: Lab, site: str, user: str, name: bytes) -> list[Outcome]:
    kafka = lab.site(site).kafka(user)
    try:
        return Writer(kafka).write([Outgoing(STRAYS[user], name, b"astray")] * ATTEMPTS)
    finally:
        kafka.close()


def _keys(kafka: KafkaSite, place: TopicPartition, begin: int) -> set[bytes | None]:
    return {each.key() for each in read(kafka, place, begin)}


def _found(lab: Lab, site: str, ends: Mapping[TopicPartition, int], name: bytes) -> list[TopicPartition]:
    kafka = lab.site(site).kafka("drctl")
    try:
        return [place for place, end in ends.items() if name in _keys(kafka, place, end)]
    finally:
        kafka.close()
