"""One lab for the tests that leave it as they found it; it starts when those of the others are gone."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from drctl.lab import Lab


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two sites of one broker each, with MirrorMaker 2 from north to south."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "shared", small=True) as lab:
        yield lab


@pytest.fixture
def folder(lab: Lab, tmp_path: Path) -> Path:
    """A copy of the lab's plan file and all that it names, to spoil."""
    for name in ("clients", "links", "plan.yaml", "client-routing.json"):
        source = lab.folder / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path / name)
    plan = tmp_path / "plan.yaml"
    # A plan file of its own: to drctl an empty journal of a name that has copies at the sites is a lost one.
    plan.write_text(plan.read_text().replace("metadata: {name: lab}", f"metadata: {{name: lab-{uuid4().hex[:8]}}}"))
    plan.write_text(re.sub(r"topics: .*", "topics: [turbines.readings]", plan.read_text()))
    plan.write_text(re.sub(r"groups: .*", "groups: [dispatch]", plan.read_text()))
    return tmp_path
