"""How long a palindrome can a recurrent network remember? Accuracy against length.

The network reads the first T - 1 digits of a palindrome of T digits and has to name the last one,
which equals the first: it carries one digit past T - 2 others. Two recipes are compared, for the
tanh RNN and the LSTM, three seeds each, odd and even T (an even palindrome leaves a short cut):

faithful   raw digit, 128 units, batches of 128, RMSprop at 1e-3, gradient norm clipped at 10, every
           array drawn from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), at most 3,000 updates
tuned      one-hot digit, orthogonal recurrence, small input weights, Adam, norm clipped at 1,
           open forget gate, palindromes that grow from T = 5

Every accuracy is the highest one that held on 10,000 fresh sequences. A run ends early when it has
confirmed 99.9 % twice running.

Price: about 5 minutes on two cores. Started again, it goes on from what is there already.
Expected: the faithful RNN is perfect at T = 5 and breaks between 10 and 20, while the faithful LSTM
holds to 30; tuned, both are at 99.9 % or more for T = 50 and 51. `--steps 10000` is the
assignment's own cap on updates.
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

import readme

from handrnn.lab import figures, run, statistics, sweep

LENGTHS = {
    ("faithful", "RNN"): (5, 10, 11, 15, 20),
    ("faithful", "LSTM"): (5, 10, 11, 20, 21, 30),
    ("tuned", "RNN"): (20, 21, 30, 50, 51),
    ("tuned", "LSTM"): (20, 21, 30, 50, 51),
}
STEPS = 3000
SMOKE_LENGTHS = (4, 5)
SMOKE_SETTINGS = {"hidden": 16, "check_every": 20, "screen": 100, "confirm": 500}
SMOKE_STEPS = 40


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--lengths", type=int, nargs="+", metavar="T", help="default: chosen for each recipe"
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="how many seeds (default: 3)")
    parser.add_argument(
        "--cells", type=str.upper, nargs="+", choices=("RNN", "LSTM"), default=["RNN", "LSTM"]
    )
    parser.add_argument(
        "--preset", nargs="+", choices=tuple(run.PRESETS), default=list(run.PRESETS)
    )
    parser.add_argument("--steps", type=int, help=f"cap on updates (default: {STEPS})")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--out", type=pathlib.Path, help="directory of the results")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="tiny runs, a few seconds in all; written to a fresh directory",
    )
    parser.add_argument("--readme", action="store_true", help="put table and figure into README.md")
    parser.add_argument("--no-progress", action="store_true", help="no progress bars")
    options = parser.parse_args(arguments)

    if options.smoke and options.readme:
        parser.error("--smoke trains too little for --readme")
    if options.seeds is None:
        options.seeds = 2 if options.smoke else 3
    if options.steps is None:
        options.steps = SMOKE_STEPS if options.smoke else STEPS
    if options.lengths is None and options.smoke:
        options.lengths = SMOKE_LENGTHS
    for name in ("seeds", "workers"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} {getattr(options, name)}: at least 1 is allowed")
    try:
        options.runs = choose_runs(options)
    except ValueError as error:
        parser.error(str(error))
    if options.out is None:
        options.out = default_directory(options)
    return options


def choose_runs(options: argparse.Namespace) -> list[run.Run]:
    """List all runs of the question."""
    changes = {"steps": options.steps, **(SMOKE_SETTINGS if options.smoke else {})}
    return [
        run.PRESETS[preset](cell, length, seed, **changes)
        for preset in dict.fromkeys(options.preset)
        for cell in dict.fromkeys(options.cells)
        for length in dict.fromkeys(options.lengths or LENGTHS[preset, cell])
        for seed in range(options.seeds)
    ]


def default_directory(options: argparse.Namespace) -> pathlib.Path:
    """Give each cap on updates a directory of its own, and each smoke test a fresh one."""
    if options.smoke:
        return pathlib.Path(tempfile.mkdtemp(prefix="accuracy_vs_length_"))
    suffix = "" if options.steps == STEPS else f"_{options.steps}_updates"
    return pathlib.Path("results", f"accuracy_vs_length{suffix}")


def make_directory(path: pathlib.Path) -> None:
    """Make the directory of the results; OSError where nothing can be written."""
    path.mkdir(parents=True, exist_ok=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path} cannot be written to")


def table(records: list[sweep.Record]) -> tuple[list[str], list[list[str]]]:
    """Median accuracy and solved seeds of each recipe, a column a length: head and rows."""
    curves: dict[str, dict[int, figures.Point]] = {}
    for point in figures.points(records):
        curves.setdefault(f"{point.label} {point.cell}", {})[point.length] = point
    lengths = sorted({length for curve in curves.values() for length in curve})
    rows = []
    for name, curve in curves.items():
        longest = statistics.longest_solved({T: point.accuracies for T, point in curve.items()})
        rows.append([name, *(entry(curve.get(T)) for T in lengths), str(longest or "none")])
    return ["T", *map(str, lengths), "L99"], rows


def aligned(head: list[str], rows: list[list[str]]) -> str:
    """Lay a table out for the terminal."""
    return "\n".join(f"{name:<14}" + "".join(f"{x:>11}" for x in xs) for name, *xs in [head, *rows])


def publish(head: list[str], rows: list[list[str]], figure: pathlib.Path) -> None:
    """Write the table into the README, and the figure with its numbers beside this script."""
    target = pathlib.Path(__file__).parent / "figures"
    target.mkdir(exist_ok=True)
    for path in (figure, figure.with_suffix(".csv")):
        shutil.copyfile(path, target / path.name)
    caption = "Median accuracy on 10,000 fresh sequences, and seeds that reach 99 %. "
    caption += "L99: the longest T run at which at least 80 % of the seeds do. A dash: not run."
    readme.replace("accuracy", f"{readme.table(head, rows)}\n\n{caption}")


def entry(point: figures.Point | None) -> str:
    """Median accuracy of one recipe at one length, and how many seeds reach 99 %."""
    if point is None:
        return "-"
    seeds = len(point.accuracies)
    return f"{point.median:.4f} {round(point.share * seeds)}/{seeds}"


def main(arguments: list[str] | None = None) -> int:
    """Train what is missing, draw, and print a table; 1 if a run failed, 130 after Ctrl-C."""
    options = parse(arguments)
    try:
        figures.require_matplotlib()
        make_directory(options.out)
    except (ModuleNotFoundError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        outcome = sweep.sweep(
            options.runs,
            options.out,
            workers=options.workers,
            show_progress=not options.no_progress,
        )
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        done = sum(sweep.is_done(each, options.out / each.name) for each in options.runs)
        print(
            f"interrupted: {done} of {len(options.runs)} runs are finished in {options.out}; "
            "the same command goes on from there",
            file=sys.stderr,
        )
        return 130
    if outcome.records:
        print("median accuracy on fresh sequences, and seeds that reach 99 %")
        head, rows = table(outcome.records)
        figure = figures.accuracy_vs_length(options.out)
        print(aligned(head, rows))
        if options.readme:
            publish(head, rows, figure)
        print(f"figure: {figure}")
    for name, error in outcome.failed.items():
        print(f"{name} failed: {error}", file=sys.stderr)
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
