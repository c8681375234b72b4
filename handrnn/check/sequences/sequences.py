"""Any implementation of a whole sequence, held against the textbook.

A submission is a pair of functions, or a torch.nn.Module, for an LSTM, GRU or RNN over a sequence.
It runs in a copy of this process (`runner.run_live`). How it wants its arguments and in which order
it has its gates is found from what it returns; that is a convention, not a mistake. Then every
output and every gradient is compared with the textbook's.

Where rounding errors grow along the sequence no two right implementations agree. There each step is
judged by itself, from the hidden state that the submission itself reached (local residual), and
gradients along these states.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import __version__, compare
from ..report import data as report
from ..run import codec, runner
from . import conventions, modules, sequence_calls, sequence_trials, verdicts

FIT = 1e-4  # an order of the gates is taken for found if the first step agrees to this
SMALL = {"T": 7, "scale": 2.0}  # besides what was asked for: where mistakes are told apart


def sequence(
    forward: Any,
    backward: Callable | None = None,
    *,
    cell: str = "lstm",
    seconds: float = 10.0,
    T: int = 7,
    B: int = 3,
    I: int = 5,
    H: int = 4,
    scale: float = 2.0,
    seed: int = 0,
    hint: str = report.HINTS[-1],
) -> report.FileReport:
    """Judge any implementation of a recurrent layer over a sequence.

    Parameters
    ----------
    forward : callable or torch.nn.Module
        ``forward(x, h0, c0, W_ih, W_hh, b_ih, b_hh) -> (y, h_n, c_n)``; RNN and GRU have no c. x is
        (T, B, I), states are (B, H), weights (K*H, I) and (K*H, H), biases (K*H,). Other orders of
        the gates and of the axes, transposed weights, an axis for layers in front of the states,
        one bias or none, and the variants of the GRU are found and reported. A module is called as
        ``module(x, (h0, c0))``, ``module(x, h0)`` or ``module(x)``, its parameters are found by
        name and shape, and its gradients are those of autograd.
    backward : callable, optional
        ``backward(dy, dh_n, dc_n) -> dict`` with any of dx, dh0, dc0, dW_ih, dW_hh, db_ih, db_hh:
        the gradients of the last forward pass.
    cell : {"lstm", "gru", "rnn", "rnn_tanh", "rnn_relu"}
    seconds : limit of each call
    T, B, I, H : steps, examples, inputs and hidden units of the sequence. A module has its own I, H
    scale : of the recurrent weights, U(+-scale / sqrt(H))
    seed : of the numbers
    hint : {"fix", "mistake", "sentence", "place", "verdict"}
        How much the report gives away; "fix" shows no more than "mistake" here.

    Returns
    -------
    report.FileReport
        With the functions "forward" and, where there are gradients, "backward".

    Raises
    ------
    ValueError
        For an unknown cell or hint, or a size below 1.
    TypeError
        If forward or backward cannot be called.
    """
    _check_arguments(forward, backward, cell, {"T": T, "B": B, "I": I, "H": H})
    report.check_hint(hint)
    cell = conventions.CELLS[cell]
    sizes = {"T": T, "B": B, "I": I, "H": H, "scale": scale}
    if _is_module(forward):
        return _of_module(forward, cell, sizes, seed, seconds).hinted(hint)
    functions = sequence_calls.Functions(forward, backward, cell)
    return _Judge(functions, cell, sizes, seed, seconds).judged().hinted(hint)


def _check_arguments(forward: Any, backward: Any, cell: str, sizes: Mapping[str, int]) -> None:
    if cell not in conventions.CELLS:
        names = ", ".join(conventions.CELLS)
        raise ValueError(f"cell is {cell!r}: it can be {names}")
    for name, function in (("forward", forward), ("backward", backward)):
        if not callable(function) and not (name == "backward" and function is None):
            raise TypeError(f"{name} is a {type(function).__name__}, which cannot be called")
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is {size}: it must be at least 1")


def _is_module(forward: Any) -> bool:
    """Whether it is a torch.nn.Module; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(forward, torch.nn.Module)


def _of_module(
    module: Any, cell: str, sizes: Mapping[str, Any], seed: int, seconds: float
) -> report.FileReport:
    try:
        functions = modules.judge_live(module, cell, sizes, seed, seconds)
    except modules.UnreadableError as error:
        why = str(error)
        functions = {"forward": report.FunctionReport("forward", report.NOT_FOUND, where=why)}
    return report.FileReport(sequence_calls.name_of(module), functions, versions=_versions())


def _versions() -> dict[str, str]:
    return {"handrnn": __version__, "numpy": np.__version__}


# The judgement -------------------------------------------------------------------------------


TRY_ON = (runner.RETURNED, runner.RAISED)  # another way of calling may help


@dataclass(frozen=True)
class _Match:
    """A way of calling that works, and how its results are read."""

    call: conventions.Call
    reading: conventions.Reading
    error: float

    @property
    def found(self) -> bool:
        """Whether the first step is right under this reading."""
        return self.error <= FIT


class _Judge:
    """Runs a submission and judges it."""

    def __init__(
        self, subject: Any, cell: str, sizes: Mapping[str, Any], seed: int, seconds: float
    ) -> None:
        self.subject = subject
        self.cell = cell
        self.seconds = seconds
        wanted = [dict(sizes)] * 2
        if sizes["T"] > SMALL["T"] or sizes["scale"] != SMALL["scale"]:
            wanted += [{**sizes, **SMALL, "T": min(sizes["T"], SMALL["T"])}] * 2
        self.cases = [conventions.draw(cell, seed + k, **these) for k, these in enumerate(wanted)]
        self.ways: Iterator[conventions.Call] = subject.calls()
        self.arguments: dict[str, Sequence[Any]] = {}
        self.starts: dict[tuple, dict[conventions.Reading, np.ndarray]] = {}

    def judged(self) -> report.FileReport:
        """Find how it is called, run it, and judge both directions."""
        match, outcomes = self._matched()
        forward = [self._forward_trial(k, match, outcomes) for k in range(len(self.cases))]
        functions = {"forward": self._forward_report(match, forward, outcomes)}
        if "both" in self.subject.live:
            backward = [self._backward_trial(k, t, outcomes) for k, t in enumerate(forward)]
            functions["backward"] = self._backward_report(functions["forward"], backward, outcomes)
        return report.FileReport(self.subject.name, functions, versions=_versions())

    # running

    def _matched(self) -> tuple[_Match, dict[str, runner.Outcome]]:
        """How it is called and read, and the outcomes of being called so."""
        ways = iter(self.ways)
        call = next(ways)
        outcomes = self._run(call)
        match = self._match(call, outcomes["forward/0"])
        others = list(ways)
        if others and not match.found and outcomes["forward/0"].status in TRY_ON:
            match = self._searched(match, others)
        return (match, outcomes) if match.call == call else (match, self._run(match.call))

    def _run(self, call: conventions.Call) -> dict[str, runner.Outcome]:
        steps = []
        for target in self.subject.live:
            for k in range(len(self.cases)):
                make = self.subject.forward_arguments
                if target == "both":
                    make = self.subject.backward_arguments
                given = make(self._raw(k, call), call)
                id, tensors = f"{target}/{k}", call.tensors
                steps.append(runner.Step(id, target, given, tensors=tensors))
        self.arguments = {step.id: step.arguments for step in steps}
        return runner.run_live(self.subject.live, steps, seconds=self.seconds)

    def _searched(self, standard: _Match, ways: Sequence[conventions.Call]) -> _Match:
        """Try every other way; the standard one stays if none does better."""
        steps = [
            runner.Step(
                str(k),
                "forward",
                self.subject.forward_arguments(self._raw(0, call), call),
                tensors=call.tensors,
            )
            for k, call in enumerate(ways)
        ]
        live = {"forward": self.subject.live["forward"]}
        outcomes = runner.run_live(live, steps, seconds=self.seconds)
        matches = [self._match(call, outcomes[str(k)]) for k, call in enumerate(ways)]
        best = min(matches, key=lambda match: match.error)
        if best.found:
            return best
        fitting = [m for m in matches if np.isfinite(m.error)]
        return fitting[0] if not np.isfinite(standard.error) and fitting else standard

    def _match(self, call: conventions.Call, outcome: runner.Outcome) -> _Match:
        """Under which reading the first step is right, or nearest."""
        usual = conventions.usual(self.cell)
        nothing = _Match(call, usual, float("inf"))
        if not outcome.returned:
            return nothing
        case = self._case(0, call)
        named, _ = sequence_calls.taken_apart(outcome.value, self.cell)
        arrays, call, _ = sequence_calls.outputs_in_axes(named, case, call)
        if not arrays:
            return nothing
        if set(named) == set(arrays) and len(named) < 2 + (self.cell == "lstm"):
            call = call._replace(returns=tuple(named))
        found = []
        for zeros in self.subject.zeros(call, named):
            way = call._replace(zeros=zeros)
            found.append(self._nearest(way, arrays))
            if found[-1].found:
                return found[-1]
        return found[0]

    def _nearest(self, call: conventions.Call, arrays: conventions.Arrays) -> _Match:
        """The reading under which the first step, or else the last state, is nearest."""
        name = "y" if "y" in arrays else next(iter(arrays))
        errors = {
            r: _start_errors(arrays[name], start, whole=name != "y")
            for r, start in self._starts(call, name).items()
        }
        first, _ = min(errors.values())
        if not first <= FIT:
            usual = conventions.usual(self.cell)
            return _Match(call, usual, first if np.isfinite(first) else 1e300)
        reading = min((r for r in errors if errors[r][0] <= FIT), key=lambda r: errors[r][1])
        return _Match(call, reading, first)

    def _starts(self, call: conventions.Call, name: str) -> dict[conventions.Reading, np.ndarray]:
        """What comes first under every reading."""
        key = (call.dtype, call.zeros, call.biases, name)
        if key not in self.starts:
            case = self._case(0, call)
            self.starts[key] = (
                conventions.starts(case)
                if name == "y"
                else {
                    reading: conventions.results(case, reading, gradients=False)[name]
                    for reading in conventions.readings(self.cell)
                }
            )
        return self.starts[key]

    # trials

    def _raw(self, k: int, call: conventions.Call) -> conventions.Case:
        """A case as it is given, whatever of it is used."""
        case = self.cases[k].as_type(np.float32) if call.dtype == "float32" else self.cases[k]
        absent = {"two": (), "one": ("b_hh",), "none": ("b_ih", "b_hh")}[call.biases]
        return case.changed(**{name: np.zeros_like(case.arrays[name]) for name in absent})

    def _case(self, k: int, call: conventions.Call) -> conventions.Case:
        return self.subject.fitted(self._raw(k, call), call)

    def _forward_trial(
        self, k: int, match: _Match, outcomes: Mapping[str, runner.Outcome]
    ) -> sequence_trials.Trial | None:
        outcome = outcomes[f"forward/{k}"]
        if not outcome.returned:
            return None
        case = self._case(k, match.call)
        named, problems = sequence_calls.taken_apart(outcome.value, self.cell)
        ours, _, more = sequence_calls.outputs_in_axes(named, case, match.call)
        trial = sequence_trials.judge_forward(
            case, match.reading, match.call, ours, single=self.subject.single
        )
        return replace(trial, problems=(*problems, *more))

    def _backward_trial(
        self, k: int, forward: sequence_trials.Trial | None, outcomes: Mapping[str, runner.Outcome]
    ) -> sequence_trials.Trial | None:
        outcome = outcomes[f"both/{k}"]
        if not outcome.returned or forward is None or not isinstance(outcome.value, dict):
            return None
        returned = outcome.value["backward"]
        named, problems = self.subject.gradients(returned, forward.call)
        ours, more, notes = sequence_calls.gradients_in_axes(named, forward.case, forward.call)
        if not ours:
            problems = [
                *problems,
                f"it returns {sequence_calls.kind(returned)}, a dict of gradients is wanted",
            ]
        trial = sequence_trials.judge_backward(forward, ours, single=self.subject.single)
        return replace(
            trial, problems=(*problems, *more), notes=tuple(dict.fromkeys([*trial.notes, *notes]))
        )

    # reports

    def _forward_report(
        self,
        match: _Match,
        trials: Sequence[sequence_trials.Trial | None],
        outcomes: Mapping[str, runner.Outcome],
    ) -> report.FunctionReport:
        base = self._base("forward", outcomes)
        notes = (*base.notes, *self._convention_notes(match))
        base = replace(base, notes=notes)
        kept, stopped = self._kept(trials, outcomes, "forward")
        if stopped is not None:
            return self._stopped(base, stopped)
        if outcomes["forward/0"].value is None:
            return replace(base, verdict=report.NOT_FILLED_IN, where="it returns None")
        damage = _damage([outcomes[f"forward/{k}"] for k in range(len(trials))], self.arguments)
        return verdicts.judged(base, kept, damage, None)

    def _backward_report(
        self,
        forward: report.FunctionReport,
        trials: Sequence[sequence_trials.Trial | None],
        outcomes: Mapping[str, runner.Outcome],
    ) -> report.FunctionReport:
        base = self._base("both", outcomes)
        kept, stopped = self._kept(trials, outcomes, "both")
        if stopped is not None:
            return self._stopped(base, stopped)
        if not kept:
            return replace(base, verdict=report.CRASHED, where="forward returned nothing")
        if _empty(outcomes["both/0"].value["backward"]):
            return replace(base, verdict=report.NOT_FILLED_IN, where="it returns no gradient")
        first = kept[0]
        left = [n for n in conventions.GRADIENTS if n in first.right and n not in first.ours]
        if left:
            base = replace(base, notes=(*base.notes, f"not judged: {', '.join(left)}"))
        damage = _damage([outcomes[f"both/{k}"] for k in range(len(trials))], self.arguments)
        damage += _after_backward(outcomes)
        return verdicts.judged(base, kept, damage, forward)

    def _base(self, target: str, outcomes: Mapping[str, runner.Outcome]) -> report.FunctionReport:
        mine = [outcomes[f"{target}/{k}"] for k in range(len(self.cases))]
        notes = [note for outcome in mine for note in outcome.notes]
        notes += [f"warning: {text}" for outcome in mine for text in outcome.warnings]
        return report.FunctionReport(
            {"both": "backward"}.get(target, target),
            report.FAIL,
            notes=tuple(dict.fromkeys(notes)),
            output=mine[0].stdout,
            seconds=sum(outcome.seconds for outcome in mine),
        )

    def _convention_notes(self, match: _Match) -> list[str]:
        notes = self.subject.notes(match.call)
        if match.found and match.call.dtype == "float64":
            notes += verdicts.of_reading(match.reading)
        return notes

    def _kept(
        self,
        trials: Sequence[sequence_trials.Trial | None],
        outcomes: Mapping[str, runner.Outcome],
        target: str,
    ) -> tuple[list[sequence_trials.Trial], runner.Outcome | None]:
        """Trials to judge by, or the outcome that stopped it.

        Where it runs at the size that was asked for but not at another one, that is not a failure.
        """
        asked = [outcomes[f"{target}/{k}"] for k in range(2)]
        for outcome in asked:
            if not outcome.returned:
                return [], outcome
        return [trial for trial in trials if trial is not None], None

    def _stopped(
        self, base: report.FunctionReport, outcome: runner.Outcome
    ) -> report.FunctionReport:
        error = outcome.error
        return replace(
            base,
            verdict=verdicts.verdict_on(outcome),
            where=str(error),
            line=None if error is None else error.line,
            output=outcome.stdout,
        )


def _start_errors(y: np.ndarray, start: np.ndarray, *, whole: bool) -> tuple[float, float]:
    """Normwise errors of the first step, and of the first few; of a state twice the same."""
    first = len(y) if whole else 1
    with np.errstate(all="ignore"):
        errors = (
            compare.normwise_error(y[:first], start[:first]),
            compare.normwise_error(y[: len(start)], start),
        )
    return tuple(e if np.isfinite(e) else float("inf") for e in errors)  # pyright: ignore


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and not value)


def _damage(
    outcomes: Sequence[runner.Outcome], sent: Mapping[str, Sequence[Any]]
) -> tuple[report.Named, ...]:
    """Arguments that are not what they were before the call."""
    for outcome in outcomes:
        before = list(sent[outcome.step])
        after, _ = codec.without_tensors(list(outcome.arguments_after))
        if outcome.returned and not verdicts.same(before, after):
            return (
                report.Named(
                    "argument-in-place",
                    "It changes its arguments in place, so whoever calls it goes on with other"
                    " numbers.",
                    "the arguments before and after the call are not the same",
                ),
            )
    return ()


def _after_backward(outcomes: Mapping[str, runner.Outcome]) -> tuple[report.Named, ...]:
    """Whether what forward returned is still the same once backward has run."""
    before, both = outcomes["forward/0"], outcomes["both/0"]
    if not (before.returned and isinstance(both.value, dict)):
        return ()
    if verdicts.same(before.value, both.value["forward"]):
        return ()
    return (
        report.Named(
            "result-in-place",
            "What forward returned is not the same after backward has run: backward writes into it,"
            " or two calls of forward with the same arguments differ.",
            "the outputs of one forward pass, with and without backward after it, are not equal",
        ),
    )
