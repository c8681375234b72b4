"""Modules of torch, held against the textbook: what came back of them is recognised and judged.

The child (`in_child`) calls a module in every way that may be right and brings along all that it
returned, with the gradients of each array. Here the arrays are recognised by their values (y, h_n,
the last output, the states of one layer), under every order of the gates, and the way that fits
best is judged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ... import compare
from ..report import data as report
from ..run import runner
from . import conventions, in_child, module_parts, sequence_trials, verdicts

Arrays = dict[str, np.ndarray]

FIT = 1e-4  # what is an array for if it agrees to this
CALLED = {
    "tuple": "module(x, (h0, c0))",
    "each": "module(x, h0)",
    "none": "module(x)",
    "pairs": "module(x, [(h0, c0), ...])",
}


class UnreadableError(ValueError):
    """A module that cannot be judged: why, in the author's words."""


class Spot(NamedTuple):
    """What an array that was returned may be: names of results and its axes."""

    names: tuple[str, ...]
    axes: str  # "TBH", "BTH", "BH", "1BH" or "LBH"


@dataclass(frozen=True)
class Match:
    """The way a module is called, and how what it returns is read.

    Attributes
    ----------
    attempt : of the child
    reading : the order of the gates and the variant
    spots : what each array is, None where it is nothing known
    right : how many arrays are right
    start : the error of the first step
    """

    attempt: Mapping[str, Any]
    reading: conventions.Reading
    spots: tuple[Spot | None, ...]
    right: int
    start: float

    @property
    def layout(self) -> module_parts.Layout:
        """What the parameters are."""
        I, H, directions, layers = self.attempt["layout"]
        parts = (tuple(_part(p) for p in layer) for layer in layers)
        return module_parts.Layout(I, H, directions, tuple(parts))


def _part(plain: Sequence[Any]) -> module_parts.Part:
    name, role, shape, gate, order = plain
    return module_parts.Part(name, role, tuple(shape), gate, order)


def cases_of(options: Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    """Two cases of what was asked for, and two small ones besides where that is large."""
    asked = {name: options[name] for name in ("T", "B", "scale")}
    small = {**asked, "T": min(7, asked["T"]), "scale": 2.0}
    wanted = [asked] * 2 + ([small] * 2 if small != asked else [])
    return [{**these, "seed": seed + k} for k, these in enumerate(wanted)]


def judged(
    told: Mapping[str, Any],
    cells: Sequence[str],
    cases: Sequence[Mapping[str, Any]],
    base: report.FunctionReport,
    *,
    certain: bool = False,
) -> dict[str, report.FunctionReport]:
    """The reports "forward" and, if forward is right, "backward".

    Parameters
    ----------
    told : what `in_child.Run` returned
    cells, cases : what it was given
    base : what is known besides
    certain : whether somebody said which cell it is

    Raises
    ------
    UnreadableError
        If nothing can be said of it.
    """
    attempts = told["attempts"]
    if not (certain or told["hinted"]) and not attempts:
        raise UnreadableError("no RNN, LSTM or GRU was recognised in it")
    if not attempts:
        raise UnreadableError(_why_not(told))
    match = _best(attempts, cells, cases)
    readouts = [words for words in match.attempt["left"] if "read" in words]
    clear = (certain or told["hinted"]) and len(readouts) <= 1
    if not match.right and not (clear and any(match.spots)):
        what = f" ({'; '.join(match.attempt['left'])})" if match.attempt["left"] else ""
        raise UnreadableError(f"nothing that it returns is the state of an RNN, LSTM or GRU{what}")
    base = replace(base, notes=(*base.notes, *_notes(told, match)))
    trials = [_trial(match, k, case) for k, case in enumerate(cases)]
    ways = match.attempt["runs"]
    damage = tuple(_damage(ways))
    forward = verdicts.judged(base, [trial for trial, _ in trials], damage, None)
    forward = replace(forward, name=f"{base.name}forward")
    if not forward.passed:
        return {"forward": forward}
    backward = [_backward(match, k, *trial) for k, trial in enumerate(trials)]
    base = replace(base, notes=())
    found = verdicts.judged(base, backward, (), forward)
    return {"forward": forward, "backward": replace(found, name=f"{base.name}backward")}


def _why_not(told: Mapping[str, Any]) -> str:
    if told["errors"]:
        errors = sorted(told["errors"], key=lambda error: "positional arg" in error[2])
        called, kind, message = errors[0]
        return f"it could not be called as {called}: {kind}: {message}"
    if told["unfit"]:
        return told["unfit"][0]
    return "it has no parameters of a recurrent layer"


# Recognising ---------------------------------------------------------------------------------


def _best(
    attempts: Sequence[Mapping], cells: Sequence[str], cases: Sequence[Mapping[str, Any]]
) -> Match:
    """The way and the reading under which most is right; else the first step is nearest."""
    found = []
    for attempt in attempts:
        for cell in cells:
            if conventions.BLOCKS[cell] == attempt["K"]:
                found += _matches(attempt, cell, cases[-1])
    return min(found, key=lambda match: (-match.right, match.start))


def _matches(attempt: Mapping[str, Any], cell: str, options: Mapping[str, Any]) -> Iterator[Match]:
    first = Match(attempt, conventions.usual(cell), (), 0, float("inf"))
    case = _case(first, options, cell)
    outputs = attempt["runs"][-1]["outputs"]
    for reading in conventions.readings(cell):
        right = conventions.results(case, reading, gradients=False)
        known = [(spot, _of_spot(spot, right)) for spot in _spots(case)]
        taken: list[Spot | None] = []
        errors, start = [], float("inf")
        for output in outputs:
            fits = [(_error(output, a), spot) for spot, a in known if a.shape == output.shape]
            near = min(fits, key=lambda fit: fit[0], default=(float("inf"), None))
            if not near[0] <= FIT:  # by its place: nothing else tells what it is
                near = next((fit for fit in fits if fit[1] not in taken), near)
            errors.append(near[0])
            taken.append(near[1])
            for _, spot in fits:
                if spot.names == ("y",):
                    y = conventions.moved(output, spot.axes, "TBH")
                    start = min(start, _error(y[:1], right["y"][:1]))
        yield Match(attempt, reading, tuple(taken), sum(e <= FIT for e in errors), start)


def _error(ours: np.ndarray, right: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        error = compare.normwise_error(ours, right)
    return error if np.isfinite(error) else 1e300


def _spots(case: conventions.Case) -> Iterator[Spot]:
    """What may be returned, likely things first."""
    yield from (Spot(("y",), axes) for axes in ("TBH", "BTH"))
    for letter in case.states:
        names = tuple(case.of_layers(f"{letter}_n"))
        if case.stacked:
            yield Spot(names, "LBH")
            yield from (Spot((name,), "BH") for name in names[::-1])
        else:
            yield from (Spot(names, axes) for axes in ("BH", "1BH"))
    if case.directions > 1:
        yield from (Spot((name,), "BH") for name in ("h_T", "y_T"))


def _of_spot(spot: Spot, results: Mapping[str, np.ndarray]) -> np.ndarray:
    """A result in the axes of a spot."""
    if spot.axes == "LBH":
        return np.stack([results[name] for name in spot.names])
    source = "TBH" if spot.names == ("y",) else "BH"
    return conventions.moved(results[spot.names[0]], source, spot.axes)


def _named(spot: Spot, array: np.ndarray) -> Arrays:
    """The other way round: an array as results, in torch's axes."""
    if spot.axes == "LBH":
        return dict(zip(spot.names, array, strict=True))
    target = "TBH" if spot.names == ("y",) else "BH"
    return {spot.names[0]: conventions.back(array, spot.axes, target)}


# Trials --------------------------------------------------------------------------------------


def _case(match: Match, options: Mapping[str, Any], cell: str) -> conventions.Case:
    from_zeros = match.attempt["style"] == "none"
    case = conventions.of_layout(cell, match.layout, options, from_zeros)
    return case.as_type(np.float32) if match.attempt["dtype"] == "float32" else case


def _trial(
    match: Match, k: int, options: Mapping[str, Any]
) -> tuple[sequence_trials.Trial, list[int]]:
    """A forward pass against the textbook; and which of its outputs are known."""
    run = match.attempt["runs"][k]
    case = _case(match, options, match.reading.cell)
    spots = list(zip(match.spots, run["outputs"], run["gradients"], strict=True))
    exact = conventions.results(case, match.reading, gradients=False)
    ours: Arrays = {}
    arriving: Arrays = {"dy": np.zeros_like(case.arrays["dy"])}
    arriving |= {
        d: np.zeros_like(case.arrays[d])
        for letter in case.states
        for d in case.of_layers(f"d{letter}_n")
    }
    known = []
    for number, (spot, output, made) in enumerate(spots):
        if spot is None:
            continue
        named = _named(spot, output)
        if match.attempt["left"] and not _right(named, exact):
            continue  # of a network around the layer more may come back than its states
        ours |= {n: a for n, a in named.items() if n not in ours or not _right({n: a}, exact)}
        known.append(number)
        if "by" in made:
            for name, value in _named(spot, made["arriving"]).items():
                _add(arriving, name, value, case)
    trial = sequence_trials.judge_forward(
        case.changed(**arriving), match.reading, conventions.Call(), ours
    )
    return trial, known


def _right(named: Arrays, exact: Arrays) -> bool:
    return all(_error(array, exact[name]) <= FIT for name, array in named.items())


def _add(arriving: Arrays, name: str, value: np.ndarray, case: conventions.Case) -> None:
    """Add the gradient that arrives at a result to those at y and at the final states."""
    if name == "y":
        arriving["dy"] = arriving["dy"] + value
    elif name == "y_T":
        arriving["dy"][-1] += value
    elif name == "h_T":
        last = case.of_layers("dh_n")[-case.directions :]
        for d, part in zip(last, np.split(value, case.directions, axis=1), strict=True):
            arriving[d] = arriving[d] + part
    else:
        arriving[f"d{name}"] = arriving[f"d{name}"] + value


def _backward(
    match: Match, k: int, trial: sequence_trials.Trial, known: Sequence[int]
) -> sequence_trials.Trial:
    """The gradients of autograd against the textbook's, of all outputs that are known."""
    made = [match.attempt["runs"][k]["gradients"][number] for number in known]
    failed = [m["error"] for m in made if "error" in m and "require grad" not in m["error"]]
    if failed:
        found = replace(trial, ours={}, differences=(), notes=())
        return replace(found, problems=(f"autograd raises: {failed[0]}",))
    by = [m["by"] for m in made if "by" in m]
    if not by:
        problem = "nothing that it returns requires a gradient"
        return replace(trial, ours={}, differences=(), problems=(problem,), notes=())
    total: dict[str, np.ndarray | None] = {}
    for gradients in by:
        for name, gradient in gradients.items():
            before = total.get(name)
            if gradient is not None and before is not None:
                gradient = before + gradient
            total[name] = before if gradient is None else gradient
    ours, unused = _gradients(match, trial.case, total)
    problems = (f"no gradient reaches {', '.join(unused)}",) if unused else ()
    return replace(sequence_trials.judge_backward(trial, ours), problems=problems)


def _gradients(
    match: Match, case: conventions.Case, total: Mapping[str, np.ndarray | None]
) -> tuple[Arrays, list[str]]:
    """Gradients under the names of results; and those that there are none of."""
    way, shapes = match.attempt, {p.name: p.shape for ps in match.layout.layers for p in ps}
    states = [name for letter in case.states for name in case.of_layers(f"d{letter}0")]
    if way["style"] != "pairs" and case.stacked:
        states = [f"d{letter}0" for letter in case.states]
    called = {"x": "dx"} | {f"state{k}": name for k, name in enumerate(states)}
    unused = [called.get(n, n) for n, g in total.items() if g is None and n in {*called, *shapes}]
    ours: Arrays = {}
    for name, to in called.items():
        value = total.get(name)
        if value is None:
            continue
        if name == "x":
            ours[to] = (
                value if way["axes"] == "BI" else conventions.moved(value, way["axes"], "TBI")
            )
        elif to in states and case.stacked and way["style"] != "pairs":
            ours |= dict(zip(case.of_layers(to), value, strict=True))
        else:
            ours[to] = value.reshape(case.B, case.H)
    ready = {n: total.get(n) for n in shapes}
    dtype = np.dtype(way["dtype"])
    filled = {n: np.zeros(shapes[n], dtype) if g is None else g for n, g in ready.items()}
    return ours | match.layout.unpacked(filled, way["joint"]), unused


def _damage(runs: Sequence[Mapping[str, Any]]) -> Iterator[report.Named]:
    if not all(run["same"] for run in runs):
        yield report.Named(
            "keeps-state",
            "It keeps its state from one call to the next: two calls with the same arguments give"
            " different results.",
            "the same sequence twice gives other outputs",
        )
    if not all(run["unchanged"] for run in runs):
        yield report.Named(
            "argument-in-place",
            "It changes its arguments in place, so whoever calls it goes on with other numbers.",
            "the arguments before and after the call are not the same",
        )


def _notes(told: Mapping[str, Any], match: Match) -> Iterator[str]:
    """Which parameter plays which part, and how it is called."""
    way, case = match.attempt, match.layout
    for held in told["held"]:
        name, _, kind = held.partition(": ")
        yield f"it holds torch's own {kind} ({name})"
    if way["axes"] == "BI":
        yield "it is a cell of one step: called step by step along a sequence"
    elif way["axes"] != "TBI":
        yield f"x is ({', '.join(way['axes'])})"
    lstm = match.reading.cell == "lstm"
    style = CALLED[way["style"]] if lstm else CALLED[way["style"]].replace("(h0, c0)", "h0")
    style = "module(x, h0, c0)" if lstm and way["style"] == "each" else style
    yield f"called as {style}" + (": judged from zero states" if way["style"] == "none" else "")
    if way["dtype"] != "float64":
        yield f"it takes {way['dtype']} only"
    if len(case.layers) > 1:
        layers = len(case.layers) // case.directions
        both = " in two directions" if case.directions == 2 else ""
        yield f"{layers} layer{'s' * (layers > 1)}{both}"
    yield from (f"{words}: replaced by the identity" for words in way["left"])
    yield way["parts"]
    if match.right:
        yield from verdicts.of_reading(match.reading)
    unknown = [
        r.shape for s, r in zip(match.spots, way["runs"][0]["outputs"], strict=True) if not s
    ]
    if unknown:
        yield f"not judged: what it returns of shape {', '.join(map(str, unknown))}"


# A module of the running program --------------------------------------------------------------


def judge_live(
    module: Any, cell: str, sizes: Mapping[str, Any], seed: int, seconds: float
) -> dict[str, report.FunctionReport]:
    """The reports of a module, in float64 and in float32.

    Parameters
    ----------
    module : torch.nn.Module
    cell : of `conventions.BLOCKS`
    sizes : T, B, scale
    seed : of the numbers
    seconds : limit of the run
    """
    cases = cases_of(sizes, seed)
    run = in_child.Run(lambda: module, module)
    types = ("float64", "float32")
    steps = [runner.Step(dtype, "run", ([cell], cases, [dtype])) for dtype in types]
    outcomes = runner.run_live({"run": run}, steps, seconds=seconds)
    found: dict[str, report.FunctionReport] = {}
    for dtype in types:
        known = {note for function in found.values() for note in function.notes}
        try:
            made = _of_outcome(outcomes[dtype], cell, cases)
        except UnreadableError as error:
            if not found and dtype == types[-1]:
                raise
            if "could not be called" not in str(error) and dtype == types[0]:
                raise
            continue
        for name, function in made.items():
            named = f"{name} in {dtype}" if found and dtype == "float32" else name
            notes = [n for n in function.notes if n not in known and "float32 only" not in n]
            notes = function.notes if named == name else notes
            found[named] = replace(function, name=named, notes=tuple(notes))
    return found


def _of_outcome(
    outcome: runner.Outcome, cell: str, cases: Sequence[Mapping[str, Any]]
) -> dict[str, report.FunctionReport]:
    base = report.FunctionReport("", report.FAIL, output=outcome.stdout, seconds=outcome.seconds)
    base = replace(base, notes=tuple(f"warning: {text}" for text in outcome.warnings))
    if outcome.returned:
        return judged(outcome.value, [cell], cases, base, certain=True)
    stopped = replace(base, name="forward", verdict=verdicts.verdict_on(outcome))
    return {"forward": replace(stopped, where=str(outcome.error))}
