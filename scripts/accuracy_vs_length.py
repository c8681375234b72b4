"""How long a palindrome can a recurrent network remember? Accuracy against length.

The network reads the first T - 1 digits of a palindrome of T digits and has to name the last one,
which equals the first: it carries one digit past T - 2 others. Two recipes are compared, for the
tanh RNN and the LSTM, three seeds each (`--cells GRU` adds the GRU):

faithful   raw digit, 128 units, batches of 128, RMSprop at 1e-3, gradient norm clipped at 10, every
           array drawn from U(-1/sqrt(fan_in), 1/sqrt(fan_in))
tuned      one-hot digit, orthogonal recurrence, small input weights, Adam, norm clipped at 1,
           open forget gate, palindromes that grow from T = 5; the RNN, which forgets what it has
           learnt if it is pushed, with its norm clipped at 0.1 and lengths that grow more slowly

Both have at most 1,000 updates (`--steps 10000` is the assignment's own cap). Every accuracy is the
highest one that held on 10,000 fresh sequences. A run ends early when it has confirmed 99.9 % twice
running.

Price: under 4 minutes on two cores. It can be stopped; started again, it goes on from what is there
already, and the figure shows all that is there: `--preset tuned --lengths 101` adds to it.
Expected: the faithful RNN is perfect at T = 8 and breaks at 10, the faithful LSTM is perfect at 20
and breaks at 50; tuned, both are at 99.9 % or more for T = 51. `--per-length` draws how the runs of
each length learnt, too.
"""

import argparse
import sys

import readme

from handrnn.lab import command_line, drawing, figures, figures_learning, files, run, statistics

NAME = "accuracy_vs_length"
LENGTHS = {
    ("faithful", "RNN"): (5, 8, 10, 20),
    ("faithful", "reluRNN"): (5, 8, 10, 20),
    ("faithful", "LSTM"): (10, 20, 50),
    ("faithful", "GRU"): (10, 20, 50),
}
TUNED_LENGTHS = (20, 51)
SEEDS, STEPS = 3, 1000
SMOKE_LENGTHS, SMOKE_SEEDS, SMOKE_STEPS = (4, 5), 2, 40
SMOKE_SETTINGS = {"hidden": 16, "check_every": 20, "screen": 100, "confirm": 500}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line.parser(__doc__, SEEDS, STEPS, ["RNN", "LSTM"])
    parser.add_argument(
        "--lengths", type=int, nargs="+", metavar="T", help="default: chosen for each recipe"
    )
    parser.add_argument(
        "--preset",
        nargs="+",
        choices=tuple(run.PRESETS),
        default=list(run.PRESETS),
        help="which recipes (default: both)",
    )
    parser.add_argument(
        "--per-length", action="store_true", help="draw the learning curves of each length, too"
    )
    options = command_line.parse(parser, arguments, NAME, SMOKE_SEEDS, SMOKE_STEPS)
    if options.lengths is None and options.smoke:
        options.lengths = SMOKE_LENGTHS
    try:
        options.runs = choose_runs(options)
    except ValueError as error:
        parser.error(str(error))
    return options


def choose_runs(options: argparse.Namespace) -> list[run.Run]:
    """List all runs of the question."""
    changes = {"steps": options.steps, "engine": options.engine}
    changes |= SMOKE_SETTINGS if options.smoke else {}
    return [
        run.PRESETS[preset](cell, length, seed, **changes)
        for preset in dict.fromkeys(options.preset)
        for cell in dict.fromkeys(options.cells)
        for length in dict.fromkeys(options.lengths or LENGTHS.get((preset, cell), TUNED_LENGTHS))
        for seed in range(options.seeds)
    ]


def curves_of(records: list[files.Record]) -> dict[tuple[str, str], dict[int, figures.Point]]:
    """The points of each recipe and cell, by length."""
    curves: dict[tuple[str, str], dict[int, figures.Point]] = {}
    for point in figures.points(records):
        curves.setdefault((point.label, point.cell), {})[point.length] = point
    return curves


def longest(curve: dict[int, figures.Point]) -> int | None:
    """The longest length of a curve that is solved, L99."""
    return statistics.longest_solved({T: point.accuracies for T, point in curve.items()})


def summary(records: list[files.Record]) -> tuple[list[str], list[list[str]]]:
    """The longest length solved, a row a cell and a column a recipe: head and rows."""
    curves = curves_of(records)
    labels = list(dict.fromkeys(label for label, _ in curves))
    said = {
        key: f"at least {L99}" if (L99 := longest(curve)) == max(curve) else str(L99 or "none")
        for key, curve in curves.items()
    }
    cells = dict.fromkeys(cell for _, cell in curves)
    rows = [[cell, *(said.get((label, cell), "-") for label in labels)] for cell in cells]
    return ["longest T solved", *labels], rows


def table(records: list[files.Record]) -> tuple[list[str], list[list[str]]]:
    """Median accuracy and solved seeds of each recipe, a column a length: head and rows."""
    curves = curves_of(records)
    lengths = sorted({length for curve in curves.values() for length in curve})
    rows = []
    for (label, cell), curve in curves.items():
        entries = [entry(curve.get(T)) for T in lengths]
        rows.append([f"{label} {cell}", *entries, str(longest(curve) or "none")])
    return ["T", *map(str, lengths), "L99"], rows


def entry(point: figures.Point | None) -> str:
    """Median accuracy of one recipe at one length, and how many seeds reach 99 %."""
    if point is None:
        return "-"
    solved = statistics.count_solved(point.accuracies)
    return f"{point.median:.4f} {solved}/{len(point.accuracies)}"


def show(options: argparse.Namespace, records: list[files.Record]) -> None:
    """Print a table and draw all that is there; the learning curves, of the runs asked for."""
    figure = figures.accuracy_vs_length(options.out)
    head, rows = table(drawing.read(options.out))
    print("median accuracy on fresh sequences, and seeds that reach 99 %")
    print(command_line.aligned(head, rows))
    if options.readme:
        caption = "Median accuracy on 10,000 fresh sequences, and seeds that reach 99 %. L99: "
        caption += "the longest T run at which at least 80 % of the seeds do. A dash: not run."
        readme.publish("accuracy", head, rows, caption, figure)
        caption = 'At least 80 % of the seeds reach 99 %. "At least": no longer T was run.'
        readme.replace("reach", f"{readme.table(*summary(drawing.read(options.out)))}\n\n{caption}")
    if options.per_length:
        for length in sorted({record.run.length for record in records}):
            print(f"figure: {figures_learning.learning(options.out, length)}")
    print(f"figure: {figure}")


def main(arguments: list[str] | None = None) -> int:
    """Ask the question; 1 if a run failed, 130 after Ctrl-C."""
    return command_line.answer(parse(arguments), show)


if __name__ == "__main__":
    sys.exit(main())
