# PYTHON_ARGCOMPLETE_OK
"""The command ``handrnn``: which room a subcommand lives in, and the help that shows them all.

Each room (the checker, the laboratory) reads its own arguments; nothing of a room is imported
before one of its commands is asked for.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from . import __version__


def _checker() -> Any:
    from .check import cli

    return cli


def _laboratory() -> Any:
    from .lab import cli

    return cli


ROOMS = {  # each a module that has `main` and `add_commands`
    _checker: ("check", "dialects", "oracle", "compare", "mistakes"),
    _laboratory: ("run", "report"),
}

DESCRIPTION = """\
Recurrent networks written by hand in NumPy, forward and backward, held to PyTorch.

Is mine right?         handrnn check my_lstm.py
                       right or wrong, where, which mistake it is, and the line mended
Show me a right one.   python -c "from handrnn import nn; help(nn.LSTM)"
                       torch.nn's names and shapes; the equations are in handrnn/cells.py
How far does its       handrnn run settings.toml
memory reach?          handrnn report results/settings
                       seeded experiments, with figures (pip install 'handrnn[plots]')"""

EPILOG = """\
exit status:
  0  all that was asked for passes
  1  something fails; for run and report also what cannot be read or written
  2  misuse: no such file, unknown options, files that cannot be read or written;
     or the checker itself failed

'handrnn COMMAND --help' says more about each command."""


def parser() -> argparse.ArgumentParser:
    """Return the whole command: all subcommands of all rooms, with their options."""
    whole = argparse.ArgumentParser(
        prog="handrnn",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"handrnn {__version__}")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    for room in ROOMS:
        room().add_commands(commands)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand, with the arguments of this process if none are given; its exit status.

    Without arguments it prints the help, as an error: nothing was asked for, and nothing passed.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if "_ARGCOMPLETE" in os.environ:
        return _complete()
    for room, commands in ROOMS.items():
        if arguments and arguments[0] in commands:
            return room().main(arguments)
    if not arguments:
        print(parser().format_help(), end="", file=sys.stderr)
        return 2
    parser().parse_args(arguments)  # ends here: help, the version or an error
    return 2


def _complete() -> int:
    """Answer a shell that completes a command line; say nothing where argcomplete is missing."""
    try:
        import argcomplete
    except ModuleNotFoundError:
        return 1
    argcomplete.autocomplete(parser())  # ends the process
    return 1
