"""What of a submission was seen and is not judged, why, and what would judge it."""

import re
from collections.abc import Iterable, Sequence

from ..dialects import dialect as dialects
from ..dialects import match as matching
from ..load import parts
from ..probe import truth
from ..report import data as report
from . import submitted, target

RECURRENT = re.compile(
    r"rnn|lstm|gru|recurrent|bptt|time_?step|hidden|\bcell|h_?prev|prev_?h|lossfun", re.IGNORECASE
)
NOTEBOOK = "NOTEBOOK.ipynb"  # of a running program: it does not know its file
CLASSES = "classes are judged in a file or a notebook, not in the running program"
OWN_DIALECT = "handrnn check {path} --dialect mine.toml  (handrnn dialects: how to write one)"
SEQUENCE = "check.sequence(forward, backward, cell=...)  (from handrnn import check)"
MODULE = "check.sequence({name}(...), cell=...)  (from handrnn import check)"


def not_judged(
    submission: parts.Submission,
    found: Sequence[target.Target],
    functions: Iterable[str],
    known: Sequence[dialects.Dialect],
) -> list[report.NotJudged]:
    """Every definition that no dialect knows, and that nothing which was judged makes use of.

    Parameters
    ----------
    submission : of the file
    found : what dialects know of it
    functions : names of the reports, and of what is listed already
    known : the dialects that it was held against
    """
    if not submission.chunks:
        return []
    judged = {one.called for one in found} | {name.partition(".")[0] for name in functions}
    used = set(judged).union(*(one.uses for one in found))
    for name in judged & set(submission.definitions):
        used |= submitted.looked_up(submission, name, submission.definitions[name])
    left = [
        report.NotJudged(name, one.line, *_why(one, submission.name, known), cell=one.cell)
        for name, one in submission.definitions.items()
        if name not in used
    ]
    unread = [
        report.NotJudged(name, line, why)
        for name, line, why in submission.unread
        if RECURRENT.search(name) and name not in used
    ]
    return [*left, *unread]


def left(
    functions: Iterable[parts.Definition],
    classes: Iterable[parts.Definition],
    known: Sequence[dialects.Dialect],
) -> list[report.NotJudged]:
    """What of a running program looks recurrent, and is not judged."""
    found = [(one, *_why(one, NOTEBOOK, known)) for one in functions]
    found += [(one, CLASSES, f"handrnn check {NOTEBOOK}") for one in classes]
    return [
        report.NotJudged(one.name, one.line, why, command)
        for one, why, command in found
        if RECURRENT.search(f"{one.name} {one.source}")
    ]


def _why(
    definition: parts.Definition, path: str, known: Sequence[dialects.Dialect]
) -> tuple[str, str]:
    """Why a definition is not judged, and the command that would judge it."""
    if definition.kind == parts.CLASS:
        if _is_module(definition):
            return "it is a module of torch", MODULE.format(name=definition.name)
        if RECURRENT.search(definition.source):
            return _not_those("its methods", known), OWN_DIALECT.format(path=path)
        return _has_no("class", known), ""
    if matching.plain(definition.name) in truth.ELEMENTARY:
        return _why_no_helper(definition, known), ""
    near = _near(definition, known)
    if near:
        return near, OWN_DIALECT.format(path=path)
    if RECURRENT.search(definition.source):
        return _not_those("its name and arguments", known), SEQUENCE
    return _has_no("function", known), ""


def _not_those(what: str, known: Sequence[dialects.Dialect]) -> str:
    """That something is not what any of these dialects has."""
    if len(known) == 1:
        return f"{what} are not those of the dialect {known[0].name}"
    return f"{what} are those of no dialect"


def _has_no(kind: str, known: Sequence[dialects.Dialect]) -> str:
    """That none of these dialects has a function or class of this name."""
    which = f"the dialect {known[0].name} has no" if len(known) == 1 else "no dialect has a"
    return f"{which} {kind} of this name"


def _why_no_helper(definition: parts.Definition, known: Sequence[dialects.Dialect]) -> str:
    """Why a softmax or a sigmoid is not judged."""
    name = matching.plain(definition.name)
    having = [d for d in known if name in d.functions]
    if not having:
        return _has_no("function", known)
    if any(matching.orders(d.functions[name], d, [*definition.arguments]) for d in having):
        return "judged only beside a recurrent function of a dialect that has it"
    theirs = ", ".join(name for name, _ in definition.arguments)
    return f"takes ({theirs}): that of a dialect takes one array"


def _is_module(definition: parts.Definition) -> bool:
    head = definition.source.partition(":")[0]
    return bool(re.search(r"\bModule\b", head))


def not_known(definition: parts.Definition, known: Sequence[dialects.Dialect]) -> str:
    """What is said of a function of the running program that none of these dialects has."""
    near = _near(definition, known)
    if near:
        return f"{definition.name} {near}"
    names = dict.fromkeys(n for d in known for n, f in d.functions.items() if not f.owner)
    which = f"the dialect {known[0].name}" if len(known) == 1 else "a dialect"
    return f"{definition.name} is not a function of {which}: name= can be {', '.join(names)}"


def _near(definition: parts.Definition, known: Sequence[dialects.Dialect]) -> str:
    """The dialect whose function has this name, and what does not fit."""
    for dialect in known:
        for function in dialect.functions.values():
            names = (function.name, *function.spellings)
            if function.owner or definition.name not in names or not function.cell:
                continue
            theirs = ", ".join(name for name, _ in definition.arguments)
            if matching.orders(function, dialect, list(definition.arguments)) is None:
                return f"looks like {dialect.name}, but takes ({theirs}): there it is {function}"
    return ""
