"""The front door as a file: ``{"site": "north"}``, or null while it is closed to consumers."""

import json
from pathlib import Path

from drctl.drivers.store.files import remedy, replace
from drctl.errors import ConfigInvalid, DrctlError


class FileFrontDoor:
    """Implements :class:`drctl.ports.FrontDoor`. Readers see the old or the new value; mode and owner stay."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def site(self) -> str | None:
        try:
            document = json.loads(self.path.read_text("utf-8"))
            site = document["site"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            remedy = 'write {"site": "<name of the primary>"} into it'
            raise ConfigInvalid(f"{self.path}: the front door cannot be read: {error}", remedy=remedy) from error
        if site is not None and not isinstance(site, str):
            raise ConfigInvalid(f"{self.path}: site is neither a name nor null", remedy="name a site of the plan file")
        return site

    def point_to(self, site: str | None) -> None:
        try:
            replace(self.path, json.dumps({"site": site}).encode() + b"\n")
        except OSError as error:
            said = f"{self.path}: the front door cannot be turned: {error.strerror or error}"
            raise DrctlError(said, remedy=remedy(error)) from error
