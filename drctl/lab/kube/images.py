"""Container images without a registry: docker archives of a few files, for pods that use the machine's own programs."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

PAUSE = "lab.drctl.io/pause:1"
HOST = "lab.drctl.io/host:1"
"""An empty system whose /usr is to be mounted from the machine."""

LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
FOLDERS = ("usr", "tmp", "etc", "proc", "sys", "dev", "var")


def write_images(folder: Path, pause: Path) -> tuple[Path, ...]:
    """Write both images as archives that containerd imports."""
    held = {"pause": pause.read_bytes()}
    return (
        _image(PAUSE, _layer(held, {}, ()), folder / "pause.tar"),
        _image(
            HOST, _layer({**held, "etc/passwd": b"root:x:0:0:root:/:/bin/sh\n"}, LINKS, FOLDERS), folder / "host.tar"
        ),
    )


def _layer(files: dict[str, bytes], links: dict[str, str], folders: tuple[str, ...]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in folders:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        for name, content in files.items():
            _add(tar, name, content, 0o755)
    return buffer.getvalue()


def _image(tag: str, layer: bytes, path: Path) -> Path:
    digest = hashlib.sha256(layer).hexdigest()
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/pause"], "Env": ["PATH=/usr/sbin:/usr/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    content = json.dumps(configuration).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    with tarfile.open(path, "w") as tar:
        _add(tar, name, content)
        _add(tar, f"{digest}/layer.tar", layer)
        manifest = [{"Config": name, "RepoTags": [tag], "Layers": [f"{digest}/layer.tar"]}]
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    return path


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
