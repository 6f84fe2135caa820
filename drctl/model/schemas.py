"""Model what a schema registry holds: records carry the id of their schema, and clients ask the registry for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class RegistryPlace:
    """Where a site's schema registry is. Paths are absolute, None where the plan file names none.

    ``credentials`` holds ``user:password`` or a token, ``authorities`` the certificates that its own is held to.
    """

    url: str = field(repr=False)
    credentials: Path | None = None
    authorities: Path | None = None


class SubjectVersion(NamedTuple):
    """Name one version of a subject."""

    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """The schema of a subject's version: its ``id``, and the SHA-256 of its type, text and references in hex."""

    id: int
    fingerprint: str


type Schemas = Mapping[SubjectVersion, RegisteredSchema]
"""Everything in a registry that is not deleted."""
