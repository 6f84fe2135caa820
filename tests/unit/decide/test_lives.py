"""Whatever a link went through, no answer is late."""

from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from drctl.decide.translate import translate, translate_all
from drctl.model.translation import Exact, Unproven
from tests.unit.decide.lives import Kind, Life

STEPS = 25
"""Enough for a link to be killed, set back and forth and to lose a topic in one life."""


def lived(chance: Random, kind: Kind, *, compacted: bool) -> Life:
    life = Life(chance, kind, compacted=compacted)
    for _ in range(chance.randint(3, STEPS)):
        life.step()
    return life


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("kind", Kind)
def test_no_answer_passes_over_what_a_group_has_still_to_read(kind: Kind, compacted: bool) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.randoms(use_true_random=True))
    def look(chance: Random) -> None:
        life = lived(chance, kind, compacted=compacted)
        logs, looking = life.look()
        positions = [chance.randint(0, logs.source.high) for _ in range(3)]
        answers = translate_all(logs, positions, looking.read)
        for position, answer in answers.items():
            offset = answer.offset if isinstance(answer, Exact) else answer.conservative
            event(answer.proof.name if isinstance(answer, Exact) else answer.why.name)
            if offset is not None:
                assert logs.target.start <= offset <= logs.target.stable
                assert not life.passed_over(position, offset), (position, answer)

    look()


@pytest.mark.parametrize("compacted", [False, True])
def test_these_lives_are_not_trivial(compacted: bool) -> None:
    seen = {"proven": 0, "early": 0, "refused": 0}
    for seed in range(200):
        chance = Random(seed)
        life = lived(chance, chance.choice(list(Kind)), compacted=compacted)
        logs, looking = life.look()
        answer = translate(logs, chance.randint(0, logs.source.high), looking.read)
        early = isinstance(answer, Unproven) and answer.conservative is not None
        seen["early" if early else "proven" if isinstance(answer, Exact) else "refused"] += 1
    assert min(seen.values()) > 1, seen
    assert min(seen["proven"], seen["early"]) > 25, seen
