"""A page and a text a student, to hand back."""

import re
from pathlib import Path

from ... import writing
from . import data, page, text

LONGEST = 100  # characters of a file's name


def write(reports: data.Reports, folder: str | Path) -> None:
    """Write ``STUDENT.html`` and ``STUDENT.txt`` for each student; the folder is made.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for student in reports.students():
        name = _name(student.name, taken)
        said = "\n\n".join(text.file(file) for file in student.files)
        writing.write(folder / f"{name}.html", page.of_student(student))
        writing.write(folder / f"{name}.txt", f"{said}\n")


def _name(student: str, taken: set[str]) -> str:
    """A name for files that no other student has."""
    plain = re.sub(r"[^\w.@+-]+", "_", student)[:LONGEST].strip("._") or "student"
    name, number = plain, 1
    while name.lower() in taken:
        number += 1
        name = f"{plain}-{number}"
    taken.add(name.lower())
    return name
