"""Where does the gradient get lost? |dL/dh_t| at every step of a palindrome of 100 digits.

The loss is that of the last digit alone, so its gradient has to travel back over 98 steps to the
first digit, which is the answer. It is drawn for the tanh RNN, the LSTM and the GRU with three
sets of weights each:

faithful, at the start   every array drawn from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), raw digits
tuned, at the start      orthogonal recurrence, small input weights, open gates, one-hot digits
tuned, trained           after the tuned recipe has been trained at this length

Below stand the eigenvalues of the recurrent weights, gate by gate, beside the unit circle: what
lies inside it shrinks a gradient at every step, what lies outside may blow it up.

dL/dh_t is the total derivative, through the read-out and through all later steps, of one
sequence's own loss; mean and quantiles are over 256 fresh sequences, in float64.

Price: 2 minutes on two cores, nearly all of it training. Started again, it goes on from there, and
the figure is of the runs asked for.
Expected: from the faithful start of the RNN some 1e-60 of the gradient arrive at the first digit
(1e-7 in the LSTM, 1e-3 in the GRU), a straight line in the logarithmic picture; from the tuned
start some hundredths in the RNN and the GRU, and in the LSTM, whose gates add up over the steps,
all of it and more. Trained, the gradient is small where the answer is right already: flat along
most of the sequence in the LSTM and the GRU and larger at the first digits, while in the RNN, whose
units are saturated by then, it falls again. All three have eigenvalues outside the circle by then.
"""

import argparse
import sys

import numpy as np
import readme

from handrnn.lab import command_line, files, gradients, run

NAME = "gradient_flow"
LENGTH, SEEDS, STEPS = 100, 1, 3000
SMOKE_LENGTH, SMOKE_SEEDS, SMOKE_STEPS = 8, 2, 40
SMOKE_SETTINGS = {"hidden": 16, "check_every": 20, "screen": 100, "confirm": 500}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line.parser(__doc__, SEEDS, STEPS, ["RNN", "LSTM", "GRU"])
    parser.add_argument("--length", type=int, metavar="T", help=f"default: {LENGTH}")
    options = command_line.parse(parser, arguments, NAME, SMOKE_SEEDS, SMOKE_STEPS)
    if options.length is None:
        options.length = SMOKE_LENGTH if options.smoke else LENGTH
    changes = {"steps": options.steps, "engine": options.engine}
    changes |= SMOKE_SETTINGS if options.smoke else {}
    try:
        options.runs = [
            run.tuned(cell, options.length, seed, **changes)
            for cell in dict.fromkeys(options.cells)
            for seed in range(options.seeds)
        ]
    except ValueError as error:
        parser.error(str(error))
    return options


def table(measured: list[gradients.Flow]) -> tuple[list[str], list[list[str]]]:
    """How much of the gradient arrives at the first hidden state: head and rows."""
    head = ["", "faithful start", "tuned start", "tuned, trained"]
    cells = dict.fromkeys(one.run.cell for one in measured)
    return head, [
        [cell, *(left(one) for one in measured if one.run.cell == cell)] for cell in cells
    ]


def left(one: gradients.Flow) -> str:
    """Gradient at the first hidden state over that at the last one, median of the sequences."""
    magnitudes = one.magnitudes["h"]
    return f"{np.median(magnitudes[1] / magnitudes[-1]):.1e}"


def show(options: argparse.Namespace, records: list[files.Record]) -> None:
    """Measure the runs asked for, print a table and draw."""
    measured = gradients.flows(options.out, records)
    figure = gradients.figure(options.out, measured)
    head, rows = table(measured)
    print("share of the gradient at the last hidden state that arrives at the first")
    print(command_line.aligned(head, rows))
    if options.readme:
        caption = f"|dL/dh_1| / |dL/dh_{options.length - 1}|, median of the sequences."
        readme.publish("gradients", head, rows, caption, figure)
        readme.copy(figure.with_name(f"{NAME}_eigenvalues.csv"))
    print(f"figure: {figure}")


def main(arguments: list[str] | None = None) -> int:
    """Ask the question; 1 if a run failed, 130 after Ctrl-C."""
    return command_line.answer(parse(arguments), show)


if __name__ == "__main__":
    sys.exit(main())
