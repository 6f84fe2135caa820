"""Client routing as a file: ``{"site": "north"}``, or null while it is closed to consumers."""

import json
import os
from pathlib import Path

from drctl.config.documents import read_json
from drctl.drivers.store.files import remedy, replace
from drctl.errors import ConfigInvalid, DrctlError
from drctl.model.documents import line_of_key

LARGEST = 1 << 16
"""Bytes: the file holds one name, and perhaps something of its own that others write beside it."""


class FileClientRouting:
    """Implements :class:`drctl.ports.ClientRouting`. Readers see the old or the new value; mode and owner stay."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def site(self) -> str | None:
        how = 'write {"site": "<name of the primary>"} into it'
        document, text = read_json(self.path, how, largest=LARGEST)
        if not isinstance(document, dict) or "site" not in document:
            raise ConfigInvalid(f"{self.path}:1: client routing names no site", remedy=how)
        site = document["site"]
        line = line_of_key(text, ["site"])
        if site is not None and not isinstance(site, str):
            raise ConfigInvalid(f"{self.path}:{line}: site is neither a name nor null", remedy=how)
        if site is not None and not (site and site.isprintable()):
            raise ConfigInvalid(f"{self.path}:{line}: site is no name that a site can have", remedy=how)
        return site

    def obstacle(self) -> str:
        # A file is replaced by another one that was written beside it; a link leads to where that is.
        folder = Path(os.path.realpath(self.path)).parent
        return "" if os.access(folder, os.W_OK | os.X_OK) else f"drctl may not write in {folder}"

    def route_to(self, site: str | None) -> None:
        try:
            replace(self.path, json.dumps({"site": site}).encode() + b"\n")
        except OSError as error:
            said = f"{self.path}: client routing cannot be turned: {error.strerror or error}"
            raise DrctlError(said, remedy=remedy(error)) from error
