"""Files that others read or could tamper with: who may read them, and how one is replaced as a whole."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

READABLE = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH
"""Mode of a file that is made for clients, which run as other users; a umask of 077 would hide it from them."""


def replace(path: Path, content: bytes) -> None:
    """Replace what a file holds, so that its readers see the old or the new content, also after a power failure.

    A symbolic link stays one: the file it leads to is replaced. Mode, owner and access list stay as they are. A file
    whose owner cannot be kept, because it is another user's, is written in place instead: its content is then exposed
    to a crash for one write of a few bytes. OSError where nothing of that is possible; the file is then as it was.
    """
    real = Path(os.path.realpath(path))
    new = real.with_name(f".{real.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(exclusive(new), "wb") as file:
            kept = _like(real, file.fileno())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Renamed over only if the owner could be kept. Otherwise clients, which run as that user, could not
        # read the new file.
        if kept:
            new.replace(real)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    if kept:
        force(real.parent)
    else:
        new.unlink()
        _overwrite(real, content)


def create(path: Path, content: bytes, *, readable: bool = False) -> None:
    """Make a file that was not there, with all of its content or not at all; for its owner alone unless ``readable``.

    FileExistsError, and nothing is changed, if anything has that name, be it a symbolic link that leads nowhere.
    """
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(exclusive(new), "wb") as file:
            if readable:
                os.fchmod(file.fileno(), READABLE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where the name is taken; a rename would replace what another process has made since we
        # looked.
        os.link(new, path)
    finally:
        new.unlink(missing_ok=True)
    force(path.parent)


def exclusive(path: Path) -> int:
    """Make a file that was not there, for its owner alone, and open it for writing; returns its descriptor.

    FileExistsError if anything has that name, be it a symbolic link that leads nowhere.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def private(path: Path) -> None:
    """Make a file readable by its owner alone, if it is ours; no error if it is not there.

    Where its group may write it, somebody chose so, and only the rest of the world is locked out.
    """
    with suppress(FileNotFoundError, PermissionError):
        mode = stat.S_IMODE(path.lstat().st_mode)
        allowed = mode & (0o770 if mode & stat.S_IWGRP else 0o700)
        if allowed != mode:
            path.chmod(allowed)


def remedy(error: OSError) -> str:
    """Return what to do about a file that cannot be opened or written."""
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return "run drctl as the user that owns it, or give it to that user"
        case errno.EROFS:
            return "mount its file system writable, or name another place in the plan file"
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "make room on its disk"
        case errno.ELOOP:
            return "remove the symbolic link there"
        case _:
            return "look at its folder and its disk, or name another place in the plan file"


def force(folder: Path) -> None:
    """Make what was made or renamed in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _like(model: Path, file: int) -> bool:
    """Give an open file the mode, owner and access list of another one; False if the owner cannot be given."""
    try:
        there = model.lstat()
    except FileNotFoundError:
        os.fchmod(file, READABLE)
        return True
    ours = os.fstat(file)
    if (there.st_uid, there.st_gid) != (ours.st_uid, ours.st_gid):
        try:
            os.fchown(file, there.st_uid, there.st_gid)
        except PermissionError:
            return False
    os.fchmod(file, stat.S_IMODE(there.st_mode))
    for name in os.listxattr(model):
        with suppress(OSError):  # security labels are the system's to give
            os.setxattr(file, name, os.getxattr(model, name))
    return True


def _overwrite(path: Path, content: bytes) -> None:
    """Write over a file of another user. What was longer is filled up with line ends, so that one write is enough."""
    file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        os.pwrite(file, content.ljust(os.fstat(file).st_size, b"\n"), 0)
        os.ftruncate(file, len(content))
        os.fsync(file)
    finally:
        os.close(file)
