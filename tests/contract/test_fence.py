"""The contract of Fence, for the fake and the real thing."""

from collections.abc import Iterator

import pytest

from drctl.model.fence import DenyRule, Scope
from tests.contract.harness import Harness

CANARY = frozenset(DenyRule("User:canary", scope) for scope in Scope)


@pytest.fixture(autouse=True)
def _open(harness: Harness) -> Iterator[None]:
    harness.fence.lift(harness.fence.standing())
    yield
    harness.fence.lift(harness.fence.standing())


def test_the_canary_writes_while_nothing_denies_it(harness: Harness) -> None:
    assert harness.fence.standing() == frozenset()
    assert not harness.fence.canary().refused


def test_the_canary_is_refused_while_it_is_denied_and_writes_again_afterwards(harness: Harness) -> None:
    harness.fence.deny(CANARY)
    assert harness.fence.standing() == CANARY
    refused = harness.fence.canary()
    assert refused.refused
    assert refused.answer == "TOPIC_AUTHORIZATION_FAILED"
    harness.fence.lift(CANARY)
    assert harness.fence.standing() == frozenset()
    assert not harness.fence.canary().refused


def test_drctl_copies_its_journal_and_is_no_writer_that_needs_a_fence(harness: Harness) -> None:
    assert "User:drctl" not in harness.fence.writers().principals


def test_denying_one_principal_leaves_the_others_free(harness: Harness) -> None:
    harness.fence.deny([DenyRule("User:shop", Scope.TOPICS)])
    assert not harness.fence.canary().refused


def test_denying_transactional_ids_alone_does_not_stop_ordinary_writes(harness: Harness) -> None:
    harness.fence.deny([DenyRule("User:canary", Scope.TRANSACTIONAL_IDS)])
    assert not harness.fence.canary().refused


def test_denying_and_lifting_twice_is_once(harness: Harness) -> None:
    for _ in range(2):
        harness.fence.deny(CANARY)
        assert harness.fence.standing() == CANARY
    for _ in range(2):
        harness.fence.lift(CANARY)
        assert harness.fence.standing() == frozenset()
    harness.fence.deny([])
    harness.fence.lift([])
    assert harness.fence.standing() == frozenset()


def test_a_rule_that_somebody_else_made_stays_theirs_until_it_is_adopted(harness: Harness) -> None:
    taken = DenyRule("User:shop", Scope.TOPICS)
    with harness.denied_by_somebody_else(taken):
        assert {(each, each.own) for each in harness.fence.standing()} == {(taken, False)}
        harness.fence.deny({taken, *CANARY})
        assert {each for each in harness.fence.standing() if not each.own} == {taken}
        harness.fence.lift({taken, *CANARY})
        assert harness.fence.standing() == {taken}
        harness.fence.deny([taken], adopt=True)
        assert [each.own for each in harness.fence.standing()] == [True]
        harness.fence.lift([taken])
        assert harness.fence.standing() == frozenset()


def test_what_drctl_denies_is_its_own(harness: Harness) -> None:
    harness.fence.deny(CANARY)
    assert all(each.own for each in harness.fence.standing())


def test_writers_are_those_whom_a_rule_lets_write(harness: Harness) -> None:
    writers = harness.fence.writers()
    assert {"User:canary", "User:mm2"} <= writers.principals
    assert "User:readers" not in writers.principals
    assert not writers.everyone


def test_a_fence_does_not_hide_who_the_writers_are(harness: Harness) -> None:
    before = harness.fence.writers()
    harness.fence.deny(CANARY)
    assert harness.fence.writers() == before


def test_a_rule_for_everyone_is_told_apart(harness: Harness) -> None:
    with harness.everyone_writes():
        writers = harness.fence.writers()
        assert writers.everyone
        assert "User:*" not in writers.principals
