"""The fence of a failover: proven, pending or attested, and what a source that answers does to the run."""

import pytest

from drctl.errors import RolledBack
from drctl.model.fence import Attestation, FenceState
from tests.fakes import fake_world
from tests.spec.failing import ANY, SOMEBODY, distrusted, fail_over, lose, require_as_before, synced


@pytest.mark.parametrize(("word", "state"), [(None, FenceState.PENDING), (SOMEBODY, FenceState.ATTESTED)])
def test_a_fence_that_could_not_be_put_up_is_never_called_proven(word: Attestation | None, state: FenceState) -> None:
    earth = synced(fake_world())
    lose(earth)
    told = fail_over(earth.ports(), accepted=ANY, attestation=word).evidence["fence-what-answers"]
    assert told["fence"] == state
    assert (told["by"], told["why"]) == (("anna", SOMEBODY.why) if word else ("", "north does not answer"))


def test_a_source_that_answers_and_cannot_be_fenced_keeps_the_target_closed() -> None:
    earth = distrusted(synced(fake_world()))
    earth.north.everyone = True
    with pytest.raises(RolledBack, match="its fence cannot be proven") as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert "--attest-source-down" in caught.value.remedy
    require_as_before(earth)


def test_with_a_persons_word_it_goes_on_and_the_fence_is_attested() -> None:
    earth = distrusted(synced(fake_world()))
    earth.north.everyone = True
    told = fail_over(earth.ports(), accepted=ANY, attestation=SOMEBODY).evidence["fence-what-answers"]
    assert told["fence"] == FenceState.ATTESTED
    assert "User:*" in told["why"]


@pytest.mark.parametrize("effect", ["raise epoch to 1", "journal says step-observed confirm-positions"])
def test_a_source_that_comes_back_before_the_target_is_open_turns_the_run_back(effect: str) -> None:
    earth = synced(fake_world())
    lose(earth)

    def come_back(name: str) -> None:
        if name == effect:
            earth.north.down = False

    earth.effects.watchers.append(come_back)
    with pytest.raises(RolledBack, match="north answers again") as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert "drctl switchover --to south" in caught.value.remedy
    require_as_before(earth)
