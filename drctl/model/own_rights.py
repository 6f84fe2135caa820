"""Model what drctl itself may do at a site, as its brokers tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

JOURNAL = "drctl.journal"
"""The topic in which a site keeps its copy of the journal."""
OFFSETS = "__consumer_offsets"
"""The topic in which Kafka's coordinators write down what groups commit."""


@dataclass(frozen=True, slots=True)
class OwnRights:
    """Operations that are allowed, in Kafka's own words (``READ``), deny rules and what one implies counted in.

    ``cluster`` is empty where DESCRIBE is not among them, for then the brokers tell nothing of it; so is what is told
    of a topic or group that may not be described. Topics that do not exist are left out; groups need not exist.
    ``principal`` is whom the brokers take drctl for, empty where only they know, as with certificates.
    """

    principal: str = ""
    cluster: frozenset[str] = frozenset()
    topics: Mapping[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
