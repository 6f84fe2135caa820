"""What the Kubernetes lab asks for: pods named and labelled as Strimzi does it, and images that need no registry."""

import json
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from drctl.lab.kube import brokers
from drctl.lab.kube.images import HOST, PAUSE, write_images
from drctl.lab.layout import KAFKA, plan_layout

NORTH = replace(plan_layout(3)["north"], host="10.231.0.2")


def test_pods_and_claims_are_named_as_strimzi_names_them(tmp_path: Path) -> None:
    _, pods = brokers.objects(NORTH, tmp_path)
    first = pods["spec"]["ordinals"]["start"]
    names = [f"{pods['metadata']['name']}-{first + n}" for n in range(pods["spec"]["replicas"])]
    assert tuple(names) == NORTH.brokers
    assert brokers.claim(names[0]) == f"{pods['spec']['volumeClaimTemplates'][0]['metadata']['name']}-{names[0]}"


def test_the_selector_chooses_what_the_template_makes(tmp_path: Path) -> None:
    service, pods = brokers.objects(NORTH, tmp_path)
    labels = pods["spec"]["template"]["metadata"]["labels"].items()
    assert pods["spec"]["selector"]["matchLabels"].items() <= labels
    assert service["spec"]["selector"].items() <= labels


def test_the_shell_does_not_take_the_class_path_apart(tmp_path: Path) -> None:
    _, pods = brokers.objects(NORTH, tmp_path)
    command = pods["spec"]["template"]["spec"]["containers"][0]["command"]
    assert "/libs/*'" in command[-1]


def test_what_java_is_told_to_read_is_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = tmp_path / f"kafka-{KAFKA}"
    for written in (".complete", "libs/kafka.jar", "classes/kafka.Kafka.jsa"):
        (kafka / written).parent.mkdir(parents=True, exist_ok=True)
        (kafka / written).touch()
    monkeypatch.setenv("DRCTL_CACHE", str(tmp_path))
    _, pods = brokers.objects(NORTH, tmp_path / "lab")
    pod = pods["spec"]["template"]["spec"]
    named = {Path(word) for word in re.findall(rf"{tmp_path}/[A-Za-z0-9./_-]+", pod["containers"][0]["command"][-1])}
    mounted = [Path(each["hostPath"]["path"]) for each in pod["volumes"]]
    assert kafka / "classes" / "kafka.Kafka.jsa" in named
    assert [path for path in named if not any(path.is_relative_to(folder) for folder in mounted)] == []


def test_an_image_is_an_archive_that_names_its_layer(tmp_path: Path) -> None:
    pause = tmp_path / "pause"
    pause.write_bytes(b"program")
    for path, tag in zip(write_images(tmp_path, pause), (PAUSE, HOST), strict=True):
        with tarfile.open(path) as image:
            manifest = image.extractfile("manifest.json")
            assert manifest is not None
            told = json.load(manifest)[0]
            assert told["RepoTags"] == [tag]
            assert set(told["Layers"]) < set(image.getnames())
