"""The class table as CSV: a row a student, a column a function."""

import csv
import io
from collections.abc import Iterable

from . import data

Row = tuple[str | float | None, ...]


def render(reports: data.Reports) -> str:
    """Student, passed or not, points, the verdict on each function, mistakes, problems, files."""
    names = reports.columns()
    heads = ("student", "passed", "points", "possible", *names, "mistakes", "problems", "files")
    return text([heads, *(_row(student, names) for student in reports.students())])


def _row(student: data.Student, names: Iterable[str]) -> Row:
    functions = student.functions
    verdicts = (functions[name].verdict if name in functions else "" for name in names)
    graded = any(f.score for f in functions.values())
    points = (student.score.earned, student.score.possible) if graded else (None, None)
    ids = dict.fromkeys(mistake.id for f in functions.values() for mistake in f.mistakes)
    problems = [problem for file in student.files for problem in file.problems]
    files = [file.path for file in student.files]
    passed = "yes" if student.passed else "no"
    return student.name, passed, *points, *verdicts, *map("; ".join, (ids, problems, files))


def text(rows: Iterable[Row]) -> str:
    """The rows as CSV; what a spreadsheet would take for a formula starts with an apostrophe."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([_plain(v) for v in row] for row in rows)
    return written.getvalue()


def _plain(value: str | float | None) -> str | float | None:
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else f"{value:g}" if isinstance(value, float) else value
