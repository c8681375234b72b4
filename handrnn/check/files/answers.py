"""Judges what another implementation made of a case: see `cases`.

An answer is a file with any of a case's expected arrays. Each is held against the textbook; up to
`BUDGET` units of rounding are right. Where there is more, `conditioning` measures how much rounding
alone can do. If that is a lot, and the answer holds its own states, every step is held against one
step of the textbook from the answer's own state before it, and the gradients against those along
the answer's own trajectory: this decides even for chaotic weights. What rounding cannot be told
from is ILL-CONDITIONED.

For what is wrong, usual misunderstandings are tried: another order of axes or gates, another GRU, a
bias left out, and the mistakes of `catalogue`. One is named only where it gives the same numbers.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np

from ... import compare, packings
from ..explain import catalogue
from ..probe import conditioning, planting, truth
from ..report import data as report
from ..report import said
from . import cases

BUDGET = 64.0  # units of rounding, or of what rounding was measured to do if that is more
MOST_SPREAD = 1e-3  # of the scale: beyond, nothing can be told
OWN_TRAJECTORY = 100.0  # units of spread from which steps are judged one by one
MOST_TO_RECOGNISE = 1e-4  # of the scale: what is less alike is not called the same
MOST_STEPS = 64  # of a case on which the whole catalogue is tried


@dataclass(frozen=True)
class Judged:
    """One array of an answer.

    Attributes
    ----------
    name : of the case
    verdict : "PASS", "FAIL" or "ILL-CONDITIONED"
    difference : from the reference
    spread : what rounding alone can do, in units; 1 where it was not measured
    notes : what was taken for granted, and what seems to be wrong
    """

    name: str
    verdict: str
    difference: compare.Difference
    spread: float = 1.0
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        found = self.difference
        if self.verdict == report.PASS:
            allowed = BUDGET * max(1.0, self.spread)
            text = f"rounding: {found.units:.2g} u of {allowed:.3g} ({found.share:.1%})"
        elif self.verdict == report.ILL_CONDITIONED:
            text = f"off by {found.error:.1e} of its largest value, which rounding alone can do"
        else:
            text = str(found).removeprefix(f"{found.name}: ")
        lines = [f"{self.verdict:<15}  {self.name:<6} {text}"]
        return "\n".join([*lines, *(f"{'':<17}{'':<7}{note}" for note in self.notes)])


@dataclass(frozen=True)
class Judgement:
    """An answer.

    Attributes
    ----------
    case : what was answered
    judged : by name, in the order of the case
    problems : what was given and could not be judged; each of them is a failure
    notes : what is worth knowing
    """

    case: cases.Case
    judged: dict[str, Judged]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """PASS if something was judged and everything given is right."""
        verdicts = [one.verdict for one in self.judged.values()]
        if self.problems or not verdicts or report.FAIL in verdicts:
            return report.FAIL
        return report.PASS if set(verdicts) == {report.PASS} else report.ILL_CONDITIONED

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASS."""
        return self.verdict == report.PASS

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it; numbers that are not finite are None."""
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "case": str(self.case),
            "arrays": {
                name: {
                    "verdict": one.verdict,
                    "error": _finite(one.difference.error),
                    "units": _finite(one.difference.units),
                    "share": _finite(one.difference.share),
                    "budget": _finite(one.difference.budget),
                    "spread": _finite(one.spread),
                    "problem": one.difference.problem,
                    "where": str(one.difference.first or ""),
                    "notes": list(one.notes),
                }
                for name, one in self.judged.items()
            },
            "problems": list(self.problems),
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def __str__(self) -> str:
        right = sum(one.verdict == report.PASS for one in self.judged.values())
        lines = [f"case: {self.case}", *map(str, self.judged.values())]
        lines += [f"problem: {text}" for text in self.problems]
        lines += [f"note: {text}" for text in self.notes]
        lines += [f"{label}: {text}" for label, text in said.legend("\n".join(lines))]
        return "\n".join([*lines, f"{self.verdict}: {right} of {len(self.judged)} right"])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# ---------------------------------------------------------------------------------------- judging


@dataclass(frozen=True)
class _Given:
    """An array of an answer that can be compared, and one unit of its rounding."""

    array: np.ndarray
    unit: float
    notes: tuple[str, ...] = ()


def judge(case: cases.Case, answer: Mapping[str, Any], *, dtype: str | None = None) -> Judgement:
    """Hold an answer against its case.

    Parameters
    ----------
    case : what was asked
    answer : any of the expected arrays, by name; as arrays, lists, or dicts with "values" and,
        where those are one flat list in row-major order, "shape". torch's names of gradients
        (``dweight_ih_l0``) are understood.
    dtype : what the answer was computed in, "float32" or "float64"; None: what its arrays are

    Returns
    -------
    Judgement
        Something given that is not an array of the case is a failure; something left out is a note.
    """
    expected = cases.names(case.cell, cases.OUTPUTS, cases.GRADIENTS)
    renamed, problems, notes = _names(case, answer)
    given: dict[str, _Given] = {}
    judged: dict[str, Judged] = {}
    for name in expected:
        if name not in renamed:
            continue
        read = _readable(case, name, renamed[name], dtype)
        if isinstance(read, Judged):
            judged[name] = read
        else:
            given[name] = read
    of_arrays, how = _judged(case, given)
    judged |= of_arrays
    notes += how
    if not judged:
        wanted = ", ".join(expected)
        problems.append(f"nothing of this case was given: any of {wanted} can be judged")
    missing = [name for name in expected if name not in renamed]
    if missing and judged:
        notes.append(f"not given, so not judged: {', '.join(missing)}")
    in_order = {name: judged[name] for name in expected if name in judged}
    return Judgement(case, _explained(case, given, in_order), tuple(problems), tuple(notes))


def verify(case: cases.Case) -> None:
    """Make sure that what a case expects is what its own numbers give.

    Raises
    ------
    CaseError
        If somebody changed it: then it can tell nothing.
    """
    with np.errstate(all="ignore"):
        truth = cases.compute(case.cell, case.given)
    stored = {
        name: _Given(values, compare.unit_roundoff(np.float64))
        for name, values in case.expected.items()
    }
    judged, _ = _judged(replace(case, expected=truth), stored)
    changed = [name for name, one in judged.items() if one.verdict == report.FAIL]
    if changed:
        raise cases.CaseError(
            f"the case was changed: {', '.join(changed)} in it is not what its own numbers give"
        )


def _names(
    case: cases.Case, answer: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str], list[str]]:
    """The arrays under the names of the case; problems; notes."""
    expected = cases.names(case.cell, cases.OUTPUTS, cases.GRADIENTS)
    renamed, problems, notes = {}, [], []
    for name, value in answer.items():
        known = name if name in expected else _from_torch(str(name))
        if known in expected and known not in renamed:
            renamed[known] = value
            if known != name:
                notes.append(f"{name} is taken for {known}")
        elif name in case.given:
            try:
                same = np.array_equal(_as_array(value), case.given[name])
            except (TypeError, ValueError):
                same = False
            if not same:
                problems.append(f"your {name} differs from the case's")
        elif name != "about":
            problems.append(f"{name!r} is not an array of this case{_near(str(name), expected)}")
    return renamed, problems, notes


def _from_torch(name: str) -> str:
    stem = name.removeprefix("d").removesuffix("_l0")
    known = name.startswith("d") and stem in packings.TORCH_FIELDS
    return f"d{packings.TORCH_FIELDS[stem]}" if known else ""


def _near(name: str, expected: tuple[str, ...]) -> str:
    def letters(text: str) -> str:
        return text.lower().replace("_", "")

    near = [other for other in expected if letters(other) == letters(name)]
    return f": did you mean {near[0]}?" if near else f": those are {', '.join(expected)}"


def _as_array(value: Any) -> np.ndarray:
    """What stands in a file under one name, as an array."""
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value)
    if isinstance(value, cases.CaseError):
        raise value
    shape, dtype = None, np.float64
    if isinstance(value, dict):
        if "values" not in value:
            raise ValueError("has no 'values'")
        shape, dtype = value.get("shape"), np.dtype(value.get("dtype", "float64"))
        value = value["values"]
    if isinstance(value, str | bool):
        raise TypeError(f"is a {type(value).__name__}, no array")
    try:
        array = np.array(value, np.float64)
    except (TypeError, ValueError):
        raise ValueError("is not an array of numbers: lists of one length are needed") from None
    return (array if shape is None else array.reshape(shape)).astype(dtype)


def _readable(case: cases.Case, name: str, value: Any, dtype: str | None) -> "_Given | Judged":
    """The array in the case's shape, or a failure with its reason."""
    wanted = case.expected[name].shape

    def failed(problem: str, *notes: str) -> Judged:
        return Judged(name, report.FAIL, compare.Difference(name, problem), notes=notes)

    try:
        array = _as_array(value)
    except (TypeError, ValueError, OverflowError) as error:
        return failed(str(error))
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize < 4:
        return failed(f"is {array.dtype}: float64 or float32 is needed")
    notes = []
    if array.shape != wanted:
        if array.size != math.prod(wanted):
            return failed(f"has the shape {array.shape}: {wanted} is right")
        if _without_ones(array.shape) not in (_without_ones(wanted), (array.size,)):
            turned = _turned(case, name, array)
            return failed(f"has the shape {array.shape}: {wanted} is right", *turned)
        notes.append(f"its shape {array.shape} is taken for {wanted}")
        array = array.reshape(wanted)
    if not np.all(np.isfinite(array)):
        found = compare.compare(
            {name: array.astype(np.float64)},
            {name: case.expected[name]},
            budget=0,
            layouts={name: case.layout(name)},
        )
        return Judged(name, report.FAIL, found[name], notes=tuple(notes))
    computed_in = [np.dtype(case.dtype), array.dtype, np.dtype(dtype or "float64")]
    unit = max(compare.unit_roundoff(kind) for kind in computed_in)
    return _Given(array, unit, tuple(notes))


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _judged(case: cases.Case, given: Mapping[str, _Given]) -> tuple[dict[str, Judged], list[str]]:
    """The verdict on every array; rounding is measured only where there is more than usual."""
    judged = {
        name: _against(case, name, one, case.expected[name], 1.0) for name, one in given.items()
    }
    if all(one.verdict == report.PASS for one in judged.values()):
        return judged, []
    unit = max(one.unit for one in given.values())
    spread = conditioning.spread(
        lambda wrap: cases.compute(case.cell, case.given, wrap=wrap), case.expected, unit
    )
    judged = {
        name: _against(case, name, one, case.expected[name], spread[name] / unit)
        for name, one in given.items()
    }
    if max(spread[name] for name in given) <= OWN_TRAJECTORY * unit:
        return judged, []
    states = cases.names(case.cell, ("y", "c"))
    lacking = [name for name in states if name not in given]
    if not lacking:
        note = (
            "rounding grows too fast to judge the whole: judged step by step along your own states"
        )
        return judged | _along_its_own(case, given, unit), [note]
    if all(one.verdict != report.ILL_CONDITIONED for one in judged.values()):
        return judged, []
    note = f"give {' and '.join(lacking)} too: then every step can be judged by itself"
    return judged, [note]


def _along_its_own(case: cases.Case, given: Mapping[str, _Given], unit: float) -> dict[str, Judged]:
    """The verdicts by the answer's own trajectory; on the outputs only where those are wrong."""
    states = cases.names(case.cell, ("y", "c"))
    own = {name: given[name].array for name in states}

    def compute(wrap: Callable[[np.ndarray], np.ndarray]) -> cases.Arrays:
        return cases.compute(case.cell, case.given, wrap=wrap, along=own)

    reference = cases.compute(case.cell, case.given, along=own)
    measured = conditioning.spread(compute, reference, unit)
    judged = {
        name: _against(case, name, one, reference[name], measured[name] / unit)
        for name, one in given.items()
    }
    if all(judged[name].verdict == report.PASS for name in states):
        return judged
    return {name: one for name, one in judged.items() if name in cases.OUTPUTS}


def _against(
    case: cases.Case, name: str, given: _Given, reference: np.ndarray, spread: float
) -> Judged:
    """One array against its reference, where rounding alone does so many units."""
    scale = max(1.0, spread)
    if not math.isfinite(scale) or scale * given.unit > MOST_SPREAD:
        error = compare.normwise_error(given.array, reference)
        units = error / given.unit
        if units <= BUDGET:
            found = compare.Difference(name, None, error, units, BUDGET * given.unit)
            return Judged(name, report.PASS, found, 1.0, given.notes)
        found = compare.Difference(name, None, error, units, MOST_SPREAD)
        return Judged(name, report.ILL_CONDITIONED, found, scale, given.notes)
    layout = case.layout(name)
    budget = BUDGET * scale * given.unit
    found = compare.locate(name, given.array, reference, layout, budget=budget)
    found = replace(found, units=found.error / given.unit)
    verdict = report.PASS if found.passed else report.FAIL
    return Judged(name, verdict, found, scale, given.notes)


# ------------------------------------------------------------------------------------- explaining


def _explained(
    case: cases.Case, given: Mapping[str, _Given], judged: dict[str, Judged]
) -> dict[str, Judged]:
    """The same with what seems to be wrong."""
    explained = dict(judged)
    failed = {n: one for n, one in judged.items() if one.verdict == report.FAIL and n in given}
    if failed and all(_is_single(case, name, given[name]) for name in failed):
        words = "right to single precision: if you compute in float32, say so (--dtype float32)"
        return explained | {n: replace(o, notes=(*o.notes, words)) for n, o in failed.items()}
    open_questions = {}
    for name, one in failed.items():
        notes = _pattern(case, name, given[name].array, one.difference.budget)
        if notes:
            explained[name] = replace(one, notes=(*one.notes, *notes))
        else:
            open_questions[name] = one
    if not open_questions:
        return explained
    for sentence, results in _misunderstandings(case):
        if all(
            _alike(given[name].array, results[name], one.difference.budget)
            for name, one in open_questions.items()
        ):
            for name, one in open_questions.items():
                explained[name] = replace(one, notes=(*one.notes, sentence))
            break
    return explained


def _alike(ours: np.ndarray, theirs: np.ndarray, budget: float) -> bool:
    if not np.any(theirs):
        return not np.any(ours)
    error = compare.normwise_error(ours, theirs)
    return error <= min(budget, MOST_TO_RECOGNISE)


def _is_single(case: cases.Case, name: str, given: _Given) -> bool:
    """Whether an array in float64 is right, but for having been computed in float32."""
    unit = compare.unit_roundoff(np.float32)
    error = compare.normwise_error(given.array, case.expected[name])
    return given.unit < unit and error <= BUDGET * unit


def _pattern(case: cases.Case, name: str, ours: np.ndarray, budget: float) -> tuple[str, ...]:
    """What one array is instead of what it should be."""
    reference = case.expected[name]
    if not np.any(ours):
        return (f"your {name} is all zero",)
    turned = _turned(case, name, ours, budget)
    if turned:
        return turned
    factor = float(np.vdot(reference, ours) / np.vdot(reference, reference))
    if factor and _alike(ours, factor * reference, budget * abs(factor)):
        return (f"your {name} is {_factor(case, factor)}",)
    if "T" in cases.axes(name) and _alike(ours[::-1], reference, budget):
        return (f"your {name} has its time steps in reverse",)
    for other, values in {**case.expected, **case.given}.items():
        if other != name and values.shape == ours.shape and _alike(ours, values, budget):
            return (f"your {name} is {other}",)
    return ()


def _turned(
    case: cases.Case, name: str, ours: np.ndarray, budget: float = BUDGET * 2.0**-24
) -> tuple[str, ...]:
    """Whether the axes, or the gates, are there in another order."""
    reference = case.expected[name]
    K = len(case.gates)
    rows = cases.axes(name)[0] == "K*H"
    orders = list(permutations(range(K))) if rows else [tuple(range(K))]
    blocks = np.split(reference, K) if rows else []
    for order in orders:
        shuffled = np.concatenate([blocks[k] for k in order]) if rows else reference
        for axes in permutations(range(reference.ndim)):
            moved = shuffled.transpose(axes)
            if moved.shape == ours.shape and _alike(ours, moved, budget):
                return _in_words(case, name, order, axes)
        if ours.size == shuffled.size and _alike(ours.ravel(), shuffled.ravel("F"), budget):
            return (f"your {name} is in column-major order: row-major is asked for",)
    return ()


def _in_words(
    case: cases.Case, name: str, order: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[str, ...]:
    words = []
    letters = cases.axes(name)
    if axes == (1, 0):
        words.append("is transposed")
    elif axes != tuple(range(len(axes))):
        words.append(f"has the axes ({', '.join(letters[k] for k in axes)})")
    if order != tuple(range(len(order))):
        theirs, ours = (", ".join(case.gates[k] for k in o) for o in (order, sorted(order)))
        words.append(f"has the gates in the order {theirs} ({ours} is asked for)")
    return (f"your {name} {' and '.join(words)}",) if words else ()


def _factor(case: cases.Case, factor: float) -> str:
    T, B, H = (case.sizes[name] for name in "TBH")
    known = {
        "the negative of what is right": -1.0,
        "divided by the number of examples, B": 1 / B,
        "divided by the number of steps, T": 1 / T,
        "divided by T*B": 1 / (T * B),
        "divided by H": 1 / H,
        "divided by B*H": 1 / (B * H),
        "divided by T*B*H": 1 / (T * B * H),
        "twice what is right": 2.0,
        "half of what is right": 0.5,
    }
    for words, value in known.items():
        if math.isclose(factor, value, rel_tol=1e-3):
            return words
    return f"{factor:.6g} times what is right"


Results = dict[str, np.ndarray]

_GRU = {
    "the reset gate acts before the matrix product, n = tanh(W x + U (r * h)): here it acts after"
    " it, n = tanh(W x + r * (U h))": truth.VARIANTS["reset-before"],
    "u and 1 - u have changed places: here h_t = (1 - u) * n + u * h_(t-1)": (
        truth.VARIANTS["update-turned"]
    ),
}


def _misunderstandings(case: cases.Case) -> Iterator[tuple[str, Results]]:
    """What would come out of usual ones: a sentence, and all results."""

    def run(given: Mapping[str, np.ndarray], **options: Any) -> Results:
        with np.errstate(all="ignore"):
            return cases.compute(options.pop("cell", case.cell), given, **options)

    given = case.given
    for order in permutations(range(len(case.gates))):
        if order != tuple(range(len(order))):
            names = ", ".join(case.gates[k] for k in order)
            yield (
                f"you read the blocks of the weights as {names}: they are stored as"
                f" {', '.join(case.gates)}",
                run(given, order=tuple(case.gates[k] for k in order)),
            )
    for names, words in (
        (("b_ih",), "b_ih is left out"),
        (("b_hh",), "b_hh is left out"),
        (("b_ih", "b_hh"), "both biases are left out"),
        (("h0",), "h0 is taken for zero"),
        (("c0",), "c0 is taken for zero"),
        (("h0", "c0"), "the initial states are taken for zero"),
        (("dh_n",), "dh_n, the gradient with respect to the last hidden state, is left out"),
        (("dc_n",), "dc_n, the gradient with respect to the last cell state, is left out"),
        (
            ("dh_n", "dc_n"),
            "dh_n and dc_n, the gradients with respect to the last states, are left out",
        ),
    ):
        if all(name in given for name in names):
            yield words, run(given | {name: np.zeros_like(given[name]) for name in names})
    if case.kind == "rnn":
        other = {"rnn_tanh": "rnn_relu", "rnn_relu": "rnn_tanh"}[case.cell]
        yield f"you compute {other}: {case.cell} is asked for", run(given, cell=other)
    if case.cell == "lstm":
        b = given["b_ih"].copy()
        b.reshape(len(case.gates), -1)[case.gates.index("f")] += 1
        yield "you add 1 to the bias of the forget gate", run(given | {"b_ih": b})
    if case.cell == "gru":
        for words, edits in _GRU.items():
            yield words, run(given, functions=planting.plant(edits))
    yield from _catalogued(case, run)


def _catalogued(case: cases.Case, run: Callable[..., Results]) -> Iterator[tuple[str, Results]]:
    """The mistakes of the catalogue that change the textbook's functions of this cell."""
    if case.sizes["T"] > MOST_STEPS or case.cell not in ("rnn_tanh", "lstm"):
        return
    for mistake in catalogue.mistakes():
        functions = list(mistake.edits)
        if not functions or mistake.transform or mistake.detector:
            continue
        if not all(name.startswith(f"{case.kind}_") for name in functions):
            continue
        try:
            results = run(case.given, functions=planting.plant(mistake.edits))
        except (ValueError, KeyError, IndexError, NameError, TypeError):
            continue  # what it makes has the wrong shape where no two sizes are alike
        if all(results[name].shape == case.expected[name].shape for name in results):
            yield f"{mistake.id}: {mistake.why}", results
