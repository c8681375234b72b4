"""The laboratory's commands: ``handrnn run sweep.toml`` and ``handrnn report DIR``.

Exit status: 0; 1 if a run failed or nothing could be done; 2 for unknown options; 130 after Ctrl-C.
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from . import command_line, files, report, settings


def add_commands(commands: Any) -> None:
    """Add ``run`` and ``report`` to the subcommands of a parser."""
    _add_run(commands.add_parser("run", help="execute the runs of a settings file"))
    report.add_command(commands)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "settings",
        type=pathlib.Path,
        metavar="sweep.toml",
        help="file that gives settings of the runs",
    )
    command_line.add_execution(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting instead of the file's, a comma between several values",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Execute the runs of a settings file and print what came of each."""
    changes = settings.parse(options.set)
    if options.engine is not None:
        changes["engine"] = options.engine
    runs = settings.load(options.settings, changes)
    options.out = options.out or pathlib.Path("results", options.settings.stem)
    outcome = command_line.execute(runs, options)
    for record in outcome.records:
        print(_summary(record))
    print(
        f"{len(outcome.records)} of {len(runs)} runs are finished in {options.out}, "
        f"{outcome.skipped} of them since earlier"
    )
    for name, error in outcome.failed.items():
        print(f"{name} failed: {error}", file=sys.stderr)
    return 1 if outcome.failed else 0


def _summary(record: files.Record) -> str:
    result = record.result
    return (
        f"{record.run.name}: accuracy {result.accuracy:.4f} at update {result.accuracy_step}, "
        f"ended by {result.stopped} after {result.steps} updates and {record.seconds:.1f} s"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 1 and one line if that is not possible, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="handrnn")
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except command_line.InterruptedSweepError as error:
        print(error, file=sys.stderr)
        return 130
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
