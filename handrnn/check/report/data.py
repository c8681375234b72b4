"""What the checker says: verdicts, mistakes and places, as data and as text.

A `FunctionReport` judges one function, a `FileReport` the functions of one submission. Both are
plain data: `judge` fills them, this module and `page` turn them into text, JSON, JUnit and HTML.
"""

import csv
import io
import json
import os
import re
import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ... import compare

PASS = "PASS"
FAIL = "FAIL"
ILL_CONDITIONED = "ILL-CONDITIONED"
CRASHED = "CRASHED"
TIMED_OUT = "TIMED OUT"
NOT_FILLED_IN = "NOT FILLED IN"
NOT_FOUND = "NOT FOUND"
VERDICTS = (PASS, FAIL, ILL_CONDITIONED, CRASHED, TIMED_OUT, NOT_FILLED_IN, NOT_FOUND)
COURSE = (("rnn", "lstm"), ("_cell_forward", "_forward", "_cell_backward", "_backward"))
HINTS = ("verdict", "place", "mistake")


@dataclass(frozen=True)
class Named:
    """A mistake that a function makes.

    Attributes
    ----------
    id : one of `catalogue.KINDS`, of which "unexplained" is the last
    explanation : one sentence
    proof : how the function's results were tied to it
    wrong, right : the equation as it is, and as it should be, in the notation of the course
    """

    id: str
    explanation: str
    proof: str = ""
    wrong: str = ""
    right: str = ""


@dataclass(frozen=True)
class Tensor:
    """How one quantity compares with its reference.

    Attributes
    ----------
    name : in the caller's notation
    error : normwise, nan where there was nothing to compare
    units : the error in units of rounding of its dtype
    share : of the budget that passes, at most 1 where it is right
    problem : why it could not be compared, or ""
    profile : largest error by time step, by gate and by unit, see `profile`; for pictures
    """

    name: str
    error: float
    units: float
    share: float
    problem: str = ""
    profile: dict[str, list[float]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether it could be compared and lies within the budget."""
        return not self.problem and self.share <= 1


@dataclass(frozen=True)
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
    notes : what is worth knowing and is no failure
    tensors : every quantity that was compared
    witness : what another implementation says about the reference
    output : what the function printed
    seconds : it ran
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

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASS: no verdict is never a pass."""
        return self.verdict == PASS

    def hinted(self, level: str) -> "FunctionReport":
        """The report with no more than a teacher wants to give away: see `HINTS`."""
        if level == "mistake":
            return self
        less = replace(self, mistakes=(), source="", notes=(), output="")
        if level == "place":
            return less
        return replace(less, where="", line=None, cell=None, tensors=())

    def __str__(self) -> str:
        return "\n".join(_lines(self))


@dataclass(frozen=True)
class FileReport:
    """The judgement of a submission: one `FunctionReport` a function, by name.

    Attributes
    ----------
    path : of the submission
    functions : the reports, in the order of the course
    problems : what kept parts of the submission from being judged
    notes : what was left out, and what is worth knowing and is no failure
    hint : how much is given away, see `HINTS`
    versions : of handrnn, NumPy and the witness
    """

    path: str
    functions: dict[str, FunctionReport]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = "mistake"
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether something was judged and all of it passed."""
        return bool(self.functions) and all(f.passed for f in self.functions.values())

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
        if level not in HINTS:
            raise ValueError(f"hint is {level!r}: it can be {', '.join(HINTS)}")
        functions = {name: f.hinted(level) for name, f in self.functions.items()}
        notes = self.notes if level == "mistake" else ()
        return replace(self, functions=functions, notes=notes, hint=level)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as numbers, strings, lists and dicts that JSON can hold."""
        return {
            "path": self.path,
            "passed": self.passed,
            "functions": {
                name: {**asdict(f), "passed": f.passed} for name, f in self.functions.items()
            },
            "problems": list(self.problems),
            "notes": list(self.notes),
            "hint": self.hint,
            "versions": dict(self.versions),
        }

    def to_json(self) -> str:
        """`to_dict` as text; numbers that are not finite become null."""
        return json.dumps(_finite(self.to_dict()), indent=2)

    def headline(self) -> str:
        """One sentence: how many are right."""
        right = sum(f.passed for f in self.functions.values())
        if not self.functions:
            return f"{self.path}: no function of the course was found"
        return f"{self.path}: {right} of {len(self.functions)} right"

    def __str__(self) -> str:
        lines = [self.headline()]
        wrong = [f for f in self.functions.values() if not f.passed]
        for function in wrong:
            lines += ["", *_lines(function)]
        right = [f for f in self.functions.values() if f.passed]
        if right:
            lines += ["", *[line for f in right for line in _lines(f)]]
        lines += [f"problem: {text}" for text in self.problems]
        lines += [f"note: {text}" for text in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from . import page

        return page.fragment(self)


def _lines(function: FunctionReport) -> list[str]:
    """The report of one function for a terminal."""
    lines = [f"{function.verdict:<15}{function.name}{_margin(function)}"]
    if function.where:
        lines += _wrapped("where", function.where)
    if function.line is not None:
        cell = "" if function.cell is None else f"cell {function.cell}, "
        source = f": {function.source.strip()}" if function.source.strip() else ""
        lines += _wrapped("your code", f"{cell}line {function.line}{source}")
    for mistake in function.mistakes:
        lines += _wrapped("mistake", f"{mistake.id}: {mistake.explanation}")
        if mistake.right:
            lines += _wrapped("", f"not    {mistake.wrong}") if mistake.wrong else []
            lines += _wrapped("", f"write  {mistake.right}")
        if mistake.proof:
            lines += _wrapped("proof", mistake.proof)
    for note in function.notes:
        lines += _wrapped("note", note)
    if function.witness and not function.passed:
        lines += _wrapped("witness", function.witness)
    return lines


def _margin(function: FunctionReport) -> str:
    """How much of the budget of rounding the worst quantity used."""
    compared = [t for t in function.tensors if not t.problem]
    if not compared or not function.passed:
        return ""
    worst = max(compared, key=lambda tensor: tensor.share)
    budget = worst.units / worst.share if worst.share else float("nan")
    allowed = f" of {budget:.0f}" if worst.share else ""
    return f"  (rounding: {worst.units:.2g} u{allowed})"


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, 100, initial_indent=f"    {label:<10}", subsequent_indent=" " * 14
    ) or [f"    {label}"]


def _finite(value: Any) -> Any:
    """The same value with null for nan and infinities, which JSON does not know."""
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def worst(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Of those of one name the one that is furthest off."""
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        known = found.get(tensor.name)
        if known is None or tensor.problem or tensor.share > known.share:
            found[tensor.name] = tensor
    return tuple(found.values())


# ----------------------------------------------------------------------------------------- pictures


def profile(
    ours: np.ndarray, reference: np.ndarray, layout: compare.Layout
) -> dict[str, list[float]]:
    """The largest error along each axis that is worth a picture, relative to the tensor's scale.

    Parameters
    ----------
    ours, reference : arrays of one shape
    layout : what their axes mean

    Returns
    -------
    dict
        "time": one number a time step, and "unit" (or "input"): one a unit, of those axes that the
        tensor has; of gates one above the other "gate i", ...: one number a unit each. Empty for
        arrays that cannot be compared.
    """
    ours, reference = np.asarray(ours), np.asarray(reference)
    if ours.shape != reference.shape or not ours.size or ours.dtype.kind not in "iufc":
        return {}
    apart = layout.shape(ours.shape)
    dtype = np.result_type(ours, reference, np.float64)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        off = np.abs(ours.astype(dtype) - reference.astype(dtype)).reshape(apart)
        off = np.where(np.isnan(off), np.inf, off) / (np.max(np.abs(reference)) or 1.0)
    names = layout.names()
    features = "unit" if "unit" in names else "input"
    found = {name: _largest_along(off, names, name) for name in ("time", features) if name in names}
    if "gate" in names:
        by_gate = np.moveaxis(off, names.index("gate"), 0)
        others = tuple(name for name in names if name != "gate")
        for gate, errors in zip(layout.gates, by_gate, strict=True):
            found[f"gate {gate}"] = _largest_along(errors, others, features)
    return found


def _largest_along(off: np.ndarray, names: Sequence[str], name: str) -> list[float]:
    others = tuple(k for k, axis in enumerate(names) if axis != name)
    return [float(value) for value in np.max(off, axis=others)]


# -------------------------------------------------------------------------------------- many files


def to_json(reports: Sequence[FileReport], *, single: bool = False) -> str:
    """The reports as JSON text: ``{"passed": ..., "files": [...]}``, or the only one by itself."""
    if single and len(reports) == 1:
        return reports[0].to_json() + "\n"
    whole = {"passed": all_passed(reports), "files": [r.to_dict() for r in reports]}
    return json.dumps(_finite(whole), indent=2) + "\n"


def all_passed(reports: Sequence[FileReport]) -> bool:
    """Whether there was something to judge and all of it passed."""
    return bool(reports) and all(r.passed for r in reports)


def junit(reports: Sequence[FileReport]) -> str:
    """The reports as JUnit XML: a test suite a file, a test case a function.

    FAIL and ILL-CONDITIONED are failures; what could not be judged is an error, NOT FILLED IN too.
    A file without a function of the course is one case with an error.
    """
    root = ElementTree.Element("testsuites", name="handrnn check")
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for file in reports:
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(file.path))
        counts = {"tests": 0, "failures": 0, "errors": 0}
        for function in file.functions.values():
            counts["tests"] += 1
            case = _junit_case(suite, file, function.name, function.seconds)
            if not function.passed:
                kind = "failure" if function.verdict in (FAIL, ILL_CONDITIONED) else "error"
                counts[f"{kind}s"] += 1
                found = ElementTree.SubElement(
                    case, kind, type=function.verdict, message=_xml(_summary(function))
                )
                found.text = _xml(str(function))
            if function.output:
                ElementTree.SubElement(case, "system-out").text = _xml(function.output)
        if not file.functions:
            counts["tests"] += 1
            counts["errors"] += 1
            case = _junit_case(suite, file, "functions of the course", 0.0)
            found = ElementTree.SubElement(
                case, "error", type=NOT_FOUND, message=_xml(file.headline())
            )
            found.text = _xml(str(file))
        for name, count in counts.items():
            suite.set(name, str(count))
            totals[name] += count
    for name, count in totals.items():
        root.set(name, str(count))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _junit_case(
    suite: ElementTree.Element, file: FileReport, name: str, seconds: float
) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_xml(file.path), name=_xml(name), time=f"{seconds:.3f}"
    )


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str) -> str:
    """The text without what XML has no way to hold."""
    return _NOT_XML.sub("\ufffd", text)


def _summary(function: FunctionReport) -> str:
    """One line on what is wrong, no longer than the hint allows."""
    named = "; ".join(f"{m.id}: {m.explanation}" for m in function.mistakes)
    return named or function.where or function.verdict


def table(reports: Sequence[FileReport]) -> str:
    """The class table as CSV: file, function, verdict, mistakes, line, and cell of a notebook.

    A cell that a spreadsheet would take for a formula starts with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "function", "verdict", "mistakes", "line", "cell"))
    for file in reports:
        for f in file.functions.values():
            mistakes = "; ".join(m.id for m in f.mistakes)
            row = (file.path, f.name, f.verdict, mistakes)
            writer.writerow((*map(_no_formula, row), f.line or "", f.cell or ""))
        if not file.functions:
            writer.writerow((_no_formula(file.path), "", NOT_FOUND, "", "", ""))
    return text.getvalue()


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


MARKS = {
    PASS: "ok",
    FAIL: "FAIL",
    ILL_CONDITIONED: "ill",
    CRASHED: "crash",
    TIMED_OUT: "time",
    NOT_FILLED_IN: "empty",
    NOT_FOUND: "-",
}


def columns(reports: Sequence[FileReport]) -> list[str]:
    """The names of all functions in several reports, in the order of the course."""
    names = dict.fromkeys(name for r in reports for name in r.functions)
    order = {f"{cell}{part}": k for k, (cell, part) in enumerate(product(*COURSE))}
    return sorted(names, key=lambda name: order.get(name, len(order)))


def overview(reports: Sequence[FileReport]) -> str:
    """Many files on one screen: who, and the verdict on each function; totals below."""
    functions = columns(reports)
    short = {name: _short(name, functions) for name in functions}
    width = min(40, max((len(r.path) for r in reports), default=0))
    widths = {name: max(5, len(short[name])) for name in functions}
    head = "  ".join(f"{short[name]:<{widths[name]}}" for name in functions)
    lines = [f"{'':<{width}}  {head}".rstrip()]
    for r in reports:
        who = r.path if len(r.path) <= width else f"...{r.path[3 - width :]}"
        marks = "  ".join(
            f"{MARKS[r.functions[name].verdict] if name in r.functions else '-':<{widths[name]}}"
            for name in functions
        )
        if not r.functions:
            marks = r.problems[0] if r.problems else "no function of the course"
        lines.append(f"{who:<{width}}  {marks}".rstrip())
    right = "  ".join(
        f"{sum(name in r.functions and r.functions[name].passed for r in reports):<{widths[name]}}"
        for name in functions
    )
    lines.append(f"{'right':<{width}}  {right}".rstrip())
    lines += ["", f"{sum(r.passed for r in reports)} of {len(reports)} files right"]
    counts = _counts(reports)
    lines[-1] += f" ({', '.join(f'{n} {verdict}' for verdict, n in counts.items())})"
    mistakes = _most_frequent(reports)
    if mistakes:
        lines.append("most frequent: " + ", ".join(f"{id} ({n})" for id, n in mistakes[:5]))
    return "\n".join(lines)


def _short(name: str, functions: Sequence[str]) -> str:
    """lstm_cell_backward as lstm_cell_bwd, to save room where there are several."""
    if len(functions) < 4:
        return name
    return name.replace("forward", "fwd").replace("backward", "bwd")


def _counts(reports: Sequence[FileReport]) -> dict[str, int]:
    """How many functions have each verdict, those verdicts that there are."""
    verdicts = [f.verdict for r in reports for f in r.functions.values()]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}


def _most_frequent(reports: Sequence[FileReport]) -> list[tuple[str, int]]:
    """The mistakes, by how many files make them."""
    ids = [
        id
        for r in reports
        for id in dict.fromkeys(m.id for f in r.functions.values() for m in f.mistakes)
    ]
    return sorted(((id, ids.count(id)) for id in dict.fromkeys(ids)), key=lambda pair: -pair[1])


def write(path: str | Path, data: str | bytes) -> None:
    """Write a file: it is there as a whole, or as it was before.

    What is no regular file, such as a pipe, is written to as it is.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = Path(path)
    data = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
