"""No secret is shown in the service's log, neither as JSON nor as text."""

import logging
from datetime import timedelta

import pytest

from drctl.cli.logs import configure
from drctl.monitors import status
from drctl.ports import World
from drctl.service.acting import Acting
from drctl.service.watch import Watch
from tests.fakes import fake_world
from tests.spec.planted import CANARIES, VARIABLE, require_nothing_shown


def test_what_a_service_logs_of_an_error_that_nobody_expected_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: World) -> object:
        held = dict(CANARIES)
        raise ValueError(f"no number: {held}") from KeyError(str(held))

    class Broken:
        def note(self, _: object) -> None: ...

        def act(self, _: object) -> None:
            broken(world)

    world = fake_world().ports()
    for form in ("json", "text"):
        configure(2, form)
        watch = Watch(world, broken, timedelta(seconds=15), group_sync=True)  # type: ignore[arg-type]
        watch.cycle_or_tell()
        assert watch.keeper is not None
        monkeypatch.setattr(watch.keeper, "cycle", lambda: broken(world))
        watch.keeper.cycle_or_tell()
        acting = Acting([Broken()])
        acting.take(status(world))
        acting.act()
        try:
            broken(world)
        except ValueError:
            logging.getLogger("waitress").exception("while serving %s", f"password={VARIABLE}")
    told = capsys.readouterr().err
    assert told.count("Traceback") >= 8
    assert "ValueError" in told
    require_nothing_shown(told)
