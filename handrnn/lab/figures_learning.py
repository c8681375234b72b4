"""How the runs of one length learnt: held-out accuracy and training loss over the updates."""

import dataclasses
import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import drawing, files, tasks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "learning"  # of the files written, before the length
_COLUMNS = ("step", "trained_length", "loss", "screened", "confirmed")


@dataclasses.dataclass(frozen=True)
class Curve:
    """The checks of one finished run.

    Attributes
    ----------
    record : Record
        The run and its result.
    checks : list of dict
        As `files.read_checks` reads them.
    """

    record: files.Record
    checks: list[dict[str, str]]

    def column(self, name: str) -> np.ndarray:
        """One number of each check: ``step``, ``trained_length``, ``loss`` or ``screened``."""
        return np.array([float(check[name]) for check in self.checks])


def curves(directory: str | os.PathLike, records: Iterable[files.Record]) -> list[Curve]:
    """Read the checks of some finished runs of a sweep's directory."""
    return [
        Curve(record, files.read_checks(pathlib.Path(directory) / record.run.name))
        for record in records
    ]


def learning(directory: str | os.PathLike, length: int) -> pathlib.Path:
    """Draw the learning curves of all finished runs of one length.

    Written beside the runs, for T = 10: ``learning_T010.png``, ``.svg`` and ``.csv`` (a row a
    check). Parameters, errors and return value as `figures.accuracy_vs_length`, with the `length` T
    of the runs to draw; also ValueError if none of this length is finished.
    """
    drawing.require_matplotlib()
    directory = pathlib.Path(directory)
    records = [record for record in drawing.read(directory) if record.run.length == length]
    drawn = curves(directory, records)
    if not drawn:
        raise ValueError(f"{directory} holds no finished run of T = {length} to draw")
    labels = drawing.labels(records)
    drawing.check_lines(labels)
    name = f"{NAME}_T{length:03d}"
    _write_checks(directory / f"{name}.csv", drawn)
    cells = drawing.cells(records)
    figure = drawing.new_figure(1.4 + 2.9 * max(2, len(cells)), 5.2)
    drawing.keep_apart(figure)
    panels = figure.subplots(2, len(cells), sharex=True, sharey="row", squeeze=False)
    for cell, (above, below) in zip(cells, panels.T, strict=True):
        for curve in drawn:
            if curve.record.run.cell == cell:
                draw(above, below, curve, drawing.line_style(curve.record.run.label, labels))
        for axes in (above, below):
            drawing.dress(axes)
        _name_the_lines(above, records, cell)
    run = records[0].run
    task = tasks.TASKS[run.task](coding=run.coding)
    baseline = task.baseline(length)
    for above, below in panels.T:
        dotted: dict[str, Any] = {"color": drawing.GREY, "linewidth": 1, "linestyle": ":"}
        above.axhline(task.chance, **dotted)
        below.axhline(baseline, **dotted)
    panels[0, 0].set_ylim(0, 1.03)
    panels[1, 0].set(xlim=(0, None), ylim=(0, None))
    panels[1, 0].locator_params("x", nbins=4)
    panels[0, 0].set_ylabel(f"accuracy on\n{run.screen:,} fresh sequences")
    panels[1, 0].set_ylabel("training loss")
    drawing.head(figure, f"T = {length}: {drawing.settings_line(records)}")
    lines = [
        "updates (a line a seed; pale: trained on shorter sequences so far)",
        f"star: the reported accuracy, the highest on {run.confirm:,} other fresh sequences, at "
        f"its update; dotted: chance, {task.chance:.3g}, and the loss without memory, "
        f"{baseline:.3g}",
    ]
    drawing.caption(figure, lines)
    return drawing.save(figure, directory, name)


def draw(above: "Axes", below: "Axes", curve: Curve, style: str) -> None:
    """Draw accuracy and loss of one run, and mark its reported accuracy in both panels."""
    run, result = curve.record.run, curve.record.result
    colour = drawing.COLOURS[run.cell]
    line: dict[str, Any] = {"color": colour, "linestyle": style, "linewidth": 1.1}
    steps, losses = curve.column("step"), curve.column("loss")
    at_length = np.flatnonzero(curve.column("trained_length") == run.length)
    start = at_length[0] if at_length.size else len(steps)
    for axes, values in ((above, curve.column("screened")), (below, losses)):
        axes.plot(steps[: start + 1], values[: start + 1], alpha=0.3, **line)
        axes.plot(steps[start:], values[start:], **line)
    reported = np.flatnonzero(steps == result.accuracy_step)
    star: dict[str, Any] = {
        "marker": "*",
        "s": 55,
        "color": colour,
        "edgecolor": "black",
        "linewidth": 0.6,
        "zorder": 5,
        "clip_on": False,
    }
    above.scatter([result.accuracy_step], [result.accuracy], **star)
    below.scatter(steps[reported], losses[reported], **star)


def _name_the_lines(above: "Axes", records: Sequence[files.Record], cell: str) -> None:
    """Put one line of each recipe into the legend, whatever the number of seeds."""
    labels = drawing.labels(records)
    for label in drawing.labels(record for record in records if record.run.cell == cell):
        style: dict[str, Any] = {"linestyle": drawing.line_style(label, labels), "label": label}
        above.plot([], [], color=drawing.COLOURS[cell], **style)
    drawing.legend(above, cell, columns=2)


def _write_checks(path: pathlib.Path, drawn: Iterable[Curve]) -> None:
    rows = []
    for curve in drawn:
        run, result = curve.record.run, curve.record.result
        for check in curve.checks:
            reported = int(check["step"]) == result.accuracy_step
            values = [check[name] for name in _COLUMNS]
            rows.append([run.label, run.cell, run.length, run.seed, *values, reported])
    drawing.write_table(path, ["label", "cell", "length", "seed", *_COLUMNS, "reported"], rows)
