"""Which settings it takes: a heat map of the share of seeds that solve each combination."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import drawing, files, statistics
from . import run as run_module

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "ablation"  # of the files written
ROWS = ("coding", "initialisation", "forget_bias")
BLOCKS = "curriculum"
_BLOCK_WIDTH = 1.8  # inches, for what stands above a curriculum's columns
_DARK = 0.55  # shares above this are so dark that their text has to be white


@dataclasses.dataclass(frozen=True)
class Entry:
    """All seeds of one combination of settings.

    Attributes
    ----------
    cell : str
    coding, initialisation, forget_bias, curriculum, length
        As in `Run`.
    seeds, solved : int
        How many seeds there are, and how many of them reach 99 %.
    median : float
        Median of their highest held-out accuracies.
    share_low, share_high : float
        Wilson interval of the share solved.
    """

    cell: str
    coding: str
    initialisation: str
    forget_bias: float | None
    curriculum: int | None
    length: int
    seeds: int
    solved: int
    median: float
    share_low: float
    share_high: float

    @property
    def row(self) -> tuple:
        """What decides the row of the heat map."""
        return tuple(getattr(self, name) for name in ROWS)

    @property
    def column(self) -> tuple:
        """What decides the column."""
        return self.curriculum, self.length


def entries(records: Sequence[files.Record]) -> list[Entry]:
    """Gather finished runs by cell, settings and length, in the order of the heat map."""
    groups: dict[tuple, list[float]] = {}
    for record in records:
        groups.setdefault(_key(record.run), []).append(record.result.accuracy)
    return [_entry(key, groups[key]) for key in sorted(groups, key=_order)]


def _key(run: run_module.Run) -> tuple:
    settings = (getattr(run, name) for name in (*ROWS, BLOCKS))
    return (run.cell, *settings, run.length)


def _order(key: tuple) -> tuple:
    """Sort cells as figures do; what is not set, and the raw digit, comes first."""
    cell, coding, initialisation, *numbers = key
    unset_first = [(value is not None, value or 0) for value in numbers]
    return drawing.CELLS.index(cell), coding != "raw", coding, initialisation, *unset_first


def _entry(key: tuple, accuracies: list[float]) -> Entry:
    cell, coding, initialisation, forget_bias, curriculum, length = key
    solved = statistics.count_solved(accuracies)
    share_low, share_high = statistics.wilson_interval(solved, len(accuracies))
    return Entry(
        cell=cell,
        coding=coding,
        initialisation=initialisation,
        forget_bias=forget_bias,
        curriculum=curriculum,
        length=length,
        seeds=len(accuracies),
        solved=solved,
        median=float(np.median(accuracies)),
        share_low=share_low,
        share_high=share_high,
    )


def ablation(directory: str | os.PathLike) -> pathlib.Path:
    """Draw the share of solved seeds for each combination of settings, from the files of a sweep.

    A row is a coding, an initialisation and a forget bias, a column a curriculum and a length; a
    panel a cell. Written beside the runs: ``ablation.png``, ``.svg``, ``.csv`` (a row a
    combination) and ``ablation_runs.csv`` (a row a run).

    Parameters, errors and return value as `figures.accuracy_vs_length`, but for the number of
    recipes, which is free; also ValueError if runs of one combination differ in another setting.
    """
    drawing.require_matplotlib()
    directory = pathlib.Path(directory)
    records = drawing.read(directory)
    _check_labels(directory, records)
    gathered = entries(records)
    names = [field.name for field in dataclasses.fields(Entry)]
    rows = [dataclasses.astuple(entry) for entry in gathered]
    drawing.write_table(directory / f"{NAME}.csv", names, rows)
    drawing.write_runs(directory / f"{NAME}_runs.csv", records)

    cells = drawing.cells(records)
    rows_by_cell = {cell: rows_of(gathered, cell) for cell in cells}
    heights = [len(rows_by_cell[cell]) for cell in cells]
    columns = columns_of(gathered)
    blocks = len({curriculum for curriculum, _ in columns})
    figure = drawing.new_figure(
        4.2 + max(0.62 * len(columns), _BLOCK_WIDTH * blocks),
        1.5 + 0.36 * sum(heights) + 0.95 * len(cells),
    )
    panels = figure.subplots(len(cells), 1, squeeze=False, height_ratios=heights)[:, 0]
    images = []
    for cell, axes in zip(cells, panels, strict=True):
        here = [entry for entry in gathered if entry.cell == cell]
        images.append(draw(axes, here, rows_by_cell[cell], columns))
        axes.set_title(cell, loc="left", fontweight="bold", fontsize="medium", pad=20)
    bar = figure.colorbar(
        images[0], ax=list(panels), shrink=0.5, aspect=18, ticks=[0, 0.5, 1], format="{x:.0%}"
    )
    bar.set_label("share of seeds at 99 %")
    drawing.head(figure, drawing.settings_line(records))
    confirm = f"{records[0].run.confirm:,}"
    line = f"T, and the seeds that reach 99 % on {confirm} fresh sequences; bold: odd T"
    drawing.caption(figure, [line])
    return drawing.save(figure, directory, NAME)


def _check_labels(directory: pathlib.Path, records: Sequence[files.Record]) -> None:
    """Runs that fall into one field of the heat map have to be seeds of one recipe."""
    first: dict[tuple, str] = {}
    for record in records:
        label = first.setdefault(_key(record.run), record.run.label)
        if label != record.run.label:
            raise ValueError(
                f"{directory} holds two recipes of the same coding, initialisation, forget bias "
                f"and curriculum, {label} and {record.run.label}: they cannot share a field"
            )


def rows_of(gathered: Sequence[Entry], cell: str) -> list[tuple]:
    """List the rows of a cell's heat map, in order."""
    return list(dict.fromkeys(entry.row for entry in gathered if entry.cell == cell))


def columns_of(gathered: Sequence[Entry]) -> list[tuple]:
    """List the columns of all heat maps: lengths within curricula, in order."""
    return sorted({entry.column for entry in gathered}, key=lambda column: (column[0] or 0, column))


def draw(
    axes: "Axes", here: Sequence[Entry], rows: Sequence[tuple], columns: Sequence[tuple]
) -> Any:
    """Draw the heat map of one cell: in each field the number of solved seeds of all."""
    shares = np.full((len(rows), len(columns)), np.nan)
    for entry in here:
        row, column = rows.index(entry.row), columns.index(entry.column)
        share = entry.solved / entry.seeds
        shares[row, column] = share
        axes.text(
            column,
            row,
            f"{entry.solved}/{entry.seeds}",
            ha="center",
            va="center",
            color="white" if share > _DARK else "black",
        )
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_facecolor("0.9")
    axes.set_yticks(range(len(rows)), [row_text(row) for row in rows])
    axes.set_xticks(range(len(columns)), [str(length) for _, length in columns])
    for (_, length), text in zip(columns, axes.get_xticklabels(), strict=True):
        text.set_fontweight("bold" if length % 2 else "normal")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for edge in np.arange(1, len(rows)) - 0.5:
        axes.axhline(edge, color="white", linewidth=1.5)
    for edge in np.arange(1, len(columns)) - 0.5:
        axes.axvline(edge, color="white", linewidth=1.5)
    _head_the_blocks(axes, columns)
    return image


def row_text(row: tuple) -> str:
    """Name the settings of a row; a forget bias that is not set is not named."""
    coding, initialisation, forget_bias = row
    return f"{coding}, {initialisation}" + (
        "" if forget_bias is None else f", forget bias {forget_bias:g}"
    )


def _head_the_blocks(axes: "Axes", columns: Sequence[tuple]) -> None:
    """Write above the columns which curriculum they are of, and set them apart."""
    curricula = list(dict.fromkeys(curriculum for curriculum, _ in columns))
    for curriculum in curricula:
        places = [place for place, column in enumerate(columns) if column[0] == curriculum]
        axes.text(
            float(np.mean(places)),
            -0.62,
            "no curriculum" if curriculum is None else f"curriculum from T = {curriculum}",
            ha="center",
            va="bottom",
            fontsize="small",
        )
        if places[0]:
            axes.axvline(places[0] - 0.5, color="white", linewidth=7)
