"""Read what the kubelets of a site measure."""

from collections.abc import Mapping
from typing import Protocol

from drctl.model.kubernetes import Usage


class Kubelets(Protocol):
    """Reached through the API server, which not everybody may: a site can be watched without."""

    def usage(self, node: str) -> Mapping[str, Usage]:
        """How full the claims mounted at that node are, by claim, in the site's namespace. Forbidden, Unreachable."""
        ...
