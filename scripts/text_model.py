"""A text model, end to end, as one writes it in torch.nn: it learns the standard library's manual.

The text is what `help` says of some modules of Python's standard library; with --text any file of
yours. An embedding, two LSTM layers and a linear layer read it character by character and predict
the next one. The text runs in rows side by side, and the state is carried from one update to the
next, so that the network reads each row from its beginning to its end. Adam's learning rate
falls along half a cosine. Every now and then the network writes some text itself.

Price: about a minute and a half on one core.
Expected last line: "loss 4.55 -> 1.45 nats a character" or near it: another version of Python
documents itself in other words.
The same seed and text print the same samples.
"""

import argparse
import importlib
import inspect
import pathlib
import sys

import numpy as np

from handrnn import losses, nn, optim
from handrnn.optim import lr_scheduler

MODULES = ("argparse", "collections", "functools", "itertools", "json", "logging", "pathlib")
MODULES += ("random", "re", "statistics", "string", "subprocess", "tempfile", "textwrap")
MODULES += ("unittest",)

WIDTH, UNITS = 32, 128
ROWS = 32
STRETCH = 64  # characters that one gradient spans
LEARNING_RATE = 4e-3
CLIP = 1.0
SAMPLE = 200  # characters
SMOKE = {"steps": 30, "every": 15, "units": 16}


def manual():
    """The docstrings of some modules of the standard library, and of what is in them."""
    found = {}  # a docstring that is inherited, or imported, once
    for name in MODULES:
        module = importlib.import_module(name)
        for _, member in [("", module), *sorted(vars(module).items(), key=lambda item: item[0])]:
            own = vars(member).values() if inspect.isclass(member) else ()
            for one in (member, *own):
                if callable(one) or one is module:
                    found[inspect.getdoc(one) or ""] = None
    return "\n\n".join(filter(None, found))


class Text:
    """A text as numbers, in rows side by side."""

    def __init__(self, text):
        self.characters = sorted(set(text))
        numbers = np.searchsorted(self.characters, list(text))
        self.length = (len(numbers) - 1) // ROWS
        self.rows = np.array(
            [numbers[i * self.length : (i + 1) * self.length + 1] for i in range(ROWS)]
        ).T

    def stretches(self):
        """x and the characters that follow, both (T, B), along all rows, without an end.

        The third is whether the rows begin anew.
        """
        while True:
            for start in range(0, self.length - STRETCH + 1, STRETCH):
                both = self.rows[start : start + STRETCH + 1]
                yield both[:-1], both[1:], start == 0


class Model:
    """Embedding, two LSTM layers, Linear."""

    def __init__(self, symbols, units, rng, dtype=np.float32):
        self.embedding = nn.Embedding(symbols, WIDTH, dtype=dtype, rng=rng)
        self.lstm = nn.LSTM(WIDTH, units, num_layers=2, dtype=dtype, rng=rng)
        self.linear = nn.Linear(units, symbols, dtype=dtype, rng=rng)
        self.modules = (self.embedding, self.lstm, self.linear)
        self.optimizer = optim.Adam(*self.modules, lr=LEARNING_RATE)

    def forward(self, x, state=None):
        """Logits (T, B, symbols) and the state after x (T, B)."""
        output, state = self.lstm(self.embedding(x), state)
        return self.linear(output), state

    def update(self, x, following, state=None):
        """One update of Adam: the loss before it, and the state that the next stretch takes."""
        logits, state = self.forward(x, state)
        loss, d_logits = losses.cross_entropy(np.moveaxis(logits, -1, 1), following)
        self.optimizer.zero_grad()
        d_vectors, _ = self.lstm.backward(self.linear.backward(np.moveaxis(d_logits, 1, -1)))
        self.embedding.backward(d_vectors)
        optim.clip_grad_norm(*self.modules, max_norm=CLIP)
        self.optimizer.step()
        return float(loss), state

    def write(self, text, rng):
        """Text of the model's own: each character is drawn from what it predicts."""
        number, state, characters = text.rows[0, 0], None, []
        for module in self.modules:
            module.eval()
        for _ in range(SAMPLE):
            logits, state = self.forward(np.array([[number]]), state)
            number = rng.choice(len(text.characters), p=losses.softmax(logits[0, 0].astype(float)))
            characters.append(text.characters[number])
        for module in self.modules:
            module.train()
        return "".join(characters)


def train(model, text, steps):
    """Update the model along the text; the loss of each update."""
    scheduler = lr_scheduler.CosineAnnealingLR(model.optimizer, T_max=steps)
    state = None
    for _, (x, following, anew) in zip(range(steps), text.stretches(), strict=False):
        loss, state = model.update(x, following, None if anew else state)
        scheduler.step()
        yield loss


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, help="updates (default: 1500)")
    parser.add_argument("--every", type=int, help="updates from sample to sample (default: 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--text", type=pathlib.Path, help="a file to learn instead of the manual")
    parser.add_argument("--smoke", action="store_true", help="a small network, seconds")
    options = parser.parse_args(arguments)
    if options.seed < 0 or any(n is not None and n < 1 for n in (options.steps, options.every)):
        parser.error("--steps and --every take at least 1, --seed at least 0")
    options.units = SMOKE["units"] if options.smoke else UNITS
    options.steps = options.steps or (SMOKE["steps"] if options.smoke else 1500)
    options.every = options.every or (SMOKE["every"] if options.smoke else 300)
    return options


def main(arguments=None):
    """Train, print samples on the way, and what became of the loss; 1 if there is no such text."""
    options = parse(arguments)
    start, writer = np.random.default_rng(options.seed).spawn(2)
    try:
        text = Text(options.text.read_text(encoding="utf-8") if options.text else manual())
    except (OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    if text.length < STRETCH:
        print(f"the text is too short: {ROWS * STRETCH + 1} characters are needed", file=sys.stderr)
        return 1
    model = Model(len(text.characters), options.units, start)
    found = []
    for loss in train(model, text, options.steps):
        found.append(loss)
        if len(found) % options.every == 0 or len(found) == options.steps:
            print(f"--- update {len(found)}, loss {np.mean(found[-options.every :]):.3f}")
            print(model.write(text, writer).strip(), flush=True)
    print(f"loss {found[0]:.2f} -> {np.mean(found[-50:]):.2f} nats a character")
    return 0


if __name__ == "__main__":
    sys.exit(main())
