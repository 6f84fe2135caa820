"""Which rules for writing make nobody a writer that a fence has to deny."""

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from drctl.drivers.kafka.fence import _is_our_own
from drctl.drivers.kafka.journal_copy import TOPIC as JOURNAL
from drctl.model.canaries import PREFIX

TOPIC, ID = ResourceType.TOPIC, ResourceType.TRANSACTIONAL_ID
LITERAL, PREFIXED = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED


@pytest.mark.parametrize(
    ("kind", "name", "pattern", "own"),
    [
        (TOPIC, JOURNAL, LITERAL, True),
        (TOPIC, PREFIX, PREFIXED, True),
        (ID, PREFIX, PREFIXED, True),
        (TOPIC, JOURNAL, PREFIXED, False),
        (ID, JOURNAL, LITERAL, False),
        (TOPIC, PREFIX.rstrip("."), PREFIXED, False),
        (TOPIC, "drctl.", PREFIXED, False),
        (TOPIC, "shop.", PREFIXED, False),
        (TOPIC, "shop.orders", LITERAL, False),
        (TOPIC, "*", LITERAL, False),
    ],
)
def test_only_the_journals_copy_and_names_of_drills_are_drctls_own(
    kind: ResourceType, name: str, pattern: ResourcePatternType, *, own: bool
) -> None:
    rule = AclBinding(kind, name, pattern, "User:drctl", "*", AclOperation.WRITE, AclPermissionType.ALLOW)
    assert _is_our_own(rule) is own
