"""Which function of which dialect a definition is, and what each of its arguments is.

A name alone proves nothing: a function belongs to a dialect if its name and its arguments fit, a
class if its name, its constructor and its methods do. Where several dialects fit, the whole file
decides: most of it is written in one.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from ... import slots
from ..load import parts
from . import dialect as dialects

Term = dialects.Term
ELEMENTARY = ("softmax", "sigmoid")
SIZE_NAMES = {
    **dict.fromkeys(("nx", "d", "inputsize"), "I"),
    **dict.fromkeys(("na", "h", "hiddensize"), "H"),
    **dict.fromkeys(("ny", "outputsize"), "Y"),
    **dict.fromkeys(("m", "n", "batchsize"), "B"),
    **dict.fromkeys(("tx", "t", "steps"), "T"),
}
SPELT = {  # other names of what arguments and results are, in plain letters
    "xt": ("xtt", "input", "inputt", "x"),
    "x": ("xs", "inputs"),
    "h_prev": ("hprev", "aprevt", "aprevious", "hiddenprev", "hprevt"),
    "h0": ("hinit", "aprev", "hprev", "ainitial", "h", "h0", "a0"),
    "c_prev": ("cellprev", "cprevt", "memoryprev", "cprevious"),
    "c0": ("cinit", "cprev"),
    "dh_next": ("da", "dat", "dht", "dnext", "dh"),
    "dc_next": ("dc", "dct"),
    "dy": ("das", "dhs", "gradients", "dout", "danext", "dh"),
    "h_next": ("ht", "at", "h", "a"),
    "c_next": ("ct", "c"),
    "dh_prev": ("daprevt", "dhprevt", "daprev"),
    "dc_prev": ("dcprevt",),
    "dh0": ("daprev", "dainit", "daprev0", "dhprev"),
    "dx": ("dxt",),
    "dxt": ("dx",),
    "y": ("yhat", "ypred"),
    "yt": ("y", "yhat"),
}
BUNDLES = {
    "parameters": ("params", "parameter", "param", "weights", "theta", "p"),
    "cache": ("caches", "memory", "cachet"),
    "caches": ("cache", "memory"),
}


@dataclass(frozen=True)
class Match:
    """A definition of a submission that is a function of a dialect.

    Attributes
    ----------
    definition : its own; of a method, the method's
    dialect, function : which one it is
    order : what each argument of it is; those of the dialect's function if it wants the same
    respelt : names that it has for others of the dialect: {"Wi": "Wu"}
    score : how well names and arguments fit
    notes : what is different from the dialect
    """

    definition: parts.Definition
    dialect: dialects.Dialect
    function: dialects.Function
    order: tuple[Term, ...]
    respelt: Mapping[str, str] = field(default_factory=dict)
    score: int = 0
    notes: tuple[str, ...] = ()


def plain(name: Any) -> str:
    """A name in small letters and digits."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


# ------------------------------------------------------------------------------------------ names

_WORDS = {
    "rnn": ("rnn", "vanillarnn"),
    "lstm": ("lstm",),
    "gru": ("gru",),
    "cell": ("cell", "step", "unit", "timestep"),
    "forward": ("forward", "forwards", "fwd", "fprop", "forwardprop", "forwardpass"),
    "backward": ("backward", "backwards", "bwd", "bprop", "backprop", "bptt", "backwardpass"),
}
_FILLING = {"my", "np", "numpy", "pass", "prop", "propagation", "propagate", "sequence", "full"}
_FILLING |= {"v1", "v2", "v3", "new", "one", "single", "solution", "vanilla", "simple"}


def _word(token: str) -> str | None:
    for word, spellings in _WORDS.items():
        if token in spellings:
            return word
    close = difflib.get_close_matches(token, _WORDS, n=1, cutoff=0.8)
    return close[0] if close else None


@cache
def canonical(name: str) -> str:
    """A name by its meaning: ``lstm_backward`` for ``lstmBackwards``; others as they are."""
    if plain(name) in ELEMENTARY:
        return plain(name)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    tokens = [token for token in spaced.lower().split("_") if token and token not in _FILLING]
    words = {_word(token) for token in tokens}
    cells, ways = words & {"rnn", "lstm", "gru"}, words & {"forward", "backward"}
    if None in words or len(cells) != 1 or len(ways) != 1:
        return name
    return "_".join(word for word in _WORDS if word in words)


# -------------------------------------------------------------------------------------- arguments


@cache
def all_spellings() -> Mapping[str, frozenset[str]]:
    """All names, in plain letters, that quantities have in the dialects there are."""
    found = {quantity: set(names) for quantity, names in SPELT.items()}
    for dialect in dialects.all_dialects().values():
        for name, slot in dialect.arrays[""].items():
            found.setdefault(slot.quantity, set()).add(plain(name))
    return {quantity: frozenset(names) for quantity, names in found.items()}


def spellings(quantity: str) -> frozenset[str]:
    """All names, in plain letters, that a quantity has in the dialects there are."""
    return all_spellings().get(quantity, frozenset())


def same_atoms(slot: slots.Slot) -> list[str]:
    """Names, in plain letters, that other dialects have for what holds the same atoms."""
    found = []
    for dialect in dialects.all_dialects().values():
        for arrays in dialect.arrays.values():
            found += [n for n, s in arrays.items() if s.gates and s.atoms == slot.atoms]
    return sorted({plain(name) for name in found})


def likeness(term: Term, name: str) -> int:
    """How well an argument's or result's name fits what it is: 2, 1, or 0."""
    own, called = plain(getattr(term, "name", "")), plain(name)
    if own == called:
        return 2
    if isinstance(term, dialects.Size):
        return int(SIZE_NAMES.get(called) == term.name)
    if isinstance(term, slots.Slot) and not term.gates:
        return int(called in spellings(term.quantity))
    if isinstance(term, dialects.Bundle | dialects.Kept):
        return int(called in BUNDLES.get(term.name, ()))
    return 0


def orders(
    function: dialects.Function, dialect: dialects.Dialect, arguments: Sequence[tuple[str, bool]]
) -> tuple[Term, ...] | None:
    """What each argument is, told by its name, else by its place; None if they do not fit."""
    takes = function.takes
    required = [name for name, default in arguments if not default]
    if len(required) <= len(takes) <= len(arguments):
        named = [_term(function, dialect, name) for name, _ in arguments[: len(takes)]]
        moved = [t for t in named if t in takes]
        whole = len(set(moved)) == len(takes)
        return tuple(moved) if whole and tuple(moved) != takes else takes
    named = [_term(function, dialect, name) for name in required]
    if None in named or len({id(t) for t in named}) < len(named):
        return None
    own = [t for t in named if t in takes]
    return tuple(t for t in named if t is not None) if len(own) >= min(2, len(takes)) else None


def _term(function: dialects.Function, dialect: dialects.Dialect, name: str) -> Term | None:
    possible = [*function.takes, *_possible(function, dialect)]
    for wanted in (2, 1):
        for term in possible:
            if likeness(term, name) == wanted:
                return term
    return None


def _possible(function: dialects.Function, dialect: dialects.Dialect) -> Iterator[Term]:
    """What else somebody may want to have handed over."""
    if function.cell:
        inside = {s.name: s for s in dialects.slots_in(function.takes)}
        names = dialect.names(function.cell)
        yield from inside.values()
        yield from (s for s in names.values() if s.quantity in ("W", "Why", "by", "x", "h0", "c0"))
        yield from (s for s in names.values() if s.quantity in ("dc", "dc_T"))
        yield from map(dialects.Size, dialects.SIZES)


_TAKES_ANY = re.compile(r"^\s*(?:async\s+)?def\s+\w+\s*\([^)]*(?<![\w)*])\*\w", re.MULTILINE)


# --------------------------------------------------------------------------------------- matching


def matches(submission: parts.Submission, known: Sequence[dialects.Dialect]) -> list[Match]:
    """The functions of dialects in a submission, in the order of the dialects; exact names win."""
    possible = {
        key: found
        for key, definition in _definitions(submission)
        if (found := [m for d in known for m in _fitting(definition, d, submission, key)])
    }
    usual = _most_of_it(possible)
    best: dict[str, Match] = {}
    for found in possible.values():
        match = max(found, key=lambda m: (m.score, m.dialect.name == usual))
        match = next(
            (m for m in found if m.dialect.name == usual and m.score >= match.score - 3), match
        )
        other = best.get(match.function.name)
        if other is None or match.definition.name == match.function.method:
            best[match.function.name] = match
    chosen = _respelt(list(best.values()))
    place = {f: n for n, f in enumerate(f for d in known for f in d.functions.values())}
    return sorted(chosen, key=lambda m: place[m.function])


def _respelt(chosen: Sequence[Match]) -> list[Match]:
    """The matches with the names that the file has for keys of dicts: Wu for Wi."""
    found = []
    for match in chosen:
        sources = [m.definition.source for m in chosen if m.dialect is match.dialect]
        keys = {key for text in sources for key in re.findall(r"""\[\s*["'](\w+)["']\s*\]""", text)}
        keys |= {name for m in chosen for name, _ in m.definition.arguments}
        respelt = {
            own: other
            for own, other in match.dialect.respelt.items()
            if other in keys and own not in keys
        }
        notes = (f"calls {', '.join(respelt)} {', '.join(respelt.values())}",) if respelt else ()
        found.append(replace(match, respelt=respelt, notes=match.notes + notes))
    return found


def _definitions(submission: parts.Submission) -> Iterator[tuple[str, parts.Definition]]:
    for name, definition in submission.definitions.items():
        if definition.kind == parts.FUNCTION:
            yield name, definition
        for method, inner in definition.methods.items():
            yield f"{name}.{method}", inner


def _most_of_it(possible: Mapping[str, Sequence[Match]]) -> str:
    """The dialect that fits most of a file best."""
    points: dict[str, int] = {}
    for found in possible.values():
        for match in found:
            points[match.dialect.name] = points.get(match.dialect.name, 0) + match.score + 1
    return max(points, key=lambda name: points[name], default="")


def _fitting(
    definition: parts.Definition,
    dialect: dialects.Dialect,
    submission: parts.Submission,
    key: str,
) -> Iterator[Match]:
    """What of a dialect a definition can be."""
    for function in dialect.functions.values():
        if function.owner:
            match = _method(definition, dialect, function, submission, key)
        elif "." not in key and _is_called(definition.name, function):
            match = _plain_function(definition, dialect, function)
        else:
            match = None
        if match is not None:
            yield match


def _is_called(name: str, function: dialects.Function) -> bool:
    names = (function.name, *function.spellings)
    return name in names or canonical(name) in map(canonical, names)


def _plain_function(
    definition: parts.Definition, dialect: dialects.Dialect, function: dialects.Function
) -> Match | None:
    arguments = list(definition.arguments)
    order = orders(function, dialect, arguments)
    any_number = bool(_TAKES_ANY.search(definition.source))
    if order is None and any_number:
        order = function.takes
    if order is None:
        return None
    score = sum(likeness(t, name) for t, (name, _) in zip(order, arguments, strict=False))
    score += _use(order, arguments, definition.source) + 2 * (definition.name == function.name)
    notes = []
    if definition.name != function.name and definition.name not in function.spellings:
        notes.append(f"{definition.name} is taken for {function.name}")
    if order != function.takes and not any_number:
        notes.append(
            f"takes ({', '.join(map(dialects.shown, order))}); the course's takes"
            f" ({', '.join(map(dialects.shown, function.takes))})"
        )
    return Match(definition, dialect, function, order, score=score, notes=tuple(notes))


def _use(order: Sequence[Term], arguments: Sequence[tuple[str, bool]], source: str) -> int:
    """Whether a bundle is used as what it is: a dict by its keys, a tuple taken apart."""
    points = 0
    for term, (name, _) in zip(order, arguments, strict=False):
        if isinstance(term, dialects.Bundle):
            own = re.escape(name)
            by_key = bool(re.search(rf"\b{own}\s*(\[\s*[\"']|\.(get|keys|items|values)\()", source))
            apart = bool(re.search(rf"[,)][^=\n]*=\s*{own}\s*$", source, re.MULTILINE))
            if by_key:
                points += 4 if term.kind == "dict" else -4
            elif apart:
                points += -4 if term.kind == "dict" else 4
    return points


def _method(
    definition: parts.Definition,
    dialect: dialects.Dialect,
    function: dialects.Function,
    submission: parts.Submission,
    key: str,
) -> Match | None:
    """A method, if its class can be made and used as the dialect does."""
    owner, _, method = key.rpartition(".")
    if not owner or method != function.method or owner not in (function.owner, *function.spellings):
        return None
    whole = submission.definitions[owner]
    for call in function.calls:
        if call.kind == "make" and not _takes(whole.arguments, len(call.takes)):
            return None
        if call.kind == "method":
            inner = whole.methods.get(call.target)
            if inner is None and not _inherits(whole):
                return None
            if inner is not None and not _takes(inner.arguments[1:], len(call.takes)):
                return None
    return Match(definition, dialect, function, function.takes, score=2 + len(function.calls))


def _inherits(definition: parts.Definition) -> bool:
    """Whether a class has a base class that may have the methods."""
    head = re.match(r"\s*class\s+\w+\s*\(([^)]*)\)", definition.source)
    return bool(head and head[1].strip() not in ("", "object"))


def _takes(arguments: Sequence[tuple[str, bool]], count: int) -> bool:
    """Whether this many arguments can be handed over by place."""
    required = sum(not default for _, default in arguments)
    return required <= count <= len(arguments)
