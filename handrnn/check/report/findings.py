"""What is wrong, a finding a function: its place, an id and a message, as programs take them."""

from collections.abc import Iterator
from typing import NamedTuple

from ..explain import catalogue
from . import data, said, text

ERROR, NOTE = "error", "note"
MEANINGS = {  # of ids that are not those of a mistake
    data.FAIL: "The function is wrong.",
    data.NOT_BY_HAND: "The function is right, but by a library that has the answer.",
    data.ILL_CONDITIONED: "The function is wrong, but rounding alone can do this much.",
    data.CRASHED: "The function raised an error.",
    data.TIMED_OUT: "The function took too long.",
    data.NOT_FILLED_IN: "The function is a template that is not filled in.",
    data.NOT_FOUND: "The function, or any recurrent function, is not there.",
    data.NOT_JUDGED: "The function or class was seen and not judged.",
}


class Finding(NamedTuple):
    """A function that does not pass, or was not judged.

    Attributes
    ----------
    level : `ERROR` or `NOTE`
    id : that of a mistake, or the verdict
    path : of the file
    cell : what a notebook calls the cell; "" in a file
    line : in the file or the cell, if it is known
    message : one line
    details : all that the hint shows
    """

    level: str
    id: str
    path: str
    cell: str
    line: int | None
    message: str
    details: str


def of(reports: data.Reports) -> Iterator[Finding]:
    """All findings, file by file."""
    for file in reports.files:
        yield from (_wrong(file, f) for f in file.wrong)
        if not file.functions or not file.recurrent:
            why = "; ".join(file.problems) or file.summary()
            yield _finding(ERROR, data.NOT_FOUND, file.path, None, why, text.beside_functions(file))
        yield from (_left(file, one) for one in file.not_judged)


def meaning(id: str) -> str:
    """What an id stands for, in a sentence."""
    verdicts = {_slug(verdict): words for verdict, words in MEANINGS.items()}
    return verdicts.get(id) or catalogue.KINDS.get(id, id)


def _slug(verdict: str) -> str:
    return verdict.lower().replace(" ", "-")


def _wrong(file: data.FileReport, f: data.FunctionReport) -> Finding:
    told = "; ".join(mistake.explanation for mistake in f.mistakes) or f.where or f.verdict
    id = f.mistakes[0].id if f.mistakes else f.verdict
    return _finding(ERROR, id, file.path, f, f"{said.title(f)}: {told}", text.function(f))


def _left(file: data.FileReport, one: data.NotJudged) -> Finding:
    words = f"{one.name}: {one.why}"
    details = f"{words}\ntry {one.command}" if one.command else words
    return _finding(NOTE, data.NOT_JUDGED, file.path, one, words, details)


def _finding(
    level: str,
    id: str,
    path: str,
    place: data.FunctionReport | data.NotJudged | None,
    message: str,
    details: str,
) -> Finding:
    cell = ""
    if place is not None and place.cell is not None:
        cell = place.shown or f"cell {place.cell}"
    line = place.line if place else None
    return Finding(level, _slug(id), path, cell, line, " ".join(message.split()), details)
