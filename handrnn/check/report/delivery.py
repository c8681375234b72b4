"""The options of a command that say which reports are written, and where; and writing them."""

import argparse
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ... import writing
from .. import report
from . import output

STDOUT = "-"


class DeliveryError(Exception):
    """A report cannot be written where it was asked for, in one line."""


class Destination(NamedTuple):
    """A report that was asked for: in which format, and in which file, or `STDOUT`."""

    format: str
    path: str


def add_options(add: Any, switches: Collection[str], several: bool = True) -> None:
    """Add the options for reports to a command.

    Parameters
    ----------
    add : ``add_argument`` of its parser
    switches : formats that have an option with their name
    several : whether there is ``--output-format`` for all formats, too
    """
    common: dict[str, Any] = {"dest": "outputs", "action": "append", "default": []}
    if several:
        known = "; ".join(f"{name}: {one.words}" for name, one in report.FORMATS.items())
        words = f"a report, printed or written to PATH; as often as needed. {known}"
        add("--output-format", metavar="NAME[=PATH]", type=_named, help=words, **common)
    for name in switches:
        words = f"{report.FORMATS[name].words}; - prints it instead of the report"
        add(f"--{name}", metavar="FILE", type=partial(_destination, name), help=words, **common)
    add("-q", "--quiet", action="store_true", help="print nothing: the exit status says it all")


def _named(value: str) -> Destination:
    name, _, path = value.partition("=")
    if name not in report.FORMATS:
        raise argparse.ArgumentTypeError(f"{name} is not a format: {', '.join(report.FORMATS)}")
    return _destination(name, path or STDOUT)


def _destination(name: str, path: str) -> Destination:
    try:
        if path != STDOUT:
            output.verify_name(path)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Destination(name, path)


def check(outputs: Sequence[Destination]) -> None:
    """Raise DeliveryError if standard output is to take reports that cannot stand together."""
    printed = [one.format for one in outputs if one.path == STDOUT]
    if len(printed) > 1 and not all(report.FORMATS[name].lines for name in printed):
        names = " and ".join(printed)
        raise DeliveryError(f"{names} cannot be printed together: write one to a file, NAME=PATH")


def protect(
    outputs: Sequence[Destination],
    inputs: Iterable[str | Path],
    others: Sequence[tuple[str, str]] = (),
) -> None:
    """Raise DeliveryError if a report would be written over a file that is read, or over another.

    Parameters
    ----------
    outputs : what was asked for
    inputs : the files that are read
    others : options of other files that are written, and these
    """
    files = [(f"--{one.format}", one.path) for one in outputs if one.path != STDOUT]
    try:
        output.verify([*files, *others], inputs)
    except ValueError as error:
        raise DeliveryError(str(error)) from None


def deliver(
    outputs: Sequence[Destination],
    quiet: bool,
    render: Callable[[str], str],
    show: Callable[[str, str], None],
) -> None:
    """Write the reports that were asked for; print the text where nothing else is printed.

    Parameters
    ----------
    outputs : what was asked for
    quiet : whether nothing is printed that was not asked for
    render : makes the report of a format
    show : prints a report, of a format that is lines, on a terminal

    Raises
    ------
    DeliveryError
        If a file cannot be written.
    """
    for one in outputs:
        content = render(one.format)
        if one.path != STDOUT:
            _write(one.path, content)
        elif report.FORMATS[one.format].lines:
            show(content, one.format)
        else:
            encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
            output.show(content.encode(encoding, "replace").decode(encoding))
    if not quiet and not any(one.path == STDOUT for one in outputs):
        show(render("text"), "text")


def _write(path: str, content: str) -> None:
    try:
        writing.write(path, content)
    except OSError as error:
        raise DeliveryError(f"{path} cannot be written: {error.strerror or error}") from None
