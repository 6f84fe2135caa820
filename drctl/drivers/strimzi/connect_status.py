"""Connectors as Strimzi's operator writes them down: the raw Connect status in a resource's own status."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from drctl.errors import Unsupported
from drctl.model.link import Connector, ConnectorState, Task
from drctl.model.resources import Object
from drctl.redaction import redact_trace


@contextmanager
def understood(label: str) -> Iterator[None]:
    """Taking a resource apart. Unsupported where it is not of the shape that its definition rules."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Unsupported(
            f"{label}: it is not as Strimzi's definition has it",
            remedy="look at it with kubectl; another version of Strimzi may write it otherwise",
        ) from error


def connector_of(name: str, config: dict[str, str], told: Mapping[str, Any], *, restarts_itself: bool) -> Connector:
    """Return a connector by what Connect said of it: state, tasks, and of traces what went wrong."""
    state = told.get("connector") or {}
    tasks = tuple(
        Task(int(each["id"]), _state(each.get("state")), redact_trace(each.get("trace"), config))
        for each in told.get("tasks") or ()
    )
    trace = redact_trace(state.get("trace"), config)
    return Connector(name, _state(state.get("state")), tasks, config, trace, restarts_itself=restarts_itself)


def wanted_state(spec: Mapping[str, Any]) -> str:
    """Return the state that a connector's part of a resource asks for; ``state`` counts before the older ``pause``."""
    return str(spec.get("state") or ("paused" if spec.get("pause") is True else "running"))


def told_state(item: Object, name: str, told: Mapping[str, Any] | None) -> ConnectorState | None:
    """Return Connect's word of a connector for the resource's newest generation; None where there is none.

    ``told`` is what the operator wrote down of it. Of one that has failed and is to pause it only complains.
    """
    status = item.get("status") or {}
    if status.get("observedGeneration") != item["metadata"].get("generation"):
        return None
    if told:
        return _state((told.get("connector") or {}).get("state"))
    said = (str(each.get("message") or "") for each in status.get("conditions") or ())
    return ConnectorState.FAILED if any(f"{name} cannot be paused" in each for each in said) else None


def settled(found: Connector, spec: Mapping[str, Any]) -> Connector:
    """Return the connector, RESTARTING where Connect calls it stopped and its resource asks for something else.

    The operator asks Connect for the status right after it has asked for another state, which comes a moment later, and
    not again before its next round: what it wrote down as stopped may have been copying for two minutes.
    """
    if found.state is ConnectorState.STOPPED and wanted_state(spec) != "stopped":
        return replace(found, state=ConnectorState.RESTARTING)
    return found


def as_texts(config: Mapping[str, Any]) -> dict[str, str]:
    """Return a configuration as Connect has it, where every value is a text."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def _state(word: object) -> ConnectorState:
    try:
        return ConnectorState(str(word))
    except ValueError:
        return ConnectorState.UNASSIGNED
