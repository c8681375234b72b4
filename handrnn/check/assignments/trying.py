"""A dialect's file held against a right solution: what does not fit, and what to write instead."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ... import slots
from ..dialects import dialect as dialects
from ..dialects import match as matching
from ..judge import runs, submitted
from ..load import parts
from . import places, search

Where = tuple[str, ...]
VARIANT = {
    "": "torch's GRU: reset gate after the product, u * h_prev + (1 - u) * n",
    "reset-before": "the reset gate acts before the product",
    "update-turned": "h_next = u * n + (1 - u) * h_prev",
    "reset-before update-turned": "the reset gate acts before the product, and"
    " h_next = u * n + (1 - u) * h_prev",
}


@dataclass
class Held:
    """What came of holding a file against a solution.

    Attributes
    ----------
    file, solution : their names
    said : the tables of the file, with what was found in them
    misfits : what does not fit, by the name of the function
    write : entries that are to be changed or added, and their words
    fits : the functions that fit
    """

    file: str
    solution: str
    said: dict[str, Any]
    misfits: dict[str, list[str]] = field(default_factory=dict)
    write: dict[Where, str] = field(default_factory=dict)
    fits: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every function fits, with what was open filled in."""
        return not self.misfits

    def miss(self, name: str, words: str) -> None:
        """Say of a function what does not fit."""
        self.misfits.setdefault(name, []).append(words)

    def lines(self) -> Iterator[str]:
        """What is printed."""
        total = len(self.fits) + len(self.misfits)
        yield f"{self.file} held against {self.solution}: {len(self.fits)} of {total} functions fit"
        yield ""
        for name in self.fits:
            yield f"fits          {name}"
        for name, said in self.misfits.items():
            yield f"does not fit  {name}"
            yield from (f"    {words}" for words in said)
        if self.write:
            yield from ("", f"write into {self.file}:")
            yield from (f"    {line}" for line in written(self.write))
        if any("shape" in words for said in self.misfits.values() for words in said):
            yield from (
                "",
                "sizes tried: T = 6 time steps, B = 3 examples, I = 5 inputs, H = 4 units",
            )


def written(entries: Mapping[Where, str]) -> Iterator[str]:
    """Entries as the lines of a file, section by section."""
    section = None
    for where, words in sorted(entries.items(), key=lambda item: item[0][:-1]):
        if where[:-1] != section:
            section = where[:-1]
            if section:
                yield f"[{'.'.join(section)}]"
        key = where[-1] if re.fullmatch(r"[\w-]+", where[-1]) else f'"{where[-1]}"'
        yield f'{key} = "{words}"'


def hold(text: str, file: str, submission: parts.Submission) -> Held:
    """Hold a file against a right solution.

    Raises
    ------
    dialects.DialectError
        If the file cannot be read, or too much of it is left open to be tried.
    """
    held = Held(file, submission.name, dialects.tables(text))
    dialects.verify_results(dialects.made(places.filled(held.said, {}), "own"))
    there = _there(held, submission)
    whole = held.said["functions"]
    held.said["functions"] = {name: whole[name] for name in whole if name in there}
    if there:
        _fill(held, submission)
        for function in _in_order(held.said):
            _held(held, submission, function)
    held.fits = [name for name in whole if name in held.fits]
    return held


def _in_order(said: Mapping[str, Any]) -> list[dialects.Function]:
    functions = dialects.made(places.filled(said, {}), "own").functions.values()
    return sorted(functions, key=lambda f: search.KINDS.index(f.kind))


# ------------------------------------------------------------------------------ names, arguments


def _there(held: Held, submission: parts.Submission) -> set[str]:
    """The functions of the file that the solution has, with arguments as many as the file says."""
    found: set[str] = set()
    kept: set[str] = set()
    functions = _in_order(held.said)
    givers = {t.name: f.name for f in reversed(functions) for t in given(f)}
    for function in functions:
        problem = _absent(function, submission)
        problem = problem or next(_wrong_arguments(function, submission, held), "")
        lost = [name for name in function.needs if name not in kept]
        if problem:
            held.miss(function.name, problem)
        elif lost:
            held.miss(function.name, f"not tried: {lost[0]} comes from {givers[lost[0]]}")
        else:
            found.add(function.name)
            kept |= {term.name for term in given(function)}
    return found


def given(function: dialects.Function) -> list[dialects.Kept]:
    """What a function gives that is not an array: caches."""
    terms = [term for call in function.calls for term in call.gives]
    return [term for term in terms if isinstance(term, dialects.Kept)]


def _absent(function: dialects.Function, submission: parts.Submission) -> str:
    """Why a function cannot be found in the solution, if so."""
    names = [name for name, d in submission.definitions.items() if d.kind == parts.FUNCTION]
    if function.owner:
        classes = [name for name, d in submission.definitions.items() if d.kind == parts.CLASS]
        if function.owner not in (*classes, *function.spellings):
            near = dialects.nearest(function.owner, classes)
            return f"{submission.name} has no class {function.owner}{near}"
        methods = matching.with_bases(submission, submission.definitions[function.owner]).methods
        wanted = [c.target for c in function.calls if c.kind == "method"]
        lost = [name for name in wanted if name not in methods]
        return (
            f"{function.owner} has no method {lost[0]}{dialects.nearest(lost[0], methods)}"
            if lost
            else ""
        )
    if any(matching.is_called(name, function) for name in names):
        return ""
    return (
        f"{submission.name} has no function {function.name}{dialects.nearest(function.name, names)}"
    )


def _wrong_arguments(
    function: dialects.Function, submission: parts.Submission, held: Held
) -> Iterator[str]:
    """What of the arguments does not fit: too many, too few."""
    for call in function.calls:
        theirs = _arguments(function, call, submission)
        if theirs is None:
            continue
        required = [name for name, default in theirs if not default]
        if len(required) <= len(call.takes) <= len(theirs):
            continue
        own = [dialects.shown(term) for term in call.takes]
        unknown = [n for n in required if not any(matching.likeness(t, n) for t in call.takes)]
        extra = (
            f"; not in the file: {', '.join(unknown)}"
            if len(required) > len(own) and unknown
            else ""
        )
        counted = f"{len(required)} argument{'s' * (len(required) != 1)}"
        yield (
            f"{call.target} takes {counted} ({', '.join(required)}) in {submission.name};"
            f" the file gives it {len(own)} ({', '.join(own)}){extra}"
        )


def _arguments(
    function: dialects.Function, call: dialects.Call, submission: parts.Submission
) -> Sequence[tuple[str, bool]] | None:
    """The arguments of what a call calls; None where any number will do or nothing is called."""
    if call.kind == "function":
        names = [n for n in submission.definitions if matching.is_called(n, function)]
        definition = submission.definitions[function.name if function.name in names else names[0]]
        return None if matching.takes_any(definition) else definition.arguments
    if call.kind not in ("make", "method"):
        return None
    whole = matching.with_bases(submission, submission.definitions[function.owner])
    method = whole.methods.get("__init__" if call.kind == "make" else call.target)
    if method is None or matching.takes_any(method):
        return None
    return method.arguments[1:]


# ----------------------------------------------------------------------------- values, and repair


def _fill(held: Held, submission: parts.Submission) -> None:
    """Fill what the file leaves open, as far as the solution is right with it."""
    opened = places.open_places(held.said)
    if not opened:
        return
    found = search.search(held.said, submission)
    choice = found.choices[0]
    whole = places.filled(held.said, choice)
    for where, words in dialects.entries(whole):
        if dict(dialects.entries(held.said))[where] != words:
            held.write[where] = words
    held.said = whole
    for name in found.failed:
        held.miss(name, "no way to fill what is left open (?) makes it right")


def _held(held: Held, submission: parts.Submission, function: dialects.Function) -> None:
    """Hold one function against the solution, and say what does not fit."""
    if function.name in held.misfits:
        return
    trial = trial_of(held.said, submission, function.name)
    if trial is not None and trial.right:
        held.fits.append(function.name)
        return
    problem = _problem(trial, submission, function)
    said = _with_defaults(held.said, function)
    right = [] if _is_of_form(trial) else search.repair(said, submission, function)
    if not right:
        held.miss(function.name, problem)
        return
    whole = places.filled(said, right[0])
    before, after = dict(dialects.entries(held.said)), dict(dialects.entries(whole))
    for where, words in after.items():
        if words != before.get(where, {"gradients": "sum"}.get(where[0], "")):
            held.miss(function.name, _described(where, before.get(where, ""), words, function))
            held.write[where] = words
    held.said = whole


def trial_of(said: Mapping[str, Any], submission: parts.Submission, name: str) -> runs.Trial | None:
    """One function of the solution, run as the file has it."""
    dialect = dialects.made(said, "own")
    targets = [t for t in submitted.targets(submission, [dialect]) if t.function.name == name]
    return runs.together(submission, targets, search.SECONDS)[0] if targets else None


def _with_defaults(said: Mapping[str, Any], function: dialects.Function) -> dict[str, Any]:
    """The tables with the entries that stand for what is not said."""
    whole = dict(said) | {"gradients": said.get("gradients", "sum")}
    if function.cell == "gru":
        whole["variants"] = {"gru": ""} | said.get("variants", {})
    return whole


def _is_of_form(trial: runs.Trial | None) -> bool:
    """Whether something is missing in what is taken or returned, whatever its axes are."""
    if trial is None or (trial.outcome.error and trial.outcome.error.type in _NOT_AXES):
        return True
    return any("missing" in words or "results" in words for words in _problems(trial))


_NOT_AXES = ("KeyError", "NameError", "AttributeError", "NotRun", "TypeError")


def _problems(trial: runs.Trial) -> Sequence[str]:
    return trial.flat.problems if trial.flat else ()


def _problem(
    trial: runs.Trial | None, submission: parts.Submission, function: dialects.Function
) -> str:
    """Why a function does not fit, where no other axes, orders or sums make it right."""
    if trial is None:
        return "its arguments are not those of the file"
    error = trial.outcome.error
    if error is not None:
        line = f" (line {error.line})" if error.line else ""
        if error.type == "KeyError":
            words = f"looks up the key {error.message}, which the file does not put into a dict"
            return f"{submission.name} {words}{line}"
        return f"{submission.name} raises {error}{line}"
    absent = [
        words for words in _problems(trial) if words.endswith("is missing in what is returned")
    ]
    if absent and (keys := _keys_returned(trial.outcome.value)):
        wanted = dict(_keys(function))
        names = [words.split()[0] for words in absent]
        lost = [wanted.get(name, name) for name in names]
        return f"the dict that it returns has no key {', '.join(lost)}: it has {', '.join(keys)}"
    wrong = [d for d in trial.differences if not d.passed]
    values = [f"{d.name} {d.problem or 'has other values'}" for d in wrong]
    return "; ".join(_problems(trial) or values) or "it gives nothing that the file names"


def _keys(function: dialects.Function) -> Iterator[tuple[str, str]]:
    """Of each array in a dict that a function gives, its name and its key."""
    for call in function.calls:
        for bundle in call.gives:
            if isinstance(bundle, dialects.Bundle) and bundle.keys:
                yield from zip(
                    (getattr(t, "name", "") for t in bundle.terms), bundle.keys, strict=True
                )


def _keys_returned(value: Any) -> list[str]:
    """The keys of the dict in what was returned."""
    values = value if isinstance(value, tuple | list) else [value]
    return next(([str(k) for k in part] for part in values if isinstance(part, Mapping)), [])


def _described(where: Where, old: str, new: str, function: dialects.Function) -> str:
    """What an entry says, and what fits, in words."""
    if where[0] == "gradients":
        kinds = {"sum": "sums", "mean": "means"}
        before, after = (kinds[(words or "sum").partition(",")[0]] for words in (old, new))
        return f"gradients of weights are {after} over the examples; the file says {before}"
    if where[0] == "variants":
        return f"the GRU is another: {VARIANT[new]}"
    before, after = (slots.slot(where[-1], words) for words in (old, new))
    if before.gates != after.gates:
        theirs, own = " ".join(after.gates), " ".join(before.gates)
        return f"{where[-1]}: the order of the gates is {theirs}; the file says {own}"
    if before.on != after.on:
        theirs, own = " ".join(after.on), " ".join(before.on)
        return f"{where[-1]}: it is {theirs}, not {own}"
    sizes = {"T": 6, "B": 3, "I": 5, "H": 4, "Y": 2}
    shapes = [slot.shape(sizes) for slot in (after, before)]
    turned = "transposed: " if before.axes == after.axes[::-1] and after.gates else ""
    return (
        f"{where[-1]}: {turned}{' '.join(after.axes)} fits, shape {shapes[0]};"
        f" the file says {' '.join(before.axes)}, shape {shapes[1]}"
    )
