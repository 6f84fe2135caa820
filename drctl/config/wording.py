"""How errors of the plan file speak of what stands in it: never with a value that may be a secret."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError

from drctl.redaction import HIDDEN, redact, redact_foreign

FIELDS = """
apiVersion kind name namespace topic topics groups sinks source target separator replicationPolicy replicationPrincipal
bootstrapServers recoveryTime recoveryPoint fenceWindow stepTimeout timeout maxLag coolDown approval approvalValidity
timeZone days begins ends tasksMax scaleNodePools scaleTasks takeOwnership shared url
platformPrincipals
"""
SHOWN = frozenset(FIELDS.split())
"""Fields whose wrong value is repeated, since it helps and holds no secret; of an address the login is left out."""

QUOTED = re.compile(r"""'(?!<|.')[^']*'|"(?!<)[^"]*\"""")
"""Text of the file, quoted by YAML's parser. Its own words for what it expects are in angle brackets, or one sign."""


def problem_of(error: MarkedYAMLError) -> str:
    """Return what is wrong with the YAML; of what stands there only a repeated key is quoted."""
    problem = str(error.problem or "no YAML").splitlines()[0]
    if isinstance(error, DuplicateKeyError):
        return redact(problem.split(" with value ")[0])
    return QUOTED.sub(HIDDEN, problem)


def shown(place: Sequence[int | str], value: Any) -> str:
    """A value as far as it may be shown: a single one, in a field of the plan file that holds no secret."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    field = next((step for step in reversed(place) if isinstance(step, str)), "")
    if value is not None and not isinstance(value, bool) and field not in SHOWN:
        return "another value"
    text = redact_foreign(repr(value))
    return text if len(text) <= 60 else f"{text[:57]}…"
