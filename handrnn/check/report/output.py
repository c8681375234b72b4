"""Whether files can be written without a loss; what standard output takes."""

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

LONGEST_PATH = 80  # in a message


def verify(outputs: Iterable[tuple[str, str]], inputs: Iterable[str | Path] = ()) -> None:
    """Whether files can be written without losing anything: before anything is written.

    Parameters
    ----------
    outputs : options and the files that they ask for
    inputs : files that are read

    Raises
    ------
    ValueError
        If one cannot be written, two are the same file, or one is among those that are read.
    """
    there = [str(path) for path in inputs if os.path.isfile(path)]  # noqa: PTH113
    taken = {_identity(path): f"{path}, which is read" for path in there}
    for option, name in outputs:
        verify_name(name)
        if _status(name) is not None and not os.path.isfile(name):  # noqa: PTH113
            continue  # a pipe or a device: nothing there to be lost
        identity = _identity(name)
        if identity in taken:
            raise ValueError(f"{option} {name} would write over {taken[identity]}")
        taken[identity] = f"what {option} writes"


def verify_name(name: str) -> None:
    """Raise ValueError where nothing of that name can be written."""
    shown = (name or "''") if len(name) <= LONGEST_PATH else f"{name[: LONGEST_PATH - 3]}..."
    try:
        _status(name)
    except (OSError, ValueError) as error:  # ValueError: it holds NUL
        why = getattr(error, "strerror", None) or error
        raise ValueError(f"{shown} cannot be written: {why}") from None
    if not name or Path(name).is_dir() or not Path(name).parent.is_dir():
        raise ValueError(f"{shown} cannot be written: it is a folder, or in none")


def _status(name: str) -> os.stat_result | None:
    try:
        return os.stat(name)  # noqa: PTH116 -- no Path holds every name
    except (FileNotFoundError, NotADirectoryError):
        return None


def _identity(name: str) -> tuple:
    """What two names of one file have in common, links resolved."""
    status = _status(name)
    return (status.st_dev, status.st_ino) if status else (os.path.realpath(name),)


class PrintError(Exception):
    """Nothing can be printed, in one line."""


def show(text: str) -> None:
    """Print a text on standard output.

    Raises
    ------
    PrintError
        If that is closed or takes nothing.
    BrokenPipeError
        If whoever reads it has had enough.
    """
    if sys.stdout is None:
        raise PrintError("nothing can be printed: the standard output is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        let_go()
        raise
    except OSError as error:
        let_go()
        raise PrintError(f"nothing can be printed: {error.strerror or error}") from None


def let_go() -> None:
    """Python would complain once more of a standard output that takes nothing when it ends."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
