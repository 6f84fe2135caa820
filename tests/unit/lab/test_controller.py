"""The overlay that the lab adds to deploy/, whose plan file drctl takes in a pod, and its image."""

import base64
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drctl.config import load
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.certificates import Authority
from drctl.lab.connect import write_links
from drctl.lab.files import write_clients, write_plan
from drctl.lab.kube import KubeCluster, KubeLab
from drctl.lab.kube.controller import checkout, overlay
from drctl.lab.kube.controller_image import RUNS, VERSION, fingerprint, installed
from drctl.lab.kube.images import write_image, write_layer
from drctl.lab.layout import SITES, plan_layout

CLOCK = SystemClock()
USERS = ("canary", "drctl")


@pytest.fixture
def lab(tmp_path: Path) -> KubeLab:
    """The files of a lab with Kubernetes, of which nothing runs."""
    folder = tmp_path / "lab"
    cluster = KubeCluster(folder / "kubernetes", 7)
    hosts = {"north": cluster.address, "south": cluster.gateway}
    made = KubeLab(folder, {name: replace(site, host=hosts[name]) for name, site in plan_layout(1).items()}, CLOCK)
    made.cluster = cluster
    for site in SITES:
        certificates = folder / "certificates" / site
        authority = Authority.create(f"lab-{site}", certificates, CLOCK.now())
        for user in USERS:
            authority.issue(user, certificates)
    write_clients(folder)
    write_links(made.layout, folder)
    write_plan(made.layout, folder, made.told_besides)
    return made


def mounted(lab: KubeLab, folder: Path) -> dict[str, Any]:
    """The overlay's files, after its plan and its credentials are laid where a pod finds them."""
    files = overlay(lab, "../base", "2")
    for name, content in files["plan.yaml"]["data"].items():
        if content is not None:  # what the base has and this one takes away
            (folder / name).write_text(content)
    for name, content in files["credentials.yaml"]["data"].items():
        (folder / name).write_bytes(base64.b64decode(content))
    return files


def test_the_plan_file_of_a_pod_finds_all_that_it_names(lab: KubeLab, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    mounted(lab, folder)
    plan = load(folder / "plan.yaml")
    assert (plan.state, plan.state_shared) == (Path("/var/lib/drctl/drctl.sqlite"), True)
    assert {site.name for site in plan.sites} == set(SITES)
    properties = sorted(folder.glob("*.properties"))
    assert [path.name for path in properties] == [f"{site}-{user}.properties" for site in SITES for user in USERS]
    assert [path.name for path in properties if str(lab.folder) in path.read_text()] == []
    assert str(lab.folder) not in (folder / "plan.yaml").read_text()


def test_a_pod_asks_the_machine_and_not_itself(lab: KubeLab, tmp_path: Path) -> None:
    mounted(lab, tmp_path)
    text = (tmp_path / "plan.yaml").read_text()
    assert "localhost" not in text
    assert f"http://{lab.cluster.gateway}:{lab.layout['north'].connect}" in text


def test_the_api_server_is_named_where_no_service_leads_to_it(lab: KubeLab) -> None:
    pod = overlay(lab, "../base", "1")["deployment.yaml"]["spec"]["template"]["spec"]
    env = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
    assert env["KUBERNETES_SERVICE_HOST"] == lab.cluster.address


def test_clients_are_where_the_lab_has_sent_them_and_later_where_moves_have(lab: KubeLab, tmp_path: Path) -> None:
    there = tmp_path / "client-routing.json"
    for before, wanted in ((None, "north"), ('{"site": "south"}\n', "south"), ('{"site": "north"}\n', "south")):
        if before is not None:
            (lab.folder / "client-routing.json").write_text(before)
            if before.find(wanted) > 0:
                there.unlink()
        pod = overlay(lab, "../base", "1")["deployment.yaml"]["spec"]["template"]["spec"]
        python, flag, program = pod["initContainers"][0]["command"]
        assert (python, flag) == (VERSION, "-c")
        exec(program.replace("/var/lib/drctl", str(tmp_path)))  # as a pod does
        assert json.loads(there.read_text()) == {"site": wanted}


def test_an_image_of_other_files_is_another_rollout(lab: KubeLab, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("word = 1\n")
    first = fingerprint({"usr/module.py": module})
    assert fingerprint({"usr/module.py": module}) == first
    module.write_text("word = 10\n")
    second = fingerprint({"usr/module.py": module})
    assert len({first, second, fingerprint({"usr/other.py": module})}) == 3
    pods = [
        overlay(lab, "../base", "1", each)["deployment.yaml"]["spec"]["template"]["metadata"]
        for each in (first, second)
    ]
    assert pods[0] != pods[1]


def test_the_image_runs_as_the_containerfile_says() -> None:
    told = (checkout() / "deploy" / "Containerfile").read_text()
    assert f"\nUSER {RUNS['User']}\n" in told
    assert f"\nENTRYPOINT {json.dumps(RUNS['Entrypoint'])}\n" in told


def test_a_package_that_the_image_needs_in_another_version_is_named(tmp_path: Path) -> None:
    pins = tmp_path / "run.txt"
    pins.write_text("click==0.0.1 \\\n    --hash=sha256:00\n")
    with pytest.raises(LabError, match=r"click is [\d.]+, not 0\.0\.1"):
        installed(pins)


def test_a_package_that_is_missing_is_named_unless_it_is_for_another_system(tmp_path: Path) -> None:
    pins = tmp_path / "run.txt"
    pins.write_text("no-such-package==1 ; sys_platform == 'emscripten' \\\n")
    assert installed(pins) == {}
    pins.write_text("no-such-package==1 \\\n")
    with pytest.raises(LabError, match="no-such-package"):
        installed(pins)


def test_what_is_copied_into_an_image_is_readable_to_all_and_keeps_its_time(tmp_path: Path) -> None:
    secretive = tmp_path / "module.py"
    secretive.write_text("word = 1\n")
    secretive.chmod(0o600)
    os.utime(secretive, (1_000_000, 1_000_000))
    write_layer(tmp_path / "layer", {"usr/module.py": secretive}, {"lib": "usr/lib"}, ("usr",))
    with tarfile.open(tmp_path / "layer") as layer:
        entry = layer.getmember("usr/module.py")
        assert (entry.mode, entry.mtime, entry.uid) == (0o644, 1_000_000, 0)
        assert layer.getmember("usr").mode == 0o755
    image = write_image(("one:1", "one:2"), tmp_path / "layer", RUNS, tmp_path / "image.tar")
    with tarfile.open(image) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        told = json.load(manifest)[0]
        assert told["RepoTags"] == ["one:1", "one:2"]
        assert set(told["Layers"]) < set(archive.getnames())
    assert not (tmp_path / "layer").exists()
