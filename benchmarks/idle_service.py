"""What the service takes while nothing happens: its part of a core, and the memory that it holds.

``python -m benchmarks.idle_service [lab|kube] [SECONDS]`` starts a lab (by default the Kubernetes lab, which has more
to follow), lets ``drctl service run --sync-groups`` look after it at its usual interval, and prints one line of JSON
once it was watched for SECONDS (by default 120) behind its first look and a minute more. Exit code 1 where it takes
more than 1 % of a core or 200 MiB. The figures are those of the kernel for that process: seconds of CPU, and resident
memory at its highest.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from drctl.lab import Lab
from drctl.lab.kube import KubeLab

WARM = 60.0
"""Seconds in which imports, connections and first lists are done, and the tails are read to their end."""
CORE, MEMORY = 0.01, 200 << 20
"""What an idle service may take: a part of one core, and bytes."""
FIRST_LOOK = 120.0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> int:
    """Bytes that were resident at most."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


def measured(lab: Lab, folder: Path, seconds: float) -> dict[str, float]:
    """Run the service beside an idle lab and watch its process."""
    command = [sys.executable, "-m", "drctl", "-f", str(lab.plan_file), "service", "run", "--sync-groups"]
    with (folder / "log").open("w+") as log:
        service = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stderr=log)
        try:
            began = time.monotonic()
            while "site-seen" not in (folder / "log").read_text():
                assert service.poll() is None, (folder / "log").read_text()[-2000:]
                assert time.monotonic() < began + FIRST_LOOK, "timed out waiting for the first look"
                time.sleep(0.2)
            time.sleep(WARM)
            began, used = time.monotonic(), cpu_seconds(service.pid)
            time.sleep(seconds)
            part = (cpu_seconds(service.pid) - used) / (time.monotonic() - began)
            return {"part_of_a_core": round(part, 4), "peak_memory_mib": round(peak_memory(service.pid) / (1 << 20), 1)}
        finally:
            service.terminate()
            service.wait(30)


def main() -> int:
    """Measure, print, and tell whether it is within its limits."""
    words = sys.argv[1:]
    kind = "lab" if "lab" in words else "kube"
    seconds = next((float(word) for word in words if word not in ("lab", "kube")), 120.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = Lab.start(folder / "lab", small=True) if kind == "lab" else KubeLab.start(folder / "lab", small=True)
        with started as lab:
            figures = measured(lab, folder, seconds)
    sys.stdout.write(json.dumps({"lab": kind, "seconds": seconds, **figures}) + "\n")
    return 0 if figures["part_of_a_core"] < CORE and figures["peak_memory_mib"] < MEMORY / (1 << 20) else 1


if __name__ == "__main__":
    sys.exit(main())
