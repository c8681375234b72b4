"""Any implementation of a whole sequence, held against the textbook.

A submission is a pair of functions, or a torch.nn.Module, for an LSTM, GRU or RNN over a sequence.
It runs in a copy of this process (`runner.run_live`). How it wants its arguments and in which order
it has its gates is found from what it returns; that is a convention, not a mistake. Then every
output and every gradient is compared with the textbook's.

Where rounding errors grow along the sequence no two right implementations agree. There each step is
judged by itself, from the hidden state that the submission itself reached (local residual), and
gradients along these states.
"""

import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import __version__, compare
from . import conventions, modules, report, runner, sequence_mistakes

BUDGET = 64.0  # units of rounding
WIDE = 2.0**14  # units: what differs by more, or may, needs a better conditioned case beside it
FIT = 1e-4  # an order of the gates is taken for found if the first step agrees to this
SMALL = {"T": 7, "scale": 2.0}  # besides what was asked for: where mistakes are told apart
SINGLE = ("float32", "np.single", "float16", "np.half")
NAMES = {"hn": "h_n", "cn": "c_n", "h": "h_n", "c": "c_n", "output": "y", "outputs": "y"}

Arrays = dict[str, np.ndarray]


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

    Returns
    -------
    report.FileReport
        With the functions "forward" and, where there are gradients, "backward".

    Raises
    ------
    ValueError
        For an unknown cell or a size below 1.
    TypeError
        If forward or backward cannot be called.
    """
    _check_arguments(forward, backward, cell, {"T": T, "B": B, "I": I, "H": H})
    cell = conventions.CELLS[cell]
    sizes = {"T": T, "B": B, "I": I, "H": H, "scale": scale}
    if _is_module(forward):
        try:
            subject: Any = modules.Subject(forward, cell)
        except modules.UnfitError as error:
            return _unfit(forward, str(error))
        sizes |= {"I": subject.I, "H": subject.H}
    else:
        subject = Functions(forward, backward, cell)
    judge = _Judge(subject, cell, sizes, seed, seconds)
    found = judge.judged()
    if _is_module(forward) and judge.match is not None and judge.match.call.dtype == "float64":
        single = _Judge(subject, cell, sizes, seed, seconds)
        single.ways = iter([judge.match.call._replace(dtype="float32")])
        return _with_single(found, single.judged())
    return found


def _with_single(double: report.FileReport, single: report.FileReport) -> report.FileReport:
    """One report of a module in both precisions."""
    functions = dict(double.functions)
    for name, function in single.functions.items():
        named = f"{name} in float32"
        known = double.functions[name].notes
        notes = tuple(n for n in function.notes if n not in known and not n.startswith("it takes"))
        functions[named] = replace(function, name=named, notes=notes)
    return replace(double, functions=functions)


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


def _unfit(forward: Any, why: str) -> report.FileReport:
    function = report.FunctionReport("forward", report.NOT_FOUND, where=why)
    return report.FileReport(name_of(forward), {"forward": function}, versions=_versions())


def _versions() -> dict[str, str]:
    return {"handrnn": __version__, "numpy": np.__version__}


def name_of(function: Any) -> str:
    """What a function or module is called."""
    return getattr(function, "__qualname__", type(function).__qualname__)


# Functions: how they are called in the child, and what comes back ----------------------------


class _Forward:
    """In the child: the forward function alone."""

    def __init__(self, forward: Callable) -> None:
        self.forward = forward
        self.__code__ = getattr(forward, "__code__", None)  # whose lines failures pass through

    def __call__(self, given: Sequence[Any]) -> Any:
        return self.forward(*given)


class _Both:
    """In the child: forward, then backward.

    What forward returned is looked at after backward, so that damage shows.
    """

    def __init__(self, forward: Callable, backward: Callable) -> None:
        self.forward = forward
        self.backward = backward
        self.__code__ = getattr(backward, "__code__", None)

    def __call__(self, given: Sequence[Any], arriving: Sequence[Any]) -> Any:
        returned = self.forward(*given)
        return {"forward": returned, "backward": self.backward(*arriving)}


class Functions:
    """A submission that is a forward and maybe a backward function."""

    def __init__(self, forward: Callable, backward: Callable | None, cell: str) -> None:
        self.name = name_of(forward)
        self.cell = cell
        self.live: dict[str, Callable] = {"forward": _Forward(forward)}
        if backward is not None:
            self.live["both"] = _Both(forward, backward)
        states = 2 if cell == "lstm" else 1
        self.biases = _biases(forward, 3 + states)
        self.arriving = min(_arguments_of(backward, 1 + states), 1 + states)
        texts = [_source(function) for function in (forward, backward)]
        self.single = any(word in text for text in texts for word in SINGLE)
        self.zero_states = False

    def calls(self) -> Iterator[conventions.Call]:
        """Ways to call it, the likeliest first."""
        return conventions.calls(self.biases)

    def forward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "forward"."""
        return [conventions.forward_arguments(case, call)]

    def backward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "both"."""
        arriving = conventions.backward_arguments(case, call)[: self.arriving]
        return [*self.forward_arguments(case, call), arriving]

    def fitted(self, case: conventions.Case, call: conventions.Call) -> conventions.Case:
        """The case with zeros for what it has no argument for."""
        names = ["dy", *(f"d{name}_n" for name in case.states)][self.arriving :]
        return case.changed(**{name: np.zeros_like(case.arrays[name]) for name in names})

    def gradients(self, value: Any, call: conventions.Call) -> tuple[dict[str, Any], list[str]]:
        """What backward returned, by name; and problems in words."""
        return _by_name(value), []

    def optional(
        self, ours: Arrays, case: conventions.Case, problems: list[str]
    ) -> tuple[conventions.Case, list[str]]:
        """The case with zeros for what did not come back, and the problems that count."""
        return case, problems

    def notes(self, call: conventions.Call) -> list[str]:
        """What is worth knowing of how it is called."""
        said = list(call.words())
        if "both" in self.live and self.arriving < 2 + (self.cell == "lstm"):
            missing = (
                ("dh_n and dc_n are", "dc_n is")[self.arriving - 1]
                if self.cell == "lstm"
                else "dh_n is"
            )
            said.append(f"backward has no argument for it: {missing} zero, and not judged")
        return said


def _arguments_of(function: Any, default: int) -> int:
    """How many positional arguments a function takes."""
    try:
        values = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return default
    if any(p.kind is p.VAR_POSITIONAL for p in values):
        return default
    return max(sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in values), 1)


def _biases(forward: Callable, others: int) -> str:
    """Whether forward takes two biases, one, or none."""
    count = _arguments_of(forward, others + 2) - others
    return ("none", "one", "two")[min(max(count, 0), 2)]


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (TypeError, OSError):
        return ""


def _by_name(value: Any) -> dict[str, Any]:
    """A dict of gradients by the names used here, for names that differ in case and underscores."""
    known = {name.replace("_", "").lower(): name for name in conventions.GRADIENTS}
    known |= {"db": "db_ih"}
    if not isinstance(value, dict):
        return {}
    named = {known.get(str(key).replace("_", "").lower(), str(key)): v for key, v in value.items()}
    return {name: v for name, v in named.items() if v is not None}


# What was returned, in torch's axes ----------------------------------------------------------


def taken_apart(value: Any, cell: str) -> tuple[dict[str, Any], list[str]]:
    """y, h_n and c_n out of what forward returned; and problems in words."""
    names = conventions.FORWARD[: 3 if cell == "lstm" else 2]
    wanted = f"({', '.join(names)})"
    if isinstance(value, dict):
        named = {NAMES.get(str(key), str(key)): v for key, v in value.items()}
        missing = [name for name in names if name not in named]
        problems = [f"{name} is missing from the dict it returns" for name in missing]
        return {name: named[name] for name in names if name in named}, problems
    if isinstance(value, np.ndarray):
        return {"y": value}, [f"it returns one array, {wanted} is wanted"]
    if not isinstance(value, tuple | list):
        return {}, [f"it returns {_kind(value)}, {wanted} is wanted"]
    flat = [part for item in value for part in (item if isinstance(item, tuple | list) else [item])]
    flat = list(value) if len(value) == len(names) else flat
    problems = []
    if len(flat) != len(names):
        problems = [f"it returns {len(flat)} values, {wanted} is wanted"]
    return dict(zip(names, flat, strict=False)), problems


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def as_array(name: str, value: Any) -> tuple[np.ndarray | None, str]:
    """A floating array, or why it is none."""
    if isinstance(value, list | tuple):
        try:
            value = np.array(value)
        except ValueError:
            return None, f"{name} is a list of parts that are no array"
    if not isinstance(value, np.ndarray | np.generic):
        return None, f"{name} is {_kind(value)}, not an array"
    array = np.asarray(value)
    if array.dtype.kind == "c":
        return None, f"{name} is complex"
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    return (
        (array, "") if array.dtype.kind == "f" else (None, f"{name} is an array of {array.dtype}")
    )


def in_axes(
    name: str, value: Any, forms: Sequence[str], target: str, case: conventions.Case
) -> tuple[np.ndarray | None, str, str]:
    """An array moved from the first form that its shape fits; the form; or a problem in words.

    Parameters
    ----------
    name : of the quantity
    value : what was returned
    forms : axes it may have, "BH"; "1" for an axis of length one
    target : the axes to move to
    case : whose sizes the letters stand for
    """
    array, problem = as_array(name, value)
    if array is None:
        return None, "", problem
    sizes = {"T": case.T, "B": case.B, "I": case.I, "H": case.H, "1": 1}
    sizes["K"] = conventions.BLOCKS[case.cell] * case.H
    for form in forms:
        if array.shape == tuple(sizes[letter] for letter in form):
            return conventions.back(array, form, target), form, ""
    right = tuple(sizes[letter] for letter in forms[0])
    return None, "", f"{name} has the shape {array.shape}, {right} is right"


def _state_forms(call: conventions.Call) -> list[str]:
    return list(dict.fromkeys([call.finals, call.states, "BH", "1BH", "HB", "1HB"]))


def _output_forms(call: conventions.Call) -> list[str]:
    return list(dict.fromkeys([call.outputs, *map("".join, itertools.permutations("TBH"))]))


def outputs_in_axes(
    named: Mapping[str, Any], case: conventions.Case, call: conventions.Call
) -> tuple[Arrays, conventions.Call, list[str]]:
    """y (T, B, H), h_n, c_n (B, H); the call with the axes that they had; problems."""
    arrays, problems = {}, []
    for name, value in named.items():
        forms, target = (_output_forms(call), "TBH") if name == "y" else (_state_forms(call), "BH")
        array, form, problem = in_axes(name, value, forms, target, case)
        if array is None:
            problems.append(problem)
            continue
        arrays[name] = array
        call = call._replace(**{"outputs" if name == "y" else "finals": form})
    return arrays, call, problems


def gradients_in_axes(
    named: Mapping[str, Any], case: conventions.Case, call: conventions.Call
) -> tuple[Arrays, list[str], list[str]]:
    """Gradients in torch's axes; problems; and notes on what is no gradient."""
    with_layers = ["1" + call.states.lstrip("1"), call.states.lstrip("1")]
    weights = {True: ("IK", "HK"), False: ("KI", "KH")}[call.transposed]
    bias = (["K1", "K"] if call.column else ["K", "K1"]) + ["1K"]
    forms = {
        "dx": ([call.axes], "TBI"),
        "dh0": ([call.states, *with_layers], "BH"),
        "dc0": ([call.states, *with_layers], "BH"),
        "dW_ih": ([weights[0]], "KI"),
        "dW_hh": ([weights[1]], "KH"),
        "db_ih": (bias, "K"),
        "db_hh": (bias, "K"),
    }
    arrays, problems, notes = {}, [], []
    for name, value in named.items():
        if name not in forms or (name == "dc0" and case.cell != "lstm"):
            notes.append(f"{name} is none of the gradients that are judged")
            continue
        array, _, problem = in_axes(name, value, *forms[name], case)
        if array is None:
            problems.append(problem)
        else:
            arrays[name] = array
    return arrays, problems, notes


# One run, compared ---------------------------------------------------------------------------


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
    ours: Arrays = field(repr=False)
    right: Arrays = field(repr=False)
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
    ours: Arrays,
    right: Arrays,
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
    ours: Arrays,
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


def judge_backward(trial: Trial, gradients: Arrays, *, single: bool = False) -> Trial:
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


# The judgement -------------------------------------------------------------------------------

VERDICT_OF = {
    runner.RAISED: report.CRASHED,
    runner.TIMED_OUT: report.TIMED_OUT,
    runner.DIED: report.CRASHED,
    runner.NOT_RUN: report.CRASHED,
    runner.MISSING: report.NOT_FOUND,
}
TRY_ON = (runner.RETURNED, runner.RAISED)  # another way of calling may help
VARIANT_NOTES = {
    "reset-before": "your GRU applies the reset gate before the matrix product, as the first paper"
    " and reset_after=False do; torch.nn.GRU applies it after: with the same weights these are two"
    " different functions",
    "update-turned": "your update gate z weighs the candidate, h = z*n + (1-z)*h; torch.nn.GRU has"
    " h = (1-z)*n + z*h",
}


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
        self.cases = [
            conventions.draw(cell, seed + k, biases=subject.biases, **these)
            for k, these in enumerate(wanted)
        ]
        self.ways: Iterator[conventions.Call] = subject.calls()
        self.arguments: dict[str, Sequence[Any]] = {}
        self.match: _Match | None = None

    def judged(self) -> report.FileReport:
        """Find how it is called, run it, and judge both directions."""
        match, outcomes = self._matched()
        self.match = match
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
                steps.append(runner.Step(f"{target}/{k}", target, make(self._case(k, call), call)))
        self.arguments = {step.id: step.arguments for step in steps}
        return runner.run_live(self.subject.live, steps, seconds=self.seconds)

    def _searched(self, standard: _Match, ways: Sequence[conventions.Call]) -> _Match:
        """Try every other way; the standard one stays if none does better."""
        steps = [
            runner.Step(
                str(k), "forward", self.subject.forward_arguments(self._case(0, call), call)
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
        named, _ = taken_apart(outcome.value, self.cell)
        arrays, call, _ = outputs_in_axes(named, case, call)
        if "y" not in arrays:
            return nothing
        starts = conventions.starts(case)
        errors = {r: _start_errors(arrays["y"], start) for r, start in starts.items()}
        first, _ = min(errors.values())
        if not first <= FIT:
            return _Match(call, usual, first if np.isfinite(first) else 1e300)
        reading = min((r for r in errors if errors[r][0] <= FIT), key=lambda r: errors[r][1])
        return _Match(call, reading, first)

    # trials

    def _case(self, k: int, call: conventions.Call) -> conventions.Case:
        case = self.subject.fitted(self.cases[k], call)
        return case.as_type(np.float32) if call.dtype == "float32" else case

    def _forward_trial(
        self, k: int, match: _Match, outcomes: Mapping[str, runner.Outcome]
    ) -> Trial | None:
        outcome = outcomes[f"forward/{k}"]
        if not outcome.returned:
            return None
        case = self._case(k, match.call)
        named, problems = taken_apart(outcome.value, self.cell)
        ours, _, more = outputs_in_axes(named, case, match.call)
        case, problems = self.subject.optional(ours, case, problems)
        trial = judge_forward(case, match.reading, match.call, ours, single=self.subject.single)
        return replace(trial, problems=(*problems, *more))

    def _backward_trial(
        self, k: int, forward: Trial | None, outcomes: Mapping[str, runner.Outcome]
    ) -> Trial | None:
        outcome = outcomes[f"both/{k}"]
        if not outcome.returned or forward is None or not isinstance(outcome.value, dict):
            return None
        returned = outcome.value["backward"]
        named, problems = self.subject.gradients(returned, forward.call)
        ours, more, notes = gradients_in_axes(named, forward.case, forward.call)
        if not ours:
            problems = [*problems, f"it returns {_kind(returned)}, a dict of gradients is wanted"]
        trial = judge_backward(forward, ours, single=self.subject.single)
        return replace(
            trial, problems=(*problems, *more), notes=tuple(dict.fromkeys([*trial.notes, *notes]))
        )

    # reports

    def _forward_report(
        self,
        match: _Match,
        trials: Sequence[Trial | None],
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
        return judged(base, kept, damage, None)

    def _backward_report(
        self,
        forward: report.FunctionReport,
        trials: Sequence[Trial | None],
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
        return judged(base, kept, damage, forward)

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
            if len(match.reading.order) > 1:
                notes.append(f"your gates are {', '.join(match.reading.gates)}")
            notes += [VARIANT_NOTES[name] for name in match.reading.variant]
        return notes

    def _kept(
        self,
        trials: Sequence[Trial | None],
        outcomes: Mapping[str, runner.Outcome],
        target: str,
    ) -> tuple[list[Trial], runner.Outcome | None]:
        """Trials to judge by, or the outcome that stopped it.

        Where it runs at the size that was asked for but not at another one, that is no failure.
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
        verdict = VERDICT_OF[outcome.status]
        if error is not None and error.type == "NotImplementedError":
            verdict = report.NOT_FILLED_IN
        return replace(
            base,
            verdict=verdict,
            where=str(error),
            line=None if error is None else error.line,
            output=outcome.stdout,
        )


def judged(
    base: report.FunctionReport,
    trials: Sequence[Trial],
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
        return replace(base, mistakes=damage)
    narrow = any(not trial.wide for trial in trials)
    if report.ILL_CONDITIONED in verdicts or not narrow:
        return replace(base, verdict=report.ILL_CONDITIONED, where=_where(trials))
    return replace(base, verdict=report.PASS, line=None, cell=None, source="")


def _failed(
    base: report.FunctionReport,
    trials: Sequence[Trial],
    damage: tuple[report.Named, ...],
    forward: report.FunctionReport | None,
) -> report.FunctionReport:
    named = damage + sequence_mistakes.explain(trials, forward)
    if damage:
        named = tuple(mistake for mistake in named if mistake.id != "unexplained")
    notes = base.notes
    if forward is not None and not forward.passed:
        notes = (*notes, "forward is wrong: judge backward again once it is right")
    return replace(base, mistakes=named, where=_where(trials), notes=notes)


def _start_errors(y: np.ndarray, start: np.ndarray) -> tuple[float, float]:
    """Normwise errors of the first step, and of the first few."""
    with np.errstate(all="ignore"):
        errors = (
            compare.normwise_error(y[:1], start[:1]),
            compare.normwise_error(y[: len(start)], start),
        )
    return tuple(e if np.isfinite(e) else float("inf") for e in errors)  # pyright: ignore


def _tensors(trials: Sequence[Trial]) -> tuple[report.Tensor, ...]:
    """Every result that was compared, at its worst over the cases."""
    worst: dict[str, report.Tensor] = {}
    for trial in trials:
        for d in trial.differences:
            tensor = report.Tensor(d.name, d.error, d.units, d.share, d.problem or "")
            known = worst.get(d.name)
            if known is None or tensor.problem or tensor.share > known.share:
                worst[d.name] = tensor
    return tuple(worst.values())


def _where(trials: Sequence[Trial]) -> str:
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


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and not value)


def _damage(
    outcomes: Sequence[runner.Outcome], sent: Mapping[str, Sequence[Any]]
) -> tuple[report.Named, ...]:
    """Arguments that are not what they were before the call."""
    for outcome in outcomes:
        if outcome.returned and not same(list(sent[outcome.step]), list(outcome.arguments_after)):
            return (
                report.Named(
                    "argument-in-place",
                    "It changes its arguments in place, so whoever calls it goes on with other"
                    " numbers.",
                    "the arguments before and after the call are not the same",
                ),
            )
    return ()


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


def _after_backward(outcomes: Mapping[str, runner.Outcome]) -> tuple[report.Named, ...]:
    """Whether what forward returned is still the same once backward has run."""
    before, both = outcomes["forward/0"], outcomes["both/0"]
    if not (before.returned and isinstance(both.value, dict)):
        return ()
    if same(before.value, both.value["forward"]):
        return ()
    return (
        report.Named(
            "result-in-place",
            "What forward returned is not the same after backward has run: backward writes into it,"
            " or two calls of forward with the same arguments differ.",
            "the outputs of one forward pass, with and without backward after it, are not equal",
        ),
    )
