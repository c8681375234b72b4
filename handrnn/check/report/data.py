"""What the checker has to say, as plain data: verdicts, mistakes, places, and what a hint hides.

A `FunctionReport` judges one function, a `FileReport` the functions of one submission, `Reports`
are those of a whole class. `judge` fills them; the other modules here render them, one a format.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from ... import compare

PASS = "PASS"
FAIL = "FAIL"
ILL_CONDITIONED = "ILL-CONDITIONED"
CRASHED = "CRASHED"
TIMED_OUT = "TIMED OUT"
NOT_FILLED_IN = "NOT FILLED IN"
NOT_FOUND = "NOT FOUND"
NOT_BY_HAND = "NOT BY HAND"  # right, by a library that has the answer
VERDICTS = (PASS, FAIL, NOT_BY_HAND, ILL_CONDITIONED, CRASHED, TIMED_OUT, NOT_FILLED_IN, NOT_FOUND)
NOT_JUDGED = "NOT JUDGED"  # instead of a verdict
OWN_LOSS = "own loss"  # instead of a dialect: backward was held against the author's own forward
COURSE = (("rnn", "lstm"), ("_cell_forward", "_forward", "_cell_backward", "_backward"))
COURSE_DIALECTS = ("", "course", "batch_first")  # these need not be named

HINTS = ("verdict", "place", "sentence", "mistake", "fix")  # each shows more than the one before
HIDDEN: dict[str, dict[str, Any]] = {  # what a level hides, besides what the levels above it hide
    "mistake": {"fix": None},
    "sentence": {"source": "", "notes": (), "output": ""},
    "place": {"mistakes": ()},
    "verdict": {"where": "", "line": None, "cell": None, "shown": "", "tensors": ()},
}


def check_hint(level: str) -> None:
    """Refuse what is not one of `HINTS`: a ValueError."""
    if level not in HINTS:
        raise ValueError(f"hint is {level!r}: it can be {', '.join(HINTS)}")


def place(line: int | None, cell: int | None = None, shown: str = "") -> str:
    """Where in the submission: "line 3", "In [5], line 3"; "" where that is not known.

    Parameters
    ----------
    line : counted from 1, in the file or in the cell
    cell : the cell among all of a notebook
    shown : what the notebook shows beside the cell; "": the cell is called by its number
    """
    if line is None:
        return ""
    return f"line {line}" if cell is None else f"{shown or f'cell {cell}'}, line {line}"


@dataclass(frozen=True)
class Named:
    """A mistake that a function makes."""

    id: str  # one of `catalogue.KINDS`, of which "unexplained" is the last
    explanation: str  # one sentence
    proof: str = ""  # how the function's results were tied to it
    wrong: str = ""  # the equation as it is, in the notation of the course
    right: str = ""  # and as it should be


@dataclass(frozen=True)
class Edit:
    """A line of the submission, as it is and as it should be; "" where it is not there."""

    line: int
    cell: int | None
    old: str
    new: str
    shown: str = ""  # beside the cell


@dataclass(frozen=True)
class Fix:
    """What mends a function; verified: with it the function passes, on so many new probes."""

    edits: tuple[Edit, ...]
    verified: bool
    probes: int

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """("-" or "+", place, text) of each line that goes or comes."""
        for edit in self.edits:
            for sign, text in (("-", edit.old), ("+", edit.new)):
                for line in text.splitlines():
                    yield sign, place(edit.line, edit.cell, edit.shown), line


@dataclass(frozen=True)
class Tensor:
    """How one quantity compares with its reference."""

    name: str  # in the caller's notation
    error: float  # normwise, nan where there was nothing to compare
    units: float  # the error in units of rounding of its dtype
    share: float  # of the budget that passes, at most 1 where it is right
    problem: str = ""  # why it could not be compared
    profile: dict[str, list[float]] = field(default_factory=dict)  # of `profile`, for pictures

    @property
    def passed(self) -> bool:
        """Whether it could be compared and lies within the budget."""
        return not self.problem and self.share <= 1


@dataclass(frozen=True)
class Score:
    """Points: earned ones, of so many possible ones."""

    earned: float
    possible: float

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where nothing can be earned."""
        return self.earned / self.possible if self.possible else 0.0

    def __add__(self, other: "Score") -> "Score":
        return Score(round(self.earned + other.earned, 6), self.possible + other.possible)

    def __str__(self) -> str:
        return f"{self.earned:g} of {self.possible:g} points"


@dataclass(frozen=True, repr=False)
class FunctionReport:
    """The judgement of one function.

    Attributes
    ----------
    name : of the function that was asked for
    verdict : one of `VERDICTS`
    mistakes : every one that was found, in the order in which to repair them
    where : tensor, gate, first bad time step, in words
    line, cell : of the submission's own code, counted from 1 (cell: of a notebook)
    source : that line
    notes : what is worth knowing and is not a failure
    tensors : every quantity that was compared
    witness : what another implementation says about the reference
    output : what the function printed
    seconds : it ran
    dialect : whose names and arguments it has
    fix : what mends it, where that was found
    shown : what a notebook shows beside the cell: "In [5]"
    score : the points for it, where points are given
    right : share of its results that are right, for points; never shown
    """

    name: str
    verdict: str
    mistakes: tuple[Named, ...] = ()
    where: str = ""
    line: int | None = None
    cell: int | None = None
    source: str = ""
    notes: tuple[str, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    witness: str = ""
    output: str = ""
    seconds: float = 0.0
    dialect: str = ""
    fix: Fix | None = None
    shown: str = ""
    score: Score | None = None
    right: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASS: no verdict is never a pass."""
        return self.verdict == PASS

    @property
    def share(self) -> float:
        """The share of its results that are right; below 1 unless it passes.

        Where all results are right and the function fails nevertheless, because of what else it
        does, that counts as one more result.
        """
        if self.passed or self.right is not None:
            return 1.0 if self.passed else self.right or 0.0
        right = sum(tensor.passed for tensor in self.tensors)
        return right / (len(self.tensors) + (right == len(self.tensors)))

    @property
    def credit(self) -> Score:
        """Its score; where no points are given, 1 of 1 if it passes."""
        return self.score or Score(float(self.passed), 1.0)

    @property
    def place(self) -> str:
        """The line, in words."""
        return place(self.line, self.cell, self.shown)

    def beside(self, shown: Mapping[int | None, str]) -> "FunctionReport":
        """The report with what a notebook shows beside each of its cells."""
        fix = self.fix
        if fix is not None:
            edits = (replace(e, shown=shown.get(e.cell, "")) for e in fix.edits)
            fix = replace(fix, edits=tuple(edits))
        return replace(self, shown=shown.get(self.cell, ""), fix=fix)

    def hinted(self, level: str) -> "FunctionReport":
        """The report with no more than a teacher wants to give away: see `HINTS`."""
        levels = [at for at in HIDDEN if HINTS.index(level) <= HINTS.index(at)]
        hidden = {name: empty for at in levels for name, empty in HIDDEN[at].items()}
        less = replace(self, **hidden, right=self.share)
        if "sentence" not in levels:
            return less
        told = (Named(mistake.id, mistake.explanation) for mistake in less.mistakes)
        return replace(less, mistakes=tuple(told))

    def __str__(self) -> str:
        from . import text

        return text.function(self)

    def __repr__(self) -> str:
        return f"<FunctionReport {self.name}: {self.verdict}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows on a terminal."""
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from . import html

        return html.fragment_of_function(self)


@dataclass(frozen=True)
class NotJudged:
    """A function or class that was seen and not judged: why, and what command would judge it."""

    name: str
    line: int | None
    why: str
    command: str = ""
    cell: int | None = None
    shown: str = ""  # beside the cell

    @property
    def place(self) -> str:
        """The line, in words."""
        return place(self.line, self.cell, self.shown)


@dataclass(frozen=True, repr=False)
class FileReport:
    """The judgement of a submission: one `FunctionReport` a function, by name.

    Attributes
    ----------
    path : of the submission
    functions : the reports, in the order of the course
    problems : what kept parts of the submission from being judged
    notes : what was left out, and what is worth knowing and is not a failure
    hint : how much is revealed, see `HINTS`
    versions : of handrnn, NumPy and the witness
    not_judged : what was seen and not judged
    recurrent : whether anything recurrent was judged; without, nothing passes
    runs : whether Python would run the file as it stands
    failed : it was the checker that failed, whatever the submission is
    student : whose it is; "": the name of the file says it
    """

    path: str
    functions: dict[str, FunctionReport]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = HINTS[-1]
    versions: dict[str, str] = field(default_factory=dict)
    not_judged: tuple[NotJudged, ...] = ()
    recurrent: bool = True
    runs: bool = True
    failed: bool = False
    student: str = ""

    @property
    def passed(self) -> bool:
        """Whether something recurrent was judged and all that was judged passed."""
        judged = self.functions.values()
        ready = self.runs and self.recurrent
        return bool(judged) and ready and all(f.passed for f in judged)

    @property
    def wrong(self) -> list[FunctionReport]:
        """The functions that did not pass."""
        return [f for f in self.functions.values() if not f.passed]

    def raise_if_failed(self) -> None:
        """Raise AssertionError with the report as its message unless everything passed."""
        if not self.passed:
            raise AssertionError(str(self))

    def hinted(self, level: str) -> "FileReport":
        """The report with no more than a teacher wants to give away.

        Raises
        ------
        ValueError
            If the level is not one of `HINTS`.
        """
        check_hint(level)
        functions = {name: f.hinted(level) for name, f in self.functions.items()}
        notes = self.notes if HINTS.index(level) > HINTS.index("sentence") else ()
        return replace(self, functions=functions, notes=notes, hint=level)

    def beside(self, shown: Mapping[int | None, str]) -> "FileReport":
        """The report with what a notebook shows beside each of its cells, by their numbers."""
        functions = {name: f.beside(shown) for name, f in self.functions.items()}
        left = tuple(replace(one, shown=shown.get(one.cell, "")) for one in self.not_judged)
        return replace(self, functions=functions, not_judged=left)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as numbers, strings, lists and dicts that JSON can hold."""
        functions = {name: asdict(f) | {"passed": f.passed} for name, f in self.functions.items()}
        for content in functions.values():  # the same report for the same file, on any machine
            del content["seconds"], content["right"]
        content: dict[str, Any] = asdict(replace(self, functions={}))
        lists = {name: list(value) for name, value in content.items() if isinstance(value, tuple)}
        return content | lists | {"passed": self.passed, "functions": functions}

    def to_json(self) -> str:
        """`to_dict` as text; numbers that are not finite become null."""
        from . import as_json

        return as_json.text(self.to_dict())

    @property
    def score(self) -> Score:
        """The points for all functions that points are given for; else one for each that passes."""
        judged = list(self.functions.values())
        given = [f for f in judged if f.score] or judged
        return sum((f.credit for f in given), Score(0.0, 0.0))

    @property
    def graded(self) -> bool:
        """Whether points are given."""
        return any(f.score for f in self.functions.values())

    def points(
        self, weights: Mapping[str, float], partial: Mapping[str, float | str] | None = None
    ) -> float:
        """The points for this submission.

        Parameters
        ----------
        weights : dict
            The points for each function, by its name. A function that is not there earns none.
        partial : dict, optional
            What a verdict other than PASS earns, as a fraction of the function's points; or
            "results": the share of its results that are right. None: nothing.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If a weight is negative or not a number, or a fraction is not between 0 and 1.

        Examples
        --------
        ``report.points({"lstm_forward": 2, "lstm_backward": 3}, {"FAIL": "results"})``
        """
        from . import points

        return points.graded(self, points.Scheme(weights, partial or {})).score.earned

    def summary(self) -> str:
        """How many are right, in a few words."""
        if not self.functions:
            known = bool(self.problems or self.not_judged)
            return "nothing was judged" + ("" if known else ": no function of a known dialect")
        right = f"{len(self.functions) - len(self.wrong)} of {len(self.functions)} right"
        right += f", {self.score}" if self.graded else ""
        if self.recurrent:
            return right
        return f"{right}, {'and' if self.wrong else 'but'} no recurrent function was judged"

    def headline(self) -> str:
        """One sentence: how many are right."""
        return f"{self.path}: {self.summary()}"

    def __str__(self) -> str:
        from . import text

        return text.file(self)

    def __repr__(self) -> str:
        return f"<FileReport {self.headline()}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows on a terminal."""
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from . import html

        return html.fragment(self)


@dataclass(frozen=True)
class Reports:
    """The reports on all files that were asked for; single: on one file, asked for by its name."""

    files: tuple[FileReport, ...]
    single: bool = False

    @property
    def passed(self) -> bool:
        """Whether there was something to judge and all of it passed."""
        return bool(self.files) and all(file.passed for file in self.files)

    @property
    def failed(self) -> bool:
        """Whether the checker itself failed somewhere."""
        return any(file.failed for file in self.files)

    @property
    def graded(self) -> bool:
        """Whether points are given."""
        return any(file.graded for file in self.files)

    def headline(self) -> str:
        """How many are right."""
        return f"{sum(file.passed for file in self.files)} of {len(self.files)} files right"

    def tests(self) -> Iterator[tuple[str, FunctionReport]]:
        """Every function, with the file where there are several."""
        for file in self.files:
            for f in file.functions.values():
                yield f.name if len(self.files) == 1 else f"{file.path}: {f.name}", f

    @property
    def score(self) -> Score:
        """The points of all files."""
        return sum((file.score for file in self.files), Score(0.0, 0.0))

    def students(self) -> "list[Student]":
        """All students, in the order of their first files."""
        files: dict[str, list[FileReport]] = {}
        for file in self.files:
            files.setdefault(file.student or file.path, []).append(file)
        return [Student(name, tuple(theirs)) for name, theirs in files.items()]

    def columns(self) -> list[str]:
        """The names of all functions, in the order of the course."""
        names = dict.fromkeys(name for file in self.files for name in file.functions)
        order = {f"{cell}{part}": k for k, (cell, part) in enumerate(product(*COURSE))}
        return sorted(names, key=lambda name: order.get(name, len(order)))


@dataclass(frozen=True)
class Student:
    """All files of one student."""

    name: str
    files: tuple[FileReport, ...]

    @property
    def functions(self) -> dict[str, FunctionReport]:
        """Each function by name; of those in several files the one that earns most."""
        found: dict[str, FunctionReport] = {}
        for f in (f for file in self.files for f in file.functions.values()):
            known = found.get(f.name)
            if known is None or (f.credit.earned, f.passed) > (known.credit.earned, known.passed):
                found[f.name] = f
        return found

    @property
    def score(self) -> Score:
        """The points of these functions."""
        return FileReport(self.name, self.functions).score

    @property
    def passed(self) -> bool:
        """Whether all files pass."""
        return all(file.passed for file in self.files)


def worst(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Of those of one name the one that is furthest off."""
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        known = found.get(tensor.name)
        if known is None or tensor.problem or tensor.share > known.share:
            found[tensor.name] = tensor
    return tuple(found.values())


def profile(
    yours: np.ndarray, correct: np.ndarray, layout: compare.Layout
) -> dict[str, list[float]]:
    """The largest error along each axis that is worth a picture, relative to the tensor's scale.

    Returns
    -------
    dict
        "time": one number a time step, and "unit" (or "input"): one a unit, of those axes that the
        tensor has; of gates one above the other "gate i", ...: one number a unit each. Empty for
        arrays that cannot be compared.
    """
    yours, correct = np.asarray(yours), np.asarray(correct)
    if yours.shape != correct.shape or not yours.size or yours.dtype.kind not in "iufc":
        return {}
    dtype = np.result_type(yours, correct, np.float64)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        off = np.abs(yours.astype(dtype) - correct.astype(dtype)).reshape(layout.shape(yours.shape))
        off = np.where(np.isnan(off), np.inf, off) / (np.max(np.abs(correct)) or 1.0)
    names = layout.names()
    features = "unit" if "unit" in names else "input"
    found = {name: _largest(off, names, name) for name in ("time", features) if name in names}
    if "gate" in names:
        by_gate = np.moveaxis(off, names.index("gate"), 0)
        rest = [name for name in names if name != "gate"]
        for gate, errors in zip(layout.gates, by_gate, strict=True):
            found[f"gate {gate}"] = _largest(errors, rest, features)
    return found


def _largest(off: np.ndarray, names: Sequence[str], name: str) -> list[float]:
    """The largest along the axis of that name."""
    others = tuple(k for k, axis in enumerate(names) if axis != name)
    return [float(value) for value in np.max(off, axis=others)]
