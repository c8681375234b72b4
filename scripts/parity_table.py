"""How exact is handrnn, and which mistakes does the comparison see? Two tables.

errors    for every cell, precision and kind of quantity the largest error of handrnn and of torch
          over several draws, in units of rounding (u: 2**-24 in float32, 2**-53 in float64). The
          error of an array is max|a - truth| / max|truth|; the truth is the textbook in long
          double. With a gate nearly shut, in rows of its own, each gate's gradients are an array
canaries  the mistakes that parity_tests/canaries.py plants into the engine, and what saw them

    python scripts/parity_table.py              # both tables: about a minute
    python scripts/parity_table.py --smoke      # small sizes, one draw, a few mistakes: seconds
    python scripts/parity_table.py --readme     # also write them into parity_tests/README.md

Expected: a few u everywhere, handrnn and torch alike, and no mistake unseen. Without torch there is
handrnn's column only. Where long double is only double (Windows, Apple's processors) the float64
rows say nothing about anyone's error, and a warning says so.
"""

import argparse
import contextlib
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import readme

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from handrnn import compare
from handrnn.lab import command_line
from parity_tests import canaries, harness

SIZES: dict[str, Any] = {"T": 50, "B": 8, "I": 16, "H": 32, "P": 12}
GRID: tuple[dict[str, Any], ...] = (
    SIZES,
    {**SIZES, "scale": "wide"},
    {**SIZES, "num_layers": 2, "bidirectional": True},
    {**SIZES, "T": 200, "B": 4},
)
SMOKE: tuple[dict[str, Any], ...] = ({"T": 8, "B": 3, "I": 5, "H": 6, "P": 4},)
SMOKE_CANARIES = 8

GROUPS = {  # columns, and the quantities in them
    "outputs": ("y",),
    "states": ("h_n", "c_n"),
    "dx": ("dx",),
    "d states": ("dh0", "dc0"),
    "d weights": ("dweight", "dbias"),
}

NO_TORCH = "torch is not installed (pip install 'handrnn[torch]'): handrnn's errors only"
ONLY_DOUBLE = (
    "WARNING: np.longdouble is only double on this machine. The 'truth' is no better than what is"
    " judged, and the float64 rows are not errors but differences between two float64 programs."
)
RELU_NEEDS_TORCH = "torch tells which of its draws decide anything"
DRAWS_APART = 10_000  # between the seeds of two cases, so that no two redraw the same numbers

Errors = dict[str, float]


def long_double_is_double() -> bool:
    """Whether long double has no more digits than double."""
    return np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant


def progress(items: list[Any], what: str) -> Iterable[Any]:
    """The items, with a bar if somebody is watching."""
    if not sys.stderr.isatty():
        return items
    try:
        from tqdm import tqdm
    except ImportError:
        print("progress bars need tqdm: pip install 'handrnn[plots]'", file=sys.stderr)
        return items
    return tqdm(items, desc=what, leave=False)


@contextlib.contextmanager
def one_thread():
    """Sums in the same order every time, if threadpoolctl is there to ask for it."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        print("matrix products may use several threads: pip install 'handrnn[plots]'")
        yield
        return
    with threadpool_limits(1):
        yield


# ------------------------------------------------------------------------------------------ errors


def group_errors(found: harness.Quantities, truth: harness.Quantities, dtype: str) -> Errors:
    """The largest error of every group of quantities, in units of rounding."""
    return {
        group: max(
            compare.in_units(compare.normwise_error(found[name], truth[name]), dtype)
            for name in truth
            if name.startswith(prefixes)
        )
        for group, prefixes in GROUPS.items()
    }


def largest(errors: Iterable[Errors]) -> Errors:
    """Group by group the largest."""
    errors = list(errors)
    return {group: max(one[group] for one in errors) for group in GROUPS}


def measure(case: harness.Case, draws: int) -> Iterator[tuple[Errors, Errors | None]]:
    """The errors of handrnn and of torch in so many draws of a case."""
    for bundle, _ in islice(harness.redraws(case), draws):
        truth = harness.oracle(bundle, np.longdouble)
        mine = group_errors(harness.ours(bundle), truth, case.dtype)
        if canaries.HAS_TORCH:
            yield mine, group_errors(harness.torchs(bundle), truth, case.dtype)
        else:
            yield mine, None


def needs_torch(case: harness.Case) -> bool:
    """Whether the harness asks torch which draws of the case decide anything."""
    return case.cell == "rnn_relu" and case.dtype == "float32" and not canaries.HAS_TORCH


def line(name: str, errors: list[tuple[Errors, Errors | None]]) -> list[str]:
    """A row of the table: the largest error of handrnn / of torch in every column."""
    mine = largest(one for one, _ in errors)
    cells = [f"{mine[group]:.1f}" for group in GROUPS]
    if canaries.HAS_TORCH:
        theirs = largest(one for _, one in errors if one is not None)
        cells = [f"{cell} / {theirs[group]:.1f}" for cell, group in zip(cells, GROUPS, strict=True)]
    return [name, *cells]


def error_rows(grid: tuple[dict[str, Any], ...], draws: int, seed: int) -> list[list[str]]:
    """A row for every cell and precision: the largest errors over all sizes and draws.

    And one where a gate is nearly shut, in the first of the sizes.
    """
    cases = [
        harness.Case(cell, dtype=dtype, seed=seed + DRAWS_APART * number, **options)
        for cell in harness.CELLS
        for dtype in harness.DTYPES
        for number, options in enumerate((*grid, {**grid[0], "closed": True}))
        if harness.SIGMOIDS[cell] or not options.get("closed")
    ]
    measured: dict[str, list[tuple[Errors, Errors | None]]] = {}
    for case in progress([case for case in cases if not needs_torch(case)], "errors"):
        name = f"{case.cell} {case.dtype}" + ", saturated gates" * case.closed
        measured.setdefault(name, []).extend(measure(case, draws))
    return [line(name, errors) for name, errors in measured.items()]


def describe(grid: tuple[dict[str, Any], ...], draws: int) -> str:
    """What the table of errors was measured on, and with."""
    sizes = "; ".join(
        ", ".join(f"{name} = {value}" for name, value in options.items()) for options in grid
    )
    versions = f"NumPy {np.__version__}"
    if canaries.HAS_TORCH:
        import torch

        versions += f", torch {torch.__version__}"
    digits = np.finfo(np.longdouble).nmant + 1
    parts = [f"{draws} draw(s) each of: {sizes}."]
    parts.append("Saturated gates: the first of these with a gate nearly shut, each gate apart.")
    parts.append(f"{versions}; long double has {digits} bits.")
    if not canaries.HAS_TORCH:
        parts.append(f"{NO_TORCH}; rnn_relu in float32 is left out: {RELU_NEEDS_TORCH}.")
    if long_double_is_double():
        parts.append(ONLY_DOUBLE)
    return " ".join(parts)


# ---------------------------------------------------------------------------------------- canaries


def sightings(chosen: list[canaries.Canary]) -> dict[canaries.Canary, list[canaries.Kill]]:
    """For every mistake where each of its cells saw it first; exits if a cell did not."""
    found = {}
    for canary in progress(chosen, "canaries"):
        kills = canaries.kills(canary)
        unseen = [cell for cell, kill in kills.items() if kill is None]
        if unseen:
            sys.exit(f"NOT SEEN: {canary.id} in {', '.join(unseen)} ({canary.why})")
        found[canary] = [kill for kill in kills.values() if kill is not None]
    return found


def size(error: float) -> str:
    """An error of a quantity; of a changed argument, for which there is no scale, a dash."""
    return f"{error:.0e}" if np.isfinite(error) else "-"


def canary_lines(found: dict[canaries.Canary, list[canaries.Kill]]) -> list[list[str]]:
    """One row a mistake, for the terminal."""
    rows = []
    for canary, kills in found.items():
        first = kills[0]
        least = min(kill.difference.error for kill in kills)
        rows.append([canary.id, first.difference.name, size(least), " ".join(canary.cells)])
    return rows


def canary_rows(found: dict[canaries.Canary, list[canaries.Kill]]) -> list[list[str]]:
    """One row a kind of mistake, for the README."""
    rows = []
    for kind in dict.fromkeys(canary.kind for canary in found):
        of_kind = {canary: kills for canary, kills in found.items() if canary.kind == kind}
        all_kills = [kill for kills in of_kind.values() for kill in kills]
        names = dict.fromkeys(kills[0].difference.name for kills in of_kind.values())
        cells = [cell for cell in harness.CELLS if any(cell in canary.cells for canary in of_kind)]
        least = min(kill.difference.error for kill in all_kills)
        seen = ", ".join(f"`{name}`" for name in names)
        everywhere = len(cells) == len(harness.CELLS)
        where = "all" if everywhere else ", ".join(cells)
        rows.append([f"`{kind}`", str(len(of_kind)), where, seen, size(least)])
    return rows


# ------------------------------------------------------------------------------------------- print


def loudly(text: str) -> None:
    """A warning that is not overlooked."""
    print(f"\n{'!' * 100}\n{text}\n{'!' * 100}\n", file=sys.stderr)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, help="draws of every case (default 5; smoke 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the first draw (default 0)")
    parser.add_argument("--smoke", action="store_true", help="small sizes, a few mistakes: seconds")
    parser.add_argument("--readme", action="store_true", help="write the tables into parity_tests")
    options = parser.parse_args(arguments)
    if options.draws is None:
        options.draws = 1 if options.smoke else 5
    if options.draws < 1:
        parser.error(f"--draws is {options.draws}: at least 1 is needed")
    if options.seed < 0:
        parser.error(f"--seed is {options.seed}: it cannot be negative")
    if options.readme and options.smoke:
        parser.error("--smoke measures too little for the README")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write what was asked for."""
    options = parse(arguments)
    if long_double_is_double():
        loudly(ONLY_DOUBLE)
    grid = SMOKE if options.smoke else GRID
    warnings.filterwarnings("ignore", message="LSTM with projections is not supported with oneDNN")
    with one_thread():
        head = ["handrnn / torch" if canaries.HAS_TORCH else "handrnn", *GROUPS]
        rows = error_rows(grid, options.draws, options.seed)
        caption = describe(grid, options.draws)
        print(command_line.aligned(head, rows))
        print(f"\n{caption}\n")

        chosen = list(canaries.CANARIES)
        if options.smoke:
            chosen = chosen[:: len(chosen) // SMOKE_CANARIES]
        found = sightings(chosen)
    columns = ["mistake", "seen first in", "least error", "cells"]
    print(command_line.aligned(columns, canary_lines(found)))
    against = "torch" if canaries.HAS_TORCH else "the textbook, without torch"
    print(f"\n{len(found)} mistakes planted into the engine, all of them seen (against {against}).")
    print("\nNot planted, since no line of the engine could be written so:")
    for kind, why in canaries.NOT_PLANTED.items():
        print(f"{kind}: {why}")
    if long_double_is_double():
        loudly(ONLY_DOUBLE)
    if options.readme:
        write_readme(readme.table(head, rows), caption, found)
    return 0


def write_readme(
    table: str, caption: str, found: dict[canaries.Canary, list[canaries.Kill]]
) -> None:
    """Both tables, into their sections."""
    readme.replace("parity", f"{table}\n\n{caption}")
    head = ["mistake", "planted", "cells", "seen first in", "least error"]
    text = (
        f"{len(found)} lines changed one at a time. `inputs`: an argument came back changed."
        f" The budget is {harness.FLOAT64_BUDGET:.0e}."
    )
    readme.replace("canaries", f"{readme.table(head, canary_rows(found))}\n\n{text}")


if __name__ == "__main__":
    sys.exit(main())
