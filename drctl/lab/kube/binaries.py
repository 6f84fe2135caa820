"""Where set-up put the programs of the Kubernetes lab.

Each part lies in a folder of the cache that is keyed by the files it was made from; ``tools/setup-kube.sh`` names the
folders the same way.
"""

import hashlib
from pathlib import Path

from drctl.errors import LabError
from drctl.lab.layout import cache

BUILD = Path(__file__).parent / "build"


def part(name: str) -> Path:
    """The folder of ``cluster``, ``csi`` or ``node``. LabError if set-up has not made it."""
    digest = hashlib.sha256()
    for path in sorted(str(path) for path in (BUILD / name).rglob("*") if path.is_file()):
        digest.update(Path(path).read_bytes())
    folder = cache() / f"kube-{name}-{digest.hexdigest()[:12]}"
    if not (folder / ".complete").exists():
        raise LabError(f"the Kubernetes lab's part {name} is not in {folder}", remedy="run 'make setup-kube'")
    return folder


def labkube() -> str:
    """The one binary that is etcd, every part of Kubernetes, and kubectl."""
    return str(part("cluster") / "labkube")
