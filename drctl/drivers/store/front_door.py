"""The front door as a file: ``{"site": "north"}``, or null while it is closed to consumers."""

import json
import os
from pathlib import Path

from drctl.errors import ConfigInvalid, DrctlError


class FileFrontDoor:
    """Implements :class:`drctl.ports.FrontDoor`. Replaced atomically, so that readers see the old or the new value."""

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
            self._replace(json.dumps({"site": site}) + "\n")
        except OSError as error:
            raise DrctlError(
                f"{self.path}: the front door cannot be turned: {error}", remedy="make its folder writable"
            ) from error

    def _replace(self, text: str) -> None:
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
