"""Wrong functions as data: a right submission and the lines in which somebody went wrong.

``submissions/wrong/<dialect>.toml`` holds them. The functions in ``submissions/wrong/bases`` are
right ones in unusual styles, for the same purpose.
"""

import tomllib
from pathlib import Path
from typing import NamedTuple

SUBMISSIONS = Path(__file__).resolve().parent / "submissions"
WRONG = SUBMISSIONS / "wrong"
BASES = WRONG / "bases"


class Case(NamedTuple):
    name: str  # dialect/number
    source: str  # the whole file, with the mistake in it
    function: str  # which must not pass
    id: str | None  # of the kind of mistake, where it is one of the usual ones


def changed(text, edits):
    """The text with some of its lines replaced; what is new is indented as the old line was."""
    lines = text.splitlines()
    for edit in edits:
        line = lines[edit["line"] - 1]
        if line.strip() != edit["old"]:
            raise ValueError(f"line {edit['line']} is {line.strip()!r}, not {edit['old']!r}")
        margin = line[: len(line) - len(line.lstrip())]
        new = [margin + one for one in edit["new"].splitlines()]
        lines[edit["line"] - 1] = "\n".join(new)
    return "\n".join(lines) + "\n"


def entries():
    """Pairs of a name and a table of the files, with base, function, edits, sentence, kind."""
    for path in sorted(WRONG.glob("*.toml")):
        for number, entry in enumerate(tomllib.loads(path.read_text())["wrong"]):
            yield f"{path.stem}/{number}", entry


def cases():
    for name, entry in entries():
        text = (SUBMISSIONS / entry["base"]).read_text()
        yield Case(name, changed(text, entry["edits"]), entry["function"], entry.get("id"))


def dialect(base):
    """The file of a dialect that a base needs, or None where the built-in ones are enough."""
    own = base.startswith(("own/", "wrong/bases/own_"))
    return SUBMISSIONS / "own/sunspots.toml" if own else None
