"""The control groups under which the node's pods run, of either version, and their removal."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "drctl-lab-"


def create() -> str:
    """Make a group named after this process in every hierarchy and return its name; it dies with this process."""
    name = f"{PREFIX}{os.getpid()}"
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        if hierarchy.name == "cpu":  # as much of a busy machine as three processes outside would get
            (hierarchy / name / "cpu.shares").write_text("3072")
        if hierarchy.name == "cpuset":  # without these no process may join
            for setting in ("cpuset.cpus", "cpuset.mems"):
                (hierarchy / name / setting).write_text((hierarchy / setting).read_text())
    return name


def remove(name: str) -> None:
    """Remove a group and those below it; what still has processes stays."""
    for hierarchy in _hierarchies():
        for path, _, _ in os.walk(hierarchy / name, topdown=False):
            try:
                Path(path).rmdir()
            except OSError:
                continue


def remove_dead() -> None:
    """Remove the groups whose makers were killed before they could."""
    for hierarchy in _hierarchies():
        for group in hierarchy.glob(f"{PREFIX}*"):
            if not Path(f"/proc/{group.name.removeprefix(PREFIX)}").exists():
                remove(group.name)


def _hierarchies() -> Iterator[Path]:
    if (ROOT / "cgroup.controllers").exists():
        yield ROOT
        return
    yield from (
        path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists()
    )
