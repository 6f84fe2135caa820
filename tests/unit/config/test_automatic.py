"""What a plan file must say so that the service may fail over by itself, each fault with its line."""

from datetime import timedelta
from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from drctl.model.arbiter import ArbiterConfigMap
from drctl.model.fence import FenceState
from tests.unit.config.plan_files import GOOD, written

WITNESS = '  witnesses: [{name: west, url: "http://w:8080"}]\n'
AGENT = "  fencingAgent: {command: [./power-off]}\n"
BY_AGENT = "  automaticFailover: {arbiter: {file: /west/arbiter.json}, fence: by-agent}\n"


def test_without_it_only_a_person_fails_over(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD)).automatic_failover is None


def test_its_terms_are_read_and_no_loss_is_accepted_by_default(tmp_path: Path) -> None:
    terms = load(written(tmp_path, GOOD + WITNESS + AGENT + BY_AGENT)).automatic_failover
    assert terms is not None
    assert (terms.after, terms.accept_loss) == (timedelta(minutes=2), 0)
    assert terms.fences == {FenceState.PROVEN, FenceState.BY_AGENT}
    assert terms.arbiter == Path("/west/arbiter.json")


def test_an_arbiter_may_be_a_config_map(tmp_path: Path) -> None:
    (tmp_path / "west.kubeconfig").touch()
    place = "{configMap: {kubeconfig: west.kubeconfig, context: west, namespace: drctl}}"
    text = GOOD + WITNESS + BY_AGENT.replace("{file: /west/arbiter.json}", place).replace("by-agent", "proven")
    terms = load(written(tmp_path, text)).automatic_failover
    assert terms is not None
    assert terms.arbiter == ArbiterConfigMap(tmp_path / "west.kubeconfig", "west", "drctl", "drctl-arbiter")
    assert terms.fences == {FenceState.PROVEN}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + AGENT + BY_AGENT, "needs a witness at a third place"),
        (GOOD + WITNESS.replace("west", "north") + AGENT + BY_AGENT, "needs a witness at a third place"),
        (GOOD + WITNESS + BY_AGENT, r"fence is by-agent, and there is no fencingAgent"),
        (GOOD + WITNESS + AGENT + BY_AGENT.replace("by-agent", "attested"), "automaticFailover.fence"),
        (
            GOOD + WITNESS + AGENT + BY_AGENT.replace("file: /west/arbiter.json", ""),
            "expected either file or configMap",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=rf"plan\.yaml:\d+: .*{told}"):
        load(written(tmp_path, text))
