"""Which mistake it is: the entry of the catalogue that gives the same wrong results, to rounding.

An entry, or a pair of them, is named only if it reproduces every result of the submission, right
ones and wrong ones, on every probe. What no entry explains stays unexplained, and is described by
its pattern.
"""

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import compare
from ..dialects import standin
from ..judge import returned, target
from ..probe import probes
from ..report import data as report
from . import catalogue, lines

SAME = 1e-9  # normwise: rounding, and nothing but rounding
SAME_SINGLE = 1e-4  # in float32
HALF = 1e-2  # what float16 may be off by
MOST_PAIRS = 2000  # that are tried: two seconds at most

Case = tuple[probes.Probe, returned.Flat, Sequence[str]]
Outputs = Mapping[str, np.ndarray]
Produced = list[tuple[catalogue.Mistake, Outputs]]


def explain(
    one: target.Target,
    cases: Sequence[Case],
    without_cell: bool = False,
    own: lines.Lines | None = None,
) -> tuple[report.Named, ...]:
    """The mistakes that explain what a function returned.

    Parameters
    ----------
    one : that was judged
    cases : probe, what was returned, and which results are wrong; on each probe
    without_cell : the equations of a step were right ones, so the mistake is in the loop
    own : the function's lines; of mistakes that cannot be told apart, those most like them are
        named first

    Returns
    -------
    tuple of report.Named
        Never empty: one "unexplained" if there is nothing better.
    """
    probe, flat, wrong = cases[0]
    if not wrong:
        return (report.Named("unexplained", _form(one, flat.outputs)),)
    entries = catalogue.for_function(one)
    if without_cell:
        entries = [e for e in entries if not any("_cell_" in name for name in e.edits)]
    made = _produced(one, entries, probe)
    fits = [(entry,) for entry, values in made if _same(values, flat.outputs)]
    fits = [fit for fit in fits if _confirmed(one, fit, cases[1:])]
    if not fits:
        clipped = _clipped(one, cases)
        if clipped:
            return clipped
        fits = _pair(one, made, cases)
    if fits:
        return _named(one, fits, cases, own)
    return (report.Named("unexplained", _pattern(one, probe, flat.outputs, wrong)),)


REMOVED = re.compile(r"`np\.(float_?|int|bool|complex_?|object|str)` was (a deprecated|removed)")


def of_stop(one: target.Target, error: Any, line: str) -> tuple[report.Named, ...]:
    """The mistake that made a function raise, where the message and the line give it away.

    Parameters
    ----------
    one : that raised
    error : runner's record of the exception
    line : of the submission, that raised it
    """
    if REMOVED.search(error.message):
        why = (
            "NumPy no longer has this name for a type: write np.float64, or Python's own float,"
            " int and bool."
        )
        return (report.Named("float32", why, _first_sentence(error.message), line),)
    if standin.ALL_STEPS in error.message:
        why = "The function of one step is given the caches of all steps, not that of step t."
        return (report.Named("wrong-variable", why, "", line, _of_step(one, line)),)
    gathers = re.search(r"\b(np|numpy)\.append\(", line) and "inhomogeneous" in error.message
    if gathers and one.function.kind == "forward":
        why = (
            "np.append makes one flat array of numbers: a list, and caches.append(cache), keeps"
            " one cache a step."
        )
        proof = "the entries of a cache have different shapes, and no array holds them"
        return (report.Named("caches-wrong", why, proof, line, "caches.append(cache)"),)
    return ()


def _of_step(one: target.Target, line: str) -> str:
    """A line that hands all caches on, with that of the step in their place."""
    before = one.definition.source.partition(line)[0]
    steps = re.findall(r"^\s*for (\w+) in ", before, re.MULTILINE) or ["t"]
    return re.sub(r"(\w+)\)(?=\W*$)", rf"\1[{steps[-1]}])", line)


def message(one: target.Target, error: Any) -> str:
    """What an exception says, and what there is where a key is missing."""
    keys = one.keys
    if error.type == "KeyError" and keys and error.message.strip("'\"") not in keys:
        near = difflib.get_close_matches(error.message.strip("'\""), keys, n=1)
        meant = f"; {near[0]} may be meant" if near else ""
        return f"the parameters have no {error.message}: {', '.join(keys)}{meant}"
    if error.type == "NameError" and (meant := _meant(one, error.message)):
        return f"{error.type}: {meant}"
    removed = REMOVED.search(error.message)
    return f"{error.type}: {_first_sentence(error.message) if removed else error.message}"


UNDEFINED = re.compile(r"^name '(\w+)' is not defined|^(\w+) is not defined here")


def undefined(message: str) -> str:
    """The name that is not defined, as a NameError says; "" if it says something else."""
    found = UNDEFINED.search(message)
    return found[1] or found[2] if found else ""


def _meant(one: target.Target, message: str) -> str:
    """Which name of its own a function may mean by one that is not defined; "" if there is none."""
    name = undefined(message)
    if name and one.function.owner and re.search(rf"\bdef {name}\(", one.source):
        return f"{name} is not defined: did you mean self.{name}?"
    own = one.lines.bound - {name, f"d{name}"}  # a gradient is another quantity
    near = difflib.get_close_matches(name, own, n=1, cutoff=0.8) if name else []
    return f"{name} is not defined: did you mean {near[0]}?" if near else ""


def _first_sentence(text: str) -> str:
    return re.split(r"\.\s", text, maxsplit=1)[0]


def _produced(
    one: target.Target, entries: Sequence[catalogue.Mistake], probe: probes.Probe
) -> Produced:
    """What each entry alone makes of a probe, where it can run."""
    outputs = ((entry, _outputs(one, (entry,), probe)) for entry in entries)
    return [(entry, values) for entry, values in outputs if values is not None]


def _outputs(
    one: target.Target, entries: Sequence[catalogue.Mistake], probe: probes.Probe
) -> Outputs | None:
    """The results with these mistakes, or None where they exclude each other or cannot run."""
    try:
        with np.errstate(all="ignore"):
            return catalogue.predict(one, probe, *entries)
    except Exception:  # two mistakes together may stop in any way at all
        return None


def _same(made: Outputs, returned: Outputs) -> bool:
    """Whether every result is the same to rounding."""
    shared = [name for name in made if name in returned]
    return bool(shared) and all(equal(returned[name], made[name]) for name in shared)


def equal(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether two arrays are the same to rounding, also where they are not finite."""
    if ours.shape != theirs.shape:
        return False
    tolerance = SAME_SINGLE if ours.dtype == np.float32 else SAME
    bad = ~np.isfinite(ours)
    if np.any(bad):
        return np.array_equal(bad, ~np.isfinite(theirs)) and equal(ours[~bad], theirs[~bad])
    return compare.normwise_error(ours, theirs) <= tolerance


def _confirmed(one: target.Target, fit: Sequence[catalogue.Mistake], cases: Sequence[Case]) -> bool:
    """Whether mistakes reproduce the results on the other probes too."""
    for probe, flat, _ in cases:
        made = _outputs(one, fit, probe)
        if made is None or not _same(made, flat.outputs):
            return False
    return True


def _clipped(one: target.Target, cases: Sequence[Case]) -> tuple[report.Named, ...]:
    """Whether the wrong gradients are clipped, at whatever bound it is."""
    if not one.function.kind.endswith("backward"):
        return ()
    _, flat, wrong = cases[0]
    if any(name not in flat.outputs for name in wrong):
        return ()
    most = _largest([flat.outputs[name] for name in wrong])
    if not np.isfinite(most):
        return ()
    for probe, flat, names in cases:
        right = one.expected(probe)
        for name, ours in flat.outputs.items():
            bound = most if name in wrong else np.inf
            if ours.dtype.kind == "c" or not equal(ours, np.clip(right[name], -bound, bound)):
                return ()
        if not set(names) <= set(wrong):
            return ()
    names = ", ".join(wrong)
    if not most and one.function.kind != "backward":
        return ()
    if not most:
        return (
            report.Named(
                "not-accumulated",
                f"{names} stay zero: what each step gives is never added to them.",
                f"they are zero on {len(cases)} random inputs; the other results are right",
            ),
        )
    return (
        report.Named(
            "clipped-inside",
            f"{names} clipped at {most:.6g} inside the function: clipping is a step of its own,"
            " after it.",
            f"no value is above {most:.6g}, the others are right, on {len(cases)} probes",
            f"np.clip({wrong[0]}, -{most:.6g}, {most:.6g}, out={wrong[0]})",
        ),
    )


def _largest(arrays: Sequence[np.ndarray]) -> float:
    """The largest absolute value."""
    return max((float(np.max(np.abs(array), initial=0)) for array in arrays), default=0.0)


@dataclass(frozen=True)
class _Candidate:
    """A mistake that may be one of two.

    Attributes
    ----------
    entry : the mistake
    changes : the parts of the results that it changes, one bit each
    explains : those of them that are as the submission has them
    """

    entry: catalogue.Mistake
    changes: int
    explains: int

    def like(self, other: "_Candidate") -> bool:
        """Whether another one explains the same."""
        same = (self.changes, self.explains) == (other.changes, other.explains)
        return same and self.entry is not other.entry


def _pair(
    one: target.Target, made: Produced, cases: Sequence[Case]
) -> list[tuple[catalogue.Mistake, ...]]:
    """Two mistakes that together do what none does alone; all such that cannot be told apart."""
    probe, flat, _ = cases[0]
    right = one.expected(probe)
    candidates, bad = _candidates(one, made, flat.outputs, right)
    for a, b in _likely_first(candidates, bad):
        pair = (a.entry, b.entry)
        if _confirmed(one, pair, cases):
            alike = [(c.entry, b.entry) for c in candidates if c.like(a)]
            alike += [(a.entry, c.entry) for c in candidates if c.like(b)]
            return [pair, *(other for other in alike if _confirmed(one, other, cases))]
    return []


def _candidates(
    one: target.Target, made: Produced, returned: Outputs, right: Outputs
) -> tuple[list[_Candidate], int]:
    """The mistakes that change nothing which the submission has right; and what it has wrong.

    Sequences are looked at step by step: what one mistake does to the steps that the other one does
    not reach gives it away.
    """
    right = {name: value for name, value in right.items() if name in returned}
    reference = list(_parts(one, right, right))
    ours = list(_parts(one, returned, right))
    bad = _bits(not _alike(a, b) for a, b in zip(ours, reference, strict=True))
    found = []
    for entry, values in made:
        theirs = list(_parts(one, values, right))
        changes = _bits(not _alike(a, b) for a, b in zip(theirs, reference, strict=True))
        if changes and not changes & ~bad:
            same = _bits(_alike(a, b) for a, b in zip(theirs, ours, strict=True))
            found.append(_Candidate(entry, changes, changes & same))
    return found, bad


def _parts(one: target.Target, values: Outputs, right: Outputs) -> Iterator[np.ndarray | None]:
    """The results one by one, sequences step by step; None for what is not there."""
    for name, reference in right.items():
        value = values.get(name)
        axes = one.layout(name).axes
        if "time" not in axes:
            yield value
            continue
        axis = axes.index("time")
        for t in range(reference.shape[axis]):
            if value is None or value.shape != reference.shape:
                yield None
            else:
                yield np.take(value, t, axis)


def _alike(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    return a is not None and b is not None and equal(a, b)


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << k for k, flag in enumerate(flags) if flag)


def _likely_first(
    candidates: Sequence[_Candidate], bad: int
) -> Iterator[tuple[_Candidate, _Candidate]]:
    """Pairs that together change all that is wrong; those that explain more by themselves first."""
    pairs = [
        ((a.explains | b.explains).bit_count(), a, b)
        for a, b in itertools.combinations(candidates, 2)
        if a.changes | b.changes == bad
    ]
    pairs.sort(key=lambda pair: -pair[0])
    for _, a, b in pairs[:MOST_PAIRS]:
        yield a, b


def _named(
    one: target.Target,
    fits: Sequence[tuple[catalogue.Mistake, ...]],
    cases: Sequence[Case],
    own: lines.Lines | None,
) -> tuple[report.Named, ...]:
    """What is said of the mistakes that were found; those that cannot be told apart, together."""
    probe, flat, wrong = cases[0]
    named: dict[tuple[str, str], report.Named] = {}
    for fit in fits:
        made = _outputs(one, fit, probe)
        assert made is not None
        shared = [name for name in wrong if name in made and name in flat.outputs]
        off = max((error(flat.outputs[name], made[name]) for name in shared), default=0.0)
        what = shared[0] if shared else "result"
        planted = "this mistake" if len(fit) == 1 else "both mistakes together"
        for entry in fit:
            shown = catalogue.show(_as_kept(one, entry), one.match.dialect)
            proof = (
                f"planting {planted} in the reference reproduces your {what} (to {off:.0e}) and all"
                f" your other results, on {len(cases)} random inputs"
            )
            found = report.Named(entry.id, shown.why, proof, shown.wrong, shown.right)
            named.setdefault((entry.id, shown.why), found)
    told = list(named.values())
    if own is not None and len(fits[0]) == 1:
        told.sort(key=lambda mistake: -round(own.closeness(mistake), 2))
        told = [mistake for mistake in told if not own.has(mistake)] or told
    return tuple(told)


def _as_kept(one: target.Target, entry: catalogue.Mistake) -> catalogue.Mistake:
    """The entry in other words where c is not returned, and so is not one array with a."""
    if (entry.id, entry.variant) != ("c-is-a", "both hold c"):
        return entry
    if any(s.quantity == "c" for s in one.gives):
        return entry
    name = next((s.name for s in one.gives if s.quantity == "h"), "a")
    kept = f"{name}[:, :, t] = a_next"
    why = "c_next is kept instead of a_next: the results are those of the cell state."
    return replace(entry, why=why, wrong=kept.replace("a_next", "c_next"), right=kept)


def error(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The normwise error of what is finite."""
    finite = np.isfinite(ours) & np.isfinite(theirs)
    return compare.normwise_error(ours[finite], theirs[finite])


def _pattern(
    one: target.Target, probe: probes.Probe, returned: Outputs, wrong: Sequence[str]
) -> str:
    """How what is wrong differs, in words: a factor, a transpose, one time step, another result."""
    right = one.expected(probe)
    said = []
    for name in wrong:
        if name in returned and name in right:
            text = likeness(name, returned[name], right, one.layout(name).axes)
            if text:
                said.append(text)
    return "no entry of the catalogue explains it" + (": " + "; ".join(said[:4]) if said else "")


def _form(one: target.Target, returned: Outputs) -> str:
    """What there is to say where every number that came back is right."""
    if not returned:
        return "it returns no numbers that could be compared"
    if all(name in returned for name in one.expected(probes.draw(0)) if "." not in name):
        return "its numbers are right, the form in which it returns them is not"
    return "the numbers that it returns are right, but some of its results are not there"


def likeness(name: str, ours: np.ndarray, right: Outputs, axes: Sequence[Any]) -> str:
    """How a wrong result differs: a factor, a transpose, some steps, another result; "" if unknown.

    Parameters
    ----------
    name : of the result
    ours : as it came back
    right : the right results by name
    axes : what those of the result mean, see `compare.Layout`
    """
    if not np.all(np.isfinite(ours)):
        return ""
    reference = right[name]
    if ours.size and not np.any(ours):
        return f"{name} is all zero"
    for other, value in right.items():
        if other == name or value.shape != ours.shape:
            continue
        if equal(ours, value):
            return f"{name} equals what {other} should be"
        most = _largest([ours])
        if most and equal(ours, np.clip(value, -most, most)):
            return f"{name} equals what {other} should be, clipped at {most:.6g}"
    if ours.shape != reference.shape:
        if ours.T.shape == reference.shape and equal(ours.T, reference):
            return f"{name} is transposed"
        return ""
    if ours.ndim == 2 and ours.shape[0] == ours.shape[1] and equal(ours.T, reference):
        return f"{name} is transposed"
    if ours.dtype == np.float16 and error(ours, reference) < HALF:
        return f"{name} is right to the three digits that float16 holds: compute in float64"
    if np.any(reference):
        factor = float(np.vdot(reference, ours).real / np.vdot(reference, reference).real)
        if factor and equal(ours / factor, reference):
            digits = 6 if ours.dtype == np.float32 else 10
            return f"{name} is {factor:.{digits}g} times what it should be"
    if "time" not in axes:
        return ""
    return _steps_that_differ(name, ours, reference, axes.index("time"))


def _steps_that_differ(name: str, ours: np.ndarray, reference: np.ndarray, axis: int) -> str:
    """Which time steps of a sequence are wrong."""
    T = ours.shape[axis]
    steps = [t for t in range(T) if not equal(ours.take(t, axis), reference.take(t, axis))]
    if 0 < len(steps) < T:
        listed = ", ".join(map(str, steps)) if len(steps) <= 6 else f"{steps[0]} ... {steps[-1]}"
        return f"{name} is wrong at time step{'s' * (len(steps) > 1)} {listed} only"
    return ""
