"""Mistakes planted into the textbook: one of its functions with lines changed, run afresh.

A mistake is written as an `Edit` of the text of one function of `handrnn.textbook`. `plant` returns
a namespace with every function of the textbook, the changed ones compiled from their changed text,
so that a loop over time calls its changed cell.
"""

import ast
import inspect
import itertools
import types
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from ... import textbook


class Edit(NamedTuple):
    """A piece of text that stands exactly once in a function, and what is put in its place."""

    old: str
    new: str


class ConflictError(ValueError):
    """Two edits of one function touch the same text."""


Edits = Mapping[str, Sequence[Edit]]


@cache
def code(function: str) -> str:
    """The text of a function of the textbook, less its docstring.

    Raises
    ------
    KeyError
        If the textbook has no such function.
    """
    text = inspect.getsource(vars(textbook)[function])
    (definition,) = ast.parse(text).body
    assert isinstance(definition, ast.FunctionDef)
    body = definition.body[1:] if ast.get_docstring(definition) else definition.body
    lines = text.splitlines(keepends=True)
    head = "".join(lines[: definition.body[0].lineno - 1])
    return head + "".join(lines[body[0].lineno - 1 :])


def changed(function: str, edits: Sequence[Edit]) -> str:
    """The text of a function of the textbook with edits in it.

    Raises
    ------
    ValueError
        If the text of an edit does not stand there exactly once.
    ConflictError
        If two edits overlap.
    """
    text = code(function)
    places = []
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} stands {text.count(old)} times in textbook.{function}")
        start = text.index(old)
        places.append((start, start + len(old), new))
    places.sort()
    for (_, end, _), (start, _, _) in itertools.pairwise(places):
        if start < end:
            raise ConflictError(f"two edits of textbook.{function} touch {text[start:end]!r}")
    for start, end, new in reversed(places):
        text = text[:start] + new + text[end:]
    return text


@lru_cache(maxsize=4096)
def _compiled(function: str, edits: tuple[Edit, ...]) -> types.CodeType:
    name = f"<textbook.{function} with a mistake>"
    module = compile(changed(function, edits), name, "exec", dont_inherit=True)
    return next(
        constant
        for constant in module.co_consts
        if isinstance(constant, types.CodeType) and constant.co_name == function
    )


@cache
def _functions() -> dict[str, types.FunctionType]:
    return {
        name: value
        for name, value in vars(textbook).items()
        if isinstance(value, types.FunctionType) and value.__module__ == textbook.__name__
    }


def plant(edits: Edits) -> types.SimpleNamespace:
    """The textbook's functions, some of them changed.

    Parameters
    ----------
    edits : by name of the function

    Raises
    ------
    ValueError
        If the text of an edit does not stand in its function exactly once.
    ConflictError
        If two edits overlap.
    """
    functions = _functions()
    codes = {name: _compiled(name, tuple(many)) for name, many in edits.items()}
    names = dict(vars(textbook))
    for name, function in functions.items():
        body = codes.get(name, function.__code__)
        names[name] = types.FunctionType(body, names, name, function.__defaults__)
        names[name].__kwdefaults__ = function.__kwdefaults__
    return types.SimpleNamespace(**{name: names[name] for name in functions})
