"""The long table as CSV: a row a function."""

from . import data, table

HEADS = ("file", "function", "verdict", "mistakes", "line", "cell", "dialect")


def render(reports: data.Reports) -> str:
    """File, function, verdict, mistakes, line, cell as a notebook shows it, dialect."""
    lines: list[table.Row] = [HEADS]
    for file in reports.files:
        rows = [_row(f) for f in file.functions.values()] or [
            ("", data.NOT_FOUND, "", None, None, "")
        ]
        rows += [
            (n.name, data.NOT_JUDGED, "", n.line, n.shown or n.cell, "") for n in file.not_judged
        ]
        lines += [(file.path, *row) for row in rows]
    return table.text(lines)


def _row(f: data.FunctionReport) -> table.Row:
    ids = dict.fromkeys(mistake.id for mistake in f.mistakes)
    return f.name, f.verdict, "; ".join(ids), f.line, f.shown or f.cell, f.dialect
