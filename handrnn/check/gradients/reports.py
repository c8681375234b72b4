"""What the comparison of gradients has to say, as a report of the checker."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..report import data as report
from ..run import runner
from . import measure

VERDICTS = {
    measure.RIGHT: report.PASS,
    measure.WRONG: report.FAIL,
    measure.ILL: report.ILL_CONDITIONED,
}
MOST_NAMED = 6  # gradients of which single entries are shown


def judged(
    points: Sequence[Mapping[str, Any]], base: report.FunctionReport
) -> report.FunctionReport:
    """The report of a call, judged at one or more points.

    Parameters
    ----------
    points : `measure.Judged` as dicts, the one that decides last
    base : what else is known of it
    """
    last = points[-1]
    records = [measure.Record(**record) for record in last["records"]]
    state = measure.Judged(records).state
    tensors = report.worst(
        report.Tensor(f"d{r.name}", r.error, _units(r), _share(r), r.problem)
        for point in points
        for r in (measure.Record(**record) for record in point["records"])
        if r.state == measure.RIGHT or point is last
    )
    notes = dict.fromkeys(note for point in points for note in point["notes"])
    if state == measure.RIGHT:
        base = replace(base, line=None, cell=None, source="")
        worst = max((t.error for t in tensors), default=0.0)
        how = f"backward is the gradient of its own loss, to {worst:.1g}, by {last['method']}"
        notes = dict.fromkeys([how, *notes])
    return replace(
        base,
        verdict=VERDICTS[state],
        where="; ".join(_where(records)),
        tensors=tensors,
        notes=(*base.notes, *notes),
        dialect=report.OWN_LOSS,
    )


def stopped(outcome: runner.Outcome, base: report.FunctionReport) -> report.FunctionReport:
    """The report of a call that did not return."""
    late = outcome.status == runner.TIMED_OUT
    return replace(
        base,
        verdict=report.TIMED_OUT if late else report.CRASHED,
        where=str(outcome.error),
        line=(outcome.error.line if outcome.error else None) or base.line,
        dialect=report.OWN_LOSS,
    )


def _units(r: measure.Record) -> float:
    """The error in units of what the derivative may be off by."""
    return r.error / r.estimate if r.estimate else 0.0


def _share(r: measure.Record) -> float:
    """Above 1 for what is wrong, and for what cannot be told apart: that does not pass."""
    allowed = measure.ALLOWED_SINGLE if r.single else measure.ALLOWED
    share = r.error / allowed
    return min(share, 1.0) if r.state == measure.RIGHT else max(share, 1.000001)


def _where(records: Sequence[measure.Record]) -> Iterator[str]:
    """What is wrong, by the length of the sequence that shows it."""
    wrong = [r for r in records if r.state == measure.WRONG]
    for steps in sorted({r.steps for r in wrong}):
        those = [_one(r, n < MOST_NAMED) for n, r in enumerate(wrong) if r.steps == steps]
        yield f"{_from(steps)}{', '.join(those)}"
    if not wrong:
        ill = [r for r in records if r.state == measure.ILL]
        if ill:
            names = ", ".join(f"d{r.name} (to {r.estimate:.1g})" for r in ill)
            yield f"the derivative of its loss is not known well enough: {names}"


def _from(steps: int) -> str:
    if steps == 0:
        return "wrong: "
    if steps == 1:
        return "wrong from time step 1 on: "
    return f"wrong from time step {steps} on (right for a sequence of {steps - 1}): "


def _one(r: measure.Record, whole: bool) -> str:
    said = [part for part in (r.problem, r.pattern, r.place) if part]
    return f"d{r.name}" + (f" ({'; '.join(said)})" if said and whole else "")
