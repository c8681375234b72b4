"""Statements of a piece of program text, also where it does not parse as a whole."""

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from . import parts, python2

MOST_ATTEMPTS = 60  # to find the end of a statement in a piece that does not parse as a whole
CANNOT_PARSE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
CELL_MAGIC = re.compile(r"\s*%%(\w+)")
MAGIC_LINE = re.compile(r"^(\s*)(?:[%!?].*|[\w.\[\]]+\?{1,2}\s*|\w+\s*=\s*[%!].*)$")
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "writefile", "python", "python3", "py"}


def _without_magics(source: str) -> str:
    """The program with what only a notebook understands blanked out; lines stay where they are."""
    first = CELL_MAGIC.match(source)
    if first and first[1] not in PYTHON_MAGICS:
        return "\n" * source.count("\n")
    return "\n".join(MAGIC_LINE.sub(r"\1pass", line) for line in source.split("\n"))


def dedented(source: str) -> str:
    """A piece whose first line is indented is moved to the left, as notebooks do it."""
    indent = re.match(r"(?:[ \t]*(?:#.*)?\n)*([ \t]+)(?=\S)", source)
    if not indent:
        return source
    return re.sub(rf"^{re.escape(indent[1])}", "", source, flags=re.MULTILINE)


@dataclass
class Read:
    """What a piece says.

    Parameters
    ----------
    body : its top-level statements
    source : the text in which they were found, with the lines of the piece
    broken : what does not parse: (name of the function or class, message, line)
    refused : why Python would not take the piece as it stands: (message, line)
    python2 : whether it had to be translated
    """

    body: list[ast.stmt]
    source: str
    broken: list[tuple[str | None, str, int]] = field(default_factory=list)
    refused: tuple[str, int] | None = None
    python2: bool = False


def read(piece: parts.Piece) -> Read:
    """The top-level statements of a piece, as many of them as parse."""
    source, clean = piece.source, _clean(piece.source)
    body, refused = _parse(source)
    if body is None and clean != source:
        source, (body, _) = clean, _parse(clean)
    if body is not None and not _has_old_methods(source):
        return Read(body, source, refused=refused)
    for text in dict.fromkeys((python2.translated(source), python2.translated(clean))):
        translated, _ = _parse(text)
        if translated is not None:
            return Read(translated, text, python2=True)
    if body is not None:
        return Read(body, source, refused=refused)
    plain, second = _one_by_one(clean, str), _one_by_one(clean, python2.translated)
    second.python2 = True
    best = second if len(second.broken) < len(plain.broken) else plain
    best.refused = refused
    return best


def _parse(source: str) -> tuple[list[ast.stmt] | None, tuple[str, int] | None]:
    """The statements; None, and why, if it does not parse as a whole."""
    try:
        return ast.parse(source).body, None
    except SyntaxError as error:
        return None, (str(error.msg), error.lineno or 1)
    except CANNOT_PARSE as error:
        return None, (f"cannot be parsed: {type(error).__name__}", 1)


def _has_old_methods(source: str) -> bool:
    """Whether it calls methods that only the dicts of Python 2 have."""
    if not python2.METHODS.search(source) or re.search(r"def (iter|view|has_key)", source):
        return False
    return bool(python2.METHODS.search(python2.LITERAL.sub("", source)))


def _clean(source: str) -> str:
    return dedented(_without_magics(source))


TOP_LEVEL = re.compile(r"[^\s#)\]}]")
CONTINUES = re.compile(r"(else|elif|except|finally)\b")
UNFINISHED = re.compile(r"never closed|unterminated triple|EOF|expected an indented|expected 'exc")
DEFINES = re.compile(r"\s*(?:async\s+)?def\s+(\w+)|\s*class\s+(\w+)")


def _one_by_one(source: str, translate: Callable[[str], str]) -> Read:
    """Statements that parse each by itself, of a source that does not parse as a whole."""
    lines, found = source.split("\n"), Read([], source)
    starts = [n for n, line in enumerate(lines) if TOP_LEVEL.match(line)]
    starts = [n for n in starts if not CONTINUES.match(lines[n])]
    ends = [*starts[1:], len(lines)]
    at = 0
    while at < len(starts):
        attempts = ends[at : at + MOST_ATTEMPTS]
        taken, body, text = _shortest(lines, starts[at], attempts, translate)
        if not taken:
            found.broken.append(_broken(lines[starts[at] : ends[at]], starts[at]))
        found.body += body
        lines[starts[at] : starts[at] + len(text)] = text
        at += max(taken, 1)
    found.source = "\n".join(lines)
    return found


def _shortest(
    lines: list[str], start: int, ends: Iterable[int], translate: Callable[[str], str]
) -> tuple[int, list[ast.stmt], list[str]]:
    """The fewest stretches from a start that parse together: how many, what they are and say."""
    for count, end in enumerate(ends, 1):
        text = translate("\n".join(lines[start:end]))
        try:
            body = ast.parse(text).body
        except CANNOT_PARSE as error:
            if UNFINISHED.search(str(error)):
                continue
            break  # more of it would not help
        for statement in body:
            ast.increment_lineno(statement, start)
        return count, body, text.split("\n")
    return 0, [], []


def _broken(lines: list[str], start: int) -> tuple[str | None, str, int]:
    """What does not parse, and why."""
    named = DEFINES.match("\n".join(lines))
    name = (named[1] or named[2]) if named else None
    _, why = _parse("\n" * start + "\n".join(lines))  # messages name lines too
    message, line = why or ("cannot be parsed", start + 1)
    return name, message, line
