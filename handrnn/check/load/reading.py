"""Reads files that somebody names: regular ones, as what is not one might never end."""

import errno
import os
import stat
from pathlib import Path

LONGEST_PATH = 80  # in a message
CANNOT_READ = {
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "its links lead in a circle",
}


def shown(name: str | Path) -> str:
    """The name of a file in a message."""
    name = str(name) or "''"
    return name if len(name) <= LONGEST_PATH else f"{name[: LONGEST_PATH - 3]}..."


def why(path: str | Path, error: OSError) -> str:
    """Why a file cannot be read, in a sentence."""
    missing = "there is no such file" if isinstance(error, FileNotFoundError) else ""
    reason = error.strerror or missing
    return f"{shown(path)} cannot be read: {reason}" if reason else str(error)


def status(name: str) -> os.stat_result:
    """What there is of that name; only regular files and folders will do.

    Raises
    ------
    OSError
        If there is neither.
    """
    try:
        found = os.stat(name)  # noqa: PTH116 -- no Path holds every name
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: it holds NUL
        raise FileNotFoundError(f"there is no file or folder {shown(name)}") from None
    except OSError as error:
        why = CANNOT_READ.get(error.errno or 0, error.strerror)
        raise OSError(f"{shown(name)} cannot be read: {why}") from None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        kind = "a pipe" if stat.S_ISFIFO(found.st_mode) else "a device or a socket"
        message = f"{shown(name)} is {kind}: only files, folders and the standard input are read"
        raise OSError(message)
    return found


def head(path: str | Path, most: int) -> bytes:
    """So many bytes of a regular file: what is not one might never end.

    Raises
    ------
    OSError
        If there is no such file, it is none, or it cannot be read.
    """
    name = str(path)
    if stat.S_ISDIR(status(name).st_mode):
        raise IsADirectoryError(f"{name} is a folder: one file is read at a time")
    with Path(name).open("rb") as file:
        return file.read(most)
