"""Files, written as a whole or not at all."""

import contextlib
import os
import stat
from pathlib import Path

LONGEST = 100  # characters of a name that a draft's name repeats


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file: it is there as a whole, or as it was before, whenever the machine stops.

    A link is followed. What is not a regular file, such as a pipe or a device, is written to as it
    is.

    Raises
    ------
    OSError
        Naming the file, if it cannot be written: the disk is full, the directory read-only.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    target = Path(os.path.realpath(path))
    unfinished = draft(target)
    try:
        if not _is_replaced(target):
            target.write_bytes(data)
            return
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        _sync_directory(target.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError) and error.filename is None:
            raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from None
        raise


def draft(path: Path) -> Path:
    """Where a file is written before it has its name: a leftover of another time is replaced."""
    return path.with_name(f".{path.name[:LONGEST]}.draft")


def _is_replaced(path: Path) -> bool:
    """Whether a path is a regular file, or nothing yet."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


def _sync_directory(directory: Path) -> None:
    """Have the names in a directory survive a power cut too; a file's own fsync leaves them out."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
