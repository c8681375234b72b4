"""The class table as CSV: a row a function."""

import csv
import io

from . import data


def render(reports: data.Reports) -> str:
    """File, function, verdict, mistakes, line, cell as a notebook shows it, dialect.

    A cell that a spreadsheet would take for a formula starts with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "function", "verdict", "mistakes", "line", "cell", "dialect"))
    for file in reports.files:
        rows = [_row(f) for f in file.functions.values()] or [
            ("", data.NOT_FOUND, "", None, None, "")
        ]
        rows += [
            (n.name, data.NOT_JUDGED, "", n.line, n.shown or n.cell, "") for n in file.not_judged
        ]
        writer.writerows([_plain(value) for value in (file.path, *row)] for row in rows)
    return text.getvalue()


def _row(f: data.FunctionReport) -> tuple[str | int | None, ...]:
    ids = dict.fromkeys(mistake.id for mistake in f.mistakes)
    return f.name, f.verdict, "; ".join(ids), f.line, f.shown or f.cell, f.dialect


def _plain(value: str | int | None) -> str | int | None:
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value
