"""The judgement of functions of the running program: one, or all that a notebook has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

from ..dialects import dialect as dialects
from ..load import parts
from ..report import data as report
from . import judge, outline, submitted

Named = str | Path | dialects.Dialect | None


def judge_function(
    fn: Any,
    name: str | None = None,
    dialect: Named = None,
    *,
    seconds: float = 10.0,
    second_opinion: bool = True,
) -> report.FileReport:
    """Judge a function; see `handrnn.check.function`."""
    if not callable(fn):
        raise TypeError(f"{fn!r} cannot be called: a function is needed")
    definition = submitted.definition_of(fn, name)
    known = _known(dialect)
    submission = _submission([definition])
    if not submitted.targets(submission, known):
        raise ValueError(outline.not_known(definition, known))
    return judge.judge(
        submission,
        seconds=seconds,
        live={definition.name: fn},
        dialect=None if dialect is None else known[0],
        second_opinion=second_opinion,
    )


def judge_namespace(
    namespace: Mapping[str, Any],
    names: Sequence[str] = (),
    dialect: Named = None,
    *,
    seconds: float = 10.0,
    second_opinion: bool = True,
    strict: bool = True,
) -> report.FileReport:
    """Judge the functions of a namespace; see `handrnn.check.functions`.

    Where it is not strict, a name that no dialect knows is left out.
    """
    own = {name: value for name, value in namespace.items() if _is_own(name, value, namespace)}
    for name in names:
        if name not in own:
            raise ValueError(f"{name} is not a function that was defined here")
    known = _known(dialect)
    read = {name: submitted.definition_of(value, None) for name, value in own.items()}
    functions = [read[name] for name, value in own.items() if isinstance(value, FunctionType)]
    found = submitted.targets(_submission(functions), known)
    matched = {one.definition.name: own[one.definition.name] for one in found}
    if strict and (unknown := [name for name in names if name not in matched]):
        if isinstance(own[unknown[0]], type):
            raise ValueError(f"{unknown[0]}: {outline.CLASSES}")
        raise ValueError(outline.not_known(read[unknown[0]], known))
    judged = judge.judge(
        _submission([read[name] for name in matched]),
        wanted=[name for name in names if name in matched],
        seconds=seconds,
        live=matched,
        dialect=None if dialect is None else known[0],
        second_opinion=second_opinion,
    )
    used = {name for one in found for name in (*one.uses, one.definition.name)}
    rest = [name for name in read if name not in used and name in (names or read)]
    plain = [read[name] for name in rest if isinstance(own[name], FunctionType)]
    classes = [read[name] for name in rest if isinstance(own[name], type)]
    left = (*judged.not_judged, *outline.left(plain, classes, known))
    return replace(judged, path=_name(namespace), not_judged=left)


def _known(dialect: Named) -> list[dialects.Dialect]:
    """The dialects to look for."""
    return list(dialects.all_dialects().values()) if dialect is None else [dialects.find(dialect)]


def _submission(definitions: Iterable[parts.Definition]) -> parts.Submission:
    named = {one.name: one for one in definitions}
    return parts.Submission(text="\n".join(d.source for d in named.values()), definitions=named)


def _is_own(name: str, value: Any, namespace: Mapping[str, Any]) -> bool:
    """Whether a value is a function or a class that was defined there, and not imported."""
    own = isinstance(value, FunctionType | type) and value.__name__ == name
    return own and value.__module__ == namespace.get("__name__")


def _name(namespace: Mapping[str, Any]) -> str:
    name = namespace.get("__name__", "")
    return "this notebook" if name == "__main__" and "get_ipython" in namespace else str(name)
