"""The runs of course functions on probes, each held against the textbook.

Three ways: *alone*, where every other course function that it calls is a right one; with the
submission's *own*; and, for a backward function, as a *chain*, on the caches of the submission's
own forward function. Besides, *again*, after a call with other numbers (*again own* where it has
helpers of its own); and at the *edge*, on an input on which a right function may fail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import compare
from ..dialects import dialects
from ..load import parts
from ..probe import probes
from ..run import codec, runner
from . import returned, submitted

SEEDS = (0, 1)
PREDICTIONS = ("softmax", "yt_pred", "y_pred", "y", "y_t")
SLACK = 1e-7  # what an epsilon may change of these
BUDGET = 64.0  # units of rounding: right implementations stay below 10 on these probes
EDGES = ("edge", "edge own", "edge chain")
WAYS = ("alone", "own", "chain", "again", "again own", *EDGES)
PARTNERS = {"course": "handrnn.course", "batch_first": "handrnn.course.batch_first"}
FORWARD_OF = {"cell_backward": "cell_forward", "backward": "forward"}
# results of a step in the order in which they are computed; all others come as they are returned
UPSTREAM_FIRST = (
    *("cache.ft", "cache.it", "cache.cct", "c_next", "m_t", "cache.ot", "a_next", "a_t"),
    *("yt_pred", "y_t"),
)


@dataclass(frozen=True)
class Trial:
    """One run of a target on a probe, held against the textbook."""

    probe: probes.Probe
    outcome: runner.Outcome
    sent: Sequence[Any] = ()
    flat: returned.Flat | None = None
    differences: tuple[compare.Difference, ...] = ()
    single: bool = False

    @property
    def returned(self) -> bool:
        """Whether there is something to compare."""
        return self.flat is not None

    @property
    def right(self) -> bool:
        """Whether all that was returned is right, and nothing is missing."""
        flat = self.flat
        return (
            flat is not None
            and not flat.problems
            and bool(self.differences)
            and all(d.passed for d in self.differences)
        )

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the results that differ, those first that others are computed from."""
        names = [d.name for d in self.differences if not d.passed]
        first = [name for name in UPSTREAM_FIRST if name in names]
        return (*first, *(name for name in names if name not in first))


Ways = dict[str, list[Trial]]


def _steps(
    target: submitted.Target, targets: Sequence[submitted.Target], drawn: Sequence[probes.Probe]
) -> list[runner.Step]:
    """All runs of one target. Chains come after the forward functions that they build on."""
    if not target.definition.filled:
        return []
    forward = _partner_of(target, targets)
    steps = []
    for k, probe in enumerate(drawn):
        arguments = target.function.arguments(probe, target.call)
        for way, partners in (("alone", "correct"), ("own", "own")):
            steps.append(
                runner.Step(
                    target.step(way, k),
                    target.definition.name,
                    arguments,
                    partners=partners,
                    keep=way == "own" and target.function.kind in FORWARD_OF.values(),
                )
            )
        if forward is not None:
            chained = _on_caches_of(forward.step("own", k), target, arguments)
            steps.append(
                runner.Step(
                    target.step("chain", k), target.definition.name, chained, partners="own"
                )
            )
    first, second = (target.function.arguments(probe, target.call) for probe in drawn)
    again = [
        runner.Step(
            target.step(way, len(drawn) - 1),
            target.definition.name,
            second,
            partners=partners,
            before=first,
        )
        for way, partners in (("again", "correct"), ("again own", "own"))
        if way == "again" or target.helpers
    ]
    return [*steps, *again, *_edge_steps(target, forward)]


def _edge_steps(target: submitted.Target, forward: submitted.Target | None) -> list[runner.Step]:
    """The same ways on the rare input: alone, with its own functions, on its own caches."""
    if not _has_edge(target):
        return []
    edge, probe = _at_the_edge(target)
    name = target.definition.name
    given = edge.function.arguments(probe, target.call)
    steps = [runner.Step(target.step("edge", 0), name, given, partners="correct")]
    if target.function.kind == "backward" or target.helpers:
        steps.append(runner.Step(target.step("edge own", 0), name, given, partners="own"))
    if forward is not None:
        source = target.step("edge forward", 0)
        arguments = forward.function.arguments(probe, forward.call)
        chained = _on_caches_of(source, target, given)
        steps += [
            runner.Step(source, forward.definition.name, arguments, partners="own", keep=True),
            runner.Step(target.step("edge chain", 0), name, chained, partners="own"),
        ]
    return steps


def _on_caches_of(source: str, target: submitted.Target, arguments: Sequence[Any]) -> list[Any]:
    """Arguments with the caches that a step returned in the place of the documented ones."""
    caches = runner.Ref(source, (-1,))
    return [
        caches if name in ("cache", "caches") else value
        for name, value in zip(target.call.order, arguments, strict=True)
    ]


def _has_edge(target: submitted.Target) -> bool:
    """Whether there is a rare input on which a right function may fail: worth a note, no more."""
    function = target.function
    if function.kind in FORWARD_OF.values():
        return "exp(" in target.definition.source  # a softmax of its own, it may be
    return (function.dialect, function.name) in dialects.FAR or function.kind == "backward"


def _at_the_edge(target: submitted.Target) -> tuple[submitted.Target, probes.Probe]:
    """Where exp overflows; for BPTT, a da that is shorter than the caches."""
    far = dialects.FAR.get((target.function.dialect, target.name))
    if far is not None:
        return replace(target, function=far), probes.draw(SEEDS[0])
    return target, probes.draw(SEEDS[0], T=7, T_back=4)


def _partner_of(
    target: submitted.Target, targets: Sequence[submitted.Target]
) -> submitted.Target | None:
    """The submission's own forward function, whose caches a backward function takes."""
    if target.function.dialect != "course" or target.function.kind not in FORWARD_OF:
        return None
    wanted = (target.function.cell, FORWARD_OF[target.function.kind])
    for other in targets:
        if (other.function.cell, other.function.kind) == wanted and other.definition.filled:
            return other
    return None


def tried(
    submission: parts.Submission,
    targets: Sequence[submitted.Target],
    drawn: Sequence[probes.Probe],
    seconds: float,
    live: Any,
) -> dict[str, Ways]:
    """The trials of every target, the caches of forward functions judged by what reads them."""
    steps_of = {target.name: _steps(target, targets, drawn) for target in targets}
    outcomes = {}
    for dialect in dialects.DIALECTS:
        of_one = [s for t in targets if t.function.dialect == dialect for s in steps_of[t.name]]
        outcomes |= _run(submission, dialect, of_one, seconds, live)
    sent = {step.id: step.arguments for many in steps_of.values() for step in many}
    trials = {
        target.name: {way: _in_one_way(target, way, drawn, outcomes, sent) for way in WAYS}
        for target in targets
    }
    for target in targets:
        trials[target.name] = _with_own_caches(target, trials)
    return trials


def _in_one_way(
    target: submitted.Target,
    way: str,
    drawn: Sequence[probes.Probe],
    outcomes: Mapping[str, runner.Outcome],
    sent: Mapping[str, Sequence[Any]],
) -> list[Trial]:
    """The trials of a target in one of the ways, a probe each; none where it is not run so."""
    trials = []
    for k, probe in enumerate(drawn):
        key = target.step(way, k)
        if key in outcomes:
            given = _at_the_edge(target) if way in EDGES else (target, probe)
            trials.append(_trial(*given, outcomes[key], sent[key]))
    return trials


def on_square(
    target: submitted.Target, submission: parts.Submission, seconds: float, live: Any
) -> list[Trial]:
    """The trials of a target where all matrices are square, so that fewer things raise."""
    drawn = [probes.draw(seed, square=True) for seed in SEEDS]
    steps = [
        runner.Step(
            target.step("square", k),
            target.definition.name,
            target.function.arguments(probe, target.call),
            partners="correct",
        )
        for k, probe in enumerate(drawn)
    ]
    outcomes = _run(submission, target.function.dialect, steps, seconds, live)
    return [
        _trial(target, probe, outcomes[step.id], ())
        for probe, step in zip(drawn, steps, strict=True)
    ]


def _run(
    submission: parts.Submission,
    dialect: str,
    steps: list[runner.Step],
    seconds: float,
    live: Any,
) -> dict[str, runner.Outcome]:
    if not steps:
        return {}
    partners = PARTNERS[dialect]
    if live is not None:
        return runner.run_live(live, steps, seconds=seconds, correct_partners=partners)
    return runner.run(submission, steps, seconds=seconds, correct_partners=partners)


def _trial(
    target: submitted.Target, probe: probes.Probe, outcome: Any, sent: Sequence[Any]
) -> Trial:
    """What came back, held against the textbook."""
    if outcome.status != "returned":
        return Trial(probe, outcome, sent)
    value, tensors = codec.without_tensors(outcome.value)
    flat = returned.flatten(target.function, value, probe)
    if tensors:
        flat.notes.append("it returns tensors of torch: their numbers were compared")
    expected = target.function.expected(probe)
    lenient = any(word in target.definition.source for word in parts.SINGLE)
    lenient |= any(array.dtype == np.float32 for array in flat.outputs.values())
    differences = []
    single = False
    for name, reference in expected.items():
        if name not in flat.outputs:
            continue
        found, imprecise = _difference(target, name, flat.outputs[name], reference, lenient)
        differences.append(found)
        single |= imprecise
    return Trial(probe, outcome, sent, flat, tuple(differences), single)


def _difference(
    target: submitted.Target, name: str, ours: np.ndarray, reference: np.ndarray, lenient: bool
) -> tuple[compare.Difference, bool]:
    """One result against its reference; and whether it has single precision only.

    A result in float64 of a function that says float32 somewhere, or that has another result in
    float32, was computed in float32.
    """
    if ours.shape != reference.shape:
        return compare.Difference(
            name, f"has the shape {ours.shape}, {reference.shape} is right"
        ), False
    if not np.all(np.isfinite(ours)):
        count = np.count_nonzero(~np.isfinite(ours))
        return compare.Difference(name, f"{count} of {ours.size} values are not finite"), False
    single = ours.dtype == np.float32
    if ours.dtype == np.longdouble:
        ours = ours.astype(np.float64)  # the unit in which the reference is right
    unit = compare.unit_roundoff(np.float32 if single else np.float64)
    layout = target.function.layout(name)
    if layout.axes == ("unit", "example") and name.startswith("db"):  # a column: no examples
        ours, reference, layout = ours[:, 0], reference[:, 0], replace(layout, axes=("unit",))
    found = compare.locate(name, ours, reference, layout, budget=BUDGET * unit)
    if not found.passed and target.epsilon and name in PREDICTIONS and found.error < SLACK:
        return replace(found, budget=SLACK), single
    if not found.passed and lenient and not single:
        unit = compare.unit_roundoff(np.float32)
        rough = compare.locate(name, ours, reference, layout, budget=BUDGET * unit)
        if rough.passed:
            return replace(rough, units=rough.error / unit), True
    return found, single


def read_well(target: submitted.Target, trials: dict[str, Ways]) -> bool:
    """Whether the submission's own backward function is right on the caches of this one."""
    cell = target.function.cell
    names = [target.name.replace("forward", "backward")]
    names += [f"{cell}_backward", f"{cell}_cell_backward"]
    chains = [trials[name]["chain"] for name in names if name in trials]
    return all_right(next((chain for chain in chains if chain), []))


def all_right(tried: Sequence[Trial]) -> bool:
    """Whether there are trials, and each is right."""
    return bool(tried) and all(trial.right for trial in tried)


def right_with_own(ways: Ways) -> bool:
    """Whether a function is right in the submission's own company."""
    return all_right(ways["own"]) or all_right(ways["chain"])


def _with_own_caches(target: submitted.Target, trials: dict[str, Ways]) -> Ways:
    """The trials of a forward function, its caches judged by what reads them, if that is right."""
    ways = trials[target.name]
    if target.function.kind not in FORWARD_OF.values() or not read_well(target, trials):
        return ways
    return {way: [_excused(trial) for trial in tried] for way, tried in ways.items()}


def only_caches_wrong(trial: Trial) -> bool:
    """Whether there are wrong entries in the caches, and nothing else is wrong."""
    return bool(trial.wrong) and all(name.startswith("cache") for name in trial.wrong)


def _excused(trial: Trial) -> Trial:
    """A trial with a note in the place of entries of the caches that are not the course's."""
    if trial.flat is None or not only_caches_wrong(trial):
        return trial
    note = f"{', '.join(trial.wrong)}: not the course's, and right for your own backward function"
    flat = replace(trial.flat, notes=[*trial.flat.notes, note])
    kept = tuple(d for d in trial.differences if d.passed)
    return replace(trial, flat=flat, differences=kept)
