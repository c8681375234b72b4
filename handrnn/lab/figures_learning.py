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

_COLUMNS = ("step", "trained_length", "loss", "screened", "confirmed")


@dataclasses.dataclass(frozen=True)
class Curve:
    """The checks of one finished run.

    Attributes
    ----------
    record : Record
        The run and its result.
    steps, trained_lengths : ndarray of int
        Updates done at each check, and the length trained on.
    losses, accuracies : ndarray of float
        Mean training loss since the check before, and accuracy of the screening.
    """

    record: files.Record
    steps: np.ndarray
    trained_lengths: np.ndarray
    losses: np.ndarray
    accuracies: np.ndarray


def curves(directory: str | os.PathLike, records: Iterable[files.Record]) -> list[Curve]:
    """Read the checks of some runs of a sweep's directory; without metrics a run is left out."""
    found = []
    for record in records:
        checks = files.read_checks(pathlib.Path(directory) / record.run.name)
        if checks:
            columns = {name: [float(check[name]) for check in checks] for name in _COLUMNS[:-1]}
            found.append(
                Curve(
                    record,
                    np.array(columns["step"], int),
                    np.array(columns["trained_length"], int),
                    np.array(columns["loss"]),
                    np.array(columns["screened"]),
                )
            )
    return found


def learning(directory: str | os.PathLike, length: int, name: str = "learning") -> pathlib.Path:
    """Draw the learning curves of all finished runs of one length.

    Written beside the runs: ``name_T010.png``, ``.svg`` and ``.csv`` (a row a check) for T = 10.

    Parameters
    ----------
    directory : path
        A sweep's directory.
    length : int
        T; every finished run of this length is drawn.
    name : str
        Stem of the files written.

    Returns
    -------
    Path
        The PNG.

    Raises
    ------
    ValueError
        As `drawing.read` and `drawing.line_style`; or if no run of this length is finished. Nothing
        is written then.
    ModuleNotFoundError
        If matplotlib is missing.
    """
    drawing.require_matplotlib()
    directory = pathlib.Path(directory)
    records = [record for record in drawing.read(directory) if record.run.length == length]
    drawn = curves(directory, records)
    if not drawn:
        raise ValueError(f"{directory} holds no finished run of T = {length} to draw")
    labels = drawing.labels(records)
    drawing.check_lines(labels)
    name = f"{name}_T{length:03d}"
    _write_checks(directory / f"{name}.csv", directory, drawn)
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
    at_length = np.flatnonzero(curve.trained_lengths == run.length)
    start = at_length[0] if at_length.size else len(curve.steps)
    for axes, values in ((above, curve.accuracies), (below, curve.losses)):
        axes.plot(curve.steps[: start + 1], values[: start + 1], alpha=0.3, **line)
        axes.plot(curve.steps[start:], values[start:], **line)
    reported = np.flatnonzero(curve.steps == result.accuracy_step)
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
    below.scatter(curve.steps[reported], curve.losses[reported], **star)


def _name_the_lines(above: "Axes", records: Sequence[files.Record], cell: str) -> None:
    """Put one line of each recipe into the legend, whatever the number of seeds."""
    labels = drawing.labels(records)
    for label in drawing.labels(record for record in records if record.run.cell == cell):
        style: dict[str, Any] = {"linestyle": drawing.line_style(label, labels), "label": label}
        above.plot([], [], color=drawing.COLOURS[cell], **style)
    drawing.legend(above, cell, columns=2)


def _write_checks(path: pathlib.Path, directory: pathlib.Path, drawn: Iterable[Curve]) -> None:
    rows = []
    for curve in drawn:
        run, result = curve.record.run, curve.record.result
        for check in files.read_checks(directory / run.name):
            reported = int(check["step"]) == result.accuracy_step
            values = [check[name] for name in _COLUMNS]
            rows.append([run.label, run.cell, run.length, run.seed, *values, reported])
    drawing.write_table(path, ["label", "cell", "length", "seed", *_COLUMNS, "reported"], rows)
