"""Two real Kafka sites on one machine, with a Connect worker each and MirrorMaker 2 between them."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.certificates import Authority
from drctl.lab.connect import AT_LEAST_ONCE, set_worker, write_links
from drctl.lab.files import write_clients, write_plan
from drctl.lab.layout import (
    LOGS,
    SITES,
    USERS,
    KraftNode,
    SiteLayout,
    class_path,
    other,
    plan_layout,
    require_usable,
)
from drctl.lab.parts import Parts
from drctl.lab.ports import free_ports
from drctl.lab.processes import Processes, ProcessStatus
from drctl.lab.sinks import Sinks
from drctl.ports import Clock

type Progress = Callable[[str], None]

READY = "lab.json"
"""Written when the lab is complete; holds its layout."""


class Lab(Parts):
    """A running lab. Used as a context manager it goes down at the end."""

    told_besides: ClassVar[Mapping[str, str]] = {}
    """Lines that its plan file has for a site besides the usual ones, by site."""

    def __init__(self, folder: Path, sites: dict[str, SiteLayout], clock: Clock) -> None:
        super().__init__(folder, sites, clock)
        self.plan_file = folder / "plan.yaml"
        self._supervisor: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        small: bool = False,
        sinks: bool = False,
        prefixed: bool = False,
        at_least_once: bool = False,
        progress: Progress = lambda _: None,
    ) -> Self:
        """Start a lab that dies with this process. LabError, with the reason from the log, if it cannot.

        A lab that runs in that folder is declined; one that died there is cleaned away first. With ``sinks`` it has a
        database, and its workers can fill it. With ``prefixed`` both links run, under the default replication policy.
        With ``at_least_once`` its workers copy without transactions, as many do.
        Of one that cannot start only the logs are left, which the error names; the next start cleans them away.
        """
        folder, clock = folder.resolve(), SystemClock()
        class_path()
        cls._require_usable(folder)
        if Processes(folder, clock).answers():
            raise LabError(f"a lab runs in {folder}", remedy="use it, or take it down with 'drctl lab down'")
        if folder.exists():
            if any(folder.iterdir()) and not (folder / LOGS).exists() and not (folder / READY).exists():
                raise LabError(f"{folder} is not empty and no lab's", remedy="name a new or empty folder")
            shutil.rmtree(folder)
        lab = cls(folder, plan_layout(1 if small else 3), clock)
        try:
            lab._supervisor = lab.processes.launch_supervisor()
            lab._prepare(progress)
            if sinks:
                lab._sinks = Sinks.prepare(folder, *free_ports(1))
                lab.start_database()
                progress("PostgreSQL up")
            lab._bring_up(progress, prefixed=prefixed, at_least_once=at_least_once)
        except BaseException as error:
            lab.down(keep_logs=isinstance(error, Exception))
            raise
        return lab

    @classmethod
    def _require_usable(cls, folder: Path) -> None:
        """LabError, before anything starts, for a folder in which this lab could not work."""
        require_usable(folder)

    @classmethod
    def attach(cls, folder: Path) -> Self:
        """The lab that runs in that folder. LabError if there is none or it is not complete."""
        folder = folder.resolve()
        try:
            document = json.loads((folder / READY).read_text())
        except (OSError, ValueError) as error:
            raise LabError(f"no lab runs in {folder}", remedy="start one with 'drctl lab up'") from error
        sites = {name: _layout(name, site) for name, site in document.items()}
        lab = cls(folder, sites, SystemClock())
        lab.processes.ask({"do": "list"})
        lab._sinks = Sinks.found(folder)
        return lab

    def detach(self) -> None:
        """Let the lab outlive this process."""
        self.processes.ask({"do": "detach"})
        self._supervisor = None

    def down(self, *, keep_logs: bool = False) -> None:
        """End every process of the lab and remove its folder, or all of it but the logs."""
        if self.processes.answers():
            self.processes.ask({"do": "down"})
        if self._supervisor and self._supervisor.stdin:
            self._supervisor.stdin.close()
            self._supervisor.wait()
        deadline = self.clock.monotonic() + 20
        while self.processes.answers() and self.clock.monotonic() < deadline:
            self.clock.sleep(0.05)
        if keep_logs:
            remove_all_but_logs(self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    def status(self) -> tuple[ProcessStatus, ...]:
        """Every process of the lab."""
        return self.processes.all()

    def states(self) -> dict[str, str]:
        """The state of every process and every broker, by its name; ``running`` is as it should be."""
        return {process.name: process.state for process in self.status()}

    def described(self, *, small: bool) -> str:
        """Return what runs, and what of it does not. LabError if it has more or fewer brokers than ``small`` asks for.

        South tells: its brokers are processes in every lab.
        """
        brokers = {site.name: len(site.nodes) for site in self.layout.values()}
        told = ", ".join(f"{name} with {count} broker{'s'[: count > 1]}" for name, count in brokers.items())
        told = f"a lab runs already in {self.folder}: {told}"
        if brokers["south"] != (1 if small else 3):
            use, down = (
                f"drctl -f {shlex.quote(str(self.plan_file))}",
                f"drctl lab down --dir {shlex.quote(str(self.folder))}",
            )
            wanted = f"{1 if small else 3} per site {'was' if small else 'were'} asked for"
            raise LabError(f"{told}; {wanted}", remedy=f"use it with '{use}', or take it down first with '{down}'")
        gone = [process.name for process in self.status() if process.state == "gone"]
        again = "start clients again with 'drctl lab up --load', all else with 'drctl lab fault restart'"
        return f"{told}; not running: {', '.join(gone)} ({again})" if gone else told

    def _bring_up(self, progress: Progress, *, prefixed: bool, at_least_once: bool) -> None:
        began = self.clock.monotonic()

        def took() -> str:
            return f"{self.clock.monotonic() - began:.1f} s"

        self._write_files(prefixed=prefixed, at_least_once=at_least_once)
        progress(f"{len(self.layout['north'].nodes)} brokers per site; formatting their storage")
        with ThreadPoolExecutor(2) as pool:
            for site in self.layout.values():
                self.start_wire(site.name)
            list(pool.map(self._format, self.layout.values()))
        for site in self.layout.values():
            for node in site.nodes:
                self._launch_broker(site, node)
        for site in self.layout.values():
            for name, node in zip(site.brokers, site.nodes, strict=True):
                self._wait_for_ports(name, site.host, [node.client, node.internal])
            self._provision(site)
            progress(f"{site.name}: {len(site.nodes)} broker(s) up and provisioned after {took()}")
            # Not before: a worker that meets brokers without its rights gives up for good.
            self._launch_worker(site)
        for site in self.layout.values():
            self._wait_for_worker(site)
            progress(f"{site.name}: Connect worker up after {took()}")
        for source in SITES if prefixed else SITES[:1]:
            self._start_link(source)
            progress(f"link {source}-to-{other(source)}: MirrorMaker 2 runs after {took()}")
        (self.folder / READY).write_text(json.dumps({name: asdict(site) for name, site in self.layout.items()}))

    def _write_files(self, *, prefixed: bool, at_least_once: bool) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in SITES:
            folder = self.folder / "certificates" / name
            authority = Authority.create(f"lab-{name}", folder, self.clock.now())
            authority.issue("broker", folder, hosts=[self.layout[name].host])
            for user in USERS:
                authority.issue(user, folder)
        write_clients(self.folder)
        write_links(self.layout, self.folder, prefixed=prefixed, at_least_once=at_least_once)
        if at_least_once:
            for site in self.layout.values():
                set_worker(site, self.folder, AT_LEAST_ONCE)
        write_plan(self.layout, self.folder, self.told_besides, prefixed=prefixed)

    def _prepare(self, progress: Progress) -> None:
        """Whatever must be there before anything else is written."""


def remove_all_but_logs(folder: Path) -> None:
    """Remove what lies in a lab's folder, except its logs.

    Those of a part that lies in a folder of its own, such as its Kubernetes, stay as well.
    """
    for each in folder.iterdir():
        if each.is_symlink() or not each.is_dir():
            each.unlink(missing_ok=True)
        elif (each / LOGS).is_dir():
            remove_all_but_logs(each)
        elif each.name != LOGS:
            shutil.rmtree(each, ignore_errors=True)


def default_folder() -> Path:
    """Where ``drctl lab up`` puts a lab unless told otherwise."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get("DRCTL_LAB") or Path(state) / "drctl" / "lab")


def _layout(name: str, site: Mapping[str, Any]) -> SiteLayout:
    return SiteLayout(name, tuple(KraftNode(**node) for node in site["nodes"]), site["connect"], site["host"])
