"""The ``schemaRegistry`` of a site: its shape and its values."""

from pathlib import Path

from pydantic import BaseModel

from drctl.config.values import SHAPE, File, Url
from drctl.model.schemas import RegistryPlace


class SchemaRegistryPart(BaseModel):
    """The registry that the site's clients ask for schemas. It is only read, to hold the standby's to the source's.

    ``credentials`` is a file with ``user:password`` or a token in one line, ``authorities`` one with the certificates
    that the registry's own is held to, in PEM.
    """

    model_config = SHAPE

    url: Url
    credentials: File | None = None
    authorities: File | None = None

    @property
    def files(self) -> tuple[tuple[str, str | None], ...]:
        """The files that it names, by key."""
        return (("credentials", self.credentials), ("authorities", self.authorities))


def frozen_registry(here: Path, part: SchemaRegistryPart | None) -> RegistryPlace | None:
    """Return where it is, with paths made absolute."""
    if part is None:
        return None
    login, trusted = (None if file is None else here / file for _, file in part.files)
    return RegistryPlace(part.url, login, trusted)
