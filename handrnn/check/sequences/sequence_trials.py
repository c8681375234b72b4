"""One run of a whole sequence, held against the textbook."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ... import compare
from ..report import data as report
from . import conventions

BUDGET = 64.0  # units of rounding
WIDE = 2.0**14  # units: what differs by more, or may, needs a better conditioned case beside it


@dataclass(frozen=True)
class Trial:
    """What came back for one case, and how it compares.

    Attributes
    ----------
    case, reading, call : what was run, how it is read, how it was called
    ours, right : results in torch's axes, the submission's and the textbook's
    differences : one a result
    undecided : names of results that rounding alone decides
    problems, notes : in words
    wide : whether rounding errors grow here, so that small mistakes may hide
    """

    case: conventions.Case
    reading: conventions.Reading
    call: conventions.Call
    ours: conventions.Arrays = field(repr=False)
    right: conventions.Arrays = field(repr=False)
    differences: tuple[compare.Difference, ...] = ()
    undecided: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    wide: bool = False

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the results that differ and could be decided."""
        names = (d.name for d in self.differences if not d.passed)
        return tuple(name for name in names if name not in self.undecided)

    @property
    def verdict(self) -> str:
        """PASS, FAIL or ILL-CONDITIONED."""
        if self.problems or self.wrong or not self.differences:
            return report.FAIL
        return report.ILL_CONDITIONED if self.undecided else report.PASS


def unit_of(arrays: Mapping[str, np.ndarray]) -> float:
    """The unit of rounding of the least precise array; half precision counts as single."""
    return max((_unit(array) for array in arrays.values()), default=2.0**-53)


def _unit(array: np.ndarray) -> float:
    return min(max(compare.unit_roundoff(array.dtype), 2.0**-53), 2.0**-24)


def located(
    name: str,
    ours: conventions.Arrays,
    right: conventions.Arrays,
    reading: conventions.Reading,
    budget: float,
    unit: float,
) -> compare.Difference:
    """One result against its reference, the error in the units given."""
    layout = conventions.layout(name, reading)
    found = compare.compare(
        {name: ours[name].astype(np.float64)},
        {name: right[name]},
        budget=budget,
        layouts={name: layout},
        zero_allowed=() if np.any(right[name]) else (name,),
    )[name]
    return replace(found, units=found.error / unit)


def judge_forward(
    case: conventions.Case,
    reading: conventions.Reading,
    call: conventions.Call,
    ours: conventions.Arrays,
    *,
    single: bool = False,
) -> Trial:
    """Outputs against the textbook's; where they part, step by step along their own states.

    Parameters
    ----------
    case, reading, call : what was run
    ours : in torch's axes
    single : whether float64 results may have been computed in float32
    """
    right = conventions.results(case, reading)
    trial = Trial(case, reading, call, ours, right)
    unit = unit_of(ours)
    differences = [located(name, ours, right, reading, BUDGET * unit, unit) for name in ours]
    if all(d.passed for d in differences):
        return replace(trial, differences=tuple(differences))
    if single and unit < 2**-24:
        rough = _in_single(functools.partial(judge_forward, case, reading, call), ours)
        if rough is not None:
            return rough
    if case.stacked:
        return replace(trial, differences=tuple(differences))
    return _by_steps(trial, differences, unit)


def _in_single(
    judged: Callable[[conventions.Arrays], Trial], arrays: conventions.Arrays
) -> Trial | None:
    """The verdict on results as rounded to float32, if that is PASS."""
    trial = judged({name: array.astype(np.float32) for name, array in arrays.items()})
    if trial.verdict != report.PASS:
        return None
    note = "it computes in float32: right to single precision"
    return replace(trial, notes=(*trial.notes, note))


def _by_steps(trial: Trial, whole: Sequence[compare.Difference], unit: float) -> Trial:
    """The verdict where the sequence as a whole differs: each step from the submission's state."""
    case, reading, ours = trial.case, trial.reading, trial.ours
    if not all(np.all(np.isfinite(trial.right[name])) for name in ours):
        note = "the right numbers overflow: nothing can be said of these weights"
        return replace(trial, differences=tuple(whole), undecided=tuple(ours), notes=(note,))
    if "y" not in ours or not np.all(np.isfinite(ours["y"])):
        return replace(trial, differences=tuple(whole))
    y = ours["y"].astype(np.float64)
    steps = conventions.results(case, reading, y=y)
    spread = conventions.spread(case, reading, unit, y)
    if not all(spread[name] < conventions.LARGEST_SPREAD for name in ours):
        note = "neither the whole nor single steps can be told from rounding at these weights"
        names = tuple(d.name for d in whole if not d.passed)
        return replace(trial, differences=tuple(whole), undecided=names, notes=(note,))
    scale = conventions.scale_of_steps(case, y, steps["y"])
    theirs, right = ({**made, "y": made["y"] / scale} for made in (ours, steps))
    local = [located(n, theirs, right, reading, BUDGET * max(unit, spread[n]), unit) for n in ours]
    if not all(d.passed for d in local):
        bad = [_placed(w, s, ours, steps) for w, s in zip(whole, local, strict=True)]
        return replace(trial, differences=tuple(bad))
    worst = max(d.error for d in whole if not d.passed)
    note = (
        f"rounding errors grow along this sequence, to {worst:.0e} of the scale; each step is right"
        " by itself, from the state that the one before reached"
    )
    return replace(trial, differences=tuple(local), notes=(note,), wide=worst > WIDE * unit)


def _placed(
    whole: compare.Difference,
    step: compare.Difference,
    ours: conventions.Arrays,
    steps: conventions.Arrays,
) -> compare.Difference:
    """A wrong result with the place of the first wrong step, if a step is wrong by itself."""
    if whole.passed or step.passed or step.first is None:
        return whole
    at = step.first.index
    first = replace(step.first, ours=ours[whole.name][at], reference=steps[whole.name][at])
    return replace(whole, first=first)


def judge_backward(trial: Trial, gradients: conventions.Arrays, *, single: bool = False) -> Trial:
    """Gradients against the textbook's; where they part, along the submission's own states.

    Parameters
    ----------
    trial : of the forward pass
    gradients : in torch's axes
    single : as for `judge_forward`
    """
    reading = trial.reading
    unit = max(unit_of(gradients), unit_of(trial.ours))
    found = replace(trial, ours=gradients, differences=(), undecided=(), problems=(), notes=())
    budget = BUDGET * unit
    differences = [located(n, gradients, trial.right, reading, budget, unit) for n in gradients]
    if all(d.passed for d in differences):
        return replace(found, differences=tuple(differences))
    if single and unit < 2**-24:
        rough = _in_single(functools.partial(judge_backward, trial), gradients)
        if rough is not None:
            return rough
    if trial.verdict == report.FAIL or "y" not in trial.ours or trial.case.stacked:
        return replace(found, differences=tuple(differences))
    return _along_own_states(found, trial.ours["y"].astype(np.float64), differences, unit)


def _along_own_states(
    trial: Trial, y: np.ndarray, whole: Sequence[compare.Difference], unit: float
) -> Trial:
    case, reading = trial.case, trial.reading
    along = conventions.results(case, reading, y=y)
    right = {name: along[name] for name in trial.ours}
    finite = [name for name in trial.ours if np.all(np.isfinite(right[name]))]
    spread = conventions.spread(case, reading, unit, y)
    loosest = conventions.LARGEST_SPREAD
    undecided = [n for n in trial.ours if n not in finite or not spread[n] < loosest]
    differences = [
        located(d.name, trial.ours, right, reading, BUDGET * max(unit, spread[d.name]), unit)
        if d.name not in undecided
        else d
        for d in whole
    ]
    notes = []
    if undecided:
        notes.append(f"rounding alone decides {', '.join(undecided)} at these weights")
    elif all(d.passed for d in differences):
        notes.append("the gradients were compared along the states that forward itself reached")
    names = tuple(d.name for d in differences if d.name in undecided and not d.passed)
    return replace(
        trial,
        differences=tuple(differences),
        right={**trial.right, **right},
        undecided=names,
        notes=tuple(notes),
        wide=BUDGET * max(spread[name] for name in trial.ours) > WIDE * unit,
    )
