"""Mended lines for a report: what a child process found, as edits of the file, tried once more.

A fix is shown only if the whole file, with the lines of all fixes in it, was judged anew and the
function passed.
"""

import ast
import difflib
import pickle
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..judge import target
from ..load import loading, parts
from ..report import data as report
from ..run import runner
from . import differences, search

SECONDS = 300.0  # ends what hangs; the budget of a repair counts runs
UNSEEN = 3  # probes of other sizes on which a repair is tried


@dataclass(frozen=True)
class Repair:
    """What a child made of one function.

    Attributes
    ----------
    changes : definition, kind, and the expressions before and after
    texts : the mended text of each definition
    whole : the function is right with them, on probes that the search had not seen
    """

    changes: tuple[tuple[str, str, str, str], ...]
    texts: Mapping[str, str]
    whole: bool


@dataclass(frozen=True)
class Row:
    """Lines of a piece of program, replaced by others."""

    cell: int | None
    start: int  # counted from 0
    stop: int
    new: tuple[str, ...]


def with_fixes(
    functions: Mapping[str, report.FunctionReport],
    asked: Sequence[tuple[target.Target, str]],
    submission: parts.Submission,
    judged: Callable[[parts.Submission], report.FileReport],
) -> dict[str, report.FunctionReport]:
    """The reports of functions, with what mends those that can be mended.

    Parameters
    ----------
    functions : by name
    asked : the targets that are wrong, each with the way in which it was judged
    submission : whose they are
    judged : judges a submission
    """
    found = {name: one for name, one in _repairs(submission, asked).items() if one.whole}
    rows = {name: [*_rows(submission, one)] for name, one in found.items()}
    together = _apart([row for some in rows.values() for row in some])
    if not together:
        return dict(functions)
    anew = judged(mended(submission, together)).functions
    result = dict(functions)
    for one, _ in asked:
        passed = one.name in anew and anew[one.name].passed
        if one.name in found and passed and set(rows[one.name]) <= set(together):
            result[one.name] = _told(functions[one.name], one, found[one.name], rows, submission)
    return result


def _told(
    judged: report.FunctionReport,
    one: target.Target,
    repair: Repair,
    rows: Mapping[str, Sequence[Row]],
    submission: parts.Submission,
) -> report.FunctionReport:
    """A report with its fix; the mistake is the difference, where nothing else explains it."""
    edits = tuple(_edit(row, submission) for row in rows[one.name])
    fix = report.Fix(edits, True, UNSEEN)
    mistakes = judged.mistakes
    if all(mistake.id == "unexplained" for mistake in mistakes):
        crashed = judged.verdict == report.CRASHED
        mistakes = differences.named(one, repair.changes, crashed)
    at = edits[0]
    place: dict[str, Any] = {}
    if at.old and judged.line not in {edit.line for edit in edits}:
        place = {"line": at.line, "cell": at.cell, "source": at.old.split("\n")[0]}
    return replace(judged, fix=fix, mistakes=mistakes, **place)


# in the child ----------------------------------------------------------------------------------


def _repairs(
    submission: parts.Submission, asked: Sequence[tuple[target.Target, str]]
) -> dict[str, Repair]:
    """What mends each of some targets."""
    found: dict[str, Repair] = {}
    for dialect in dict.fromkeys(one.match.dialect.name for one, _ in asked):
        some = [(one, way) for one, way in asked if one.match.dialect.name == dialect]
        match = some[0][0].match
        called = {one.called: one.function.owner or one.name for one, _ in some}
        described = {
            "name": dialect,
            "text": match.dialect.text,
            "called": called,
            "respelt": dict(match.respelt),
        }
        steps = [
            runner.Step(one.name, one.called, task=_packed(one, way, submission))
            for one, way in some
        ]
        outcomes = runner.run(submission, steps, seconds=SECONDS, dialect=described)
        found |= {id: _read(outcome.value) for id, outcome in outcomes.items() if outcome.returned}
    return found


def _packed(one: target.Target, way: str, submission: parts.Submission) -> np.ndarray:
    """What the child needs to know; only the child of this very process reads it."""
    return np.frombuffer(pickle.dumps((search.task, one, way, editable(one, submission))), np.uint8)


def editable(one: target.Target, submission: parts.Submission) -> dict[str, str]:
    """The texts that may be changed: the target's, and those of helpers of its own."""
    known = one.match.dialect.functions.values()
    others = {f.owner or f.name for f in known} | {*one.helpers}
    names = [one.called, *sorted(one.uses - others - {one.called})]
    found = {name: submission.definitions.get(name) for name in names}
    texts = {name: textwrap.dedent(d.source) for name, d in found.items() if d and d.source}
    return {name: text for name, text in texts.items() if _is_definition(text)}


def _is_definition(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    return len(tree.body) == 1 and isinstance(tree.body[0], ast.FunctionDef | ast.ClassDef)


def _read(value: Mapping[str, Any]) -> Repair:
    changes = [tuple(str(part) for part in change) for change in value["changes"]]
    return Repair(tuple(changes), dict(value["texts"]), bool(value["whole"]))  # pyright: ignore


# in the file -----------------------------------------------------------------------------------


def _rows(submission: parts.Submission, repair: Repair) -> Iterator[Row]:
    """The lines that a repair replaces, where they stand in the file."""
    for name, text in repair.texts.items():
        known = submission.definitions[name]
        before = known.source.split("\n")
        indent = before[0][: len(before[0]) - len(before[0].lstrip())]
        after = [indent + line if line else line for line in text.rstrip("\n").split("\n")]
        pairs = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
        for what, i, j, k, m in pairs.get_opcodes():
            start, pairs_up = known.line - 1, what == "replace" and j - i == m - k
            if pairs_up:
                for line, row in zip(range(i, j), after[k:m], strict=True):
                    yield Row(known.cell, start + line, start + line + 1, (row,))
            elif what != "equal":
                yield Row(known.cell, start + i, start + j, tuple(after[k:m]))


def _apart(rows: Sequence[Row]) -> list[Row]:
    """Those of some rows that touch no other one, each once, from the last to the first."""
    different = [*dict.fromkeys(rows)]
    clear = [
        row
        for row in different
        if not any(
            row is not other
            and row.cell == other.cell
            and row.start < max(other.stop, other.start + 1)
            and other.start < max(row.stop, row.start + 1)
            for other in different
        )
    ]
    return sorted(clear, key=lambda row: (-row.start, -row.stop))


def _edit(row: Row, submission: parts.Submission) -> report.Edit:
    """A row, as a report shows it."""
    (piece,) = (piece for piece in submission.pieces if piece.cell == row.cell)
    old = "\n".join(piece.lines[row.start : row.stop])
    return report.Edit(row.start + 1, row.cell, old, "\n".join(row.new))


def mended(submission: parts.Submission, rows: Sequence[Row]) -> parts.Submission:
    """The submission with rows replaced, read anew."""
    pieces = []
    for piece in submission.pieces:
        lines = list(piece.lines)
        for row in rows:
            if row.cell == piece.cell:
                lines[row.start : row.stop] = row.new
        pieces.append(replace(piece, source="\n".join(lines)))
    return loading.again(submission, pieces)
