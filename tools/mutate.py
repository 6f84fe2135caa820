"""Mutation of the pure core: flip its conditions and constants one by one, and see whether a test fails.

    python tools/mutate.py                 every module below
    python tools/mutate.py alignment       those whose name contains that
    python tools/mutate.py --minutes 30    begins none after that; run again, it goes on with those that are left
    python tools/mutate.py --afresh        all of them, whatever is known

First all tests run once, unchanged, and it is noted which functions each of them runs, and how long. Each mutant then
runs in a process of its own, against the tests that run its function, quick ones first, until the first failure. What
survives is listed; survivors that cannot change any answer stand, with the reason, in ``tests/equivalent_mutants.txt``.
Ends with 1 if another one survives, or if one of these does not exist any more, and with 3 if some are left.

What became of a mutant is kept in ``reports/mutants.jsonl`` as soon as it is known, and holds until its function or a
file of the tests that run it changes. That other functions changed is taken not to matter: before a release, run all of
them afresh.
"""

import argparse
import hashlib
import importlib
import importlib.abc
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.mutants import Mutant, mutants  # noqa: E402

UNIT = ROOT / "tests" / "unit"
SUITES = tuple(
    str(UNIT / folder / f"test_{name}.py")
    for folder, names in {
        "decide": (
            *("offset_syncs", "windows", "verification", "first_images", "copied_twice", "alignment", "placement"),
            *("sync_history", "unsettled", "comparable", "translate", "comparison"),
            *("omitted", "stranded", "superseded", "translate_properties", "translate_hostile", "lives"),
            *("frontier", "left_out", "rules_positions"),
        ),
        "ledger": (
            *("batches", "bound", "checker", "generated_runs", "history", "offsets", "planted_deletion", "reach"),
            *("retention", "state", "state_control", "verdict"),
        ),
    }.items()
    for name in names
)
"""Of translation and comparison, of what a link is known to have copied, of positions that hold a move up, and of the
ledger's checker, from a record's number to the verdict."""
MODULES = tuple(
    f"drctl/{name}.py"
    for name in (
        *("decide/offset_syncs", "decide/windows", "decide/verification", "decide/copied_again", "decide/alignment"),
        *("decide/placement", "decide/translate", "decide/stranded", "decide/comparable", "decide/unsettled"),
        *("decide/comparison", "decide/superseded", "model/sync_history"),
        *("decide/frontier", "decide/left_out", "decide/rules_positions"),
        *("ledger/record", "ledger/batches", "ledger/state", "ledger/stream_state", "ledger/offset_runs"),
        *("ledger/retention", "ledger/kept", "ledger/checker", "ledger/findings", "ledger/reach", "ledger/history"),
        *("ledger/control", "ledger/state_control", "ledger/verdict", "ledger/bound", "ledger/stored_state"),
    )
)
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.txt"
KNOWN = ROOT / "reports" / "mutants.jsonl"
PATIENCE = 4
"""A test that takes so many times its unchanged time on a core runs without end, which is noticed too."""
AT_LEAST = 5.0
"""Seconds on a core, for tests that take no time: a property that fails takes longer than one that holds."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What one test does as long as nothing is changed: ``runs`` are functions, as in ``module.py Class.function``."""

    seconds: float
    runs: frozenset[str]


def concerned(mutant: Mutant, noted: Mapping[str, Noted]) -> dict[str, float]:
    """The tests that can notice it, with their seconds: those that run its function, or else any of its module."""
    within = f"{mutant.module} {mutant.function}" if mutant.function else f"{mutant.module} "
    found = {
        test: each.seconds
        for test, each in noted.items()
        if (within in each.runs if mutant.function else any(run.startswith(within) for run in each.runs))
    }
    return found or {test: each.seconds for test, each in noted.items()}


def key(mutant: Mutant, tests: Sequence[str]) -> str:
    """A digest of what it comes to that depends on: the change, its function, the files of these tests and helpers."""
    hashed = hashlib.sha256(f"{mutant.name}\n{mutant.unchanged}\n".encode())
    files = {ROOT / test.partition("::")[0] for test in tests}
    beside = (file for folder in {file.parent for file in files} for file in folder.glob("*.py"))
    for file in sorted({*files, *(file for file in beside if not file.name.startswith("test_"))}):
        hashed.update(file.read_bytes())
    return hashed.hexdigest()


class Outcomes:
    """Which mutants were caught, by their keys, in a file that is there as soon as each is known."""

    def __init__(self, file: Path, *, afresh: bool = False) -> None:
        self._file = file
        if afresh:
            file.unlink(missing_ok=True)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self._caught: dict[str, bool] = dict(outcome for line in lines if (outcome := _outcome(line)))

    def caught(self, key: str) -> bool | None:
        """Whether it was; None if it was not run."""
        return self._caught.get(key)

    def add(self, key: str, *, caught: bool) -> None:
        """Note one."""
        self._file.parent.mkdir(exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, caught]) + "\n")
        self._caught[key] = caught


def _outcome(line: str) -> tuple[str, bool] | None:
    """One line of the file; None if its end was cut off when the machine went down."""
    try:
        known, caught = json.loads(line)
    except ValueError:
        return None
    return known, caught


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = mutant.module.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(ROOT / self.mutant.module)
        exec(compile(self.mutant.source, module.__file__, "exec"), module.__dict__)


class _Watch:
    """A part of pytest that notes what each test runs, and how long that takes."""

    def __init__(self) -> None:
        self.noted: dict[str, tuple[float, list[str]]] = {}
        self._paths = {str(ROOT / path): path for path in MODULES}
        self._runs: set[str] = set()
        sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "mutate")
        sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.PY_START, self._begun)
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, sys.monitoring.events.PY_START)

    def _begun(self, code: CodeType, _: int) -> object:
        if path := self._paths.get(code.co_filename):
            self._runs.add(f"{path} {code.co_qualname.replace('.<locals>', '')}")
        return sys.monitoring.DISABLE  # once in each test is enough

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._runs = set()
        sys.monitoring.restart_events()
        begun = time.process_time()
        result = yield
        self.noted[item.nodeid] = time.process_time() - begun, sorted(self._runs)
        return result


class _Only:
    """A part of pytest that runs some tests only, quick ones first; one that runs without end ends the process."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.seconds = seconds

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.seconds]
        items.sort(key=lambda item: self.seconds[item.nodeid])

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        signal.setitimer(signal.ITIMER_PROF, AT_LEAST + PATIENCE * self.seconds[item.nodeid])


def _run(suites: Sequence[str], part: object) -> bool:
    """Whether all these tests pass."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    options = ["-x", "-q", "--no-header", "--tb=no", "--assert=plain", "--hypothesis-seed=1"]
    options += ["--hypothesis-profile=mutate", f"--rootdir={ROOT}"]
    options += [f"-pno:{name}" for name in ("cacheprovider", "randomly", "xdist", "unraisableexception")]
    return pytest.main([*options, *suites], plugins=[part]) in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def _unchanged() -> dict[str, Noted]:
    """What every test does; nothing if one of them fails."""
    reading, writing = os.pipe()
    if not os.fork():
        watch = _Watch()
        passed = _run(SUITES, watch)
        with os.fdopen(writing, "w", encoding="utf-8") as told:
            json.dump(watch.noted if passed else {}, told)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        found = json.load(told)
    os.wait()
    return {test: Noted(seconds, frozenset(runs)) for test, (seconds, runs) in found.items()}


def _survives(mutant: Mutant, seconds: Mapping[str, float]) -> int:
    """Begin a process that ends with 0 if every one of these tests passes; returns its id."""
    child = os.fork()
    if child:
        return child
    sys.meta_path.insert(0, _Mutated(mutant))
    suites = dict.fromkeys(test.partition("::")[0] for test in seconds)
    os._exit(0 if _run([*suites], _Only(seconds)) else 1)


def main(arguments: Sequence[str]) -> int:
    """Run the mutants; tells the score and what survived."""
    chosen = _chosen(arguments)
    os.chdir(ROOT)
    for heavy in ("hypothesis.strategies", "structlog"):
        importlib.import_module(heavy)  # once, and not in every process
    # Whether a property fails is all that matters, and a busy machine must not be a reason.
    phases, unchecked = [Phase.explicit, Phase.generate], [HealthCheck.too_slow]
    settings.register_profile("mutate", database=None, deadline=None, phases=phases, suppress_health_check=unchecked)
    paths = [path for path in MODULES if not chosen.words or any(word in path for word in chosen.words)]
    every = [mutant for path in paths for mutant in mutants(path, (ROOT / path).read_text(encoding="utf-8"))]
    noted = _unchanged()
    if not noted:
        print("the suites fail without any change, so nothing can be told")
        return 2
    began = time.monotonic()
    outcomes = Outcomes(KNOWN, afresh=chosen.afresh)
    faced = {mutant.name: concerned(mutant, noted) for mutant in every}
    keys = {mutant.name: key(mutant, [*faced[mutant.name]]) for mutant in every}
    waiting = [mutant for mutant in every if outcomes.caught(keys[mutant.name]) is None]
    at_work: dict[int, Mutant] = {}
    while at_work or (waiting and time.monotonic() - began < 60 * chosen.minutes):
        while waiting and len(at_work) < (os.cpu_count() or 1) and time.monotonic() - began < 60 * chosen.minutes:
            mutant = waiting.pop(0)
            at_work[_survives(mutant, faced[mutant.name])] = mutant
        ended, status = os.wait()
        outcomes.add(keys[at_work.pop(ended).name], caught=status != 0)
    survived = [mutant.name for mutant in every if outcomes.caught(keys[mutant.name]) is False]
    new = _tell(survived, paths, left=len(waiting))
    caught = len(every) - len(waiting) - len(survived)
    print(
        f"{caught} of {len(every)} mutants caught, {len(survived) - new} equivalent, {new} survive,"
        f" {len(waiting)} left; {time.monotonic() - began:.0f} s"
    )
    return 3 if waiting and not new else int(bool(new))


def _chosen(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Flip conditions and constants of the pure core one by one.")
    parser.add_argument("words", nargs="*", help="modules whose name contains one of these")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin none after so many minutes")
    parser.add_argument("--afresh", action="store_true", help="run what is known, too")
    return parser.parse_args(arguments)


def _tell(survived: Sequence[str], paths: Sequence[str], *, left: int) -> int:
    """Name what survived; returns how many are not listed as equivalent, or are listed though they were caught."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    known = {name for line in lines if line and not line.startswith("#") for name, _, _ in [line.partition("  # ")]}
    for name in survived:
        print(f"{'equivalent' if name in known else 'SURVIVES'}: {name}")
    stale = sorted(name for name in known - set(survived) if any(name.startswith(path) for path in paths))
    for name in stale if not left else ():
        print(f"listed as equivalent, and it is caught or gone: {name}")
    return len([name for name in survived if name not in known]) + (0 if left else len(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
