"""Reads a submission and keeps what can be judged: definitions, imports, and the values they read.

A file or a notebook is parsed, never executed: training code, plots, prints, tests and what stands
under ``if __name__ == "__main__"`` are left out. So are values that depend on these, on chance, on
files, or on a call of one of the submission's own functions. Where a piece does not parse, it is
taken apart at its top-level statements, so that every function that does parse is kept.
What is left are code objects, a statement each, with the line numbers of the file
(`parts.Submission.chunks`); only the child process executes them.

Lines are counted from 1 in the file, or in the cell of a notebook. Cells are counted from 1, text
cells included.
"""

import codecs
import json
import stat
import sys
import tokenize
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

from . import parts, reading, sorting

MOST_SOURCE = 20 * 2**20  # bytes of program text
MOST_NOTEBOOK = 200 * 2**20  # bytes of a notebook: nearly all of it are pictures
SUFFIXES = (".py", ".ipynb")
MACHINES = ("__pycache__", "__MACOSX")  # folders that nobody writes by hand
STANDARD_INPUT = ("-", "/dev/stdin")


def find(specification: str | Path) -> list[tuple[Path, str | None]]:
    """The files that a path names, and the function asked for.

    Parameters
    ----------
    specification : a file, a folder (its ``.py`` and ``.ipynb`` files, sorted, folders within
        included, hidden ones left out), ``path.py::lstm_backward``, or "-" for the standard input

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    OSError
        If it cannot be read, or is neither file nor folder.
    """
    name, wanted = str(specification), None
    if name in STANDARD_INPUT:
        return [(Path(name), None)]
    try:
        status = reading.status(name)
    except FileNotFoundError:
        if "::" not in name:
            raise
        name, wanted = name.rsplit("::", 1)
        status = reading.status(name)
    if stat.S_ISDIR(status.st_mode):
        return [(file, wanted) for file in files_in(Path(name))]
    return [(Path(name), wanted or None)]


def files_in(folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """The files with these suffixes in a folder, sorted; hidden ones are left out."""
    files = (path for path in folder.rglob("*") if path.suffix in suffixes and path.is_file())
    return sorted(path for path in files if not hidden(path.relative_to(folder)))


def hidden(path: Path) -> bool:
    """Whether a path leads through what is hidden, or written by machines."""
    return any(part.startswith(".") or part in MACHINES for part in path.parts)


def load(path: str | Path, *, all_imports: bool = False) -> parts.Submission:
    """Read a file; whatever is wrong with it is reported in `Submission.problems`.

    Parameters
    ----------
    path : Python program or notebook; what it is shows in its name or its first characters; "-" is
        the standard input
    all_imports : whether imports are kept that nothing in the file uses: others may import them

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    given, name = str(path) in STANDARD_INPUT, str(path)
    path = Path(path)
    submission = parts.Submission(path=None if given else path)
    notebook = path.suffix == ".ipynb"
    most = MOST_NOTEBOOK if notebook or given else MOST_SOURCE
    data = sys.stdin.buffer.read(most + 1) if given else reading.head(name, most + 1)
    if len(data) > most:
        problem = f"{path.name} has more than the {most // 2**20} MB that are read"
        submission.problems.append(problem)
        return submission
    text = _decoded(data, submission)
    if text is None:
        return submission
    if notebook or (text.lstrip().startswith("{") and '"nbformat"' in text):
        submission.pieces = _cells(text, submission)
    else:
        submission.pieces = [parts.Piece(text, label="<stdin>" if given else path.name)]
    return _parsed(submission, all_imports)


def from_text(text: str) -> parts.Submission:
    """What `load` does, for a program given as text."""
    submission = parts.Submission()
    submission.pieces = [parts.Piece(_newlines(text))]
    return _parsed(submission)


def again(submission: parts.Submission, pieces: list[parts.Piece]) -> parts.Submission:
    """A submission read anew, with other pieces of program in it."""
    return _parsed(parts.Submission(path=submission.path, pieces=pieces))


def _decoded(data: bytes, submission: parts.Submission) -> str | None:
    """The text of a file, in the encoding that its head declares; None for a binary one."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data:
        submission.problems.append(f"{submission.name} is a binary file, not a program")
        return None
    else:
        encoding = _declared(data)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        submission.notes.append(f"{submission.name} is not in {encoding}: read as Latin-1")
        text = data.decode("latin-1")
    if not text.strip():
        submission.problems.append(f"{submission.name} is empty")
        return None
    return _newlines(text)


def _declared(data: bytes) -> str:
    try:
        return tokenize.detect_encoding(BytesIO(data).readline)[0]
    except SyntaxError:
        return "utf-8"


def _newlines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _cells(text: str, submission: parts.Submission) -> list[parts.Piece]:
    """The code cells of a notebook.

    A notebook is JSON, and of its format only the cells' text is needed: ``json`` reads it in any
    version, also where nbformat is not installed or would refuse the file.
    """
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        submission.problems.append(f"{submission.name} is not a notebook: {error}")
        return []
    pieces = []
    for number, cell in enumerate(cells_of(notebook), 1):
        source = _cell_source(cell)
        if source is not None:
            label, shown = f"<cell {number}>", _shown(cell, number)
            pieces.append(parts.Piece(_newlines(source), number, label, shown))
    if not pieces:
        submission.problems.append(f"{submission.name} is a notebook without a code cell")
    return pieces


def cells_of(notebook: Any) -> list:
    """All cells of a notebook, whatever they hold."""
    if not isinstance(notebook, dict):
        return []
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")  # version 3
    sheets = sheets if isinstance(sheets, list) else []
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def _shown(cell: dict, number: int) -> str:
    """What stands beside a cell."""
    count = cell.get("execution_count", cell.get("prompt_number"))  # version 3 has the latter
    return f"In [{count}]" if isinstance(count, int) else f"cell {number}"


def _cell_source(cell: Any) -> str | None:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source", cell.get("input"))  # version 3 says input
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else None


def _parsed(submission: parts.Submission, all_imports: bool = False) -> parts.Submission:
    """Sort every statement of every piece: keep it, or leave it out."""
    submission.text = "\n".join(piece.source for piece in submission.pieces)
    if len(submission.text) > MOST_SOURCE:
        submission.problems.append(f"{submission.name} holds more program text than is read")
        return submission
    sorter = sorting.Sorter(submission)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\s" in a docstring is none of our business
        for piece in submission.pieces:
            sorter.piece(piece)
        sorter.finish(all_imports)
    del submission.problems[sorting.MOST_PROBLEMS :]
    return submission
