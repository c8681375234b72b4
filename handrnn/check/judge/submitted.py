"""The functions of a submission that are to be judged, and what of it is not."""

import dis
import inspect
import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from types import CodeType
from typing import Any

from ..dialects import dialect as dialects
from ..dialects import match as matching
from ..load import loading, parts
from . import target

EPSILON = re.compile(r"sum\(.*\)\s*\+\s*(1e-|1\.0e-|eps)", re.IGNORECASE)  # in a denominator


def definition_of(fn: Any, name: str | None) -> parts.Definition:
    """What `loading` would say of a function, were it in a file; what cannot be read is not."""
    theirs = getattr(fn, "__name__", type(fn).__name__)
    try:
        lines, line = inspect.getsourcelines(fn)
        source = textwrap.dedent("".join(lines))
        read = loading.from_text(source).definitions[theirs]
        return replace(read, name=name or theirs, line=line)
    except (OSError, TypeError, KeyError):
        pass
    try:
        arguments = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        arguments = ()
    described = tuple((a.name, a.default is not a.empty) for a in arguments)
    return parts.Definition(name or theirs, "function", 1, None, described, "", True)


def targets(submission: parts.Submission, known: Sequence[dialects.Dialect]) -> list[target.Target]:
    """The functions of dialects in a submission, in the order of the dialects."""
    matches = matching.matches(submission, known)
    recurrent = {m.dialect.name for m in matches if m.function.cell}
    broken = {matching.canonical(name) for name in submission.broken}
    recurrent |= {
        d.name for d in known if any(n in d.functions for n in broken - {*matching.ELEMENTARY})
    }
    live = not submission.chunks
    matches = [m for m in matches if m.function.cell or m.dialect.name in recurrent or live]
    epsilon = any(EPSILON.search(d.source) for d in submission.definitions.values())
    return [_target(match, matches, submission, epsilon) for match in matches]


def _target(
    match: matching.Match,
    matches: Sequence[matching.Match],
    submission: parts.Submission,
    epsilon: bool,
) -> target.Target:
    name = match.function.owner or match.definition.name
    uses = looked_up(submission, name, match.definition)
    for call in match.calls:  # an object that it is handed
        made = submission.definitions.get(call.target) if call.kind == "make" else None
        uses |= looked_up(submission, call.target, made) if made else set()
    known = [submission.definitions[n].source for n in uses if n in submission.definitions]
    texts = [match.definition.source, *known]
    single = any(word in text for text in texts for word in parts.SINGLE)
    used = [
        c.code for c in submission.chunks if c.kind in ("constant", "value") and uses & {*c.names}
    ]
    single = single or any({"float32", "single"} & {*code.co_names} for code in used)
    whole = submission.definitions.get(name, match.definition).source
    return target.Target(match, _forward_of(match, matches), epsilon, whole, single, uses)


def _forward_of(match: matching.Match, matches: Sequence[matching.Match]) -> matching.Match | None:
    """The submission's own forward function, whose caches a backward function takes."""
    if not (match.function.needs or match.function.cache_taken):
        return None
    wanted = match.dialect.forward_of(match.function)
    for other in matches:
        if other.dialect is match.dialect and other.function is wanted and other.definition.filled:
            return other
    return None


def looked_up(
    submission: parts.Submission, name: str, definition: parts.Definition
) -> frozenset[str]:
    """The names of the submission that a definition looks up, by itself or in what it looks up."""
    if not submission.chunks:  # a function of the running program: all that is known is its text
        return frozenset(re.findall(r"\w+", definition.source))
    codes: dict[str, list[CodeType]] = {}
    for chunk in submission.chunks:
        for bound in chunk.names:
            codes.setdefault(bound, []).append(chunk.code)
    found, new = set[str](), {name}
    while new:
        found |= new
        new = {n for name in new for code in codes.get(name, ()) for n in _globals(code)} - found
    return frozenset(found & codes.keys())


def read_by(submission: parts.Submission, name: str) -> set[str]:
    """The names that the definition of a name looks up itself, defined or not."""
    codes = [chunk.code for chunk in submission.chunks if name in chunk.names]
    return {read for code in codes for read in _globals(code)}


@cache
def _globals(code: CodeType) -> set[str]:
    """The names that a piece of code looks up in its module, those of functions in it included."""
    instructions = dis.get_instructions(code)
    names = {i.argval for i in instructions if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    inner = (_globals(part) for part in code.co_consts if isinstance(part, CodeType))
    return names.union(*inner)
