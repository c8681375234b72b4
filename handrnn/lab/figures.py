"""Accuracy against length, from the files of a sweep.

The other figures of the laboratory stand beside this one: `figures_learning`, `figures_ablation`
and `figures_reach`. All read files and never train.
"""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import drawing, files, published, statistics, tasks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "accuracy_vs_length"  # of the files written
_RESAMPLING_SEED = 1
_BESIDE = 0.15  # between the dots of two recipes at one length, in distances of two lengths


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


def points(records: Sequence[files.Record]) -> list[Point]:
    """Gather finished runs into points, ordered by label, cell (the RNN first) and length."""
    groups = drawing.grouped(records)
    return [_point(*key, groups[key]) for key in sorted(groups, key=_place)]


def _place(key: tuple[str, str, int]) -> tuple[bool, str, int, int]:
    label, cell, length = key
    return label != drawing.FAITHFUL, label, drawing.CELLS.index(cell), length


def _generator(label: str, cell: str, length: int) -> np.random.Generator:
    """A point's own, so that its band is the same whatever else is in the figure."""
    entropy = [_RESAMPLING_SEED, length, drawing.CELLS.index(cell), *label.encode()]
    return np.random.default_rng(np.random.SeedSequence(entropy))


def _point(label: str, cell: str, length: int, group: Sequence[files.Record]) -> Point:
    accuracies = [record.result.accuracy for record in group]
    low, high = statistics.bootstrap_band(accuracies, _generator(label, cell, length))
    solved = statistics.count_solved(accuracies)
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


def accuracy_vs_length(directory: str | os.PathLike) -> pathlib.Path:
    """Draw the highest held-out accuracy against the length, from the files of a sweep.

    Written beside the runs: ``accuracy_vs_length.png``, ``.svg``, ``.csv`` (a row a point) and
    ``accuracy_vs_length_runs.csv`` (a row a run).

    Parameters
    ----------
    directory : path
        A sweep's directory; every finished run in it is drawn.

    Returns
    -------
    Path
        The PNG.

    Raises
    ------
    ValueError
        If no run in the directory is finished, or if they do not belong into one figure, as
        `drawing.read` and `drawing.line_style` tell; nothing is written then.
    ModuleNotFoundError
        If matplotlib is missing.
    """
    drawing.require_matplotlib()
    directory = pathlib.Path(directory)
    records = drawing.read(directory)
    drawing.check_lines(drawing.labels(records))
    gathered = points(records)
    _write_points(directory / f"{NAME}.csv", gathered)
    drawing.write_runs(directory / f"{NAME}_runs.csv", records)
    figure = drawing.new_figure(1.4 + 2.9 * max(2, len(drawing.cells(records))), 6.0)
    draw(figure, records, gathered)
    return drawing.save(figure, directory, NAME)


def draw(figure: "Figure", records: Sequence[files.Record], gathered: Sequence[Point]) -> None:
    """Draw accuracy above and share of solved seeds below, a column a cell, into a figure.

    Lengths stand side by side at equal distances, so that T and T + 1 are told apart.
    """
    cells, labels = drawing.cells(records), drawing.labels(records)
    lengths = sorted({point.length for point in gathered})
    panels = figure.subplots(
        2, len(cells), sharex=True, sharey="row", squeeze=False, height_ratios=(2.3, 1)
    )
    for cell, (above, below) in zip(cells, panels.T, strict=True):
        _draw_chance(above, records)
        if _is_published(records):
            _draw_published(above, cell, lengths)
        for number, label in enumerate(labels):
            curve = [point for point in gathered if (point.label, point.cell) == (label, cell)]
            if curve:
                shift = _BESIDE * (number - (len(labels) - 1) / 2)
                style = drawing.line_style(label, labels)
                _draw_curve(above, below, curve, lengths, style, shift)
        _dress(above, below, cell, lengths)
        above.set_ylim(0, 1.18 if _is_published(records) else 1.03)
    _caption(figure, panels, records)


def places(lengths: Sequence[int], at: Sequence[int]) -> np.ndarray:
    """Where lengths lie on an axis on which the `lengths` are 0, 1, 2, ...; others in between."""
    return np.interp(at, lengths, np.arange(len(lengths)))


def _checks_at_chance(records: Sequence[files.Record]) -> int:
    """Of how many an accuracy is the highest."""
    return max(record.result.confirmations for record in records)


def _draw_chance(above: "Axes", records: Sequence[files.Record]) -> None:
    """Draw where guessing ends up: its mean, and the band of the best of several guesses."""
    run = records[0].run
    task = tasks.TASKS[run.task]
    above.axhline(task.chance, color=drawing.GREY, linewidth=1, linestyle=":")
    if not task.every_step:  # else the answers to one sequence are not independent
        checks = _checks_at_chance(records)
        low, high = statistics.chance_band(task.chance, run.confirm, checks)
        above.axhspan(low, high, color="0.75", linewidth=0)


def _is_published(records: Sequence[files.Record]) -> bool:
    """Whether there are published values of runs like these, and of lengths among theirs."""
    lengths = [record.run.length for record in records]
    cells = drawing.cells(records)
    return all(
        record.run.task == published.TASK and record.run.hidden == published.UNITS
        for record in records
    ) and any(
        value.cell in cells and min(lengths) <= value.length <= max(lengths)
        for value in published.VALUES
    )


def _draw_published(above: "Axes", cell: str, lengths: Sequence[int]) -> None:
    """Mark the published values of a cell, and between which lengths its curves broke."""
    for value in published.VALUES:
        if value.cell == cell and lengths[0] <= value.length <= lengths[-1]:
            place = places(lengths, [value.length])
            above.vlines(place, value.low, value.high, color=drawing.GREY, linewidth=1, zorder=4)
            ends = sorted({value.low, value.high})
            above.scatter(
                np.repeat(place, len(ends)),
                ends,
                marker="x",
                s=26,
                color=drawing.GREY,
                linewidth=1.1,
                zorder=4,
            )
    for broke in published.BREAKS:
        if broke.cell == cell and lengths[0] <= broke.first < broke.last <= lengths[-1]:
            first, last = places(lengths, [broke.first, broke.last])
            above.annotate(
                "",
                (first, 1.06),
                (last, 1.06),
                arrowprops={"arrowstyle": "|-|,widthA=.25,widthB=.25", "color": drawing.GREY},
            )
            above.annotate(
                broke.meaning,
                ((first + last) / 2, 1.105),
                ha="center",
                color=drawing.GREY,
                fontsize="small",
            )


def _draw_curve(
    above: "Axes",
    below: "Axes",
    curve: Sequence[Point],
    lengths: Sequence[int],
    style: str,
    shift: float,
) -> None:
    """Draw one recipe of one cell into both panels, its dots moved sideways by `shift`."""
    label, cell = curve[0].label, curve[0].cell
    colour = drawing.COLOURS[cell]
    hollow = label == drawing.FAITHFUL
    line: dict[str, Any] = {"color": colour, "linestyle": style, "linewidth": 1.5}
    marker: dict[str, Any] = {
        "marker": drawing.MARKERS[cell],
        "markersize": 4.5,
        "markerfacecolor": "white" if hollow else colour,
        "markeredgecolor": colour,
    }
    at = places(lengths, [point.length for point in curve]) + shift
    longest = statistics.longest_solved({point.length: point.accuracies for point in curve})
    name = f"{label}: L99 = {longest or 'none'}"

    lows, highs = [point.low for point in curve], [point.high for point in curve]
    above.fill_between(at, lows, highs, color=colour, alpha=0.13, linewidth=0)
    above.plot(at, [point.median for point in curve], label=name, **line)
    for place, point in zip(at, curve, strict=True):
        side_by_side = np.full(len(point.accuracies), place)
        above.plot(
            side_by_side, point.accuracies, linestyle="none", clip_on=False, zorder=5, **marker
        )

    share = np.array([point.share for point in curve])
    error = [
        share - [point.share_low for point in curve],
        [point.share_high for point in curve] - share,
    ]
    below.errorbar(
        at, share, np.maximum(error, 0), capsize=2, elinewidth=1, clip_on=False, **line, **marker
    )


def _dress(above: "Axes", below: "Axes", cell: str, lengths: Sequence[int]) -> None:
    drawing.legend(above, cell)
    above.set_yticks(np.arange(0, 1.01, 0.2))
    above.spines["left"].set_bounds(0, 1)
    below.set_ylim(-0.05, 1.05)
    below.set_yticks([0, 0.5, 1])
    below.set_xlim(-0.5, len(lengths) - 0.5)
    below.set_xticks(range(len(lengths)), list(map(str, lengths)), fontsize="small")
    below.tick_params("x", rotation=90 if len(lengths) > 9 else 0)
    for length, text in zip(lengths, below.get_xticklabels(), strict=True):
        text.set_fontweight("bold" if length % 2 else "normal")
    for axes in (above, below):
        drawing.dress(axes)


def _caption(figure: "Figure", panels: np.ndarray, records: Sequence[files.Record]) -> None:
    """Say all that is needed to read the figure without the text around it."""
    run = records[0].run
    panels[0, 0].set_ylabel(f"highest accuracy on\n{run.confirm:,} fresh sequences")
    panels[1, 0].set_ylabel("share of seeds\nat 99 %")
    drawing.head(figure, drawing.settings_line(records))
    lines = [
        _length_line(run.task),
        "dots: seeds; line: median; band: bootstrap, 95 %; bars below: Wilson, 95 %; L99: longest "
        "T with 99 % in at least 80 % of the seeds",
        _chance_line(records),
    ]
    if _is_published(records):
        lines.append("grey crosses, bars and brackets: values of published course reports")
    drawing.caption(figure, lines)


def _length_line(task: str) -> str:
    if task == "palindrome":
        return (
            "T, digits of the whole palindrome (the network reads T - 1), evenly spaced; "
            "bold: odd T, without the shortcut of an alternating sum"
        )
    return f"T, the length of the task {task}, evenly spaced; bold: odd T"


def _chance_line(records: Sequence[files.Record]) -> str:
    task = tasks.TASKS[records[0].run.task]
    line = f"dotted: chance, {task.chance:.3g}"
    if not task.every_step:
        checks = drawing.counted(_checks_at_chance(records), "check")
        line += f"; grey band: the highest of {checks} at chance, 95 %"
    return line


def _write_points(path: pathlib.Path, gathered: Sequence[Point]) -> None:
    names = [field.name for field in dataclasses.fields(Point) if field.name != "accuracies"]
    rows = []
    for point in gathered:
        values = [getattr(point, name) for name in names]
        rows.append([*values[:3], len(point.accuracies), *values[3:]])
    drawing.write_table(path, [*names[:3], "seeds", *names[3:]], rows)
