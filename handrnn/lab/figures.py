"""Figures of finished sweeps. They read files and never train."""

import csv
import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import statistics, sweep, tasks, training

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion, told apart with any colour vision.
COLOURS = {"RNN": "#0072B2", "LSTM": "#D55E00"}
MARKERS = {"RNN": "o", "LSTM": "s"}
# Curves meet at 1.0: the thin RNN is drawn over the thick LSTM, so that both can be seen.
LINE_WIDTHS = {"RNN": 1.3, "LSTM": 3.2}
MARKER_SIZES = {"RNN": 4.0, "LSTM": 7.0}
LAYERS = {"RNN": 3.0, "LSTM": 2.5}
_DASHED_LABEL = "faithful"
_RUN_COLUMNS = ("label", "cell", "length", "seed")
_GREY = "0.45"
_RESAMPLING_SEED = 1


@dataclasses.dataclass(frozen=True)
class Point:
    """All seeds of one recipe, cell and length: a point of a curve.

    Attributes
    ----------
    label, cell, length
        As in `Run`.
    accuracies : tuple of float
        Highest held-out accuracy of each seed.
    median, low, high : float
        Median over the seeds and the bootstrap band of it.
    share, share_low, share_high : float
        Share of the seeds at 99 % or more, and its Wilson interval.
    """

    label: str
    cell: str
    length: int
    accuracies: tuple[float, ...]
    median: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float


def points(records: Sequence[sweep.Record]) -> list[Point]:
    """Gather finished runs into points, ordered by label, cell (the RNN first) and length."""
    groups: dict[tuple[str, str, int], list[float]] = {}
    for record in records:
        key = (record.run.label, record.run.cell, record.run.length)
        groups.setdefault(key, []).append(record.result.accuracy)
    rng = np.random.default_rng(_RESAMPLING_SEED)
    return [_point(*key, groups[key], rng) for key in sorted(groups, key=_place)]


def _place(key: tuple[str, str, int]) -> tuple[str, int, int]:
    label, cell, length = key
    return label, list(COLOURS).index(cell), length


def _point(
    label: str, cell: str, length: int, accuracies: list[float], rng: np.random.Generator
) -> Point:
    low, high = statistics.bootstrap_band(accuracies, rng)
    solved = sum(accuracy >= statistics.NEARLY_ALL_RIGHT for accuracy in accuracies)
    share_low, share_high = statistics.wilson_interval(solved, len(accuracies))
    return Point(
        label=label,
        cell=cell,
        length=length,
        accuracies=tuple(accuracies),
        median=float(np.median(accuracies)),
        low=low,
        high=high,
        share=statistics.share_solved(accuracies),
        share_low=share_low,
        share_high=share_high,
    )


def accuracy_vs_length(
    directory: str | os.PathLike, name: str = "accuracy_vs_length"
) -> pathlib.Path:
    """Draw the highest held-out accuracy against the length, from the files of a sweep.

    Written beside the runs: ``name.png``, ``name.svg``, ``name.csv`` (a row a point) and
    ``name_runs.csv`` (a row a run).

    Parameters
    ----------
    directory : path
        A sweep's directory; every finished run in it is drawn.
    name : str
        Stem of the files written.

    Returns
    -------
    Path
        The PNG.

    Raises
    ------
    ValueError
        If no run in the directory is finished.
    ModuleNotFoundError
        If matplotlib is missing.
    """
    figure_type = _figure_type()
    directory = pathlib.Path(directory)
    records = sweep.read_all(directory)
    if not records:
        raise ValueError(f"{directory} holds no finished run: there is nothing to draw")
    gathered = points(records)
    _write_points(directory / f"{name}.csv", gathered)
    _write_runs(directory / f"{name}_runs.csv", records)
    figure = figure_type(figsize=(9.5, 7.0), layout="constrained")
    draw(figure, records, gathered)
    figure.savefig(directory / f"{name}.svg", metadata={"Date": None})
    figure.savefig(directory / f"{name}.png", dpi=160)
    return directory / f"{name}.png"


def require_matplotlib() -> None:
    """Raise ModuleNotFoundError, saying what to install, if matplotlib is missing."""
    _figure_type()


def _figure_type() -> "type[Figure]":
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ModuleNotFoundError("figures need matplotlib: pip install 'handrnn[plots]'") from None
    return Figure


def draw(figure: "Figure", records: Sequence[sweep.Record], gathered: Sequence[Point]) -> None:
    """Draw accuracy above, share of solved seeds below, into a matplotlib figure."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    _draw_chance(above, records)
    curves: dict[tuple[str, str], list[Point]] = {}
    for point in gathered:
        curves.setdefault((point.label, point.cell), []).append(point)
    for number, ((label, cell), curve) in enumerate(curves.items()):
        shift = 0.17 * (number - (len(curves) - 1) / 2)
        _draw_curve(above, below, label, cell, curve, shift)
    _dress(above, below, records)


def _draw_chance(above: "Axes", records: Sequence[sweep.Record]) -> None:
    """Draw where guessing ends up: its mean, and the band of the best of several guesses."""
    run = records[0].run
    classes = tasks.TASKS[run.task].classes
    checks = max(record.result.confirmations for record in records)
    low, high = statistics.chance_band(classes, run.confirm, checks)
    above.axhspan(low, high, color="0.8", linewidth=0)
    above.axhline(1 / classes, color=_GREY, linewidth=1, linestyle=":")
    above.annotate(
        f"chance, and the highest of {checks} checks at chance (95 %)",
        (1, high),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 3),
        textcoords="offset points",
        ha="right",
        color=_GREY,
        fontsize="small",
    )


def _draw_curve(
    above: "Axes", below: "Axes", label: str, cell: str, curve: Sequence[Point], shift: float
) -> None:
    """Draw one recipe of one cell into both panels, its dots moved sideways by `shift`."""
    dashed = label == _DASHED_LABEL
    line: dict[str, Any] = {
        "color": COLOURS[cell],
        "linestyle": "--" if dashed else "-",
        "linewidth": LINE_WIDTHS[cell],
        "zorder": LAYERS[cell],
    }
    marker: dict[str, Any] = {
        "marker": MARKERS[cell],
        "markersize": MARKER_SIZES[cell],
        "markerfacecolor": "white" if dashed else COLOURS[cell],
        "markeredgecolor": COLOURS[cell],
        "zorder": LAYERS[cell] + 1,
    }
    lengths = np.array([point.length for point in curve])
    longest = statistics.longest_solved({point.length: point.accuracies for point in curve})
    name = f"{cell}, {label} (L99 = {longest or 'none'})"

    lows, highs = [point.low for point in curve], [point.high for point in curve]
    above.fill_between(lengths, lows, highs, color=COLOURS[cell], alpha=0.13, linewidth=0)
    above.plot(lengths, [point.median for point in curve], label=name, **line)
    for point in curve:
        places = np.full(len(point.accuracies), point.length + shift)
        above.plot(places, point.accuracies, linestyle="none", clip_on=False, **marker)

    share = np.array([point.share for point in curve])
    error = [
        share - [point.share_low for point in curve],
        [point.share_high for point in curve] - share,
    ]
    below.errorbar(
        lengths + shift, share, np.maximum(error, 0), capsize=2, elinewidth=1, **{**line, **marker}
    )


def _dress(above: "Axes", below: "Axes", records: Sequence[sweep.Record]) -> None:
    """Label the axes, so that the figure can be read without the text around it."""
    run = records[0].run
    seeds = len({record.run.seed for record in records})
    caps = ", ".join(f"{steps:,}" for steps in sorted({record.run.steps for record in records}))
    above.set_title(
        f"{run.task}, {run.hidden} units, batches of {run.batch}, {seeds} seeds",
        loc="left",
        fontsize="medium",
    )
    above.set_ylabel(f"highest accuracy on\n{run.confirm:,} fresh sequences")
    above.set_ylim(0, 1.02)
    above.legend(
        loc="center right", frameon=False, title="dots: seeds; line: median; band: bootstrap, 95 %"
    )
    below.set_ylabel("share of seeds\nat 99 % (Wilson, 95 %)")
    below.set_ylim(-0.05, 1.05)
    below.set_xlabel(
        f"T, digits of the whole palindrome (the network reads T - 1), at most {caps} updates"
    )
    below.set_xticks(sorted({record.run.length for record in records}), minor=True)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="0.92")
        axes.set_axisbelow(True)


def _write_points(path: pathlib.Path, gathered: Sequence[Point]) -> None:
    names = [field.name for field in dataclasses.fields(Point) if field.name != "accuracies"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names[:3], "seeds", *names[3:]])
        for point in gathered:
            values = [getattr(point, name) for name in names]
            writer.writerow([*values[:3], len(point.accuracies), *values[3:]])


def _write_runs(path: pathlib.Path, records: Sequence[sweep.Record]) -> None:
    results = [field.name for field in dataclasses.fields(training.Result)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_RUN_COLUMNS, *results, "seconds"])
        for record in records:
            settings = [getattr(record.run, name) for name in _RUN_COLUMNS]
            outcome = [getattr(record.result, name) for name in results]
            writer.writerow([*settings, *outcome, record.seconds])
