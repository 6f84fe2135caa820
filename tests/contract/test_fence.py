"""The contract of Fence, for the fake and the real thing."""

from collections.abc import Iterator

import pytest

from drctl.model.fence import DenyRule, Scope
from tests.contract.stage import Stage

CANARY = frozenset(DenyRule("User:canary", scope) for scope in Scope)


@pytest.fixture(autouse=True)
def _open(stage: Stage) -> Iterator[None]:
    stage.fence.lift(stage.fence.standing())
    yield
    stage.fence.lift(stage.fence.standing())


def test_the_canary_writes_while_nothing_denies_it(stage: Stage) -> None:
    assert stage.fence.standing() == frozenset()
    assert not stage.fence.canary().refused


def test_the_canary_is_refused_while_it_is_denied_and_writes_again_afterwards(stage: Stage) -> None:
    stage.fence.deny(CANARY)
    assert stage.fence.standing() == CANARY
    refused = stage.fence.canary()
    assert refused.refused
    assert refused.answer == "TOPIC_AUTHORIZATION_FAILED"
    stage.fence.lift(CANARY)
    assert stage.fence.standing() == frozenset()
    assert not stage.fence.canary().refused


def test_drctl_copies_its_journal_and_is_no_writer_that_needs_a_fence(stage: Stage) -> None:
    assert "User:drctl" not in stage.fence.writers().principals


def test_denying_one_principal_leaves_the_others_free(stage: Stage) -> None:
    stage.fence.deny([DenyRule("User:shop", Scope.TOPICS)])
    assert not stage.fence.canary().refused


def test_denying_transactional_ids_alone_does_not_stop_ordinary_writes(stage: Stage) -> None:
    stage.fence.deny([DenyRule("User:canary", Scope.TRANSACTIONAL_IDS)])
    assert not stage.fence.canary().refused


def test_denying_and_lifting_twice_is_once(stage: Stage) -> None:
    for _ in range(2):
        stage.fence.deny(CANARY)
        assert stage.fence.standing() == CANARY
    for _ in range(2):
        stage.fence.lift(CANARY)
        assert stage.fence.standing() == frozenset()
    stage.fence.deny([])
    stage.fence.lift([])
    assert stage.fence.standing() == frozenset()


def test_a_rule_that_somebody_else_made_stays_theirs_until_it_is_adopted(stage: Stage) -> None:
    taken = DenyRule("User:shop", Scope.TOPICS)
    with stage.denied_by_somebody_else(taken):
        assert {(each, each.own) for each in stage.fence.standing()} == {(taken, False)}
        stage.fence.deny({taken, *CANARY})
        assert {each for each in stage.fence.standing() if not each.own} == {taken}
        stage.fence.lift({taken, *CANARY})
        assert stage.fence.standing() == {taken}
        stage.fence.deny([taken], adopt=True)
        assert [each.own for each in stage.fence.standing()] == [True]
        stage.fence.lift([taken])
        assert stage.fence.standing() == frozenset()


def test_what_drctl_denies_is_its_own(stage: Stage) -> None:
    stage.fence.deny(CANARY)
    assert all(each.own for each in stage.fence.standing())


def test_writers_are_those_whom_a_rule_lets_write(stage: Stage) -> None:
    writers = stage.fence.writers()
    assert {"User:canary", "User:mm2"} <= writers.principals
    assert "User:readers" not in writers.principals
    assert not writers.everyone


def test_a_fence_does_not_hide_who_the_writers_are(stage: Stage) -> None:
    before = stage.fence.writers()
    stage.fence.deny(CANARY)
    assert stage.fence.writers() == before


def test_a_rule_for_everyone_is_told_apart(stage: Stage) -> None:
    with stage.everyone_writes():
        writers = stage.fence.writers()
        assert writers.everyone
        assert "User:*" not in writers.principals
