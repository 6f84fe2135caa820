"""The service as one of several: what it does and tells while it leads and while it does not."""

import threading
from datetime import timedelta

from prometheus_client import generate_latest

from drctl.decide.leadership import terms
from drctl.model.offsets import TopicPartition
from drctl.monitors import status
from drctl.service.election import LEASE, Election, read
from drctl.service.watch import Watch
from tests.fakes import FakeApi, FakeResources, FakeWorld, fake_world

SPANS = terms(30)


def api() -> FakeResources:
    shared = FakeApi()
    shared.put(LEASE, {"metadata": {"name": "drctl"}}, namespace="drctl")
    return FakeResources(shared, namespace="drctl")


def service(earth: FakeWorld, lease: FakeResources, me: str) -> tuple[Watch, Election]:
    election = Election(lease, "drctl", me, SPANS, earth.clock)
    return Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True, election=election), election


def lead(earth: FakeWorld, election: Election) -> None:
    election.turn()
    earth.clock.jump(timedelta(seconds=SPANS.lease))
    election.turn()
    assert election.leads()


def test_who_does_not_lead_looks_and_commits_nothing() -> None:
    earth, lease = fake_world(), api()
    earth.come_to_rest()
    watch, election = service(earth, lease, "one")
    assert watch.keeper is not None
    election.turn()
    watch.cycle()
    watch.keeper.cycle_or_tell()
    assert earth.south.groups.get("dispatch") is None or not earth.south.groups["dispatch"].committed
    text = generate_latest(watch.metrics.registry).decode()
    assert "drctl_leading 0.0" in text
    assert 'drctl_site_up{site="north"} 1.0' in text
    healthy, told = watch.health()
    assert healthy
    assert (told["leadership"]["leading"], told["leadership"]["holder"]) == (False, "")


def test_who_comes_to_lead_brings_all_positions_and_says_that_it_leads() -> None:
    earth, lease = fake_world(), api()
    earth.come_to_rest()
    watch, election = service(earth, lease, "one")
    assert watch.keeper is not None
    watch.keeper.cycle_or_tell()
    lead(earth, election)
    watch.keeper.cycle_or_tell()
    assert earth.south.groups["dispatch"].committed.keys() == earth.north.groups["dispatch"].committed.keys()
    text = generate_latest(watch.metrics.registry).decode()
    assert "drctl_leading 1.0" in text
    assert "drctl_leadership_transitions 1.0" in text
    assert watch.health()[1]["leadership"] == {
        "leading": True,
        "candidate": "one",
        "holder": "one",
        "transitions": 1,
    }


def test_a_leadership_that_ends_within_a_cycle_ends_the_cycle_before_the_next_commit() -> None:
    earth, lease = fake_world(), api()
    earth.come_to_rest()
    watch, election = service(earth, lease, "one")
    assert watch.keeper is not None
    lead(earth, election)
    committed: list[str] = []

    def freeze(effect: str) -> None:
        """The process stands still within its first commit, longer than it may act."""
        if effect.startswith("commit") and not committed:
            committed.append(effect)
            earth.clock.jump(timedelta(seconds=SPANS.act))

    earth.effects.watchers.append(freeze)
    before = len([name for name in earth.effects.names if name.startswith("commit")])
    watch.keeper.cycle_or_tell()
    assert len([name for name in earth.effects.names if name.startswith("commit")]) == before + 1
    assert watch.keeper.group_sync is None


def test_the_metrics_tell_the_truth_although_the_election_hangs() -> None:
    earth, lease = fake_world(), api()
    watch, election = service(earth, lease, "one")
    lead(earth, election)
    earth.clock.jump(timedelta(seconds=SPANS.act))
    assert "drctl_leading 0.0" in generate_latest(watch.metrics.registry).decode()


def test_an_orderly_end_gives_the_lease_back_once_what_acts_has_come_to_rest() -> None:
    earth, lease = fake_world(), api()
    _, election = service(earth, lease, "one")
    lead(earth, election)
    ended, idle = threading.Event(), threading.Event()
    ended.set()
    idle.set()
    election.run(ended, idle.wait, 0)
    assert not election.leads()
    record = read(lease.get(LEASE, "drctl"))
    assert (record.holder, record.seconds, record.transitions) == ("", 1.0, 1)


def test_who_still_acts_does_not_give_the_lease_back() -> None:
    earth, lease = fake_world(), api()
    _, election = service(earth, lease, "one")
    lead(earth, election)
    ended = threading.Event()
    ended.set()
    election.run(ended, threading.Event().wait, 0)
    assert read(lease.get(LEASE, "drctl")).holder == "one"


def test_a_trouble_that_nobody_foresaw_ends_no_candidacy() -> None:
    earth, lease = fake_world(), api()
    _, election = service(earth, lease, "one")
    lease.api.put(LEASE, {"metadata": {"name": "drctl"}, "spec": {"leaseTransitions": "many"}}, namespace="drctl")
    election.turn()
    assert "ValueError" in election.told()["trouble"]
    lease.api.put(LEASE, {"metadata": {"name": "drctl"}}, namespace="drctl")
    lead(earth, election)


def test_positions_that_moved_while_another_led_are_brought_too() -> None:
    earth, lease = fake_world(), api()
    earth.come_to_rest()
    (first, one), (second, two) = service(earth, lease, "one"), service(earth, lease, "two")
    assert first.keeper is not None
    assert second.keeper is not None
    lead(earth, one)
    two.turn()
    first.keeper.cycle_or_tell()
    earth.producers[0].running = True
    earth.settle(2)
    earth.come_to_rest()
    one.resign()
    two.turn()
    earth.clock.jump(timedelta(seconds=2))
    two.turn()
    assert two.leads()
    second.keeper.cycle_or_tell()
    partition = TopicPartition("turbines.readings", 0)
    sites = (earth.north, earth.south)
    here, there = (
        list(site.logs[partition].data(0, site.groups["dispatch"].committed[partition].offset)) for site in sites
    )
    assert [payload for _, payload in here] == [payload for _, payload in there]
