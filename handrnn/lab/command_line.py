"""What the command lines of experiments have in common: options, execution, last words.

A script makes a `parser`, adds options of its own, has them read by `parse`, and hands what it
shows of the runs to `answer`.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence

from . import drawing, executors, files, sweep
from . import run as run_module

ENGINES = ("numpy", "torch")


class InterruptedSweepError(Exception):
    """Ctrl-C: the message says what is finished and how to go on."""


def parser(
    description: str | None, seeds: int, steps: int, cells: Sequence[str]
) -> argparse.ArgumentParser:
    """Return a parser with the options of every experiment.

    Parameters
    ----------
    description : str
        The script's docstring.
    seeds, steps : int
        How many seeds, and the cap on updates, unless the command line says otherwise.
    cells : sequence of str
        Which cells, likewise.
    """
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = ", ".join(cells)
    made.add_argument(
        "--cells",
        type=_cell,
        nargs="+",
        choices=drawing.CELLS,
        default=cells,
        help=f"which networks (default: {usual})",
    )
    made.add_argument(
        "--seeds", type=count, metavar="N", help=f"of each network (default: {seeds})"
    )
    made.add_argument("--steps", type=count, help=f"cap on updates (default: {steps:,})")
    add_execution(made)
    made.add_argument(
        "--smoke", action="store_true", help="tiny runs, seconds in all, into a fresh directory"
    )
    made.add_argument("--readme", action="store_true", help="publish table and figure")
    made.set_defaults(engine="numpy", usual_seeds=seeds, usual_steps=steps)
    return made


def add_execution(made: argparse.ArgumentParser) -> None:
    """Add the options of what executes the runs, and where their results go."""
    made.add_argument(
        "--engine",
        choices=ENGINES,
        help="what trains the networks (default: numpy, or as the settings say)",
    )
    where = made.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=count, default=2, metavar="N", help="processes (default: 2)"
    )
    where.add_argument("--dask", metavar="ADDRESS", help="scheduler of a cluster: tcp://host:8786")
    made.add_argument(
        "--out",
        type=pathlib.Path,
        metavar="DIR",
        help="directory of the results (default: results/NAME)",
    )
    made.add_argument("--no-progress", action="store_true", help="no progress bars")


def count(text: str) -> int:
    """Read how many: the type of an option that takes at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1 is allowed")
    return number


def _cell(text: str) -> str:
    """Read the name of a cell in any case: the type of an option that takes cells."""
    return {name.lower(): name for name in drawing.CELLS}.get(text.lower(), text)


def parse(
    made: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    name: str,
    smoke_seeds: int,
    smoke_steps: int,
) -> argparse.Namespace:
    """Read the command line; leave with one line if something is not allowed.

    Parameters
    ----------
    made : ArgumentParser
        Of `parser`.
    arguments : sequence of str, optional
        The command line's own by default.
    name : str
        Of the script: its results go to ``results/name`` unless told otherwise; runs of another
        engine or cap on updates go beside it, and a smoke test into a fresh directory.
    smoke_seeds, smoke_steps : int
        What a smoke test takes unless told otherwise.
    """
    options = made.parse_args(arguments)
    if options.smoke and options.readme:
        made.error("--smoke trains too little for --readme")
    if options.seeds is None:
        options.seeds = smoke_seeds if options.smoke else options.usual_seeds
    if options.steps is None:
        options.steps = smoke_steps if options.smoke else options.usual_steps
    if options.out is None:
        options.out = _default_directory(options, name)
    return options


def _default_directory(options: argparse.Namespace, name: str) -> pathlib.Path:
    if options.smoke:
        return pathlib.Path(tempfile.mkdtemp(prefix=f"{name}_"))
    if options.steps != options.usual_steps:
        name += f"_{options.steps}_updates"
    if options.engine != "numpy":
        name += f"_{options.engine}"
    return pathlib.Path("results", name)


def execute(runs: Iterable[run_module.Run], options: argparse.Namespace) -> sweep.Outcome:
    """Execute what is not done yet of some runs, where the options say.

    Raises
    ------
    InterruptedSweepError
        On Ctrl-C.
    ValueError, OSError, ModuleNotFoundError
        As `sweep.sweep` and `executors.dask_cluster`.
    """
    runs = list(runs)
    try:
        with contextlib.ExitStack() as stack:
            executor = None
            if options.dask is not None:
                executor = stack.enter_context(executors.dask_cluster(options.dask))
            return sweep.sweep(
                runs,
                options.out,
                executor,
                options.workers,
                not options.no_progress,
                remote=options.dask is not None,
            )
    except KeyboardInterrupt:
        done = sum(files.is_done(run, options.out / run.name) for run in runs)
        raise InterruptedSweepError(
            f"interrupted: {done} of {len(runs)} runs are finished in {options.out}; "
            "the same command goes on from there"
        ) from None


def answer(
    options: argparse.Namespace,
    show: Callable[[argparse.Namespace, list[files.Record]], None],
    train: Callable[[argparse.Namespace], sweep.Outcome] | None = None,
) -> int:
    """Have the runs executed and shown, and say in one line each what did not work.

    Parameters
    ----------
    options : Namespace
        Of `parse`, with the ``runs`` to execute unless `train` finds them.
    show : callable
        Prints and draws what came of the runs; not called if none is finished.
    train : callable, optional
        Executes the runs, by default all of ``options.runs`` at once.

    Returns
    -------
    int
        Exit status: 0; 1 if a run failed or nothing could be done; 130 after Ctrl-C.
    """
    failed: dict[str, str] = {}
    status = 0
    try:
        drawing.require_matplotlib()
        files.make_directory(options.out)
        outcome = execute(options.runs, options) if train is None else train(options)
        failed = outcome.failed
        if outcome.records:
            show(options, outcome.records)
    except InterruptedSweepError as error:
        print(error, file=sys.stderr)
        return 130
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        status = 1
    for name, error in failed.items():
        print(f"{name} failed: {error}", file=sys.stderr)
    return 1 if failed else status


def aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay a table out for the terminal: names to the left, the rest to the right.

    Examples
    --------
    >>> print(aligned(["T", "5", "10"], [["RNN", "1.00", "0.98"], ["reluRNN", "1.00", "-"]]))
    T           5    10
    RNN      1.00  0.98
    reluRNN  1.00     -
    """
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
