"""A character model that writes names, trained with the course functions alone.

The text is a list of invented names, one a line, each made of a beginning, some middles and an
ending; with --text any file of yours. The network reads a character at a time and predicts the
next: an update draws stretches of the text, runs `handrnn.course` forward and backward over them,
clips every gradient element by element, and hands the course's dict of arrays, one after another,
to Adam's update rule of `handrnn.optim`. Every now and then the network writes some text itself.

Price: about 5 seconds on one core.
Expected last line: "loss 3.57 -> 0.92 nats a character" (--cell rnn: "3.55 -> 0.93"). No model can
do much better: names hold 0.87, and stretches begin in the middle of one.
The same seed prints the same text.
"""

import argparse
import pathlib
import sys

import numpy as np

from handrnn import course, optim

BEGINNINGS = ["Bar", "Cal", "Dor", "El", "Fen", "Gal", "Har", "Il"]
BEGINNINGS += ["Jor", "Kel", "Lor", "Mir", "Nor", "Or", "Per", "Quil"]
MIDDLES = ["a", "an", "e", "en", "i", "in", "o", "on", "u", "un"]
ENDINGS = ["bel", "dan", "dra", "gor", "lin", "mar", "nor", "ric", "thas", "vyn"]
NAMES = 2000

UNITS = 48
STRETCH = 24  # characters of the text that one gradient spans
EXAMPLES = 16  # stretches in one update
LEARNING_RATE = 0.01
CLIP = 5.0
SAMPLE = 60  # characters
SMOKE = {"steps": 60, "every": 20, "units": 16}


def invented_names(rng):
    """Names, one a line."""
    parts = [BEGINNINGS, MIDDLES, ENDINGS]
    return "\n".join("".join(rng.choice(part) for part in parts) for _ in range(NAMES)) + "\n"


class Text:
    """A text as numbers: stretches of it, and the characters that follow."""

    def __init__(self, text):
        self.characters = sorted(set(text))
        self.numbers = np.searchsorted(self.characters, list(text))

    def one_hot(self, numbers):
        """Columns with a single one: (n_x, *shape of the numbers)."""
        return np.moveaxis(np.eye(len(self.characters))[numbers], -1, 0)

    def stretches(self, rng):
        """x (n_x, m, T_x), one-hot, and for each character the number of the next, (m, T_x)."""
        starts = rng.integers(len(self.numbers) - STRETCH, size=(EXAMPLES, 1))
        both = self.numbers[starts + np.arange(STRETCH + 1)]
        return self.one_hot(both[:, :-1]), both[:, 1:]


def initial(cell, n_x, n_a, rng):
    """The course's dict of parameters: small weights, no biases, an open forget gate."""

    def weights(rows, columns):
        return rng.standard_normal((rows, columns)) / np.sqrt(columns)

    if cell == "rnn":
        parameters = {"Wax": weights(n_a, n_x), "Waa": weights(n_a, n_a), "ba": np.zeros((n_a, 1))}
        return parameters | {"Wya": weights(n_x, n_a), "by": np.zeros((n_x, 1))}
    parameters = {f"W{gate}": weights(n_a, n_a + n_x) for gate in "fico"}
    parameters |= {f"b{gate}": np.full((n_a, 1), float(gate == "f")) for gate in "fico"}
    return parameters | {"Wy": weights(n_x, n_a), "by": np.zeros((n_x, 1))}


def loss_and_gradients(cell, x, y, parameters):
    """The loss of a character, and its gradients with respect to all parameters."""
    a0 = np.zeros((len(parameters["ba" if cell == "rnn" else "bf"]), x.shape[1]))
    if cell == "rnn":
        a, y_pred, caches = course.rnn_forward(x, a0, parameters)
    else:
        a, y_pred, _, caches = course.lstm_forward(x, a0, parameters)
    gradients = course.sequence_loss_backward(y_pred, y, a, parameters)
    backward = course.rnn_backward if cell == "rnn" else course.lstm_backward
    gradients |= backward(gradients["da"], caches)
    return course.sequence_loss(y_pred, y) / y.size, {n: gradients[f"d{n}"] for n in parameters}


def update(parameters, gradients, states):
    """One step of Adam, from the dicts of the course to new ones."""
    new_parameters, new_states = {}, {}
    for name, weights in parameters.items():
        new_parameters[name], new_states[name] = optim.adam(
            weights, gradients[name], states.get(name), lr=LEARNING_RATE
        )
    return new_parameters, new_states


def written(cell, parameters, text, rng):
    """Text that the network writes: each character is drawn from what it predicts."""
    number = text.numbers[0]
    a = c = np.zeros((len(parameters["ba" if cell == "rnn" else "bf"]), 1))
    characters = []
    for _ in range(SAMPLE):
        xt = text.one_hot(np.array([number]))
        if cell == "rnn":
            a, y, _ = course.rnn_cell_forward(xt, a, parameters)
        else:
            a, c, y, _ = course.lstm_cell_forward(xt, a, c, parameters)
        number = rng.choice(len(y), p=y[:, 0] / y.sum())
        characters.append(text.characters[number])
    return text.characters[text.numbers[0]] + "".join(characters)


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cell", choices=("rnn", "lstm"), default="lstm")
    parser.add_argument("--steps", type=int, help="updates (default: 600)")
    parser.add_argument("--every", type=int, help="updates from sample to sample (default: 150)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--text", type=pathlib.Path, help="a file to learn instead of the names")
    parser.add_argument("--smoke", action="store_true", help="a small network, seconds")
    options = parser.parse_args(arguments)
    counts = (n for n in (options.steps, options.every) if n is not None)
    if options.seed < 0 or any(n < 1 for n in counts):
        parser.error("--steps and --every take at least 1, --seed at least 0")
    options.units = SMOKE["units"] if options.smoke else UNITS
    options.steps = options.steps or (SMOKE["steps"] if options.smoke else 600)
    options.every = options.every or (SMOKE["every"] if options.smoke else 150)
    return options


def main(arguments=None):
    """Train, print samples on the way, and what became of the loss; 1 if there is no such text."""
    options = parse(arguments)
    data, start, stretches, writer = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(options.seed).spawn(4)
    )
    try:
        text = Text(options.text.read_text() if options.text else invented_names(data))
    except (OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    if len(text.numbers) <= STRETCH:
        print(
            f"the text has {len(text.numbers)} characters: more than {STRETCH} are needed",
            file=sys.stderr,
        )
        return 1
    parameters = initial(options.cell, len(text.characters), options.units, start)
    states, losses = {}, []
    for step in range(1, options.steps + 1):
        x, y = text.stretches(stretches)
        loss, gradients = loss_and_gradients(options.cell, x, y, parameters)
        course.clip(gradients, CLIP)
        parameters, states = update(parameters, gradients, states)
        losses.append(loss)
        if step % options.every == 0 or step == options.steps:
            print(f"--- update {step}, loss {np.mean(losses[-options.every :]):.3f}")
            print(written(options.cell, parameters, text, writer).strip())
    print(f"loss {losses[0]:.2f} -> {np.mean(losses[-20:]):.2f} nats a character")
    return 0


if __name__ == "__main__":
    sys.exit(main())
