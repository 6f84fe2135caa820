"""Runs one tier of tests with pytest, once more for those that failed, or over and over to find what fails by chance.

``python tools/tier.py once lab -k fence`` is ``pytest tests/lab -k fence``.

``python tools/tier.py twice lab`` gives what failed a second chance, alone, in a fresh process with a fresh lab. What
passes then is listed in ``reports/passed-on-second-try.txt``: a fault of the test or of the product that is to be
mended, but no reason to turn good work away. Only tests are run again: an error in collecting them ends the run.

``python tools/tier.py soak lab --times 5 --pressure`` runs the tier that many times in random order, with
``--pressure`` beside one busy process per core, and prints per test how often it failed. Exit code 1 if any did.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as Xml

SOME_FAILED = 1  # pytest's exit code when tests ran and some of them failed
LIST = Path("reports/passed-on-second-try.txt")


def pytest(tier: str, *arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", f"tests/{tier}", *arguments], check=False).returncode


def failed_in(results: Path) -> list[str]:
    """The tests that failed, or whose fixtures did, in a file of pytest's results."""
    return [
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        for case in Xml.parse(results).iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]


def twice(tier: str, arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        results, cache = Path(folder) / "results.xml", ["-o", f"cache_dir={folder}/cache"]
        code = pytest(tier, *cache, f"--junit-xml={results}", *arguments)
        if code != SOME_FAILED:
            return code
        failed = failed_in(results)
        print(f"\n== {tier}: a second try, in a fresh process, for {len(failed)} that failed", flush=True)
        alone = ["-n", "0"] if "-n" in arguments else []
        code = pytest(tier, *cache, "--last-failed", "--last-failed-no-failures=none", *arguments, *alone)
    if code == 0:
        LIST.parent.mkdir(exist_ok=True)
        with LIST.open("a") as file:
            file.writelines(f"{test}\n" for test in failed)
    return code


@contextmanager
def pressure(wanted: bool) -> Iterator[None]:
    """One busy process per core, while it lasts."""
    busy = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(busy) for _ in range(os.cpu_count() or 1)] if wanted else []
    try:
        yield
    finally:
        for each in processes:
            each.kill()
            each.wait()


def soak(tier: str, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tier.py soak")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=120, help="begin no further run after that long")
    parser.add_argument("--pressure", action="store_true")
    options, rest = parser.parse_known_args(arguments)
    failures: Counter[str] = Counter()
    runs, began = 0, time.monotonic()
    with pressure(options.pressure), tempfile.TemporaryDirectory() as folder:
        while runs < options.times and time.monotonic() - began < options.minutes * 60:
            results = Path(folder) / f"{runs}.xml"
            code = pytest(tier, f"--junit-xml={results}", *rest)
            if code not in (0, SOME_FAILED):
                return code
            failures.update(failed_in(results))
            runs += 1
            print(f"\n== soak of {tier}: run {runs} of {options.times} done after {time.monotonic() - began:.0f} s")
            for test, times in failures.most_common():
                print(f"   failed {times} of {runs}: {test}")
    print(f"\n== soak of {tier}: {runs} runs, {len(failures)} tests failed by chance", flush=True)
    return 1 if failures else 0


def main() -> int:
    how, tier, *arguments = sys.argv[1:]
    match how:
        case "twice":
            return twice(tier, arguments)
        case "soak":
            return soak(tier, arguments)
        case _:
            return pytest(tier, *arguments)


if __name__ == "__main__":
    sys.exit(main())
