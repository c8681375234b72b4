"""The class table as CSV: a row a function."""

import csv
import io

from . import data


def render(reports: data.Reports) -> str:
    """File, function, verdict, mistakes, line, cell of a notebook, dialect.

    A cell that a spreadsheet would take for a formula starts with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "function", "verdict", "mistakes", "line", "cell", "dialect"))
    for file in reports.files:
        rows = [
            (f.name, f.verdict, "; ".join(m.id for m in f.mistakes), f.line, f.cell, f.dialect)
            for f in file.functions.values()
        ] or [("", data.NOT_FOUND, "", None, None, "")]
        rows += [(n.name, data.NOT_JUDGED, "", n.line, n.cell, "") for n in file.not_judged]
        writer.writerows([_plain(value) for value in (file.path, *row)] for row in rows)
    return text.getvalue()


def _plain(value: str | int | None) -> str | int | None:
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value
