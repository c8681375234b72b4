"""How far memory reaches: the longest length that is learnt, for each cell and recipe.

A network climbs from length to length, even and odd ones apart, for as long as most of its seeds
solve them within the budget; the first length that they do not ends the climb.
"""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import drawing, files, statistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "memory_limit"  # of the files written
PARITIES = ("even", "odd")
_APART = 0.17  # of the even and the odd bar from the middle of their place


@dataclasses.dataclass(frozen=True)
class Step:
    """All seeds at one length of a climb.

    Attributes
    ----------
    label, cell, length
        As in `Run`.
    seeds, solved : int
        How many seeds there are, and how many reach their run's ``solved`` on the fresh sequences
        of a confirmation, within the minutes.
    accuracy, updates, minutes : float
        Medians over the seeds; the minutes depend on the machine.
    slowest : float
        Minutes of the slowest seed.
    passed : bool
        Whether at least 80 % of the seeds solved it; a seed without a result does not count.
    reason : {"unsolved", "minutes", ""}
        What was wanting if not: "minutes" if the seeds got there, but too late.
    """

    label: str
    cell: str
    length: int
    seeds: int
    solved: int
    accuracy: float
    updates: float
    minutes: float
    slowest: float
    passed: bool
    reason: str


@dataclasses.dataclass(frozen=True)
class Climb:
    """One cell and recipe on its way up the even or the odd lengths.

    Attributes
    ----------
    label, cell : str
        As in `Run`.
    parity : {"even", "odd"}
        Which lengths.
    longest : int or None
        The last length passed, with all before it; None if that is none.
    failed : int or None
        The length that ended the climb; None where the lengths ended first.
    reason : {"unsolved", "minutes", ""}
        What was wanting at the length that failed.
    minutes : float
        Median over the seeds at the longest length, or at the failed one if there is no longest.
    """

    label: str
    cell: str
    parity: str
    longest: int | None
    failed: int | None
    reason: str
    minutes: float


def is_solved(record: files.Record, minutes: float) -> bool:
    """Whether the accuracy that the run was to reach was confirmed, within the minutes."""
    return record.result.accuracy >= record.run.solved and record.seconds <= 60 * minutes


def steps(records: Sequence[files.Record], minutes: float) -> list[Step]:
    """Gather finished runs by recipe, cell and length, in the order of figures.

    Parameters
    ----------
    records : sequence of Record
    minutes : float
        A seed that took longer has not solved its length.
    """
    groups = drawing.grouped(records)
    return [_step(key, groups[key], minutes) for key in sorted(groups, key=_place)]


def _place(key: tuple[str, str, int]) -> tuple[int, bool, str, int]:
    label, cell, length = key
    return drawing.CELLS.index(cell), label != drawing.FAITHFUL, label, length


def _step(key: tuple[str, str, int], group: Sequence[files.Record], minutes: float) -> Step:
    label, cell, length = key
    times = [record.seconds / 60 for record in group]
    solved = sum(is_solved(record, minutes) for record in group)
    solved_late = sum(is_solved(record, np.inf) for record in group)
    passed, passed_late = (
        count / len(group) >= statistics.MOST_SEEDS for count in (solved, solved_late)
    )
    return Step(
        label=label,
        cell=cell,
        length=length,
        seeds=len(group),
        solved=solved,
        accuracy=float(np.median([record.result.accuracy for record in group])),
        updates=float(np.median([record.result.steps for record in group])),
        minutes=float(np.median(times)),
        slowest=max(times),
        passed=passed,
        reason="" if passed else "minutes" if passed_late else "unsolved",
    )


def climbs(records: Sequence[files.Record], minutes: float) -> list[Climb]:
    """Follow each recipe of each cell up its lengths; parameters as in `steps`."""
    ways: dict[tuple[str, str, str], list[Step]] = {}
    for step in steps(records, minutes):
        parity = PARITIES[step.length % 2]
        ways.setdefault((step.label, step.cell, parity), []).append(step)
    return [_climb(*key, way) for key, way in ways.items()]


def _climb(label: str, cell: str, parity: str, way: Sequence[Step]) -> Climb:
    """Go up to the first length that failed: what lies beyond does not count."""
    failed = next((step for step in way if not step.passed), None)
    passed = way if failed is None else way[: way.index(failed)]
    last = passed[-1] if passed else way[0]
    return Climb(
        label=label,
        cell=cell,
        parity=parity,
        longest=passed[-1].length if passed else None,
        failed=None if failed is None else failed.length,
        reason="" if failed is None else failed.reason,
        minutes=last.minutes,
    )


def reach(directory: str | os.PathLike, minutes: float = np.inf) -> pathlib.Path:
    """Draw the longest length solved for each cell and recipe, from the files of a climb.

    Written beside the runs: ``memory_limit.png``, ``.svg``, ``.csv`` (a row a climb),
    ``memory_limit_steps.csv`` (a row a length) and ``memory_limit_runs.csv`` (a row a run).

    Parameters, errors and return value as `figures.accuracy_vs_length`, but for the number of
    recipes, which is free; a run that took longer than the `minutes` has not solved its length.
    """
    drawing.require_matplotlib()
    directory = pathlib.Path(directory)
    records = drawing.read(directory)
    found = climbs(records, minutes)
    for suffix, kind, rows in (
        ("", Climb, found),
        ("_steps", Step, steps(records, minutes)),
    ):
        names = [field.name for field in dataclasses.fields(kind)]
        path = directory / f"{NAME}{suffix}.csv"
        drawing.write_table(path, names, [dataclasses.astuple(row) for row in rows])
    drawing.write_runs(directory / f"{NAME}_runs.csv", records)

    rows = list(dict.fromkeys((climb.cell, climb.label) for climb in found))
    figure = drawing.new_figure(9.0, 1.7 + 0.62 * len(rows))
    axes = figure.subplots()
    draw(axes, found, records, minutes)
    drawing.head(figure, drawing.settings_line(records))
    drawing.caption(figure, _caption(records, minutes))
    return drawing.save(figure, directory, NAME)


def _caption(records: Sequence[files.Record], minutes: float) -> list[str]:
    solved = records[0].run.solved
    limit = "" if np.isinf(minutes) else f" and {minutes:g} minutes a run"
    return [
        f"T; bar: the longest that at least 80 % of the seeds solve ({solved:.1%} confirmed on "
        f"{records[0].run.confirm:,} fresh sequences) within the updates{limit}",
        "dots: the longest of each seed; cross: the length that ended the climb (without one: no "
        "longer length was tried); minutes: median at the longest",
    ]


def draw(
    axes: "Axes", found: Sequence[Climb], records: Sequence[files.Record], minutes: float
) -> None:
    """Draw a pair of bars for each cell and recipe, with the seeds on them."""
    rows = list(dict.fromkeys((climb.cell, climb.label) for climb in found))
    lengths = sorted({record.run.length for record in records})
    start = 0.8 * min(lengths)
    for climb in found:
        place = rows.index((climb.cell, climb.label))
        place += _APART if climb.parity == "odd" else -_APART
        _draw_climb(axes, climb, place, start)
        seeds = seeds_longest(records, climb, minutes)
        axes.scatter(
            [np.nan if longest is None else longest for longest in seeds],
            _side_by_side(place, len(seeds)),
            s=9,
            color="black",
            linewidth=0,
            zorder=4,
        )
    axes.set_xscale("log")
    axes.set_xlim(start, max(lengths) * 1.15)
    ticks = [length for length in lengths if length % 2 == 0 or length - 1 not in lengths]
    axes.set_xticks(ticks, list(map(str, ticks)))
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(rows)), [f"{cell}, {label}" for cell, label in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params("y", length=0)
    drawing.dress(axes, grid="x")


def _draw_climb(axes: "Axes", climb: Climb, place: float, start: float) -> None:
    colour = drawing.COLOURS[climb.cell]
    end = start if climb.longest is None else climb.longest
    axes.barh(
        place,
        end - start,
        left=start,
        height=1.7 * _APART,
        facecolor=colour if climb.parity == "odd" else "white",
        edgecolor=colour,
        alpha=0.85,
    )
    if climb.failed is not None:
        axes.scatter([climb.failed], [place], marker="x", s=24, color=drawing.GREY, zorder=5)
    axes.annotate(
        _end_text(climb),
        (1.01, place),
        xycoords=("axes fraction", "data"),
        annotation_clip=False,
        va="center",
        fontsize="small",
    )


def _end_text(climb: Climb) -> str:
    if climb.longest is None:
        return f"{climb.parity}: none"
    text = f"{climb.parity}: T = {climb.longest}, {climb.minutes:.1f} min"
    return text + ("; then too slow" if climb.reason == "minutes" else "")


def seeds_longest(
    records: Sequence[files.Record], climb: Climb, minutes: float
) -> list[int | None]:
    """The longest length that each seed of a climb solved, with all before it; None if none."""
    way: dict[int, dict[int, bool]] = {}
    for record in records:
        run = record.run
        if (run.label, run.cell, PARITIES[run.length % 2]) == (
            climb.label,
            climb.cell,
            climb.parity,
        ):
            way.setdefault(run.seed, {})[run.length] = is_solved(record, minutes)
    return [_last_in_a_row(way[seed]) for seed in sorted(way)]


def _last_in_a_row(solved: dict[int, bool]) -> int | None:
    longest = None
    for length in sorted(solved):
        if not solved[length]:
            break
        longest = length
    return longest


def _side_by_side(place: float, count: int) -> np.ndarray:
    """A place for each seed within a bar, so that those that end at one length are all seen."""
    if count < 2:
        return np.full(count, place)
    return place + np.linspace(-0.5, 0.5, count) * _APART
