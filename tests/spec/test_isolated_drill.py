"""A drill across the real sites with names of its own: proved only by what was seen, and nothing else is touched."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import drill, isolated, verify
from drctl.drills.bundle.manifest import RunKind, parsed
from drctl.drills.bundle.write import seal
from drctl.drills.isolated.drill import IsolatedDrill
from drctl.drills.isolated.judging import judged
from drctl.drills.isolated.remains import remove_left_over
from drctl.drills.isolated.trial import IsolatedTrial
from drctl.drills.timeline import Histories
from drctl.errors import BundleDamaged, ConfigInvalid, ReportContradicted, Unreachable
from drctl.model.canaries import LEFT_AFTER, PREFIX
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.model.verdict import Verdict
from drctl.plans.drilling import begin_drill, end_drill
from drctl.plans.pausing import begin_pause
from drctl.plans.selection import DRILL
from drctl.plans.standing import told_runs
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from tests.fakes import FakeWorld, Killed
from tests.spec.clinic import well
from tests.spec.harness import switch

PROVED, REFUTED, INCONCLUSIVE = 0, 20, 21


def ready(*, prefixed: bool = False) -> FakeWorld:
    """A calm world whose plan file lets drills make topics, whose link finds them, and where drctl may write them."""
    earth = well(prefixed=prefixed)
    earth.plan = replace(earth.plan, drill_topics=True)
    earth.mirrors["north", "south"].finds = (PREFIX,)
    earth.north.allowed.add("User:drctl")
    return earth


@pytest.fixture(params=[False, True], ids=["same names", "prefixed"])
def earth(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    return seen_by_the_command(ready(prefixed=request.param), monkeypatch)


def seen_by_the_command(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    monkeypatch.setattr(isolated, "opened", opened)
    return earth


def drilled(report: Path, *words: str) -> Result:
    arguments = ["--level", "isolated", "--report", str(report), *words]
    return CliRunner().invoke(drill.command, arguments, obj=Path("plan.yaml"))


def checked(report: Path) -> Result:
    return CliRunner().invoke(verify.command, [str(report), "-o", "json"])


def body(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report / "isolated.json").read_text())
    return found


def left(earth: FakeWorld) -> set[str]:
    """What drills have left at the sites."""
    names = {p.topic for site in earth.sites.values() for p in site.logs}
    names |= {group for site in earth.sites.values() for group in site.groups}
    return {name for name in names if PREFIX in name}


def workload(earth: FakeWorld) -> dict[str, Any]:
    """All that is not a drill's, at both sites, and where clients are sent."""
    found: dict[str, Any] = {"routing": earth.routing.site(), "epoch": earth.epochs.current()}
    for name, site in earth.sites.items():
        logs = {
            partition: [(each.payload, each.key, each.headers) for each in log.entries]
            for partition, log in site.logs.items()
            if PREFIX not in partition.topic
        }
        groups = {group: each.committed for group, each in site.groups.items() if PREFIX not in group}
        settings = {topic: each for topic, each in site.topic_config.items() if PREFIX not in topic}
        found[name] = deepcopy((logs, groups, settings, site.denials, site.rules, site.made.keys() & settings))
    found["links"] = [mirror.state for mirror in earth.mirrors.values()]
    return found


def test_there_and_home_again_is_proved(earth: FakeWorld, tmp_path: Path) -> None:
    done = drilled(tmp_path)
    assert done.exit_code == PROVED, done.output
    told = body(tmp_path)
    assert told["verdict"] == "proved"
    assert [(leg["source"], leg["target"]) for leg in told["legs"]] == [("north", "south"), ("south", "north")]
    assert all(each["here"] != each["there"] for each in told["legs"][0]["positions"].values()), (
        "nothing was translated"
    )
    there = dict.fromkeys(("acknowledged", "seenAtSource", "seenAtTarget"), 360)
    assert told["records"] == there | {"lost": 0, "lostAtTarget": 0}
    assert [each["processed"] for each in told["groups"]] == [360]
    assert (earth.journal.runs()[-1][0].kind, earth.journal.runs()[-1][1]) == (DRILL, RunState.DONE)


def test_nothing_of_the_workload_is_touched_and_nothing_stays(earth: FakeWorld, tmp_path: Path) -> None:
    before = workload(earth)
    assert drilled(tmp_path).exit_code == PROVED
    assert workload(earth) == before
    assert not left(earth)
    told = body(tmp_path)
    assert told["removed"]
    assert not told["stays"]
    changes = ("create ", "delete ", "commit ", "forget ")
    changed = [each for each in earth.effects.names if each.startswith(changes)]
    assert changed
    assert all(PREFIX in each for each in changed)


def test_verified_by_others_it_is_proved_from_its_evidence(earth: FakeWorld, tmp_path: Path) -> None:
    drilled(tmp_path)
    assert parsed((tmp_path / "manifest.json").read_bytes()).run_kind is RunKind.ISOLATED
    done = checked(tmp_path)
    assert done.exit_code == PROVED, done.output
    told = json.loads(done.stdout)
    assert (told["verdict"], told["reported"], told["runKind"]) == ("proved", "proved", "isolated-drill")
    forged = body(tmp_path) | {"records": {"acknowledged": 9}}
    (tmp_path / "isolated.json").write_text(json.dumps(forged))
    assert isinstance(checked(tmp_path).exception, BundleDamaged)
    seal(tmp_path, str(forged["id"]), RunKind.ISOLATED, None)
    assert isinstance(checked(tmp_path).exception, ReportContradicted)
    assert earth.north.name


def test_no_record_copied_is_inconclusive_and_nothing_stays(earth: FakeWorld, tmp_path: Path) -> None:
    earth.mirrors["north", "south"].holds = True
    done = drilled(tmp_path)
    assert done.exit_code == INCONCLUSIVE, done.output
    told = body(tmp_path)
    assert told["verdict"] == "inconclusive"
    assert "timed out" in told["reasons"][0]
    assert told["records"]["seenAtTarget"] == 0
    assert not left(earth)
    assert json.loads(checked(tmp_path).stdout)["verdict"] == "inconclusive"


@pytest.mark.parametrize("change", ["forbidden", "not covered", "stopped", "made again", "paused", "routed away"])
def test_what_stands_in_the_way_is_told_before_anything_is_made(earth: FakeWorld, tmp_path: Path, change: str) -> None:
    match change:
        case "forbidden":
            earth.plan = replace(earth.plan, drill_topics=False)
            wanted = "createTopics"
        case "not covered":
            earth.mirrors["north", "south"].config["topics"] = "shop.orders"
            wanted = "drctl"
        case "stopped":
            earth.mirrors["north", "south"].state = ConnectorState.STOPPED
            wanted = "doctor"
        case "made again":
            earth.north.auto_creates = True
            wanted = "source.consumer.allow.auto.create.topics=false"
        case "paused":
            until = earth.clock.now() + timedelta(hours=1)
            begin_pause(earth.ports(), Terms(by="ops"), until, "no drills tonight")
            wanted = "pause"
        case _:
            earth.routing.pointer = "south"
            wanted = "calm"
    earth.effects.names.clear()
    done = drilled(tmp_path, "--to", "south")
    assert done.exit_code == INCONCLUSIVE, done.output
    told = body(tmp_path)
    assert wanted in " ".join(each["remedy"] for each in told["hindrances"])
    assert told["reasons"] == [each["detail"] for each in told["hindrances"]]
    assert not [each for each in earth.effects.names if PREFIX in each]
    assert not left(earth)


def test_brokers_that_make_topics_are_no_matter_where_the_link_asks_for_none(earth: FakeWorld, tmp_path: Path) -> None:
    earth.north.auto_creates = True
    earth.mirrors["north", "south"].config["source.consumer.allow.auto.create.topics"] = "false"
    assert drilled(tmp_path).exit_code == PROVED


def test_a_drill_that_meets_a_move_ends_and_is_not_proved(earth: FakeWorld, tmp_path: Path) -> None:
    def meet(effect: str) -> None:
        if effect == f"replay to {earth.north.name}":
            earth.routing.pointer = None

    earth.effects.watchers.append(meet)
    assert drilled(tmp_path).exit_code == INCONCLUSIVE
    assert "clients are sent to no site" in body(tmp_path)["reasons"][0]
    assert not left(earth)


def test_a_write_without_an_answer_is_neither_proof_nor_fault(earth: FakeWorld, tmp_path: Path) -> None:
    asked = iter(range(100))

    def hold_the_answer(effect: str) -> None:
        if effect == "replay to north" and next(asked) == 15:  # called before and after each one
            raise Unreachable("north: no answer")

    earth.effects.watchers.append(hold_the_answer)
    assert drilled(tmp_path).exit_code == INCONCLUSIVE
    told = body(tmp_path)
    assert told["reasons"] == ["north: no answer"]
    assert told["records"]["seenAtSource"] == told["records"]["acknowledged"] + 20
    assert not left(earth)


def test_rights_that_lack_are_told_and_nothing_stays(earth: FakeWorld, tmp_path: Path) -> None:
    earth.north.withheld.add("CREATE")
    assert drilled(tmp_path).exit_code == INCONCLUSIVE
    assert len(body(tmp_path)["reasons"]) == 1
    assert "CREATE" in body(tmp_path)["reasons"][0]
    assert not left(earth)


def test_it_is_listed_only_where_everything_is(earth: FakeWorld, tmp_path: Path) -> None:
    drilled(tmp_path)
    assert not told_runs(earth.ports())
    assert [each.run.kind for each in told_runs(earth.ports(), everything=True)] == [DRILL]


def test_a_copy_with_a_changed_record_refutes(earth: FakeWorld, tmp_path: Path) -> None:
    def lose(effect: str) -> None:
        copies = [log for p, log in earth.south.logs.items() if PREFIX in p.topic and len(log.entries) > 7]
        if effect.startswith("commit") and effect.endswith("at north"):
            for log in copies:
                log.entries[7].headers = ()

    earth.effects.watchers.append(lose)
    done = drilled(tmp_path)
    assert done.exit_code == REFUTED, done.output
    assert any(each.startswith("at south: 2 corrupt") for each in body(tmp_path)["reasons"])
    assert not left(earth)


def test_what_cannot_be_taken_away_is_told_and_is_no_proof(earth: FakeWorld, tmp_path: Path) -> None:
    earth.south.withheld.add("DELETE")
    assert drilled(tmp_path).exit_code == INCONCLUSIVE
    told = body(tmp_path)
    assert [each.split(": ")[:2] for each in told["stays"]] == [["south", f"topic {told['image']}"]]
    assert told["image"] in left(earth)
    earth.south.withheld.clear()
    earth.clock.jump(LEFT_AFTER)
    again = tmp_path / "again"
    assert drilled(again).exit_code == PROVED
    assert body(again)["leftByEarlierDrills"]["removed"] == [f"south: topic {told['image']}"]
    assert not left(earth)


def performed(world: World, folder: Path) -> IsolatedTrial:
    """One drill without a command around it."""
    run = begin_drill(world, "north", "south", "ops")
    trial = IsolatedDrill(world, run, folder / run.id, lambda _: None).perform()
    verdict = judged(trial, Histories.read(folder / run.id)).verdict
    end_drill(world, run, proved=verdict is Verdict.PROVED, told={"verdict": verdict.value})
    assert verdict is Verdict.PROVED, trial.hindrances
    return trial


def test_killed_at_any_effect_it_touches_nothing_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    whole = ready()
    whole.effects.names.clear()
    performed(whole.ports(), tmp_path)
    count = len(whole.effects.names)
    assert count > 20
    found = 0
    for number in range(count):
        earth = ready()
        earth.effects.names.clear()
        untouched = workload(earth)
        earth.effects.cut_off(number, before=False)
        with pytest.raises(Killed):
            performed(earth.ports(), tmp_path)
        assert workload(earth) == untouched
        world = earth.new_process()
        assert not unfinished(world)
        young = left(earth)
        found += bool(young)
        assert not remove_left_over(world, "north").removed, "one that may still be at work keeps what is its own"
        earth.clock.jump(LEFT_AFTER)
        trial = performed(world, tmp_path)
        assert {each.rsplit(" ", maxsplit=1)[1] for each in trial.cleaned} == young
        assert not left(earth)
        assert RunState.RUNNING not in (state for run, state in earth.journal.runs() if run.kind == DRILL)
    assert found > 20


def test_a_move_does_not_wait_for_a_drill_that_was_killed(tmp_path: Path) -> None:
    earth = ready()
    earth.effects.names.clear()
    earth.effects.cut_off(8, before=False)
    with pytest.raises(Killed):
        performed(earth.ports(), tmp_path)
    assert left(earth)
    earth.north.allowed.discard("User:drctl")  # a fake knows no right for names of drills alone
    assert switch(earth.new_process()).state is RunState.DONE


def test_it_is_not_laid_beside_another_report(earth: FakeWorld, tmp_path: Path) -> None:
    (tmp_path / "tabletop.json").write_text("{}")
    assert isinstance(drilled(tmp_path).exception, ConfigInvalid)
    assert not earth.journal.runs()


@pytest.mark.parametrize("words", [("--unplanned",), ("--small",), ("--keep",)], ids=lambda words: words[0])
def test_what_is_the_labs_is_wrong_usage(earth: FakeWorld, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = drilled(tmp_path, *words)
    assert done.exit_code == 2
    assert "belongs to --level lab" in done.output
    assert not earth.journal.runs()


def test_names_that_only_look_like_a_drills_stay(earth: FakeWorld, tmp_path: Path) -> None:
    names = (f"{PREFIX}mine", f"{PREFIX}20260230T020000-a1b2c3", f"my.{PREFIX}20200101T020000-a1b2c3")
    for name in names:
        earth.north.logs[TopicPartition(name, 0)] = deepcopy(earth.north.logs[TopicPartition("canary", 0)])
    earth.clock.jump(timedelta(days=1))
    drilled(tmp_path)
    assert left(earth) >= set(names)
