"""What deploy/ ships, as far as it can be judged without Kubernetes."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl import __version__
from drctl.cli import main
from drctl.cli.ledger import check
from drctl.config import load

CHECKOUT = Path(__file__).parents[3]
DEPLOY = CHECKOUT / "deploy"
YAML_ = YAML(typ="safe")
PLANS = ["base/plan.yaml", "overlays/two-sites/south/plan.yaml"]


def deployment() -> dict[str, Any]:
    found: dict[str, Any] = YAML_.load((DEPLOY / "base/deployment.yaml").read_text())
    return found


def test_the_chart_is_what_the_base_makes_it() -> None:
    made = runpy.run_path(str(CHECKOUT / "tools/chart.py"))["chart"]()
    folder = DEPLOY / "chart"
    assert {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.*")} == made


@pytest.mark.parametrize("path", PLANS)
def test_the_plan_files_that_are_shipped_are_plan_files(path: str, tmp_path: Path) -> None:
    for name, text in YAML_.load((DEPLOY / path).read_text())["data"].items():
        (tmp_path / name).write_text(text)
    for site in ("north", "south"):
        (tmp_path / f"{site}.kubeconfig").touch()
    plan = load(tmp_path / "plan.yaml")
    assert [site.name for site in plan.sites] == ["north", "south"]
    assert plan.state_shared
    mounts = deployment()["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert str(plan.state.parent) in {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}


def test_the_container_starts_with_flags_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--help`` behind them is reached only if all others are known."""
    container = deployment()["spec"]["template"]["spec"]["containers"][0]
    monkeypatch.setattr("sys.argv", ["drctl", *container["args"], "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)


def test_the_component_that_shows_resources_adds_a_flag_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    component = YAML_.load((DEPLOY / "components/resources/kustomization.yaml").read_text())
    (added,) = json.loads(component["patches"][0]["patch"])
    args = deployment()["spec"]["template"]["spec"]["containers"][0]["args"]
    monkeypatch.setattr("sys.argv", ["drctl", *args, added["value"], "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)


def test_the_image_is_of_this_version() -> None:
    assert deployment()["spec"]["template"]["spec"]["containers"][0]["image"] == f"drctl:{__version__}"


def test_the_image_holds_pinned_packages_no_cache_and_no_root() -> None:
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    installs = [rest for word, rest in steps if word == "RUN" and "pip install" in rest]
    assert installs
    assert all("--no-cache-dir" in rest for rest in installs)
    assert all("--require-hashes" in rest or "--no-index" in rest for rest in installs)
    last = max(index for index, (word, _) in enumerate(steps) if word == "FROM")
    users = [rest for word, rest in steps[last:] if word == "USER"]
    ours = deployment()["spec"]["template"]["spec"]["securityContext"]
    assert users == [f"{ours['runAsUser']}:{ours['runAsGroup']}"]
    for sources in (rest.split()[:-1] for word, rest in steps if word == "COPY" and "--from" not in rest):
        assert all((CHECKOUT / source).exists() for source in sources)


def test_the_checkers_are_given_all_that_their_command_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--help`` behind them is reached only if all others are known; the topics are split where there are spaces."""
    settings, job, _ = YAML_.load_all((DEPLOY / "components/checkers/checkers.yaml").read_text())
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == f"drctl:{__version__}"
    assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
    required = {option.envvar for option in check.params if option.required}
    assert required == set(settings["data"])
    mounts = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert any(settings["data"]["DRCTL_CHECK_STATES"].startswith(f"{mount}/") for mount in mounts)
    monkeypatch.setattr("sys.argv", ["drctl", *container["args"], "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
