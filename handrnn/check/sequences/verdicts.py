"""From trials to verdicts: the report of one direction, whatever was run."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..explain import sequence_mistakes
from ..report import data as report
from ..run import runner
from . import conventions, sequence_trials

VERDICT_OF = {
    runner.RAISED: report.CRASHED,
    runner.TIMED_OUT: report.TIMED_OUT,
    runner.DIED: report.CRASHED,
    runner.NOT_RUN: report.CRASHED,
    runner.MISSING: report.NOT_FOUND,
}
VARIANT_NOTES = {
    "reset-before": "your GRU applies the reset gate before the matrix product, as the first paper"
    " and reset_after=False do; torch.nn.GRU applies it after: with the same weights these are two"
    " different functions",
    "update-turned": "your update gate z weighs the candidate, h = z*n + (1-z)*h; torch.nn.GRU has"
    " h = (1-z)*n + z*h",
}


def of_reading(reading: conventions.Reading) -> Iterator[str]:
    """What is worth knowing of the order of the gates and of the variant."""
    if len(reading.order) > 1:
        yield f"your gates are {', '.join(reading.gates)}"
    yield from (VARIANT_NOTES[name] for name in reading.variant)


def verdict_on(outcome: runner.Outcome) -> str:
    """The verdict on what did not return."""
    if outcome.error is not None and outcome.error.type == "NotImplementedError":
        return report.NOT_FILLED_IN
    return VERDICT_OF[outcome.status]


def judged(
    base: report.FunctionReport,
    trials: Sequence[sequence_trials.Trial],
    damage: tuple[report.Named, ...],
    forward: report.FunctionReport | None,
) -> report.FunctionReport:
    """The report of one direction.

    Parameters
    ----------
    base : what is known besides
    trials : of all cases
    damage : mistakes that leave the results alone
    forward : the report on the forward function, if this is the backward one
    """
    verdicts = {trial.verdict for trial in trials}
    notes = [note for trial in trials for note in trial.notes]
    base = replace(
        base,
        verdict=report.FAIL,
        notes=tuple(dict.fromkeys([*base.notes, *notes])),
        tensors=_tensors(trials),
    )
    if report.FAIL in verdicts:
        return _failed(base, trials, damage, forward)
    if damage:
        where = "its results are right, but it has a harmful side effect"
        return replace(base, mistakes=damage, where=where)
    narrow = any(not trial.wide for trial in trials)
    if report.ILL_CONDITIONED in verdicts or not narrow:
        return replace(base, verdict=report.ILL_CONDITIONED, where=_where(trials))
    return replace(base, verdict=report.PASS, line=None, cell=None, source="")


def _failed(
    base: report.FunctionReport,
    trials: Sequence[sequence_trials.Trial],
    damage: tuple[report.Named, ...],
    forward: report.FunctionReport | None,
) -> report.FunctionReport:
    named = damage + sequence_mistakes.of_trials(trials, forward)
    if damage:
        named = tuple(mistake for mistake in named if mistake.id != "unexplained")
    notes = base.notes
    if forward is not None and not forward.passed:
        notes = (*notes, "forward is wrong: judge backward again once it is right")
    return replace(base, mistakes=named, where=_where(trials), notes=notes)


def _tensors(trials: Sequence[sequence_trials.Trial]) -> tuple[report.Tensor, ...]:
    """Every result that was compared, at its worst over the cases."""
    return report.worst(
        report.Tensor(d.name, d.error, d.units, d.share, d.problem or "")
        for trial in trials
        for d in trial.differences
    )


def _where(trials: Sequence[sequence_trials.Trial]) -> str:
    """What is wrong, and the first place, of the smallest case that shows it."""
    bad = [trial for trial in reversed(trials) if trial.verdict != report.PASS]
    trial = (bad or list(trials))[0]
    words = list(trial.problems)
    wrong = [d for d in trial.differences if not d.passed]
    right = [d.name for d in trial.differences if d.passed]
    words += [str(d) for d in wrong[:2]]
    if len(wrong) > 2:
        words.append(f"wrong too: {', '.join(d.name for d in wrong[2:])}")
    if right:
        words.append(f"right: {', '.join(right)}")
    return "; ".join(words)


def same(before: Any, after: Any) -> bool:
    """Whether nested values are equal to the last bit."""
    if isinstance(before, dict):
        return isinstance(after, dict) and all(same(v, after.get(k)) for k, v in before.items())
    if isinstance(before, list | tuple):
        if not isinstance(after, list | tuple) or len(before) != len(after):
            return False
        return all(same(a, b) for a, b in zip(before, after, strict=True))
    if isinstance(before, np.ndarray):
        floating = before.dtype.kind in "fc"
        return isinstance(after, np.ndarray) and np.array_equal(before, after, equal_nan=floating)
    return type(before) is type(after) and before == after
