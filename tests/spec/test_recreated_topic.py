"""A topic was deleted and recreated, and then a site is lost: what is stated."""

import pytest

from drctl.plans.losing import measure
from tests.fakes import fake_world
from tests.spec.failing import lose


@pytest.mark.parametrize(("site", "prefixed"), [("north", False), ("south", False), ("south", True)])
@pytest.mark.parametrize("answers", [True, False])
def test_what_was_copied_of_a_topic_that_was_made_anew_since_hides_no_loss(
    site: str, prefixed: bool, answers: bool
) -> None:
    """The link goes on from an offset of the topic before, and the records that it leaves out are nowhere else."""
    earth = fake_world(prefixed=prefixed)
    for name, there in earth.sites.items():
        earth.memory.note_topic_ids(name, {p.topic: there.topic_id(p.topic) for p in there.logs})
    lost = "north.turbines.readings" if prefixed else "turbines.readings"
    earth.mirrors["north", "south"].holds = True
    earth.sites[site].drop(lost)
    earth.sites[site].make(lost, 2, {})
    earth.settle(20)
    if not answers:
        lose(earth, sighted=True)
    loss = measure(earth.ports(), "north", "south")
    copied = {payload for p in earth.south.logs for payload in earth.south.payloads(p)}
    gone = [r for p in earth.north.logs if p.topic == "turbines.readings" for r in earth.north.payloads(p)]
    assert 200 < len([each for each in gone if each not in copied]) <= loss.records["turbines.readings"]
    assert not (site == "north" and loss.exact)
