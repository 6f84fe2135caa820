"""Every example is a plan file that drctl takes, with every file that it names."""

import shutil
from pathlib import Path

import pytest

from drctl.config import load
from drctl.decide.left_out import left_out
from drctl.drivers.connect.definitions import read
from drctl.drivers.store.clock import SystemClock
from drctl.lab.certificates import Authority
from drctl.wiring.files import file_errors

EXAMPLES = Path(__file__).parents[3] / "examples"
PLANS = sorted(EXAMPLES.glob("*/plan.yaml"))
FOLDER = "/etc/drctl"


@pytest.fixture(params=PLANS, ids=lambda path: path.parent.name)
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An example filled in as its README says: certificates where its client properties expect them."""
    folder = tmp_path / "example"
    shutil.copytree(request.param.parent, folder)
    for site in ("north", "south"):
        authority = Authority.create(site, tmp_path / "etc" / site, SystemClock().now())
        for user in ("drctl", "canary"):
            authority.issue(user, tmp_path / "etc" / site)
    for path in folder.glob("*/*.properties"):
        path.write_text(path.read_text().replace(FOLDER, str(tmp_path / "etc")))
    return folder / "plan.yaml"


def test_drctl_takes_it_with_every_file_that_it_names(plan: Path) -> None:
    assert file_errors(load(plan)) == []


def test_a_login_without_its_certificates_is_found(plan: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "etc")
    logins = list(plan.parent.glob("*/*.properties"))
    assert len(file_errors(load(plan))) == len(logins)
    # Where Strimzi runs the sites, its secrets hold the logins.
    assert len(logins) == (0 if all(site.strimzi for site in load(plan).sites) else 4)


def test_every_topic_is_copied_in_both_directions_and_the_syncs_are_at_the_target(plan: Path) -> None:
    example = load(plan)
    for link in example.links:
        if link.mirror_maker:
            continue  # its resource says so, which is no file of the example
        source = read(link).source.config
        assert source["offset-syncs.topic.location"] == "target"
        assert source["exactly.once.support"] == "required"
        assert [topic for topic in example.topics if left_out(source, topic, link.prefix)] == []


def test_the_page_names_every_example() -> None:
    page = (EXAMPLES / "README.md").read_text()
    assert [path for path in PLANS if f"]({path.relative_to(EXAMPLES)})" not in page] == []
    assert {path.parent.name for path in PLANS} == {"scram", "mtls", "several-workloads", "strimzi"}


def test_no_example_holds_a_key_or_a_password_of_its_own() -> None:
    for path in EXAMPLES.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert "PRIVATE KEY" not in text, path
            assert all('password="change-me"' in line or "${file:" in line for line in _logins(text)), path


def _logins(text: str) -> list[str]:
    return [line for line in text.splitlines() if "password=" in line]
