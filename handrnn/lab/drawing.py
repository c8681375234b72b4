"""What the figures have in common: which runs they read, their colours, the files they write."""

import csv
import dataclasses
import io
import os
import pathlib
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .. import writing
from . import files, tasks, training
from . import run as run_module

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of Okabe and Ito's colours, which are told apart with any colour vision; in the order of figures.
COLOURS = {"RNN": "#0072B2", "reluRNN": "#CC79A7", "LSTM": "#D55E00", "GRU": "#009E73"}
CELLS = tuple(COLOURS)
MARKERS = {"RNN": "o", "reluRNN": "D", "LSTM": "s", "GRU": "^"}
GREY = "0.45"
FAITHFUL = "faithful"  # the recipe that is drawn dashed and hollow
_LINES = ("-", "-.", ":")
_CAPTION, _TITLE = 15, 12  # letters that fit into an inch, at least
_RUN_COLUMNS = ("label", "task", "cell", "length", "seed", "engine")


def require_matplotlib() -> None:
    """Raise ModuleNotFoundError, saying what to install, if matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError("figures need matplotlib: pip install 'handrnn[plots]'") from None


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of this size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(figure: "Figure", directory: pathlib.Path, name: str) -> pathlib.Path:
    """Write ``name.svg`` and ``name.png``, the same bytes each time; return the path of the PNG.

    Each is there as a whole, or else what stood there before.
    """
    import matplotlib

    vectors, pixels = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(vectors, format="svg", metadata={"Date": None})
    figure.savefig(pixels, format="png", dpi=160)
    writing.write(directory / f"{name}.svg", vectors.getvalue())
    writing.write(directory / f"{name}.png", pixels.getvalue())
    return directory / f"{name}.png"


def head(figure: "Figure", text: str) -> None:
    """Write a line above a figure, broken where it would be wider than the figure."""
    figure.suptitle(_wrapped(figure, text, _TITLE), fontsize="medium", x=0.01, ha="left")


def caption(figure: "Figure", lines: Iterable[str]) -> None:
    """Write lines in small print below a figure, broken where they would be wider than it."""
    broken = [_wrapped(figure, line, _CAPTION) for line in lines]
    figure.supxlabel("\n".join(broken), fontsize="small")


def _wrapped(figure: "Figure", text: str, letters: int) -> str:
    return textwrap.fill(text, int(letters * figure.get_figwidth()), break_on_hyphens=False)


def read(directory: str | os.PathLike) -> list[files.Record]:
    """Read the finished runs of one figure.

    Parameters
    ----------
    directory : path
        Of a sweep.

    Returns
    -------
    list of Record
        All finished runs, of one task, ordered by name.

    Raises
    ------
    ValueError
        If there is none; if they are of several tasks, whose accuracies do not compare; if runs of
        one recipe, cell and length differ in more than the seed.
    """
    records = files.read_all(directory)
    if not records:
        raise ValueError(f"{directory} holds no finished run: there is nothing to draw")
    names = sorted({record.run.task for record in records})
    if len(names) > 1:
        listed = ", ".join(f"{name} (chance {tasks.TASKS[name].chance:.3g})" for name in names)
        raise ValueError(f"{directory} holds runs of several tasks, {listed}: a figure shows one")
    _check_seeds(directory, records)
    return records


def _check_seeds(directory: str | os.PathLike, records: Iterable[files.Record]) -> None:
    """Runs that are drawn as the seeds of one point have to differ in the seed only."""
    first: dict[tuple[str, str, int], files.Record] = {}
    for record in records:
        run = record.run
        other = first.setdefault((run.label, run.cell, run.length), record).run
        different = [
            f"{name} ({there!r} and {here!r})"
            for name, (there, here) in run_module.differences(other, run).items()
            if name != "seed"
        ]
        if different:
            raise ValueError(
                f"{directory}: the seeds of {run.label} {run.cell} at T = {run.length} differ in "
                f"{', '.join(different)}: they are not samples of one recipe"
            )


def grouped(records: Iterable[files.Record]) -> dict[tuple[str, str, int], list[files.Record]]:
    """Gather the seeds of each label, cell and length."""
    groups: dict[tuple[str, str, int], list[files.Record]] = {}
    for record in records:
        key = (record.run.label, record.run.cell, record.run.length)
        groups.setdefault(key, []).append(record)
    return groups


def cells(records: Iterable[files.Record]) -> list[str]:
    """List the cells there are, in the order of figures."""
    found = {record.run.cell for record in records}
    return [cell for cell in CELLS if cell in found]


def labels(records: Iterable[files.Record]) -> list[str]:
    """List the recipes there are: the faithful one first, the others by name."""
    found = {record.run.label for record in records}
    return sorted(found, key=lambda label: (label != FAITHFUL, label))


def line_style(label: str, among: Sequence[str]) -> str:
    """Return the line of a recipe: dashed for the faithful one, the others told apart.

    Raises
    ------
    ValueError
        If there are more recipes than lines that are told apart.
    """
    check_lines(among)
    if label == FAITHFUL:
        return "--"
    return _LINES[[other for other in among if other != FAITHFUL].index(label)]


def check_lines(among: Sequence[str]) -> None:
    """Raise ValueError if there are more recipes than lines that are told apart."""
    others = [label for label in among if label != FAITHFUL]
    if len(others) > len(_LINES):
        raise ValueError(
            f"{len(others)} recipes beside {FAITHFUL!r} are too many for one figure: "
            f"there are {len(_LINES)} kinds of lines to tell them apart"
        )


def keep_apart(figure: "Figure") -> None:
    """Leave room between panels side by side, whose last and first tick would else touch."""
    figure.set_layout_engine("constrained", wspace=0.04)


def settings_line(records: Sequence[files.Record]) -> str:
    """Say in a line what was trained: task, units, batches, seeds, cap on updates, engine."""
    runs = [record.run for record in records]
    engines = sorted({run.engine for run in runs} - {"numpy"})
    seeds = {len(group) for group in grouped(records).values()}
    parts = [
        runs[0].task,
        f"{_listed(run.hidden for run in runs)} units",
        f"batches of {_listed(run.batch for run in runs)}",
        f"{_listed(seeds)} seed{'' if seeds == {1} else 's'}",
        f"at most {_listed(run.steps for run in runs)} updates",
        *(f"trained by {engine}" for engine in engines),
    ]
    return ", ".join(parts)


def _listed(numbers: Iterable[int]) -> str:
    return " or ".join(f"{number:,}" for number in sorted(set(numbers)))


def counted(count: int, noun: str) -> str:
    """Write a number and its noun.

    Examples
    --------
    >>> counted(1, "seed"), counted(3000, "update")
    ('1 seed', '3,000 updates')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def dress(axes: "Axes", grid: Any = "y") -> None:
    """Leave what is read: two spines, and pale lines behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="0.92")
    axes.set_axisbelow(True)


def legend(axes: "Axes", cell: str, columns: int = 1) -> None:
    """Name a panel after its cell, and the lines in it, above it where nothing is covered."""
    made = axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        borderaxespad=0.2,
        ncols=columns,
        frameon=False,
        title=cell,
        alignment="left",
        fontsize="small",
        handlelength=2.6,
    )
    made.get_title().set_fontweight("bold")


def write_table(path: pathlib.Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, which is there as a whole, or else what stood there before."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(rows)
    writing.write(path, text.getvalue().encode())


def write_runs(path: pathlib.Path, records: Iterable[files.Record]) -> None:
    """Write a CSV file of what came of each run, a row a run."""
    results = [field.name for field in dataclasses.fields(training.Result)]
    rows = [
        [
            *(getattr(record.run, name) for name in _RUN_COLUMNS),
            *(getattr(record.result, name) for name in results),
            record.seconds,
        ]
        for record in records
    ]
    write_table(path, [*_RUN_COLUMNS, *results, "seconds"], rows)
