"""What is said of a function and of a file, as (label, text), for people: nothing of it twice."""

import re
from collections.abc import Iterator

from . import data

UNIT = "a unit of rounding, half the distance from 1 to the next number (1.1e-16 in float64)"
CODE = ("your code", "not", "write", "-", "+")  # the labels of what is program text


def of_function(f: data.FunctionReport) -> Iterator[tuple[str, str]]:
    """All about one function but its name and verdict; "-" and "+" are lines that mend it."""
    fix = f.fix if f.fix is not None and f.fix.verified else None
    edits = [] if fix is None else list(fix.lines())
    if f.where:
        yield "where", f.where
    if f.place and not any(place == f.place for _, place, _ in edits):
        yield "your code", ": ".join(filter(None, (f.place, f.source.strip())))
    proofs = [mistake.proof for mistake in f.mistakes]
    for k, mistake in enumerate(f.mistakes):
        yield "mistake", f"{mistake.id}: {mistake.explanation}"
        if mistake.right and not edits:
            yield from (("not", mistake.wrong),) if mistake.wrong else ()
            yield "write", mistake.right
        if mistake.proof not in f.where and mistake.proof not in proofs[k + 1 :]:
            yield "proof", mistake.proof
    for sign, place, line in edits:
        yield sign, f"{place}  {line.rstrip()}"
    if fix is not None and edits:
        yield "", f"with this it passes, on {fix.probes} further random inputs too"
    known = "\n".join([f.where, *proofs, *(mistake.explanation for mistake in f.mistakes)])
    yield from (("note", note) for note in f.notes if note not in known)


def of_file(file: data.FileReport) -> Iterator[tuple[str, str]]:
    """What holds for all functions."""
    for witness in dict.fromkeys(f.witness for f in file.wrong if f.witness):
        yield "correct values", witness
    known = tuple(f": {f.where}" for f in file.wrong if f.where)
    yield from (("problem", text) for text in file.problems if not text.endswith(known))
    yield from (("note", text) for text in file.notes)


def legend(text: str) -> list[tuple[str, str]]:
    """What u is, if the text has any."""
    return [("u", UNIT)] if re.search(r"\d\s+u\b", text) else []


def title(f: data.FunctionReport) -> str:
    """The name, with the dialect unless it is the course's."""
    return f.name if f.dialect in data.COURSE_DIALECTS else f"{f.name} ({f.dialect})"
