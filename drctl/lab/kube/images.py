"""Container images without a registry: docker archives, for pods that use the machine's programs or a copy of them."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAUSE = "lab.drctl.io/pause:1"
HOST = "lab.drctl.io/host:1"
"""An empty system whose /usr is to be mounted from the machine."""

LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
FOLDERS = ("usr", "tmp", "etc", "proc", "sys", "dev", "var")
RUNS = {"Cmd": ["/pause"], "Env": ["PATH=/usr/sbin:/usr/bin"]}


def write_images(folder: Path, pause: Path) -> tuple[Path, ...]:
    """Write both images as archives that containerd imports."""
    held = {"pause": pause.read_bytes()}
    small, system = folder / "pause.layer", folder / "host.layer"
    write_layer(small, held)
    write_layer(system, {**held, "etc/passwd": b"root:x:0:0:root:/:/bin/sh\n"}, LINKS, FOLDERS)
    return (
        write_image((PAUSE,), small, RUNS, folder / "pause.tar"),
        write_image((HOST,), system, RUNS, folder / "host.tar"),
    )


def write_layer(
    path: Path, files: Mapping[str, bytes | Path], links: Mapping[str, str] | None = None, folders: tuple[str, ...] = ()
) -> None:
    """Write a layer of files by name, each its content or the file that is copied, all owned by root and readable.

    A copied file keeps its time, which is what Python's compiled modules are held against.
    """
    with tarfile.open(path, "w") as tar:
        for name in folders:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        for name, content in files.items():
            if isinstance(content, bytes):
                _add(tar, name, content, 0o755)
            else:
                _copy(tar, name, content)


def write_image(tags: tuple[str, ...], layer: Path, runs: Mapping[str, Any], path: Path) -> Path:
    """Write an archive of one layer under these tags, and take the layer away. ``runs``: what docker calls config."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "config": dict(runs),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    content = json.dumps(configuration).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    with tarfile.open(path, "w") as tar:
        _add(tar, name, content)
        tar.add(layer, f"{digest}/layer.tar")
        manifest = [{"Config": name, "RepoTags": list(tags), "Layers": [f"{digest}/layer.tar"]}]
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    layer.unlink()
    return path


def _copy(tar: tarfile.TarFile, name: str, path: Path) -> None:
    seen = path.stat()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = seen.st_size, int(seen.st_mtime)
    entry.mode = 0o755 if seen.st_mode & 0o100 else 0o644
    with path.open("rb") as file:
        tar.addfile(entry, file)


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
