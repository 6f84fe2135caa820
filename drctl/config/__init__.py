"""The plan file: YAML 1.2 in the shape of a Kubernetes manifest, checked into frozen values.

All errors of a file are reported at once, each with file, line, what was expected and the remedy.
"""

import hashlib
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from drctl.config.agreement import disagreements
from drctl.config.automatic import automatic_faults, frozen_automatic
from drctl.config.calendar import calendar_faults, frozen_calendar
from drctl.config.capacity import frozen_capacity, frozen_carriers, unmet
from drctl.config.documents import contents, parse_yaml, plain
from drctl.config.drills import frozen_live_drill, live_drill_faults
from drctl.config.files import fall_together
from drctl.config.hooks import FencingAgentPart, HookPart
from drctl.config.kubernetes import frozen_site, incomplete
from drctl.config.links import LinkPart
from drctl.config.parts import DisasterRecoveryPlan, Spec
from drctl.config.routing import frozen_restarts, frozen_routing, restart_faults, routing_faults
from drctl.config.values import DURATION, LONGEST, PATTERNS, milliseconds
from drctl.config.wording import shown
from drctl.errors import ConfigInvalid
from drctl.model.clients import ClientSoftware
from drctl.model.guards import Guards, Objectives
from drctl.model.hooks import Hook, Moment
from drctl.model.links import Link
from drctl.model.plan_file import PlanFile, WitnessPlace
from drctl.model.workloads import Workload
from drctl.redaction import redact

SHORTEST_FENCE_WINDOW = timedelta(seconds=1)
"""A deny rule reaches a broker some ten milliseconds after it was made, and a record that was on its way may still
follow; in a second each of the five samples is well apart from that."""


def schema() -> dict[str, Any]:
    """The JSON Schema of the plan file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **DisasterRecoveryPlan.model_json_schema()}


def spec_of(path: Path) -> dict[str, Any]:
    """Return what stands under ``spec`` in a plan file that :func:`load` takes. ConfigInvalid if it cannot be read."""
    document = parse_yaml(path, contents(path, "name the plan file with -f"), "write 'spec: …'")
    return dict(plain(document)["spec"])


def load(path: Path) -> PlanFile:
    """Read and check a plan file. ConfigInvalid lists every error with its line."""
    raw = contents(path, "name the plan file with -f")
    document = parse_yaml(path, raw, "write 'apiVersion: …', 'kind: DisasterRecoveryPlan', …")
    try:
        plan = DisasterRecoveryPlan.model_validate(plain(document))
    except ValidationError as error:
        lines = [_worded(path, document, each) for each in error.errors()]
        raise ConfigInvalid("\n".join(lines), remedy="'drctl schema' prints what is expected") from error
    faults = list(_contradictions(path, document, plan.spec))
    if faults:
        raise ConfigInvalid("\n".join(faults), remedy="correct these lines")
    return _frozen(path.resolve(), hashlib.sha256(raw).hexdigest(), plan)


def _worded(path: Path, document: CommentedMap, error: Any) -> str:
    place = error["loc"]
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    match error["type"]:
        case "missing":
            what = "is missing"
        case "extra_forbidden":
            what = "is not known here; remove it or correct its spelling"
        case "string_pattern_mismatch":
            what = f"expected {PATTERNS[error['ctx']['pattern']]}, got {shown(place, error['input'])}"
        case _:
            what = f"{error['msg'][0].lower()}{error['msg'][1:]}, got {shown(place, error['input'])}"
    return redact(f"{path}:{line_of(document, place)}: {where} {what}")


def line_of(document: Any, place: Sequence[int | str]) -> int:
    """The line of a place in a parsed document, or of the nearest thing around it that is there."""
    line, node = 1, document
    for step in place:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1
        else:
            break
        node = node[step]
    return int(line)


def _contradictions(path: Path, document: CommentedMap, spec: Spec) -> Iterator[str]:
    """Return what is wrong although every single value is well formed."""

    def at(*place: int | str) -> str:
        return f"{path}:{line_of(document, ('spec', *place))}: "

    for kind, parts in (
        ("sites", spec.sites),
        ("links", spec.links),
        ("workloads", spec.workloads),
        ("witnesses", spec.witnesses),
    ):
        names = [part.name for part in parts]
        for index in _repeated(names):
            yield at(kind, index) + f"{kind}: the name {names[index]} is used twice"
    for index in _repeated([(link.source, link.target) for link in spec.links]):
        yield at("links", index) + f"link {spec.links[index].name}: there is a link in this direction already"
    if duration(spec.guards.fence_window) < SHORTEST_FENCE_WINDOW:
        shortest = f"{SHORTEST_FENCE_WINDOW.total_seconds():g}s"
        yield (
            at("guards", "fenceWindow")
            + f"guards.fenceWindow {spec.guards.fence_window} proves nothing: {shortest} is least"
        )
    yield from _crossed_links(spec, at)
    yield from disagreements(spec, at)
    yield from incomplete(spec, at)
    yield from unmet(spec, at)
    yield from calendar_faults(spec.guards.calendar, at)
    yield from live_drill_faults(spec.drills.live, at)
    yield from routing_faults(spec.client_routing, [site.name for site in spec.sites], at)
    yield from restart_faults(spec.workloads, spec.client_routing, at)
    yield from automatic_faults(
        spec.automatic_failover,
        guards=spec.guards,
        sites=spec.sites,
        witnesses=[each.name for each in spec.witnesses],
        agent=spec.fencing_agent is not None,
        at=at,
    )
    yield from _missing_files(path, spec, at)
    yield from fall_together(path, spec, at)
    owned = [(index, topic) for index, work in enumerate(spec.workloads) for topic in work.topics]
    for number in _repeated([topic for _, topic in owned]):
        index, topic = owned[number]
        yield at("workloads", index, "topics") + f"workload {spec.workloads[index].name}: topic {topic} is named twice"


def _crossed_links(spec: Spec, at: Callable[..., str]) -> Iterator[str]:
    for index, link in enumerate(spec.links):
        if link.source == link.target:
            yield at("links", index, "target") + f"link {link.name}: source and target are the same site"
        for end, named in (("source", link.source), ("target", link.target)):
            if named not in {site.name for site in spec.sites}:
                yield at("links", index, end) + f"link {link.name}: {end} {named} is no site of this plan file"
        back = next((x for x in spec.links[:index] if (x.source, x.target) == (link.target, link.source)), link)
        if back.replication_policy != link.replication_policy:
            yield at("links", index, "replicationPolicy") + f"link {link.name}: {back.name} has another policy"


def _repeated(values: Sequence[Hashable]) -> Iterator[int]:
    """The index of each value that stands earlier, too."""
    seen: set[Hashable] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)


def _missing_files(path: Path, spec: Spec, at: Callable[..., str]) -> Iterator[str]:
    named = [(at("links", index, "connectors"), link.connectors) for index, link in enumerate(spec.links)]
    if spec.client_routing.kubernetes is not None:
        place = at("clientRouting", "kubernetes", "kubeconfig")
        named.append((place, spec.client_routing.kubernetes.kubeconfig))
    arbiter = spec.automatic_failover.arbiter.config_map if spec.automatic_failover is not None else None
    if arbiter is not None:
        named.append((at("automaticFailover", "arbiter", "configMap", "kubeconfig"), arbiter.kubeconfig))
    for index, site in enumerate(spec.sites):
        if site.kubernetes is not None:
            named.append((at("sites", index, "kubernetes", "kubeconfig"), site.kubernetes.kubeconfig))
        for key, file in site.schema_registry.files if site.schema_registry is not None else ():
            named.append((at("sites", index, "schemaRegistry", key), file))
        named.append((at("sites", index, "kafka", "clientProperties"), site.kafka.client_properties))
        named.append((at("sites", index, "kafka", "canary"), site.kafka.canary.client_properties))
    for place, file in named:
        if file is not None and not (path.parent / file).is_file():
            yield f"{place}there is no file {file} beside the plan file"


def _frozen(path: Path, digest: str, plan: DisasterRecoveryPlan) -> PlanFile:
    spec, here = plan.spec, path.parent
    return PlanFile(
        name=plan.metadata.name,
        path=path,
        digest=digest,
        sites=tuple(frozen_site(here, site) for site in spec.sites),
        links=tuple(
            Link(
                link.name,
                link.source,
                link.target,
                here / (link.connectors or ""),
                link.replication_principal,
                _prefix(link),
                link.mirror_maker2 or "",
                link.kafka_connect or "",
            )
            for link in spec.links
        ),
        workloads=tuple(
            Workload(
                workload.name,
                tuple(workload.topics),
                tuple(workload.groups),
                tuple(workload.sinks),
                frozen_carriers(workload),
                frozen_restarts(workload),
            )
            for workload in spec.workloads
        ),
        objectives=Objectives(duration(spec.objectives.recovery_time), duration(spec.objectives.recovery_point)),
        guards=Guards(
            duration(spec.guards.fence_window),
            duration(spec.guards.step_timeout),
            spec.guards.max_lag,
            duration(spec.guards.cool_down),
            spec.guards.approval,
            duration(spec.guards.approval_validity),
            frozen_calendar(spec.guards.calendar),
            restart_failed_tasks=spec.guards.restart_failed_tasks,
        ),
        client_routing=frozen_routing(here, spec.client_routing, tuple(site.name for site in spec.sites)),
        entry_point=spec.client_routing.entry_point or "",
        state=here / spec.state.file,
        state_shared=spec.state.shared,
        hooks={
            Moment.PRE: _hooks(spec.hooks.pre),
            Moment.POST: _hooks(spec.hooks.post),
            Moment.ON_FAILURE: _hooks(spec.hooks.on_failure),
            Moment.ON_STATE: _hooks(spec.hooks.on_state),
        },
        clients=tuple(ClientSoftware(c.client_id, c.software, c.version) for c in spec.clients),
        witnesses=tuple(WitnessPlace(w.name, w.url) for w in spec.witnesses),
        capacity=frozen_capacity(spec.capacity, duration(spec.objectives.recovery_time)),
        fencing_agent=_hooks([spec.fencing_agent])[0] if spec.fencing_agent else None,
        drill_topics=spec.drills.isolated.create_topics,
        live_drills=frozen_live_drill(spec.drills.live),
        automatic_failover=frozen_automatic(here, spec.automatic_failover),
    )


def _hooks(parts: Sequence[HookPart | FencingAgentPart]) -> tuple[Hook, ...]:
    return tuple(Hook(tuple(part.command), duration(part.timeout)) for part in parts)


def _prefix(link: LinkPart) -> str:
    return link.source + link.separator if link.replication_policy == "default" else ""


def duration(text: str) -> timedelta:
    """``1h30m``, ``60s``, ``500ms`` as a timedelta. ConfigInvalid for anything else, and for more than a year."""
    if not re.fullmatch(DURATION, text) or not text or text.endswith("\n") or milliseconds(text) > LONGEST:
        raise ConfigInvalid(f"{text!r} is no duration", remedy="write it as 500ms, 60s or 1h30m, a year at most")
    return timedelta(milliseconds=milliseconds(text))
