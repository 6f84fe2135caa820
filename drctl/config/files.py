"""Files that a plan file names: none that drctl writes may be one that something else is kept in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from drctl.config.parts import Spec

STATE, ROUTING = ("state", "file"), ("clientRouting", "file")


class Use(NamedTuple):
    """Say what a file is for, where it lies, and where in ``spec`` it is named."""

    what: str
    file: Path
    place: tuple[int | str, ...]


def fall_together(path: Path, spec: Spec, at: Callable[..., str]) -> Iterator[str]:
    """Name files that drctl writes and that are another one of the plan file, or its folder, each with file and line.

    They are compared by name, through symbolic links, and as hard links.
    """
    here = path.resolve().parent
    unusable = [use for use in _named(here, spec) if _fault(use.file)]
    for use in unusable:
        yield at(*use.place) + f"{use.what} {_fault(use.file)}"
    if unusable:
        return
    written, read = list(_written(here, spec)), list(_read(path, spec))
    for index, use in enumerate(written):
        for other in (*written[:index], *read):
            if _same(use.file, other.file):
                said = f"{use.what} and {other.what} are both in {_real(other.file)}"
                yield at(*use.place) + said + "; give each a file of its own"


def _named(here: Path, spec: Spec) -> Iterator[Use]:
    yield Use("the state file", here / spec.state.file, STATE)
    if spec.client_routing.file is not None:
        yield Use("client routing's file", here / spec.client_routing.file, ROUTING)


def _written(here: Path, spec: Spec) -> Iterator[Use]:
    state, *routing = _named(here, spec)
    yield state
    # SQLite puts its own files beside the one that a link leads to.
    for end in ("-wal", "-shm", "-journal"):
        yield Use(f"the state file's {end}", _real(state.file).with_name(_real(state.file).name + end), STATE)
    yield Use("the state file's lock", state.file.with_suffix(".lock"), STATE)
    yield Use("the folder of salvaged records", state.file.parent / "salvage", STATE)
    yield from routing


def _read(path: Path, spec: Spec) -> Iterator[Use]:
    here = path.resolve().parent
    yield Use("the plan file", path, ())
    if spec.client_routing.kubernetes is not None:
        yield Use("client routing's kubeconfig", here / spec.client_routing.kubernetes.kubeconfig, ())
    for link in spec.links:
        if link.connectors is not None:
            yield Use(f"link {link.name}: connectors", here / link.connectors, ())
    for site in spec.sites:
        if site.kubernetes is not None:
            yield Use(f"site {site.name}: kubeconfig", here / site.kubernetes.kubeconfig, ())
        for what, part in (("clientProperties", site.kafka), ("canary.clientProperties", site.kafka.canary)):
            if part.client_properties is not None:
                yield Use(f"site {site.name}: {what}", here / part.client_properties, ())


def _fault(file: Path) -> str:
    """Why nothing can be written there; empty if nothing is known against it."""
    if "\0" in str(file) or file.name in ("", ".."):
        return "is no file name"
    return f"{file} is a folder; name a file in it" if file.is_dir() else ""


def _same(one: Path, other: Path) -> bool:
    """Whether they are one file, or one of them is a folder that the other lies in."""
    first, second = _real(one), _real(other)
    if first == second or first in second.parents or second in first.parents:
        return True
    try:
        return first.samefile(second)
    except OSError:
        return False  # one of them is not there yet


def _real(file: Path) -> Path:
    return Path(os.path.realpath(file))
