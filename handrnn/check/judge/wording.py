"""Sentences of a report: where a function is wrong, what of it is not there, what is odd."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..load import parts
from ..report import data as report
from ..run import runner
from . import runs, submitted, target

WHOLE = "softmax divides by the sum over the whole matrix"


def gaps(source: str) -> str:
    """What a template has left open, in words."""
    names = re.findall(r"^\s*(\w[\w\[\]:, \"']*?)\s*=\s*None\b", source, re.MULTILINE)
    if not names:
        return "there is nothing in it yet"
    listed = ", ".join(dict.fromkeys(names))
    return f"{listed} {'are' if len(names) > 1 else 'is'} None"


def nothing(trial: runs.Trial, source: str) -> str:
    """What a function returns that returns None, or None in parts."""
    problems = trial.flat.problems if trial.flat is not None else []
    parts = [text for text in problems if text.endswith(" is None")]
    lost = "" if "return" in source else ": there is no return in it"
    return ", ".join(parts) or "it returns None" + lost


def where(trial: runs.Trial) -> str:
    """Which results are wrong, and the first place."""
    assert trial.flat is not None
    words = list(trial.flat.problems)
    wrong = trial.wrong
    right = [d.name for d in trial.differences if d.passed]
    if any(trial.flat.outputs[name].dtype == np.float16 for name in wrong):
        words.append("float16 holds three digits only")
    if wrong:
        first = next(d for d in trial.differences if d.name == wrong[0])
        said = any(text.startswith(f"{first.name} has shape") for text in words)
        words += [*_gate(wrong, right), *([] if said else [str(first)])]
    if wrong and len(trial.differences) > 1:
        words.append(_extent(wrong, right))
    return "; ".join(words)


def _extent(wrong: Sequence[str], right: Sequence[str]) -> str:
    """How many results are wrong; by name the fewer of the wrong and the right ones."""
    if not right:
        return f"all {len(wrong)} results are wrong"
    if len(wrong) == 1:
        return "the other results are right"
    if len(right) < len(wrong):
        return f"{len(wrong)} results are wrong, all but {', '.join(right)}"
    return (
        f"{len(wrong)} of {len(wrong) + len(right)} results are wrong: also {', '.join(wrong[1:])}"
    )


def _gate(wrong: Sequence[str], right: Sequence[str]) -> list[str]:
    """The one gate whose gradients are wrong while those of the others are right, in words."""
    bad = {name[2:].strip("_") for name in wrong if name[:2] in ("dW", "db")}
    good = {part: {n[2:].strip("_") for n in right if n[:2] == part} for part in ("dW", "db")}
    gates = bad - good["dW"] - good["db"]
    others = (good["dW"] & good["db"]) - gates
    if len(gates) != 1 or len(others) != 3 or not gates | others <= set("ficoum"):
        return []
    return [f"of the gates, only gate {gates.pop()} is wrong"]


def failing_line(submission: parts.Submission, frames: Sequence[runner.Frame]) -> str:
    """The text of the innermost line that a failure passed through."""
    for piece in submission.pieces:
        if frames and piece.cell == frames[-1].cell:
            return piece.source.split("\n")[frames[-1].line - 1].strip()
    return ""


def imported(
    submission: parts.Submission, named: tuple[report.Named, ...]
) -> tuple[report.Named, ...]:
    """Mistakes, of which a softmax of the whole matrix may be a library's, without its axis."""
    made = [c for c in submission.chunks if c.kind == "import" and "softmax" in c.names]
    if not made or "softmax" in submission.definitions:
        return named
    why = f"softmax is the one imported from {made[0].module}: without an axis it runs over the"
    return tuple(
        replace(
            one,
            explanation=f"{why} whole matrix.",
            wrong="softmax(...)",
            right=f"softmax(..., {axis[0]})",
        )
        if (axis := re.search(r"axis=-?\d", one.right)) and WHOLE in one.explanation
        else one
        for one in named
    )


def first_line(source: str) -> str:
    """The first line of a function; '' if its source is not known."""
    return source.strip().splitlines()[0] if source.strip() else ""


def notes(chosen: Sequence[runs.Trial]) -> tuple[str, ...]:
    """What is different and harmless."""
    found = [note for trial in chosen if trial.flat is not None for note in trial.flat.notes]
    if any(trial.single for trial in chosen):
        found.append("it computes in float32: right to single precision")
    off: dict[str, float] = {}
    for d in (d for trial in chosen for d in trial.differences):
        if d.passed and d.budget == runs.SLACK:
            off[d.name] = max(d.error, off.get(d.name, 0.0))
    found += [f"an epsilon in the denominator puts {n} off by {e:.0e}" for n, e in off.items()]
    found += [f"warning: {text}" for trial in chosen for text in trial.outcome.warnings]
    return tuple(dict.fromkeys(found))


def edge_note(one: target.Target, tried: Sequence[runs.Trial]) -> tuple[str, ...]:
    """What happens on a rare input (`runs.EDGES`), whichever way it is run."""
    forward = one.function.kind in runs.FORWARD
    if not tried or any(_finite(trial) if forward else trial.right for trial in tried):
        return ()
    if one.function.kind != "backward":
        if re.search(r"(?<!soft)max(imum)?\(", one.definition.source):
            return ("warning: one maximum for all examples: where exp underflows it returns nan",)
        return ("warning: no maximum is subtracted: where exp overflows it returns nan or inf",)
    return ("T is not read from da.shape: a da of fewer steps than the forward pass fails",)


def _finite(trial: runs.Trial) -> bool:
    """Whether it returned numbers: so far out, rounding takes most of their digits."""
    return trial.returned and not any(d.problem for d in trial.differences)


def untaken_note(one: target.Target) -> tuple[str, ...]:
    """Which optional arguments keep their defaults, so that a branch was not run."""
    return tuple(
        f"{name} is {value} in every run: what is done where it is not was not judged"
        for name, value in one.lines.untaken(len(one.match.order))
    )


def sized(
    one: target.Target, base: report.FunctionReport, trial: runs.Trial
) -> report.FunctionReport:
    """The report of a function that is right on the first inputs, and not with other sizes."""
    probe, error = trial.probe, trial.outcome.error
    sizes = ", ".join(f"{letter} = {getattr(probe, letter)}" for letter in "TBIHY")
    said = where(trial) if trial.returned else str(error)
    named = report.Named(
        "unexplained",
        "It is right for some sizes only: one may be written as a number instead of read from a"
        " shape.",
    )
    said = f"right on the first inputs, not with {sizes}: {said}"
    line = error.line if error is not None and error.line else base.line
    source = one.lines.text(line) if line else base.source
    return replace(
        base, verdict=report.FAIL, where=said, line=line, source=source, mistakes=(named,)
    )


def lacking_note(one: target.Target, submission: parts.Submission) -> tuple[str, ...]:
    """Which function of its dialect it calls that the file has not: by itself the file stops."""
    bound = {n for chunk in submission.chunks for n in chunk.names} | {*submission.broken}
    if submission.path is None or "*" in bound:  # text may be a part of a program
        return ()
    others = {f.owner or f.name for f in one.match.dialect.functions.values() if f.cell}
    lacking = sorted(others & submitted.read_by(submission, one.called) - bound)
    return (f"{', '.join(lacking)}: not in the file, judged with the course's",) if lacking else ()


def company_note(
    one: target.Target, ways: runs.Ways, chosen: Sequence[runs.Trial]
) -> tuple[str, ...]:
    """Which of the submission's own functions a right one needs."""
    if chosen is ways["chain"] and one.function.cache_taken:
        return ("reads the caches of your own forward function, not those of the course",)
    if chosen is ways["own"] and not runs.all_right(ways["alone"]):
        needed = [one.steps_function] if one.calls_its_cell else one.helpers
        if needed:
            return (f"right with your own {' and '.join(needed)}, not with the course's",)
    return ()
