"""One run of a whole sequence, held against the textbook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .. import compare
from . import conventions, report

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
        rounded = {name: array.astype(np.float32) for name, array in ours.items()}
        rough = judge_forward(case, reading, call, rounded)
        if rough.verdict == report.PASS:
            note = "it computes in float32: right to single precision"
            return replace(rough, notes=(*rough.notes, note))
    return _by_steps(trial, differences, unit)


def _by_steps(trial: Trial, whole: Sequence[compare.Difference], unit: float) -> Trial:
    """The verdict where the sequence as a whole differs: each step from the submission's state."""
    case, reading, ours = trial.case, trial.reading, trial.ours
    if not all(np.all(np.isfinite(trial.right[name])) for name in ours):
        note = "the right numbers overflow: nothing can be said of these weights"
        return replace(trial, differences=tuple(whole), undecided=tuple(ours), notes=(note,))
    if "y" not in ours or not np.all(np.isfinite(ours["y"])):
        return replace(trial, differences=tuple(whole))
    along = conventions.follow(case, reading, ours["y"].astype(np.float64))
    steps = {"y": along.h, "h_n": ours["y"][-1].astype(np.float64)}
    bounds = {"y": along.bound * unit, "h_n": np.full_like(along.h[0], BUDGET * unit)}
    if along.c is not None:
        steps["c_n"] = along.c[-1]
        bounds["c_n"] = along.bound[-1] * unit
    local = [_step_by_step(trial, name, steps[name], bounds[name], unit) for name in ours]
    if all(d.passed for d in local):
        typical = float(np.median(along.bound)) * unit / float(np.max(np.abs(along.h)))
        return _pass_by_steps(trial, whole, local, typical, unit)
    bad = [_placed(w, s) for w, s in zip(whole, local, strict=True)]
    return replace(trial, differences=tuple(bad))


def _step_by_step(
    trial: Trial, name: str, right: np.ndarray, bound: np.ndarray, unit: float
) -> compare.Difference:
    """One result against single right steps, every element with its own bound."""
    ours = trial.ours[name].astype(np.float64)
    off = np.abs(ours - right)
    bad = ~(off <= bound)
    layout = conventions.layout(name, trial.reading)
    found = compare.locate(name, np.where(bad, ours, right), right, layout, budget=0.0)
    error = compare.normwise_error(ours, right)
    share = float(np.max(off / bound))
    return replace(found, error=error, units=error / unit, budget=error / share if share else 0.0)


def _placed(whole: compare.Difference, step: compare.Difference) -> compare.Difference:
    """A wrong result with the place of the first wrong step, if a step is wrong by itself."""
    if whole.passed or step.passed or step.first is None:
        return whole
    return replace(whole, first=step.first)


def _pass_by_steps(
    trial: Trial,
    whole: Sequence[compare.Difference],
    local: Sequence[compare.Difference],
    bound: float,
    unit: float,
) -> Trial:
    """Every step is right: if the bound says anything, that is a pass."""
    worst = max(d.error for d in whole if not d.passed)
    if bound > conventions.LARGEST_SPREAD:
        note = "neither the whole nor single steps can be told from rounding at these weights"
        names = tuple(d.name for d in whole if not d.passed)
        return replace(trial, differences=tuple(whole), undecided=names, notes=(note,))
    note = (
        f"rounding errors grow along this sequence, to {worst:.0e} of the scale; each step is right"
        " by itself, from the state that the one before reached"
    )
    return replace(trial, differences=tuple(local), notes=(note,), wide=worst > WIDE * unit)


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
        rounded = {name: array.astype(np.float32) for name, array in gradients.items()}
        rough = judge_backward(trial, rounded)
        if rough.verdict == report.PASS:
            note = "it computes in float32: right to single precision"
            return replace(rough, notes=(*rough.notes, note))
    if trial.verdict == report.FAIL or "y" not in trial.ours:
        return replace(found, differences=tuple(differences))
    return _along_own_states(found, trial.ours["y"].astype(np.float64), differences, unit)


def _along_own_states(
    trial: Trial, y: np.ndarray, whole: Sequence[compare.Difference], unit: float
) -> Trial:
    case, reading = trial.case, trial.reading
    right = conventions.follow(case, reading, y).gradients
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
        wide=BUDGET * max(spread.values()) > WIDE * unit,
    )
