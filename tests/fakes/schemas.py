"""A schema registry in memory."""

from drctl.errors import Forbidden, Unreachable
from drctl.model.schemas import RegisteredSchema, Schemas, SubjectVersion


class FakeSchemaRegistry:
    """Versions of subjects; ``down`` or ``denied`` where it tells none."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.down = self.denied = False
        self.held: dict[SubjectVersion, RegisteredSchema] = {}

    def register(self, subject: str, version: int, number: int, text: str) -> None:
        """Hold this text under a subject's version and an id."""
        self.held[SubjectVersion(subject, version)] = RegisteredSchema(number, text)

    def registered(self) -> Schemas:
        if self.down:
            raise Unreachable(f"site {self.site}: schema registry http://r does not answer", remedy="start it")
        if self.denied:
            raise Forbidden(f"site {self.site}: schema registry http://r denies reading", remedy="allow it")
        return dict(self.held)
