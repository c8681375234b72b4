"""Whose a file is: student ids in names as Moodle, Canvas and GitHub Classroom write them."""

import re
from pathlib import PurePath

MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(file|onlinetext)")
CANVAS = re.compile(r"(?P<name>[^_]+)(_LATE)?_(?P<id>\d+)_\d+_.+")
CLASSROOM = "-submissions"  # hw1-submissions/hw1-anna


def known(name: str) -> str:
    """The student in the name of a file or folder of Moodle or Canvas: "Anna (123)"; else ""."""
    found = MOODLE.match(name) or CANVAS.fullmatch(name)
    return f"{found['name']} ({found['id']})" if found else ""


def student(path: PurePath, folder: str) -> str:
    """Whose a file is.

    Parameters
    ----------
    path : of the file, from the folder with all submissions
    folder : name of that folder
    """
    for part in path.parts:
        if found := known(part):
            return found
    if len(path.parts) == 1:
        return path.stem
    first = path.parts[0].removesuffix(".zip")
    assignment = folder.removesuffix(CLASSROOM)
    return first.removeprefix(f"{assignment}-") if assignment != folder else first
