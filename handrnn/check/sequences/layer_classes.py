"""Layer classes RNN and LSTM of a submission: forward, backward and memory, method by method.

``RNN(input_size, hidden_size, output_size, bptt_length)``, or without the last; rows are time
steps. Its recurrent weights are one array, got and set by ``get_weights``/``set_weights`` or the
property ``weights``; its output layer cannot be seen. So forward is right if what it returns is an
affine function of the textbook's hidden states, or the sigmoid of one: least squares finds it.
Backward is then held against the textbook through that function.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ... import compare
from ..explain import sequence_mistakes
from ..load import parts
from ..report import data as report
from ..run import runner
from . import conventions, sequence_calls, sequence_trials, verdicts

Arrays = dict[str, np.ndarray]

T, I, H, O = 14, 5, 4, 3
CASES = 2
FIT = 1e-10  # of least squares: what is not a function of the hidden states is off by far more
FIT_SINGLE = 1e-4  # in float32
ROWS = ("xh1", "hx1", "1xh", "1hx", "x1h", "h1x")
METHODS = ("forward", "backward")


class Access(NamedTuple):
    """How weights are got, set, and their gradient got: a method and its arguments."""

    get: tuple[str, tuple]
    set: tuple[str, tuple]
    gradient: tuple[str, tuple]


BY_METHODS = Access(("get_weights", ()), ("set_weights", ()), ("get_gradient_weights", ()))
BY_PROPERTY = Access(
    ("__getattribute__", ("weights",)),
    ("__setattr__", ("weights",)),
    ("__getattribute__", ("gradient_weights",)),
)


class Packing(NamedTuple):
    """How the weights are read and what the output layer does.

    ``rows`` is the order of the blocks of rows for x, h and the bias; ``output`` "linear" or
    "sigmoid".
    """

    reading: conventions.Reading
    rows: str
    output: str


def judge_class(
    submission: Any, definition: Any, seconds: float = 10.0
) -> list[report.FunctionReport]:
    """Judge a layer class of a submission.

    Parameters
    ----------
    submission : parts.Submission
    definition : parts.Definition of a class whose name says "RNN" or "LSTM"
    seconds : limit of each call

    Returns
    -------
    list of report.FunctionReport
        "RNN.forward", "RNN.backward" and, where it has one, "RNN.memory"; or "LSTM. ..." of them.
    """
    return _Layer(submission, definition, seconds).reports()


def is_layer(definition: Any) -> bool:
    """Whether a definition is a class that can be judged here."""
    named = definition.name.lower() in ("rnn", "lstm")
    weights = "get_weights" in definition.methods or "weights" in definition.methods
    sized = len([name for name, default in definition.arguments if not default]) in (3, 4)
    return (
        named
        and definition.kind == "class"
        and "forward" in definition.methods
        and (weights or (sized and "weights" in definition.source))
    )


@dataclass(frozen=True)
class Run:
    """One forward and backward pass of a layer.

    Attributes
    ----------
    case : with the weights as a reading's arrays; dy is filled in once the output layer is known
    error : (T, O) what backward was called with
    y : (T, O) what forward returned
    dx, gradient : the outcomes of backward, and of asking for the gradient of the weights
    """

    case: conventions.Case
    weights: np.ndarray = field(repr=False)
    error: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    dx: Any = field(repr=False, default=None)
    gradient: Any = field(repr=False, default=None)


class _Layer:
    """Runs the methods of a class and judges them."""

    def __init__(self, submission: Any, definition: Any, seconds: float) -> None:
        self.submission = submission
        self.definition = definition
        self.seconds = seconds
        self.cell = "lstm" if "lstm" in definition.name.lower() else "rnn_tanh"
        self.rows = conventions.BLOCKS[self.cell] * H
        rng = np.random.default_rng(np.random.SeedSequence((7, self.rows)))
        bound = 2 / np.sqrt(H)
        self.weights = rng.uniform(-bound, bound, (I + H + 1, self.rows))
        self.x = rng.standard_normal((CASES, T, I))
        self.errors = rng.standard_normal((CASES, T, O))

    def reports(self) -> list[report.FunctionReport]:
        """The report of every method."""
        if not self.definition.filled:
            return [self._report(name, report.NOT_FILLED_IN) for name in METHODS]
        found = self._opened()
        if isinstance(found, str):
            return [self._report(name, report.NOT_FOUND, where=found) for name in METHODS]
        sizes, access = found
        outcomes = runner.run(self.submission, self._steps(sizes, access), seconds=self.seconds)
        made = outcomes["layer"]
        if not made.returned:
            return [self._stopped(name, made) for name in METHODS]
        forward, packing, runs = self._forward(outcomes)
        judged = [forward, self._backward(outcomes, forward, packing, runs)]
        memory = self._memory(outcomes, forward, packing, runs)
        return judged + ([memory] if memory is not None else [])

    # running

    def _opened(self) -> tuple[tuple[int, ...], Access] | str:
        """The constructor's arguments and the way to the weights; or why there is none."""
        steps = []
        for count in (4, 3):
            steps.append(runner.Step(f"layer/{count}", self.definition.name, (I, H, O, T)[:count]))
            for name, access in (("methods", BY_METHODS), ("property", BY_PROPERTY)):
                method, arguments = access.get
                target = ("method", runner.Ref(f"layer/{count}"), method)
                steps.append(runner.Step(f"{name}/{count}", target, arguments))
        outcomes = runner.run(self.submission, steps, seconds=self.seconds)
        for count in (4, 3):
            for name, access in (("methods", BY_METHODS), ("property", BY_PROPERTY)):
                value = outcomes[f"{name}/{count}"].value
                if isinstance(value, np.ndarray) and value.shape == self.weights.shape:
                    return (I, H, O, T)[:count], access
        return self._why_not(outcomes)

    def _why_not(self, outcomes: Mapping[str, runner.Outcome]) -> str:
        made = [outcomes[f"layer/{count}"] for count in (4, 3)]
        if not any(outcome.returned for outcome in made):
            least = min(made, key=lambda outcome: "positional" in str(outcome.error))
            return f"it cannot be constructed as {self.definition.name}(5, 4, 3, 14): {least.error}"
        shapes = [
            np.shape(outcome.value)
            for name, outcome in outcomes.items()
            if "layer" not in name and isinstance(outcome.value, np.ndarray)
        ]
        seen = f"; what it gives has the shape {shapes[0]}" if shapes else ""
        return (
            "its recurrent weights could not be read: neither get_weights() nor the property "
            f"weights gives one array of shape {self.weights.shape}{seen}"
        )

    def _steps(self, sizes: tuple[int, ...], access: Access) -> list[runner.Step]:
        steps = [runner.Step("layer", self.definition.name, sizes)]

        def call(id: str, method: str, *arguments: Any) -> None:
            target = ("method", runner.Ref("layer"), method)
            steps.append(runner.Step(id, target, arguments, keep=False))

        call("set", access.set[0], *access.set[1], self.weights)
        call("weights set", access.get[0], *access.get[1])
        call("before", "forward", self.x[0])
        for k in range(CASES):
            call(f"forward/{k}", "forward", self.x[k])
            call(f"backward/{k}", "backward", self.errors[k])
            call(f"gradient/{k}", access.gradient[0], *access.gradient[1])
            call(f"weights/{k}", access.get[0], *access.get[1])
        return steps + self._memory_steps(sizes, access)

    def _memory_steps(self, sizes: tuple[int, ...], access: Access) -> list[runner.Step]:
        """A second layer with the memory on, along two halves of a sequence."""
        on = ("__setattr__", "memorize", True)
        if "toggle_memory" in self.definition.methods:
            on = ("toggle_memory",)
        half = T // 2
        calls = {
            "second set": (access.set[0], *access.set[1], self.weights),
            "memory on": on,
            "half/0": ("forward", self.x[0][:half]),
            "half/1": ("forward", self.x[0][half:]),
        }
        layer = runner.Ref("second layer")
        return [
            runner.Step("second layer", self.definition.name, sizes),
            *(runner.Step(id, ("method", layer, m), given) for id, (m, *given) in calls.items()),
        ]

    # forward

    def _forward(
        self, outcomes: Mapping[str, runner.Outcome]
    ) -> tuple[report.FunctionReport, Packing | None, list[Run]]:
        for k in range(CASES):
            if not outcomes[f"forward/{k}"].returned:
                return self._stopped("forward", outcomes[f"forward/{k}"]), None, []
        outputs = [_matrix(outcomes[f"forward/{k}"].value, (T, O)) for k in range(CASES)]
        for output in outputs:
            if isinstance(output, str):
                where = f"forward: {output}"
                return self._report("forward", report.FAIL, where=where), None, []
        runs = [self._run(k, y, outcomes) for k, y in enumerate(outputs) if not isinstance(y, str)]
        base = self._report("forward", report.FAIL, outcomes["forward/0"])
        for damage in self._damage(outcomes):
            return replace(base, mistakes=(damage,)), None, runs
        if not self._unchanged(outcomes["weights/0"].value):
            runs = runs[:1]  # backward has changed the weights, which is its own mistake
        packing, error = self._packing(runs)
        if packing is None:
            return replace(base, **self._explained(runs, error)), None, runs
        notes = list(self._notes(packing))
        if error > FIT:
            notes.append("it computes in float32: right to single precision")
        tensor = report.Tensor("y", error, error / _unit(error), error / _budget(error))
        passed = replace(base, verdict=report.PASS, line=None, cell=None, source="")
        return replace(passed, notes=tuple(notes), tensors=(tensor,)), packing, runs

    def _unchanged(self, weights: Any) -> bool:
        """Whether weights are those that were set, in the precision that the layer keeps."""
        single = isinstance(weights, np.ndarray) and weights.dtype == np.float32
        return verdicts.same(self.weights.astype(np.float32) if single else self.weights, weights)

    def _damage(self, outcomes: Mapping[str, runner.Outcome]) -> Iterator[report.Named]:
        """What is wrong with the state that a layer keeps."""
        if not self._unchanged(outcomes["weights set"].value):
            why = "It neither gives the weights that were set, nor computes with them."
            yield report.Named("weights-not-set", why, "what was set, and got right after, differ")
        elif not verdicts.same(outcomes["before"].value, outcomes["forward/0"].value):
            why = (
                "With the memory off a sequence starts from where the last one ended: two forward"
                " passes of the same sequence differ."
            )
            yield report.Named("keeps-state", why, "the same sequence twice gives other outputs")

    def _run(self, k: int, y: np.ndarray, outcomes: Mapping[str, runner.Outcome]) -> Run:
        zero = np.zeros((1, H))
        arrays = {"x": self.x[k][:, None], "dy": np.zeros((T, 1, H))}
        arrays |= dict.fromkeys(("h0", "c0", "dh_n", "dc_n"), zero)
        case = conventions.Case(self.cell, k, T, 1, I, H, arrays)
        dx, dW = (outcomes[f"{what}/{k}"] for what in ("backward", "gradient"))
        return Run(case, self.weights, self.errors[k], y, dx, dW)

    def _packing(self, runs: Sequence[Run]) -> tuple[Packing | None, float]:
        """The first packing under which all outputs are a function of the hidden states."""
        best, nearest = float("inf"), None
        for packing in _packings(self.cell):
            states = [hidden_states(run, packing) for run in runs]
            error = _misfit(states, [run.y for run in runs], packing.output)
            if error <= FIT:
                return packing, error
            if error < best:
                best, nearest = error, packing
        return (nearest if best <= FIT_SINGLE and self._single() else None), best

    def _single(self) -> bool:
        """Whether it says float32 somewhere."""
        return any(word in self.definition.source for word in parts.SINGLE)

    def _notes(self, packing: Packing) -> Iterator[str]:
        if len(packing.reading.order) > 1:
            yield f"your gates are {', '.join(packing.reading.gates)}"
        if packing.rows != "xh1":
            yield f"the rows of your weights are for [{'; '.join(packing.rows)}]"
        if packing.output == "sigmoid":
            yield "the output layer ends in a sigmoid"

    def _explained(self, runs: Sequence[Run], error: float) -> dict[str, Any]:
        """What forward does instead of what it should."""
        where = (
            f"y is not a function of the right hidden states, linear or with a sigmoid: the nearest"
            f" is off by {error:.0e} of its scale"
        )
        for entry in sequence_mistakes.forward_entries(self.cell.split("_")[0]):
            for packing in _packings(self.cell, orders=False):
                fit = _misfit_with(entry, packing, runs)
                if fit <= FIT:
                    proof = (
                        "your outputs are a function of the hidden states with this mistake, to"
                        f" {fit:.0e}, in {CASES} cases"
                    )
                    named = report.Named(entry.id, entry.why, proof, entry.wrong, entry.right)
                    return {"where": where, "mistakes": (named,)}
        named = report.Named("unexplained", "no entry of the catalogue explains it")
        return {"where": where, "mistakes": (named,)}

    # backward

    def _backward(
        self,
        outcomes: Mapping[str, runner.Outcome],
        forward: report.FunctionReport,
        packing: Packing | None,
        runs: Sequence[Run],
    ) -> report.FunctionReport:
        for k in range(CASES):
            if not outcomes[f"backward/{k}"].returned:
                return self._stopped("backward", outcomes[f"backward/{k}"])
        base = self._report("backward", report.FAIL, outcomes["backward/0"])
        if packing is None:
            return replace(base, where="it cannot be judged before forward is right")
        if outcomes["backward/0"].value is None:
            return replace(base, verdict=report.NOT_FILLED_IN, where="it returns None")
        trials = [self._trial(run, packing, runs, forward) for run in runs]
        named = () if self._unchanged(outcomes["weights/0"].value) else (_updates(),)
        return verdicts.judged(base, trials, named, forward)

    def _trial(
        self, run: Run, packing: Packing, runs: Sequence[Run], forward: report.FunctionReport
    ) -> sequence_trials.Trial:
        """The gradients of one run against the textbook's, through the output layer found."""
        V, condition = _output_layer(runs, packing)
        slope = run.y * (1 - run.y) if packing.output == "sigmoid" else 1.0
        dy = ((run.error * slope) @ V[:-1].T)[:, None]
        case = _with_weights(run, packing).changed(dy=dy)
        right = conventions.results(case, packing.reading)
        ours, problems, notes = _gradients(run, packing, self.rows)
        single = _unit(forward.tensors[0].error)
        unit = single * max(condition, 1.0)
        call = conventions.Call()
        trial = sequence_trials.Trial(case, packing.reading, call, ours, right)
        differences = tuple(
            sequence_trials.located(
                name, ours, right, packing.reading, sequence_trials.BUDGET * unit, single
            )
            for name in ours
        )
        return replace(trial, differences=differences, problems=problems, notes=notes)

    # memory

    def _memory(
        self,
        outcomes: Mapping[str, runner.Outcome],
        forward: report.FunctionReport,
        packing: Packing | None,
        runs: Sequence[Run],
    ) -> report.FunctionReport | None:
        """Whether two halves of a sequence give what the whole does once the memory is on."""
        source = self.definition.source
        if "toggle_memory" not in self.definition.methods and "memorize" not in source:
            return None
        halves = [outcomes["half/0"], outcomes["half/1"]]
        for outcome in (outcomes["memory on"], *halves):
            if not outcome.returned:
                return self._stopped("memory", outcome)
        base = self._report("memory", report.FAIL, outcomes["memory on"])
        results = [_matrix(outcome.value, (T // 2, O)) for outcome in halves]
        ready = [part for part in results if not isinstance(part, str)]
        if packing is None or len(ready) < len(results):
            return replace(base, where="it cannot be judged before forward is right")
        error = _misfit([hidden_states(runs[0], packing)], ready, packing.output)
        if error <= _budget(forward.tensors[0].error):
            return replace(base, verdict=report.PASS, line=None, cell=None, source="")
        where = (
            "with the memory on, two halves of a sequence do not give what the whole gives: the"
            f" second does not start from where the first ended (off by {error:.0e})"
        )
        return replace(base, where=where)

    # reports

    def _report(
        self, method: str, verdict: str, outcome: runner.Outcome | None = None, where: str = ""
    ) -> report.FunctionReport:
        head = self.definition.source.split("\n", 1)[0]
        return report.FunctionReport(
            f"{self.definition.name}.{method}",
            verdict,
            where=where,
            line=self.definition.line,
            cell=self.definition.cell,
            source=head,
            output="" if outcome is None else outcome.stdout,
            seconds=0.0 if outcome is None else outcome.seconds,
        )

    def _stopped(self, method: str, outcome: runner.Outcome) -> report.FunctionReport:
        error = outcome.error
        verdict = verdicts.verdict_on(outcome)
        if error is not None and error.type == "AttributeError" and f"'{method}'" in error.message:
            verdict = report.NOT_FOUND
        judged = self._report(method, verdict, outcome, where=str(error))
        return replace(judged, line=error.line if error and error.line else judged.line)


def _unit(error: float) -> float:
    """The unit of rounding that a misfit speaks of."""
    return 2.0**-53 if error <= FIT else 2.0**-24


def _budget(error: float) -> float:
    """What a layer may be off by whose forward pass is off by this much."""
    return FIT if error <= FIT else FIT_SINGLE


def _updates() -> report.Named:
    return report.Named(
        "updates-without-optimizer",
        "backward changes the weights although no optimizer was set.",
        "the weights before and after backward are not equal",
    )


def _matrix(value: Any, shape: tuple[int, ...]) -> np.ndarray | str:
    """A finite float64 matrix of a shape, or why it is none."""
    array, problem = sequence_calls.as_array("what it returns", value)
    if array is None:
        return problem
    if array.shape != shape:
        return f"it returns the shape {array.shape}, {shape} is right"
    if not np.all(np.isfinite(array)):
        return "it returns values that are not finite"
    return array.astype(np.float64)


# Weights and hidden states -------------------------------------------------------------------


def _packings(cell: str, *, orders: bool = True) -> Iterator[Packing]:
    readings = conventions.readings(cell) if orders else (conventions.usual(cell),)
    yield from itertools.starmap(
        Packing, itertools.product(readings, ROWS[:2], ("linear", "sigmoid"))
    )
    for rows in ROWS[2:]:
        yield Packing(readings[0], rows, "linear")


def _rows(rows: str) -> dict[str, slice]:
    """Where the rows for x, h and the bias are."""
    sizes = {"x": I, "h": H, "1": 1}
    ends = np.cumsum([sizes[letter] for letter in rows])
    return {
        letter: slice(int(end) - sizes[letter], int(end))
        for letter, end in zip(rows, ends, strict=True)
    }


def _with_weights(run: Run, packing: Packing) -> conventions.Case:
    at = _rows(packing.rows)
    W = run.weights
    b = W[at["1"]][0]
    return run.case.changed(W_ih=W[at["x"]].T, W_hh=W[at["h"]].T, b_ih=b, b_hh=np.zeros_like(b))


def hidden_states(run: Run, packing: Packing) -> np.ndarray:
    """The textbook's hidden states (T, H) with the weights read in this way."""
    return _outputs(run, packing)["y"][:, 0]


def _outputs(run: Run, packing: Packing) -> Arrays:
    case = _with_weights(run, packing)
    return conventions.results(case, packing.reading, gradients=False)


def _misfit_with(entry: Any, packing: Packing, runs: Sequence[Run]) -> float:
    """How far outputs are from a function of the hidden states with a mistake."""
    worst = 0.0
    for k in range(1, len(runs) + 1):  # one run suffices to see that it is not this mistake
        states = [_with_mistake(run, packing, entry) for run in runs[:k]]
        if worst > FIT or any(h is None for h in states):
            return float("inf")
        ready = [h for h in states if h is not None]
        worst = _misfit(ready, [run.y for run in runs[:k]], packing.output)
    return worst


def _with_mistake(run: Run, packing: Packing, entry: Any) -> np.ndarray | None:
    trial = sequence_trials.Trial(
        _with_weights(run, packing), packing.reading, conventions.Call(), {}, {}
    )
    made = sequence_mistakes.made_by((entry,), trial, gradients=False)
    return None if made is None or "y" not in made else made["y"][:, 0]


def _before(y: np.ndarray, output: str) -> np.ndarray | None:
    """What went into the output's sigmoid, if there is one."""
    if output == "linear":
        return y
    if np.any(y <= 0) or np.any(y >= 1):
        return None
    return np.log(y) - np.log1p(-y)


def _misfit(states: Sequence[np.ndarray], outputs: Sequence[np.ndarray], output: str) -> float:
    """How far outputs are from the nearest affine function of hidden states."""
    y = _before(np.concatenate(outputs), output)
    h = np.concatenate(states)
    if y is None or not np.all(np.isfinite(h)):
        return float("inf")
    V, *_ = np.linalg.lstsq(_with_ones(h), y, rcond=None)
    return compare.normwise_error(_with_ones(h) @ V, y)


def _with_ones(h: np.ndarray) -> np.ndarray:
    return np.hstack([h, np.ones((len(h), 1))])


def _output_layer(runs: Sequence[Run], packing: Packing) -> tuple[np.ndarray, float]:
    """The output layer (H + 1, O), and how much less precise it is than the outputs."""
    h = _with_ones(np.concatenate([hidden_states(run, packing) for run in runs]))
    y = _before(np.concatenate([run.y for run in runs]), packing.output)
    V, *_ = np.linalg.lstsq(h, y, rcond=None)  # pyright: ignore
    slack = (
        1.0
        if packing.output == "linear"
        else 1 / float(np.min(np.concatenate([np.minimum(run.y, 1 - run.y) for run in runs])))
    )
    return V, float(np.linalg.cond(h)) * slack


def _gradients(
    run: Run, packing: Packing, rows: int
) -> tuple[Arrays, tuple[str, ...], tuple[str, ...]]:
    """dx, dW_ih, dW_hh and db_ih out of what backward and the gradient's accessor returned."""
    ours: Arrays = {}
    problems, notes = [], []
    dx = _matrix(run.dx.value, (T, I))
    if isinstance(dx, str):
        problems.append(f"backward: {dx}")
    else:
        ours["dx"] = dx[:, None]
    dW = _matrix(run.gradient.value, (I + H + 1, rows))
    if not run.gradient.returned:
        notes.append("the gradient of the weights is not to be had, and not judged")
    elif isinstance(dW, str):
        problems.append(f"the gradient of the weights: {dW}")
    else:
        at = _rows(packing.rows)
        ours |= {"dW_ih": dW[at["x"]].T, "dW_hh": dW[at["h"]].T, "db_ih": dW[at["1"]][0]}
    return ours, tuple(problems), tuple(notes)
