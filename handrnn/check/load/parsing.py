"""Statements of a piece of program text, also where it does not parse as a whole."""

import ast
import re
from collections.abc import Iterable

from . import parts

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


def _dedented(source: str) -> str:
    """A piece whose first line is indented is moved to the left, as notebooks do it."""
    indent = re.match(r"(?:[ \t]*(?:#.*)?\n)*([ \t]+)(?=\S)", source)
    if not indent:
        return source
    return re.sub(rf"^{re.escape(indent[1])}", "", source, flags=re.MULTILINE)


def statements(piece: parts.Piece, broken: dict[str | None, tuple[str, int]]) -> list[ast.stmt]:
    """The top-level statements of a piece; what does not parse goes to ``broken``."""
    for source in dict.fromkeys((piece.source, _clean(piece.source))):
        try:
            return ast.parse(source).body
        except CANNOT_PARSE:
            continue
    return _one_by_one(_clean(piece.source), broken)


def _clean(source: str) -> str:
    return _dedented(_without_magics(source))


TOP_LEVEL = re.compile(r"[^\s#)\]}]")
CONTINUES = re.compile(r"(else|elif|except|finally)\b")
UNFINISHED = re.compile(r"never closed|unterminated triple|EOF|expected an indented|expected 'exc")
DEFINES = re.compile(r"\s*(?:async\s+)?def\s+(\w+)|\s*class\s+(\w+)")


def _one_by_one(source: str, broken: dict[str | None, tuple[str, int]]) -> list[ast.stmt]:
    """Statements that parse each by itself, of a source that does not parse as a whole."""
    lines = source.split("\n")
    starts = [n for n, line in enumerate(lines) if TOP_LEVEL.match(line)]
    starts = [n for n in starts if not CONTINUES.match(lines[n])]
    ends = [*starts[1:], len(lines)]
    statements, at = [], 0
    while at < len(starts):
        taken, body = _shortest(lines, starts[at], ends[at : at + MOST_ATTEMPTS])
        if not taken:
            _note_broken(lines[starts[at] : ends[at]], starts[at], broken)
        statements += body
        at += max(taken, 1)
    return statements


def _shortest(lines: list[str], start: int, ends: Iterable[int]) -> tuple[int, list[ast.stmt]]:
    """The fewest stretches from a start that parse together: how many, and what they are."""
    for count, end in enumerate(ends, 1):
        try:
            body = ast.parse("\n".join(lines[start:end])).body
        except CANNOT_PARSE as error:
            if UNFINISHED.search(str(error)):
                continue
            break  # more of it would not help
        for statement in body:
            ast.increment_lineno(statement, start)
        return count, body
    return 0, []


def _note_broken(lines: list[str], start: int, broken: dict) -> None:
    named = DEFINES.match("\n".join(lines))
    name = (named[1] or named[2]) if named else None
    try:
        ast.parse("\n" * start + "\n".join(lines))  # messages name lines too
    except SyntaxError as error:
        broken.setdefault(name, (str(error.msg), error.lineno or start + 1))
    except CANNOT_PARSE as error:
        broken.setdefault(name, (f"cannot be parsed: {type(error).__name__}", start + 1))
