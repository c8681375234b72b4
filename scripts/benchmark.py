"""How fast, and how lean: forward + backward of handrnn against torch.nn, and against a textbook.

Both run in one process, in turn, on the same weights, inputs and gradients and with the same
number of threads; a row is the ratio of their median times (above 1: handrnn is faster), the
share of handrnn's time spent in matrix products, and each one's peak of memory beyond what it
held before, in a process of its own.

The second table is of the course functions, lstm_forward + lstm_backward, against the textbook's
loop (`handrnn.textbook`: a product for each gate and step), in the same way, predictions included.

The third is of whole training steps of the laboratory in both of its engines: loss, gradients,
clipping and Adam on palindromes of 20 one-hot digits, 128 units, batches of 128.

    python scripts/benchmark.py             # all rows: about 8 minutes
    python scripts/benchmark.py --only course  # the second table: 10 seconds
    python scripts/benchmark.py --only training  # the third: half a minute
    python scripts/benchmark.py --smoke     # a few small rows: seconds
    python scripts/benchmark.py --readme    # also write the tables into README.md beside it

Expected on one thread: RNN, GRU and the float64 LSTM level with torch where matrix products are
everything (H = 512), and faster the smaller the sizes; the float32 LSTM, for which torch has a
fused oneDNN layer, between half of its speed at small sizes and level with it at large ones. The
course functions at least as fast as the textbook, and four to five times as fast at m = 1. A
training step 1.4 to 1.6 times as fast as torch's, one of the float32 LSTM level with it.
"""

import argparse
import dataclasses
import itertools
import math
import multiprocessing
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import readme
from threadpoolctl import threadpool_limits

from handrnn import course, nn, sequence, textbook
from handrnn.lab import run, tasks, training

GRID = [
    (10, 128, 1, 128),
    (30, 128, 10, 128),
    (100, 128, 10, 128),
    (100, 32, 64, 256),
    (100, 20, 10, 100),
    (50, 1, 16, 32),
    (200, 64, 512, 512),
    (1000, 16, 8, 32),
]
CELLS = ["RNN", "LSTM", "GRU"]
DTYPES = ["float32", "float64"]
SMOKE = [(10, 8, 4, 16), (50, 1, 16, 32)]
COURSE = [(64, 32, 100, 128), (64, 1, 100, 128)]
COURSE_SMOKE = [(3, 10, 7, 5)]
TABLES = ["layers", "course", "training"]
TRAINING = (20, 128, 128)
TRAINING_SMOKE = (7, 4, 8)
BATCHES = 50


PRODUCT = sequence._product


class Pair:
    """The same layer twice, with the same weights, input and gradient of the output."""

    def __init__(self, kind, dtype, sizes):
        import torch

        T, B, I, H = sizes
        rng = np.random.default_rng(0)
        self.mine = getattr(nn, kind)(I, H, dtype=dtype, rng=0)
        self.theirs = self.mine.to_torch()
        self.x = rng.standard_normal((T, B, I)).astype(dtype)
        self.dy = rng.standard_normal((T, B, H)).astype(dtype)
        self.their_x = torch.tensor(self.x, requires_grad=True)
        self.their_dy = torch.tensor(self.dy)

    def handrnn(self):
        """One forward and backward, all gradients."""
        self.mine.zero_grad()
        self.mine(self.x)
        self.mine.backward(self.dy)

    def torch(self):
        """The same in torch."""
        self.theirs.zero_grad()
        self.their_x.grad = None
        self.theirs(self.their_x)[0].backward(self.their_dy)


class CoursePair:
    """An LSTM by the course functions and by the textbook, on the same weights and gradient."""

    def __init__(self, dtype, sizes):
        n_x, m, T_x, n_a = sizes
        rng = np.random.default_rng(0)

        def normal(*shape):
            return rng.standard_normal(shape).astype(dtype)

        self.parameters = {"Wy": normal(n_x, n_a), "by": normal(n_x, 1)}
        for gate in "fico":
            self.parameters[f"W{gate}"] = normal(n_a, n_a + n_x) / np.sqrt(n_a, dtype=dtype)
            self.parameters[f"b{gate}"] = normal(n_a, 1)
        self.x, self.a0, self.da = normal(n_x, m, T_x), normal(n_a, m), normal(n_a, m, T_x)
        names = {"f": "f", "i": "i", "c": "g", "o": "o"}
        output = {"Why": self.parameters["Wy"], "by": self.parameters["by"]}
        self.their_parameters = output | {
            f"{k}{theirs}": self.parameters[f"{k}{ours}"]
            for k in "Wb"
            for ours, theirs in names.items()
        }
        self.their_x, self.their_dy = (
            np.ascontiguousarray(a.transpose(2, 0, 1)) for a in (self.x, self.da)
        )
        self.zero = np.zeros_like(self.a0)

    def course(self):
        """One forward and backward of the course functions."""
        *_, caches = course.lstm_forward(self.x, self.a0, self.parameters)
        course.lstm_backward(self.da, caches)

    def textbook(self):
        """The same by the textbook's loop, each array in the order that suits it."""
        *_, caches = textbook.lstm_forward(self.their_x, self.a0, self.zero, self.their_parameters)
        textbook.lstm_backward(self.their_dy, self.zero, self.zero, caches)


class TrainingPair:
    """The same run in both engines, and batches of it that both go through in turn."""

    def __init__(self, cell, dtype, sizes):
        length, batch, hidden = sizes
        settings = {"batch": batch, "hidden": hidden, "dtype": dtype, "curriculum": None}
        chosen = run.tuned(cell, length, 0, **settings)
        task = tasks.TASKS[chosen.task](coding=chosen.coding, dtype=np.dtype(dtype))
        rng = np.random.default_rng(0)
        drawn = [task.sample(rng, chosen.batch, chosen.length) for _ in range(BATCHES)]
        self.my_batches, self.their_batches = itertools.cycle(drawn), itertools.cycle(drawn)
        self.mine, self.theirs = (
            training.learner(
                dataclasses.replace(chosen, engine=engine), task, np.random.default_rng(0)
            )
            for engine in ("numpy", "torch")
        )

    def handrnn(self):
        """One training step."""
        self.mine.update(*next(self.my_batches))

    def torch(self):
        """The same in torch."""
        self.theirs.update(*next(self.their_batches))


def seconds(function):
    """Wall-clock time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turn(our_side, their_side, budget):
    """Median times of both, taken alternately for so many seconds."""
    our_side()
    their_side()
    mine, theirs = [], []
    end = time.perf_counter() + budget
    while len(mine) < 5 or time.perf_counter() < end:
        mine.append(seconds(our_side))
        theirs.append(seconds(their_side))
    return statistics.median(mine), statistics.median(theirs)


class TimedNumpy:
    """numpy, as the engine sees it, with a stopwatch on its matrix products."""

    def __init__(self):
        self.spent = 0.0

    def __getattr__(self, name):
        return getattr(np, name)

    def matmul(self, *arguments, **options):
        """numpy.matmul, timed."""
        return self._timed(np.matmul, arguments, options)

    def dot(self, *arguments, **options):
        """numpy.dot, timed."""
        return self._timed(np.dot, arguments, options)

    def product(self, W, target):
        """The engine's product with W, timed."""
        product = PRODUCT(W, target)
        return lambda *arguments, **options: self._timed(product, arguments, options)

    def _timed(self, product, arguments, options):
        start = time.perf_counter()
        result = product(*arguments, **options)
        self.spent += time.perf_counter() - start
        return result


def product_share(pair, calls=5):
    """The part of handrnn's time that its matrix products take."""
    timed = TimedNumpy()
    sequence.np, sequence._product = timed, timed.product
    try:
        total = sum(seconds(pair.handrnn) for _ in range(calls))
    finally:
        sequence.np, sequence._product = np, PRODUCT
    return timed.spent / total


def peak_of(kind, dtype, sizes, side):
    """MiB that one side holds at most during three calls, beyond what it held before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_here, (kind, dtype, sizes, side))


def _peak_here(kind, dtype, sizes, side):
    warm = Pair(kind, dtype, (3, 2, 2, 2))
    warm.handrnn()
    warm.torch()
    pair = Pair(kind, dtype, sizes)
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts from here
    before = _status("VmRSS")
    for _ in range(3):
        getattr(pair, side)()
    return (_status("VmHWM") - before) / 1024


def _status(field):
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{field}:")[1].split()[0])


def growth(kind, dtype, short=250, factor=4):
    """Time of factor times the steps, over factor times the time of the short sequence."""
    shorter, longer = (Pair(kind, dtype, (T, 16, 8, 32)) for T in (short, factor * short))
    ratios = [seconds(longer.handrnn) / seconds(shorter.handrnn) / factor for _ in range(21)]
    return statistics.median(ratios)


def import_seconds():
    """Median time that ``import handrnn`` takes, numpy included, in a fresh interpreter."""
    code = "import time; t = time.perf_counter(); import handrnn; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True) for _ in range(7)]
    return statistics.median(float(run.stdout) for run in runs)


def layers(options, torch):
    """The table of handrnn.nn against torch.nn."""
    memory = Path("/proc/self/clear_refs").exists()
    head = ["layer", "(T, B, I, H)", "handrnn ms", "torch ms", "torch / handrnn", "in products"]
    head += ["handrnn MiB", "torch MiB"] if memory else []
    rows, ratios = [], []
    for kind in options.cells:
        for dtype in options.dtypes:
            for sizes in SMOKE if options.smoke else GRID:
                pair = Pair(kind, dtype, sizes)
                mine, theirs = in_turn(pair.handrnn, pair.torch, options.seconds)
                ratios.append(theirs / mine)
                row = [f"{kind} {dtype}", str(sizes), f"{mine * 1e3:.2f}", f"{theirs * 1e3:.2f}"]
                row += [f"{ratios[-1]:.2f}", f"{product_share(pair):.0%}"]
                if memory:
                    row += [
                        f"{peak_of(kind, dtype, sizes, side):.1f}" for side in ("handrnn", "torch")
                    ]
                rows.append(row)
                show(row)
    summary = (
        f"Geometric mean of torch / handrnn over {len(ratios)} rows: "
        f"{math.exp(statistics.fmean(map(math.log, ratios))):.2f}. "
        f"Four times the steps take {growth('LSTM', 'float32'):.2f} x 4 times the time. "
        f"`import handrnn` takes {import_seconds():.2f} s."
    )
    print(summary)
    if options.readme:
        versions = f"NumPy {np.__version__}, torch {torch.__version__}, {options.threads} thread(s)"
        readme.replace("benchmark", f"{readme.table(head, rows)}\n\n{versions}. {summary}")


def course_functions(options):
    """The table of the course functions against the textbook's loop."""
    head = ["lstm_forward + lstm_backward", "(n_x, m, T_x, n_a)", "course ms", "textbook ms"]
    head += ["textbook / course"]
    rows = []
    for dtype in options.dtypes:
        for sizes in COURSE_SMOKE if options.smoke else COURSE:
            pair = CoursePair(dtype, sizes)
            mine, theirs = in_turn(pair.course, pair.textbook, options.seconds)
            row = [dtype, str(sizes), f"{mine * 1e3:.2f}", f"{theirs * 1e3:.2f}"]
            rows.append([*row, f"{theirs / mine:.2f}"])
            show(rows[-1])
    if options.readme:
        versions = f"NumPy {np.__version__}, {options.threads} thread(s)"
        readme.replace("course-benchmark", f"{readme.table(head, rows)}\n\n{versions}.")


def training_steps(options, torch):
    """The table of the laboratory's training steps against the same in torch."""
    sizes = TRAINING_SMOKE if options.smoke else TRAINING
    head = ["training step", "(T, B, H)", "handrnn ms", "torch ms", "torch / handrnn"]
    head += ["handrnn steps a second"]
    rows = []
    for cell in options.cells:
        for dtype in options.dtypes:
            pair = TrainingPair(cell, dtype, sizes)
            mine, theirs = in_turn(pair.handrnn, pair.torch, 2 * options.seconds)
            row = [f"{cell} {dtype}", str(sizes), f"{mine * 1e3:.2f}", f"{theirs * 1e3:.2f}"]
            rows.append([*row, f"{theirs / mine:.2f}", f"{1 / mine:.0f}"])
            show(rows[-1])
    if options.readme:
        versions = f"NumPy {np.__version__}, torch {torch.__version__}, {options.threads} thread(s)"
        readme.replace("training-benchmark", f"{readme.table(head, rows)}\n\n{versions}.")


def show(row):
    """Print one row."""
    print("  ".join(f"{cell:>20}" if k < 2 else cell for k, cell in enumerate(row)))


def main():
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="of BLAS and of torch (default 1)")
    for option, values in (("--cells", CELLS), ("--dtypes", DTYPES)):
        parser.add_argument(option, nargs="+", choices=values, default=values)
    parser.add_argument("--only", choices=TABLES, help="one of the tables")
    parser.add_argument("--seconds", type=float, help="a row (default 2)")
    parser.add_argument("--smoke", action="store_true", help="a few small rows")
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md")
    options = parser.parse_args()
    if options.threads < 1:
        parser.error(f"--threads {options.threads}: at least 1 is allowed")
    if options.smoke and options.readme:
        parser.error("--smoke measures too little for --readme")
    if options.seconds is None:
        options.seconds = 0.2 if options.smoke else 2.0
    threadpool_limits(options.threads)
    asked = [options.only] if options.only else TABLES
    torch = None
    if asked != ["course"]:
        try:
            import torch
        except ImportError:
            sys.exit("benchmark.py compares with torch: pip install 'handrnn[torch]'")
        torch.set_num_threads(options.threads)
        print(
            f"numpy {np.__version__}, torch {torch.__version__}, {options.threads} thread(s) each"
        )
    if "layers" in asked:
        layers(options, torch)
    if "course" in asked:
        course_functions(options)
    if "training" in asked:
        training_steps(options, torch)


if __name__ == "__main__":
    main()
