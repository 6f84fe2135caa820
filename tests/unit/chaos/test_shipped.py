"""The experiments that are shipped: the Chaos Toolkit takes them, they undo what they do, and the list is right."""

import inspect
from collections import Counter
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment
from click.testing import CliRunner

from drctl.chaos import (
    actions,
    clock_actions,
    data_actions,
    kube_actions,
    link_actions,
    loss_actions,
    move_actions,
    service_actions,
)
from drctl.chaos.admission import admitted
from drctl.chaos.command import command
from drctl.drills.pod_kills import KINDS, chosen
from drctl.lab.losses import LOSING

FOLDER = Path("experiments")
SHIPPED = sorted(FOLDER.glob("*.yaml"))

FAULTS = {
    "cut_link": ("cut-link", "mend_link"),
    "delete_records": ("delete-records", ""),
    "detach_volume": ("detach-volume", "heal_pods"),
    "elect_unclean": ("elect-unclean", "restore_durability"),
    "fail_over_amid_restarts": ("stop", "restore_site"),
    "fail_volume_writes": ("fail-writes", "heal_pods"),
    "fail_writes": ("fail-writes", "restart_dead_brokers"),
    "fill_volume": ("fill-volume", "heal_pods"),
    "freeze_active_controller": ("pause", "thaw_brokers"),
    "freeze_brokers": ("pause", "thaw_brokers"),
    "freeze_controllers": ("pause", "thaw_brokers"),
    "freeze_coordinator": ("pause", "thaw_brokers"),
    "freeze_follower": ("pause", "thaw_brokers"),
    "freeze_leader": ("pause", "thaw_brokers"),
    "freeze_worker": ("pause", "thaw_brokers"),
    "hold_answers": ("hold-answers", "mend_link"),
    "kill_active_controller": ("kill", "restart_dead_brokers"),
    "kill_brokers": ("kill", "restart_dead_brokers"),
    "kill_coordinator": ("kill", "restart_dead_brokers"),
    "kill_follower": ("kill", "restart_dead_brokers"),
    "kill_leader": ("kill", "restart_dead_brokers"),
    "kill_pods": ("", "restore_pods"),
    "kill_service": ("kill", "restart_service"),
    "kill_wire": ("kill", "mend_link"),
    "kill_worker": ("kill", "restart_worker"),
    "lose_node": ("lose-node", "heal_pods"),
    "lose_site": ("lose-site", "restore_site"),
    "lose_site_and_return": ("lose-site", "restore_site"),
    "lose_unreplicated": ("lose-unreplicated", "restore_site"),
    "lose_unsynced": ("lose-unsynced", "restore_durability"),
    "lose_volume": ("lose-volume", "heal_pods"),
    "move_group": ("move-group", "reopen_routing"),
    "overtake_link": ("overtake-link", "mend_link"),
    "recreate_topic": ("recreate-topic", "forget_side_topics"),
    "skew_clocks": ("skew-clock", "set_clocks_right"),
    "slow_link": ("slow-link", "mend_link"),
    "stop_active_controller": ("stop", "restart_dead_brokers"),
    "stop_broker": ("stop", "restart_dead_brokers"),
    "stop_follower": ("stop", "restart_dead_brokers"),
    "stop_leader": ("stop", "restart_dead_brokers"),
    "stop_worker": ("stop", "restart_worker"),
    "write_at_standby": ("write-at-standby", ""),
}
"""The kind of fault that each action injects, and what undoes it; nothing where nothing is left of it.

``kill_pods`` injects many, of kinds by turns.
"""
LEFT = {"overtake_link": "forget_side_topics", "kill_service": "end_service"}
"""What a fault leaves besides, by what takes that away."""
ROLLED_BACK = {
    "kill_service": ["end_service"], "write_at_standby": ["await_recovery"],
    "delete_records": ["await_recovery"],
}  # fmt: skip
"""What is played as a rollback in place of what undoes a fault."""


OFTEN = {"fail_over_amid_restarts": 3, "skew_clocks": 3}
"""How often one call of an action injects its fault: once for each broker."""


def read(path: Path) -> dict[str, Any]:
    experiment: dict[str, Any] = load_experiment(str(path))
    return experiment


ACTIONS = {
    "actions": actions, "clock_actions": clock_actions, "data_actions": data_actions, "kube_actions": kube_actions,
    "link_actions": link_actions,
    "loss_actions": loss_actions, "move_actions": move_actions, "service_actions": service_actions,
}  # fmt: skip
"""The modules of actions that inject faults."""


NOWHERE = {"kill_service", "restart_service", "end_service"}
"""What is about no site: drctl stands beside both."""


def calls(activities: list[dict[str, Any]], *modules: str) -> list[tuple[str, str]]:
    """The functions of these of drctl's modules that are called, each with the site that it is about."""
    found = []
    for provider in (activity["provider"] for activity in activities):
        if provider["module"].removeprefix("drctl.chaos.") in modules:
            told = provider.get("arguments", {})
            site = next((told[key] for key in ("site", "source", "standby") if key in told), "")
            found.append((provider["func"], "" if provider["func"] in NOWHERE else site))
    return found


def row(path: Path) -> str:
    """What the list says of an experiment: its description begins with what it proves."""
    text, stated = read(path), admitted(path)
    proves = text["description"].split(". ")[0].rstrip(".")
    again = "some, counted" if stated.repeats else "none"
    few = len(stated.faults) < 5
    seen = stated.faults if few else [f"{kind} × {count}" for kind, count in Counter(stated.faults).items()]
    if wanted := stated.refutation:
        again = f"{', '.join(wanted.classes)} | {', '.join(wanted.besides) or '–'}"
    return f"| [{path.stem}]({path.name}) | {text['title']} | {proves} | {', '.join(seen)} | {again} |"


def kinds(path: Path) -> tuple[str, ...]:
    """The kinds of faults that an experiment injects, each as often as it does."""
    found: list[str] = []
    for provider in (each["provider"] for each in read(path)["method"]):
        if provider["func"] == "kill_pods":
            told = provider["arguments"]
            done = Counter(kind for _, kind, _ in chosen(["a"], told["times"], told["seed"]))
            found += [kind for kind in KINDS for _ in range(done[kind])]
        elif provider["func"] in FAULTS:
            found += [FAULTS[provider["func"]][0]] * OFTEN.get(provider["func"], 1)
    return tuple(found)


def undos(fault: str) -> list[str]:
    """What undoes a fault, and takes away what it leaves."""
    return [undo for undo in (FAULTS[fault][1], LEFT.get(fault)) if undo]


def injected(path: Path) -> list[tuple[str, str]]:
    """The faults of an experiment, in order, each with the site that it strikes."""
    return calls(read(path)["method"], *ACTIONS)


def test_more_than_twenty_kinds_are_shipped_and_no_two_do_the_same() -> None:
    done = [[each["provider"] for each in read(path)["method"]] for path in SHIPPED]
    assert len(SHIPPED) >= 30
    assert all(one != other for one, other in combinations(done, 2))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_experiment_is_valid_and_says_what_it_is(path: Path) -> None:
    experiment = read(path)
    ensure_experiment_is_valid(experiment)
    assert admitted(path).title == experiment["title"]
    assert experiment["description"]
    assert "lab" in experiment["tags"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_an_experiment_calls_exists_and_takes_these_arguments(path: Path) -> None:
    experiment = read(path)
    probes = experiment["steady-state-hypothesis"]["probes"]
    for activity in (*experiment["method"], *experiment["rollbacks"], *probes):
        provider = activity["provider"]
        module = import_module(provider["module"])
        assert provider["func"] in module.__all__
        inspect.signature(getattr(module, provider["func"])).bind(**provider.get("arguments", {}))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_experiment_undoes_what_it_does_and_waits_for_recovery(path: Path) -> None:
    experiment = read(path)
    faults = injected(path)
    undone = [(undo, site) for fault, site in faults for undo in undos(fault)]
    assert admitted(path).faults == kinds(path)
    order = [(f, site) for f, site in calls(experiment["method"], *ACTIONS, "undo") if not f.startswith("await_")]
    assert sorted(order) == sorted((*faults, *undone))
    for fault, site in faults:
        behind_the_last = order[len(order) - order[::-1].index((fault, site)) :]
        assert all((undo, site) in behind_the_last for undo in undos(fault))
    last = [name for name, _ in calls(experiment["method"], *ACTIONS, "undo")][-2:]
    assert "await_recovery" in last
    assert last[-1] in ("await_recovery", "await_link_caught_up")
    back = [(undo, site) for fault, site in faults for undo in undos(fault) if fault not in ROLLED_BACK]
    back += [(undo, "") for fault, _ in faults for undo in ROLLED_BACK.get(fault, ())]
    assert calls(experiment["rollbacks"], "undo") == sorted(set(back), key=back.index)
    probed = {about for _, about in calls(experiment["steady-state-hypothesis"]["probes"], "probes")}
    assert probed <= {*(site for _, site in faults), "north"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_experiment_does_one_thing_however_often(path: Path) -> None:
    assert len({fault for fault, _ in injected(path)}) == 1


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_toolkit_can_tell_an_experiments_activities_apart(path: Path) -> None:
    names = [each["name"] for each in (*read(path)["method"], *read(path)["rollbacks"])]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_only_what_leaves_the_primary_alone_expects_no_record_to_be_read_again(path: Path) -> None:
    striking = {*actions.__all__, *kube_actions.__all__, *loss_actions.__all__, *move_actions.__all__}
    striking |= {*clock_actions.__all__}
    striking -= {"delete_records", "move_group"}
    strikes_primary = any(site == "north" and fault in striking for fault, site in injected(path))
    assert admitted(path).repeats == strikes_primary


def test_every_action_has_an_undo_and_an_experiment() -> None:
    used = {fault for path in SHIPPED for fault, _ in injected(path)}
    assert used == set(FAULTS) == {name for module in ACTIONS.values() for name in module.__all__} - {"inject"}


def test_every_action_that_injects_a_fault_lets_it_expire() -> None:
    at_once = {"delete_records", "kill_pods", "kill_service", "recreate_topic", "write_at_standby"}
    lasting = set(FAULTS) - at_once
    acts = [getattr(module, name) for module in ACTIONS.values() for name in module.__all__ if name in lasting]
    assert len(acts) == len(lasting)
    assert all(inspect.signature(act).parameters["expires_after"].default > 0 for act in acts)


def test_the_list_of_experiments_is_what_they_say() -> None:
    told = [line for line in (FOLDER / "README.md").read_text("utf-8").splitlines() if line.startswith("| [")]
    controls = [path for path in SHIPPED if admitted(path).refutation]
    rows = [row(path) for path in (*(path for path in SHIPPED if path not in controls), *controls)]
    assert told == rows, "\n" + "\n".join(rows)


def test_each_way_to_lose_records_has_its_control_and_only_these_are_to_be_refuted() -> None:
    controls = [path for path in SHIPPED if admitted(path).refutation]
    assert sorted(kind for path in controls for kind in admitted(path).faults) == sorted(LOSING)
    assert all(path.stem.startswith("control-") for path in controls)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("control-*.yaml")), ids=lambda path: path.stem)
def test_a_control_may_lose_records_of_the_topic_alone_that_it_strikes(path: Path) -> None:
    refutation = admitted(path).refutation
    acts = [each["provider"].get("arguments", {}) for each in load_experiment(str(path))["method"]]
    assert refutation is not None
    assert list(refutation.topics) == [told["topic"] for told in acts if "topic" in told]


def test_the_command_lists_them_by_name_and_title() -> None:
    done = CliRunner().invoke(command, ["list"])
    assert done.exit_code == 0, done.output
    for path in SHIPPED:
        assert any(path.stem in line and admitted(path).title in line for line in done.output.splitlines())


def test_a_folder_without_experiments_is_said_to_have_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["list", str(tmp_path)])
    assert done.exit_code != 0
    assert "has no experiment" in str(done.exception or done.output)
