"""What does it take to remember? Input coding, initialisation, forget bias and curriculum, crossed.

The tuned recipe differs from the usual one in several things at once. Here each of them is taken
away and put back in every combination, on palindromes of T = 20, 21, 50 and 51 digits:

input coding     one-hot, or the raw digit as one number
initialisation   orthogonal recurrence under small input weights, or U(+-1/sqrt(fan_in))
forget bias      3, or what the initialisation gives (LSTM)
curriculum       from T = 5, or T from the start

All else is the tuned recipe: Adam, the gradient's norm clipped at 1 (the RNN's at 0.1). The
networks are small, 64 units, and stop after 1,500 updates, to keep the price of all combinations
low: a field of the heat map tells what is learnt soon, not what could be learnt at last.

Price: half an hour on two cores for the LSTM and the RNN, three seeds each (288 runs); 5 minutes
with `--cells RNN`. Started again, it goes on from what is there already.
Expected: with one-hot digits and the curriculum every seed solves every length. Without the
curriculum the RNN needs both the one-hot digits and the orthogonal start, and the LSTM its open
forget gate, from T = 50 on in any case. Raw digits carry the RNN to T = 21, rarely further.
"""

import argparse
import sys

import readme

from handrnn.lab import command_line, drawing, figures_ablation, files, run, settings

NAME = "ablation"
LENGTHS = (20, 21, 50, 51)
SEEDS, STEPS, HIDDEN = 3, 1500, 64
CROSSED = {
    "coding": ["raw", "one-hot"],
    "initialisation": ["linear", "orthogonal"],
    "forget_bias": ["none", 3.0],
    "curriculum": ["none", 5],
}
SMOKE_LENGTHS, SMOKE_SEEDS, SMOKE_STEPS = (7,), 1, 20
SMOKE_SETTINGS = {"hidden": 8, "batch": 16, "check_every": 10, "screen": 50, "confirm": 100}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line.parser(__doc__, SEEDS, STEPS, ["LSTM", "RNN"])
    parser.add_argument("--lengths", type=int, nargs="+", metavar="T", help="default: 20 21 50 51")
    options = command_line.parse(parser, arguments, NAME, SMOKE_SEEDS, SMOKE_STEPS)
    if options.lengths is None:
        options.lengths = SMOKE_LENGTHS if options.smoke else LENGTHS
    try:
        options.runs = choose_runs(options)
    except ValueError as error:
        parser.error(str(error))
    return options


def choose_runs(options: argparse.Namespace) -> list[run.Run]:
    """List all runs of the question."""
    return [each for cell in dict.fromkeys(options.cells) for each in runs_of(cell, options)]


def runs_of(cell: str, options: argparse.Namespace) -> list[run.Run]:
    """Cross all settings of a cell; one without a forget gate has no forget bias to set."""
    crossed = dict(CROSSED)
    if cell not in run.REMEMBERING:
        del crossed["forget_bias"]
    return settings.runs(
        {
            "preset": "tuned",
            "cell": cell,
            **crossed,
            "length": list(dict.fromkeys(options.lengths)),
            "seed": list(range(options.seeds)),
            "steps": options.steps,
            "hidden": HIDDEN,
            "engine": options.engine,
            **(SMOKE_SETTINGS if options.smoke else {}),
        }
    )


def table(entries: list[figures_ablation.Entry]) -> tuple[list[str], list[list[str]]]:
    """Solved seeds of each combination, a column a curriculum and length: head and rows."""
    columns = figures_ablation.columns_of(entries)
    found = {(entry.cell, entry.row, entry.column): entry for entry in entries}
    rows = []
    for cell in dict.fromkeys(entry.cell for entry in entries):
        for row in figures_ablation.rows_of(entries, cell):
            here = [found.get((cell, row, column)) for column in columns]
            solved = [f"{entry.solved}/{entry.seeds}" if entry else "-" for entry in here]
            rows.append([f"{cell}: {figures_ablation.row_text(row)}", *solved])
    heads = [f"{length}, from {start}" if start else str(length) for start, length in columns]
    return ["T, curriculum", *heads], rows


def show(options: argparse.Namespace, _: list[files.Record]) -> None:
    """Print a table and draw all that is there."""
    figure = figures_ablation.ablation(options.out)
    head, rows = table(figures_ablation.entries(drawing.read(options.out)))
    print("seeds that reach 99 % on fresh sequences")
    print(command_line.aligned(head, rows))
    if options.readme:
        caption = f"Seeds that reach 99 %, {HIDDEN} units, {options.steps:,} updates."
        readme.publish("ablation", head, rows, caption, figure)
    print(f"figure: {figure}")


def main(arguments: list[str] | None = None) -> int:
    """Ask the question; 1 if a run failed, 130 after Ctrl-C."""
    return command_line.answer(parse(arguments), show)


if __name__ == "__main__":
    sys.exit(main())
