"""``manifest.json``: what belongs to a bundle. Its bytes are determined by what it says, so any change of one shows."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from drctl.errors import BundleDamaged
from drctl.model.documents import DocumentError, json_of

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
LARGEST = 16 << 20
"""Bytes of a manifest: a hundred thousand files."""
LONGEST = 1000
"""Characters of a file's name."""


def _plain(name: str) -> str:
    """A file's name, if it can mean nothing but a file inside the folder."""
    if not 0 < len(name) <= LONGEST or not (name.isascii() and name.isprintable()) or "\\" in name:
        raise ValueError("is not the plain name of a file")
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise ValueError("does not name a file inside the folder")
    if name in (MANIFEST, SIGNATURE):
        raise ValueError("cannot be listed in the manifest")
    return name


type Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
type Name = Annotated[str, AfterValidator(_plain)]


class RunKind(StrEnum):
    """Name what left the bundle."""

    DRILL = "drill"
    UNPLANNED_DRILL = "unplanned-drill"
    EXPERIMENT = "experiment"
    TABLETOP = "tabletop"
    ISOLATED = "isolated-drill"
    LIVE = "live-drill"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ListedFile(_Part):
    """One file: its size in bytes and its SHA-256."""

    size: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Maker(_Part):
    """The drctl that ran; ``commit`` and ``local_changes`` are null if they are not known."""

    version: str
    commit: str | None
    local_changes: bool | None


class Manifest(_Part):
    """Every file of a bundle by name. ``signer`` is the public key whose signature belongs to it, null without one."""

    schema_version: Literal[1] = 1
    run: str
    run_kind: Annotated[RunKind, Field(strict=False)]
    drctl: Maker
    signer: Sha256 | None
    files: dict[Name, ListedFile]

    def rendered(self) -> bytes:
        """The bytes of ``manifest.json``, with a checksum over all that it says."""
        body = self.model_dump(mode="json")
        text = json.dumps({**body, "sha256": _digest(body)}, indent=2, sort_keys=True)
        return text.encode() + b"\n"


def parsed(raw: bytes) -> Manifest:
    """The manifest in these bytes. BundleDamaged if they are none, or not exactly those that were written."""
    try:
        document = json_of(raw, largest=LARGEST)
        if not isinstance(document, dict):
            raise DocumentError("is no object")
        document.pop("sha256", None)
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise damaged(f"{MANIFEST}: {place}: {first['msg']}") from error
    except ValueError as error:
        raise damaged(f"{MANIFEST}: {error}") from error
    # Byte by byte: two documents of one meaning would otherwise have two signatures.
    if manifest.rendered() != raw:
        raise damaged(f"{MANIFEST}: was changed: its checksum or its form is not what drctl wrote")
    return manifest


def damaged(what: str) -> BundleDamaged:
    """The error for a bundle with that in it."""
    return BundleDamaged(what, remedy="get the bundle again from where it was made; what is in this one proves nothing")


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
