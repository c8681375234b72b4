"""A file with its fixes in it: the same file or notebook, the mended lines in their places."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..load import loading
from ..report import data as report


def edits_of(file: report.FileReport) -> list[report.Edit]:
    """All edits that were tried and make functions pass, each once."""
    fixes = [f.fix for f in file.functions.values() if f.fix is not None and f.fix.verified]
    return [*dict.fromkeys(edit for fix in fixes for edit in fix.edits)]


def applied(path: str | Path, edits: Iterable[report.Edit]) -> str:
    """The text of a file with edits in it.

    Raises
    ------
    ValueError
        If the file is no longer the one that was judged.
    """
    text = Path(path).read_bytes().decode("utf-8-sig")
    edits = list(edits)
    if not any(edit.cell is not None for edit in edits):
        return changed(text, edits)
    notebook = json.loads(text)
    for number, cell in enumerate(loading.cells_of(notebook), 1):
        some = [edit for edit in edits if edit.cell == number]
        if some:
            _change_cell(cell, some)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _change_cell(cell: dict[str, Any], edits: Sequence[report.Edit]) -> None:
    key = "source" if "source" in cell else "input"
    source = cell[key]
    whole = source if isinstance(source, str) else "".join(source)
    new = changed(whole, edits)
    cell[key] = new if isinstance(source, str) else new.splitlines(keepends=True)


def changed(text: str, edits: Sequence[report.Edit]) -> str:
    """A text with lines replaced, from the last to the first; ends of lines stay as they are.

    Raises
    ------
    ValueError
        If a line is not the one that is to be replaced.
    """
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    for edit in sorted(edits, key=lambda edit: -edit.line):
        old = edit.old.split("\n") if edit.old else []
        start = edit.line - 1
        there = [line.rstrip("\r\n") for line in lines[start : start + len(old)]]
        if there != old:
            raise ValueError(f"line {edit.line} is not {old[0].strip()!r} any more")
        lines[start : start + len(old)] = [line + end for line in edit.new.split("\n") if edit.new]
    return "".join(lines)
