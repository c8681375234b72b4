"""Can an Elman network and an LSTM, built from handrnn.layers, learn sequences?

Two tasks, both networks on each, one sequence at a time as these layers have it:

sine     read a sine wave piece by piece with the memory switched on (truncated BPTT) and predict
         the next value; then go on alone from 40 values of it, each prediction the next input
recall   read all digits of a palindrome but the last and name the first of them, which is also the
         last: one error, at the end of the sequence (BPTT)

    python scripts/layers_sequences.py            # about 15 seconds on one core
    python scripts/layers_sequences.py --smoke    # seconds: too little to learn anything

Expected: both go on with the sine for 120 steps and are never more than 0.05 off (with another seed
the phase of the RNN may drift further), and both name all of 300 palindromes that they have not
seen. The last line is

    figure: results/layers_sequences/layers_sequences.png
"""

import argparse
import pathlib
import sys
import tempfile
from dataclasses import dataclass

import numpy as np

from handrnn import losses
from handrnn.lab import drawing
from handrnn.lab.tasks import palindrome
from handrnn.layers import LSTM, RNN, Initializers, SoftMax
from handrnn.layers.optimization import Optimizers

CELLS = {"RNN": RNN.RNN, "LSTM": LSTM.LSTM}
LINE_WIDTHS = {"RNN": 1.3, "LSTM": 3.2}
LAYERS = {"RNN": 3.0, "LSTM": 2.5}
STEP = 0.3  # of the sine's argument: a period is about 21 steps
READ, ALONE = 40, 120
LENGTH = 7
CLASSES = palindrome.Palindrome.outputs
CHECKS = 20


@dataclass(frozen=True)
class Amount:
    """How much is trained and checked.

    Attributes
    ----------
    pieces, piece : int
        Pieces of the sine to learn from, and the steps in each.
    sequences : int
        Palindromes to learn from.
    fresh : int
        Palindromes of each check.
    """

    pieces: int = 8000
    piece: int = 30
    sequences: int = 6000
    fresh: int = 300


SMOKE = Amount(pieces=20, sequences=40, fresh=20)


def network(cell, inputs, hidden, outputs, rate, rng):
    """A layer with small random weights, trained by Adam."""
    layer = CELLS[cell](inputs, hidden, outputs, rng=rng)
    layer.initialize(Initializers.Xavier(rng=rng), Initializers.Constant(0.0))
    layer.set_optimizer(Optimizers.Adam(rate, 0.9, 0.999))
    return layer


def sine(start, steps):
    """Values of the sine, one a row."""
    return np.sin(STEP * np.arange(start, start + steps))[:, np.newaxis]


def learn_sine(cell, amount, rng):
    """Train on one long wave, cut into pieces that continue each other."""
    layer = network(cell, 1, 16, 1, 7e-4, rng)
    layer.memorize = True
    for start in range(0, amount.pieces * amount.piece, amount.piece):
        wave = sine(start, amount.piece + 1)
        _, error = losses.mse(layer.forward(wave[:-1]), wave[1:], reduction="sum")
        layer.backward(error)
    return layer


def go_on(layer):
    """Read the first values, then take each prediction for the next value: (ALONE,)."""
    layer.memorize = False
    value = layer.forward(sine(0, READ))[-1:]
    layer.memorize = True
    values = [value]
    while len(values) < ALONE:
        value = layer.forward(value)
        values.append(value)
    return np.concatenate(values)[:, 0]


def palindromes(rng, count):
    """Pairs of all digits but the last, one-hot, (LENGTH - 1, 10), and the last, (1, 10)."""
    task = palindrome.Palindrome("one-hot", np.float64)
    x, targets = task.sample(rng, count, LENGTH)
    return zip(x.swapaxes(0, 1), np.eye(CLASSES)[targets[:, np.newaxis]], strict=True)


def learn_recall(cell, amount, rng):
    """Train on palindromes: sequences seen and accuracy on fresh ones, check by check."""
    layer, softmax = network(cell, CLASSES, 32, CLASSES, 0.002, rng), SoftMax.SoftMax()
    between = amount.sequences // CHECKS
    seen, accuracies = [0], [accuracy(layer, amount, rng)]
    for _ in range(CHECKS):
        for digits, label in palindromes(rng, between):
            logits = layer.forward(digits)
            softmax.forward(logits[-1:], label)
            error = np.zeros_like(logits)
            error[-1:] = softmax.backward(label)
            layer.backward(error)
        seen.append(seen[-1] + between)
        accuracies.append(accuracy(layer, amount, rng))
    return seen, accuracies


def accuracy(layer, amount, rng):
    """Share of fresh palindromes whose last digit is named."""
    right = [
        layer.forward(digits)[-1].argmax() == label.argmax()
        for digits, label in palindromes(rng, amount.fresh)
    ]
    return float(np.mean(right))


def draw(path, waves, curves):
    """The continued waves above, the accuracies below; written to a PNG."""
    figure = drawing.new_figure(9.5, 7.0)
    above, below = figure.subplots(2, 1)
    steps = np.arange(READ + ALONE)
    above.plot(steps, sine(0, READ + ALONE), color="0.75", linewidth=6, label="the sine")
    for cell, values in waves.items():
        above.plot(steps[READ:], values, **style(cell))
    above.axvspan(0, READ - 0.5, color="0.93", linewidth=0)
    above.annotate("read", (READ / 2, 1.3), ha="center", va="center", color="0.4")
    above.annotate("alone", (READ + 3, 1.3), va="center", color="0.4")
    above.set(xlabel="step", ylabel="value", xlim=(0, READ + ALONE - 1), ylim=(-2, 1.5))
    above.set_title("sine: every prediction is the next input", loc="left", fontsize="medium")

    for cell, (seen, accuracies) in curves.items():
        below.plot(seen, accuracies, **style(cell))
    below.axhline(1 / CLASSES, color=drawing.GREY, linewidth=1, linestyle=":", label="chance")
    below.set(
        xlabel="sequences seen",
        xlim=(0, None),
        ylabel="accuracy on\nfresh sequences",
        ylim=(0, 1.02),
    )
    below.set_title(
        f"recall: the last digit of palindromes of {LENGTH}", loc="left", fontsize="medium"
    )
    for axes in (above, below):
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.1), ncols=3, frameon=False)
        drawing.dress(axes)
    figure.savefig(path, dpi=160)


def style(cell):
    """How a network is drawn, the thin RNN over the thick LSTM."""
    return {
        "color": drawing.COLOURS[cell],
        "linewidth": LINE_WIDTHS[cell],
        "zorder": LAYERS[cell],
        "label": cell,
    }


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    parser.add_argument("--out", type=pathlib.Path, help="directory of the figure")
    parser.add_argument("--smoke", action="store_true", help="seconds; into a fresh directory")
    options = parser.parse_args(arguments)
    if options.seed < 0:
        parser.error(f"--seed {options.seed}: at least 0 is allowed")
    if options.out is None:
        smoke = options.smoke
        options.out = pathlib.Path(
            tempfile.mkdtemp(prefix="layers_sequences_") if smoke else "results/layers_sequences"
        )
    return options


def main(arguments=None):
    """Train both networks on both tasks, print how well they do, draw."""
    options = parse(arguments)
    try:
        drawing.require_matplotlib()
        options.out.mkdir(parents=True, exist_ok=True)
    except (ModuleNotFoundError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    amount = SMOKE if options.smoke else Amount()
    waves, curves = {}, {}
    truth = sine(READ, ALONE)[:, 0]
    seeds = np.random.SeedSequence(options.seed).spawn(2 * len(CELLS))
    generators = map(np.random.default_rng, seeds)
    for cell in CELLS:
        waves[cell] = go_on(learn_sine(cell, amount, next(generators)))
        off = abs(waves[cell] - truth).max()
        print(f"{cell:<5} sine    at most {off:.3f} off in {ALONE} steps alone", flush=True)
        curves[cell] = learn_recall(cell, amount, next(generators))
        print(f"{cell:<5} recall  {curves[cell][1][-1]:.1%} of fresh sequences", flush=True)
    path = options.out / "layers_sequences.png"
    draw(path, waves, curves)
    print(f"figure: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
