"""Static members of one site's groups, removed through the coordinators."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from confluent_kafka import KafkaError

from drctl.drivers.kafka.group_requests import removing
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Conflict
from drctl.model.session import Member
from drctl.ports.permit import Permit, always

GONE = frozenset({KafkaError.UNKNOWN_MEMBER_ID, KafkaError.FENCED_INSTANCE_ID})
"""Errors of a member that is not in the group any more."""


class KafkaStaticMembers:
    """Implements :class:`drctl.ports.StaticMembers`."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site

    def remove(self, group: str, members: Collection[Member], permit: Permit = always) -> frozenset[str]:
        doing = f"remove members of group {group}"
        for each in members:
            # Without a member id Kafka removes whoever has the static id.
            # All of them are looked at before the first is removed, so that a refusal leaves the group as
            # it was.
            if not each.instance_id or not each.member_id:
                lacks = "static id" if each.member_id else "member id"
                raise Conflict(f"site {self.site.name}: cannot {doing}: {each.client_id} has no {lacks}")
        question = removing(group, members)

        def body(groups: Sequence[str]) -> bytes:
            permit()  # asked here, so that it is also before a request that is made again
            return question.body(groups)

        asked = self.site.ask_coordinators([group], replace(question, body=body), within=self.site.change_timeout)
        error, found = asked[group]
        told = found or {}
        for code in (error, *told.values()):
            if code and code not in GONE:
                raise self.site.causes.translate(KafkaError(code), doing)
        return frozenset(member for member, code in told.items() if not code)
