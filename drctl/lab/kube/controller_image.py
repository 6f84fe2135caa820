"""The controller's image for the lab: what ``deploy/Containerfile`` makes, from what is installed on this machine.

No builder is needed and no registry: Python, its libraries, the packages that ``requirements/run.txt`` names, and drctl
itself, in one layer. Like the other it has no shell, starts ``drctl`` and is run as a user without a name.
"""

import hashlib
import re
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path, PurePosixPath

import drctl
from drctl.errors import LabError
from drctl.lab.kube.images import FOLDERS, LINKS, write_image, write_layer

NAME = "lab.drctl.io/drctl"
TAGS = ("1", "2")
"""Two names of one image, so that an upgrade can be shown."""

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
PREFIX = "usr/local"
LIBRARY = f"{PREFIX}/lib/{VERSION}"
PACKAGES = f"{LIBRARY}/site-packages"
UNUSED = {"test", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages"}
"""Folders of Python's own library that are large and that nothing here needs; packages come one by one."""
UNUSED_FILES = re.compile(r"^_tkinter\.|\.opt-\d\.pyc$")

SCRIPT = f"#!/{PREFIX}/bin/{VERSION}\nimport sys\nfrom drctl.cli import main\nsys.exit(main())\n"
RUNS = {
    "User": "65532:65532",
    "Entrypoint": ["drctl"],
    "Env": [
        f"PATH=/{PREFIX}/bin:/usr/bin",
        f"LD_LIBRARY_PATH=/{PREFIX}/lib",
        "PYTHONDONTWRITEBYTECODE=1",
        "MPLCONFIGDIR=/tmp",
    ],
}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)( ;)?", re.MULTILINE)
FOUND = re.compile(r"^\s+(\S+) => (/\S+) \(", re.MULTILINE)
LOADER = re.compile(r"^\s+(/\S*ld-linux\S*) \(", re.MULTILINE)


def write_controller_image(folder: Path, copied: Mapping[str, Path]) -> Path:
    """Write the image of these files, by their names in it, as an archive that containerd imports."""
    files: dict[str, bytes | Path] = {**copied, f"{PREFIX}/bin/drctl": SCRIPT.encode()}
    parents = {str(parent) for name in files for parent in PurePosixPath(name).parents if str(parent) != "."}
    layer = folder / "drctl.layer"
    write_layer(layer, files, LINKS, tuple(sorted({*FOLDERS, *parents})))
    return write_image(tuple(f"{NAME}:{tag}" for tag in TAGS), layer, RUNS, folder / "drctl.tar")


def contents(requirements: Path) -> dict[str, Path]:
    """Return what is copied, by its name in the image. LabError where a package is missing or another version."""
    python = Path(sys.executable).resolve()
    found = {f"{PREFIX}/bin/{VERSION}": python}
    standard = Path(sysconfig.get_path("stdlib"))
    for path in _files(standard):
        first = path.relative_to(standard).parts[0]
        if first not in UNUSED and not first.startswith("config-") and not UNUSED_FILES.search(path.name):
            found[f"{LIBRARY}/{path.relative_to(standard)}"] = path
    found |= installed(requirements)
    own = Path(drctl.__file__).parent
    for path in _files(own):
        if not path.is_relative_to(own / "lab" / "kube" / "build"):
            found[f"{PACKAGES}/drctl/{path.relative_to(own)}"] = path
    return {**found, **_libraries(tuple(found.values()))}


def fingerprint(copied: Mapping[str, Path]) -> str:
    """Return a digest in hex that is another one once a file came, went or changed, compiled modules apart."""
    told = []
    for name, path in sorted(copied.items()):
        if "__pycache__" not in name:  # comes with whatever is loaded first
            seen = path.stat()
            told.append(f"{name} {seen.st_size} {seen.st_mtime_ns}\n")
    return hashlib.sha256("".join(told).encode()).hexdigest()


def installed(requirements: Path) -> dict[str, Path]:
    """Return the files of pinned packages by name in the image. LabError where one is missing or another version."""
    found: dict[str, Path] = {}
    for name, version, marked in PINNED.findall(requirements.read_text()):
        try:
            package = distribution(name)
        except PackageNotFoundError as error:
            if marked:  # for another system
                continue
            raise LabError(
                f"{name}, which {requirements} names, is not installed", remedy="run 'make setup'"
            ) from error
        if package.version != version:
            raise LabError(f"{name} is {package.version}, not {version}", remedy="run 'make setup'")
        for file in package.files or ():
            path = Path(str(file.locate()))
            if file.parts[0] != ".." and path.is_file():
                found[f"{PACKAGES}/{file}"] = path
                found |= _compiled(str(file), path)
    return found


def _compiled(name: str, path: Path) -> dict[str, Path]:
    """Return a module's compiled form, which no pod could keep: each start would compile all that it loads."""
    if path.suffix != ".py" or not (cached := Path(cache_from_source(str(path)))).is_file():
        return {}
    return {f"{PACKAGES}/{PurePosixPath(name).parent / '__pycache__' / cached.name}": cached}


def _libraries(programs: Collection[Path]) -> dict[str, Path]:
    """Return the machine's libraries that these load, and what loads them; not those that packages bring along."""
    loadable = [str(path) for path in programs if ".so" in path.name or path.name == VERSION]
    done = subprocess.run(["ldd", *loadable], capture_output=True, text=True, check=False)
    own, found = set(programs), {}
    for name, path in FOUND.findall(done.stdout):
        if Path(path) not in own and Path(path).resolve() not in own:
            found[f"{PREFIX}/lib/{name}"] = Path(path)
    for path in LOADER.findall(done.stdout):
        first, rest = path.lstrip("/").split("/", 1)
        found[f"{LINKS.get(first, first)}/{rest}"] = Path(path)
    if not found:
        raise LabError("ldd names no libraries of Python", remedy=f"see its words: {done.stderr[:300]}")
    return found


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
