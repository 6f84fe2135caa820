"""What the lab keeps secret."""

import stat
from pathlib import Path

from drctl.lab.certificates import write_secret


def test_a_secret_is_for_its_owner_alone_whatever_was_there(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "readable").touch(0o666)
    for name in ("link", "readable", "new/file"):
        write_secret(tmp_path / name, "s3cret")
        assert (tmp_path / name).read_text() == "s3cret"
        assert stat.S_IMODE((tmp_path / name).lstat().st_mode) == 0o600
    assert (tmp_path / "victim").read_text() == "precious"
