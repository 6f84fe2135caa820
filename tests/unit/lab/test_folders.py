"""A lab's folder may have any name that Kafka's settings can hold."""

from pathlib import Path

import pytest

from drctl.drivers.kafka.java import decoded, parse
from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.broker import server_properties, storage
from drctl.lab.connect import AT_LEAST_ONCE, set_worker, write_links, write_worker
from drctl.lab.files import client_properties, write_clients
from drctl.lab.kube import KubeCluster, KubeLab
from drctl.lab.layout import plan_layout, require_usable

NAMES = ("Übungen für Müller", "back\\slash #1", "日本")


def _settings(path: Path) -> dict[str, str]:
    return {key: value for _, key, value in parse(decoded(path.read_bytes()))}


@pytest.mark.parametrize("name", NAMES)
def test_java_reads_every_path_as_it_was_meant(tmp_path: Path, name: str) -> None:
    folder, site = tmp_path / name, plan_layout(1)["south"]
    require_usable(folder)
    folder.mkdir()
    broker = {key: value for _, key, value in parse(server_properties(site, site.nodes[0], folder))}
    assert broker["log.dirs"] == str(storage(site, site.nodes[0], folder))
    assert broker["ssl.keystore.location"] == str(folder / "certificates" / "south" / "broker.pem")
    worker = _settings(write_worker(site, folder))
    assert worker["plugin.path"] == str(folder / "plugins")
    assert worker["producer.ssl.truststore.location"] == str(folder / "certificates" / "south" / "ca.pem")
    write_clients(folder)
    client = _settings(client_properties(folder, "north", "drctl"))
    assert client["ssl.truststore.location"] == str(folder / "certificates" / "north" / "ca.pem")
    assert client["sasl.jaas.config"].endswith('password="drctl-at-north";')


def test_links_are_plain_ascii(tmp_path: Path) -> None:
    folder = tmp_path / NAMES[0]
    folder.mkdir()
    write_links(plan_layout(1), folder)
    assert (folder / "links" / "north-to-south.json").read_bytes().isascii()


@pytest.mark.parametrize("name", ["a,b", "a:b", "a{b", "a}b", "a\nb", "a\udcffb", "a🌬b"])
def test_what_no_setting_can_hold_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="a lab cannot lie in"):
        require_usable(Path("/labs") / name)


def test_a_folder_is_refused_before_anything_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drctl.lab.lab.class_path", lambda: "")
    for kind, name in ((Lab, "a,b"), (KubeLab, "mit Leerzeichen")):
        with pytest.raises(LabError, match="cannot lie in"):
            kind.start(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_start_that_fails_leaves_the_log_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drctl.lab.lab.class_path", lambda: "")

    def broken(lab: Lab, *_: object, **__: object) -> None:
        (lab.folder / "etc").mkdir()
        lab.processes.start("north-broker-1", ["sh", "-c", "echo ERROR: no space left; exit 1"])
        lab.processes.wait_gone("north-broker-1")
        lab._still_there("north-broker-1", lab.clock.monotonic() + 60)

    monkeypatch.setattr(Lab, "_bring_up", broken)
    for _ in "ab":  # what the first leaves, the second cleans away
        with pytest.raises(LabError, match="no space left") as told:
            Lab.start(tmp_path / "lab")
        named = tmp_path / "lab" / "logs" / "north-broker-1.log"
        assert told.value.remedy == f"see {named}"
        assert named.read_text() == "ERROR: no space left\n"
        assert [path.name for path in (tmp_path / "lab").iterdir()] == ["logs"]
    monkeypatch.setattr(Lab, "_bring_up", lambda *_, **__: _interrupt())
    with pytest.raises(KeyboardInterrupt):
        Lab.start(tmp_path / "lab")
    assert not (tmp_path / "lab").exists()


def test_a_kubernetes_that_does_not_start_leaves_its_logs_and_those_of_its_pods(tmp_path: Path) -> None:
    cluster = KubeCluster(tmp_path / "k", 0)
    for written in ("logs/kubelet.log", "pod-logs/default_north-broker-1/kafka/0.log", "kubelet.json"):
        (cluster.folder / written).parent.mkdir(parents=True, exist_ok=True)
        (cluster.folder / written).write_text(written)
    cluster.down(keep_logs=True)
    left = sorted(path.relative_to(cluster.folder) for path in cluster.folder.rglob("*") if path.is_file())
    assert left == [Path("logs/kubelet.log"), Path("logs/pod-logs/default_north-broker-1/kafka/0.log")]
    cluster.down()
    assert not cluster.folder.exists()


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_a_worker_that_copies_at_least_once_stays_so_however_often_it_is_started(tmp_path: Path) -> None:
    site = plan_layout(1)["south"]
    assert _settings(write_worker(site, tmp_path))["exactly.once.source.support"] == "enabled"
    set_worker(site, tmp_path, AT_LEAST_ONCE)
    for _ in range(2):
        assert _settings(write_worker(site, tmp_path))["exactly.once.source.support"] == "disabled"
