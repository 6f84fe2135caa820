"""A campaign of sound experiments, run by a drctl that stands in: a file says how each run ends."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from drctl.chaos import campaign
from drctl.chaos.command import command
from drctl.errors import LabError
from drctl.lab import Lab
from tests.unit.chaos.test_admission import CONTROL, sound

STAND_IN = """
import json, os, pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
name = pathlib.Path(words[2]).stem
report, lab = (pathlib.Path(words[words.index(each) + 1]) for each in ("--report", "--lab"))
with (here / "calls").open("a") as file:
    print(name, file=file)
before = (lab / "ran").read_text().split() if (lab / "ran").exists() else []
(lab / "ran").write_text(" ".join([*before, name]))
usual = "refuted as stated" if name.startswith("control") else "proved"
end = json.loads((here / "ends.json").read_text()).get(name, usual)
if end == "interrupts":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: ((here / "put away").touch(), sys.exit(130)))
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(600)
if end.startswith("refuted after "):
    end = "refuted" if end.split()[-1] in before else "proved"
control = {"misses": {"lost": True, "deleted": False}, "lacks": {}}.get(end.partition(" ")[2], {"lost": True})
stated = end.endswith("as stated")
end = end.partition(" ")[0]
codes = {"proved": 0, "refuted": 20, "inconclusive": 21, "vacuous": 22}
verdict, code = end.split(":") if ":" in end else (end, 0 if stated else codes[end])
report.mkdir(parents=True, exist_ok=True)
if verdict != "nothing":
    fault = {"fault": "kill", "target": "north-broker-1", "observer": "the other brokers", "observation": "gone"}
    document = {"verdict": verdict, "reasons": ["because | of"], "faults": [fault, {**fault, "fault": "restart"}]}
    document |= {"as_stated": True} if stated else {}
    document |= {"negative_control": control, "records": {"acknowledged": 4711}}
    (report / "verdict.json").write_text(json.dumps(document))
    (report / "manifest.json").write_text("{}")
sys.exit(int(code))
"""


class Campaigns:
    """Experiments in a folder, and what was done with them: ``calls`` by name, labs as ``up`` and ``down``.

    A negative control, ``control``, lies beside them.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder, self.report, self.names = folder, folder / "report", names
        self.labs: list[str] = []
        self.has_lab = True
        (folder / "drctl.py").write_text(STAND_IN)
        self.end()
        for name in names:
            self.write(name)
        self.write("control", extensions=[CONTROL])

    def write(self, name: str, **changes: Any) -> None:
        with (self.folder / f"{name}.yaml").open("w") as file:
            YAML().dump(sound(**changes), file)

    def end(self, **ends: str) -> None:
        """Let runs end so: a verdict, a verdict with an exit code, or ``refuted after`` another on the same lab.

        ``refuted as stated``: as a negative control is to, and ends unless told otherwise. ``proved misses``: with a
        planted fault that was not named; ``proved lacks``: with no negative control.
        """
        (self.folder / "ends.json").write_text(json.dumps(ends))

    def run(self, *more: str, names: tuple[str, ...] = ()) -> Result:
        files = [str(self.folder / f"{name}.yaml") for name in names or self.names]
        return self.call("campaign", *files, "--report", str(self.report), *more)

    def call(self, *words: str) -> Result:
        return CliRunner().invoke(command, words)

    @contextmanager
    def lab(self, place: Path, **_: object) -> Iterator[None]:
        if not self.has_lab:
            raise LabError("no Java")
        place.mkdir()
        self.labs.append("up")
        yield
        self.labs.append("down")

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().split() if file.exists() else []

    @property
    def results(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.report / "results.jsonl").read_bytes().splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.report / "summary.json").read_bytes())
        return told


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Campaigns:
    """Experiments one, two and three."""
    made = Campaigns(tmp_path, "one", "two", "three")
    monkeypatch.setattr(campaign, "DRCTL", (sys.executable, str(tmp_path / "drctl.py")))
    monkeypatch.setattr(Lab, "start", made.lab)
    return made
