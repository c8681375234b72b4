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
    calls : those of the dialect's function, with their arguments as this submission wants them
    respelt : names that it has for others of the dialect: {"Wi": "Wu"}
    score : how well names and arguments fit
    notes : what is different from the dialect
    """

    definition: parts.Definition
    dialect: dialects.Dialect
    function: dialects.Function
    calls: tuple[dialects.Call, ...]
    respelt: Mapping[str, str] = field(default_factory=dict)
    score: int = 0
    notes: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[Term, ...]:
        """What each argument of the function itself is."""
        own = self.function.itself
        return next(c.takes for c in reversed(self.calls) if (c.kind, c.target) == _key(own))


def _key(call: dialects.Call) -> tuple[str, str]:
    return call.kind, call.target


def spelt(name: str, respelt: Mapping[str, str]) -> str:
    """A name, or that of a gradient, as a submission spells it: Wu for Wi, dWu for dWi."""
    if name[:1] == "d" and name[1:] in respelt:
        return f"d{respelt[name[1:]]}"
    return respelt.get(name, name)


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


def names(dialect: dialects.Dialect) -> set[str]:
    """All names of functions, methods and classes of a dialect."""
    found = set()
    for function in dialect.functions.values():
        found |= {function.name, *function.spellings}
        found |= (
            {function.owner, f"{function.owner}.{function.method}"} if function.owner else set()
        )
    return found


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
    function: dialects.Function,
    dialect: dialects.Dialect,
    arguments: Sequence[tuple[str, bool]],
    takes: tuple[Term, ...] | None = None,
) -> tuple[Term, ...] | None:
    """What each argument is, told by its name, else by its place; None if they do not fit.

    Parameters
    ----------
    function, dialect : it may be
    arguments : (name, whether it has a default)
    takes : of another of its calls than itself
    """
    takes = function.takes if takes is None else takes
    required = [name for name, default in arguments if not default]
    if takes and isinstance(takes[-1], dialects.Literal) and len(required) < len(arguments):
        order = orders(function, dialect, arguments[: len(required)], takes[:-1])
        return None if order is None else (*order, takes[-1])  # of the first that has a default
    optional = zip(takes[len(required) :], arguments[len(required) :], strict=False)
    fitting = all(likeness(term, name) for term, (name, _) in optional)
    if len(required) <= len(takes) <= len(arguments) and fitting:
        named = [_term(takes, function, dialect, name) for name, _ in arguments[: len(takes)]]
        moved = [t for t in named if t in takes]
        whole = len(set(moved)) == len(takes)
        return tuple(moved) if whole and tuple(moved) != takes else takes
    named = [_term(takes, function, dialect, name) for name in required]
    if None in named or len({id(t) for t in named}) < len(named):
        return None
    own = [t for t in named if t in takes]
    return tuple(t for t in named if t is not None) if len(own) >= min(2, len(takes)) else None


def _term(
    takes: tuple[Term, ...], function: dialects.Function, dialect: dialects.Dialect, name: str
) -> Term | None:
    possible = [*takes, *_possible(function, dialect)]
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
        forward = dialect.forward_of(function)
        yield from inside.values()
        yield from (t for t in (forward.takes if forward else ()) if isinstance(t, dialects.Bundle))
        yield from (s for s in names.values() if s.quantity in ("W", "Why", "by", "x", "h0", "c0"))
        yield from (s for s in names.values() if s.quantity in ("dc", "dc_T"))
        yield from map(dialects.Size, dialects.SIZES)


_TAKES_ANY = re.compile(r"^\s*(?:async\s+)?def\s+\w+\s*\([^)]*(?<![\w)*])\*\w", re.MULTILINE)


def takes_any(definition: parts.Definition) -> bool:
    """Whether a function takes any number of arguments: ``*args``."""
    return bool(_TAKES_ANY.search(definition.source))


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
        for one in _ways(match, found):
            other = best.get(one.function.name)
            if other is None or one.definition.name == one.function.method:
                best[one.function.name] = one
    chosen = _respelt(list(best.values()))
    place = {}
    for n, f in enumerate(f for d in known for f in d.functions.values()):
        place.setdefault((f.dialect, f.of, f.owner), n)
        place.setdefault((f.dialect, f.of), n)
    keys = [((m.function.dialect, m.function.of, m.function.owner), m) for m in chosen]
    return [m for _, m in sorted(keys, key=lambda pair: place.get(pair[0], place[pair[0][:2]]))]


def _ways(match: Match, found: Sequence[Match]) -> list[Match]:
    """All functions of a dialect that one method is: ``forward`` and ``forward (stateful)``."""
    one = match.function
    alike = [
        m
        for m in found
        if m.dialect is match.dialect
        and (m.function.owner, m.function.method) == (one.owner, one.method)
    ]
    return alike if one.owner else [match]


def _respelt(chosen: Sequence[Match]) -> list[Match]:
    """The matches with the names that the file has for keys of dicts: Wu for Wi."""
    found = []
    for match in chosen:
        sources = [m.definition.source for m in chosen if m.dialect is match.dialect]
        keys = {key for text in sources for key in re.findall(r"""\[\s*["'](\w+)["']\s*\]""", text)}
        keys |= {name for m in chosen for name, _ in m.definition.arguments}
        whole = match.dialect.respelt
        differs = keys & set(whole.values()) and not keys & set(whole)
        respelt = whole if differs else {}
        own_names = match.dialect.names(match.function.cell)
        called = [f"{own} is called {new}" for own, new in respelt.items() if own in own_names]
        notes = (", ".join(called),) if called else ()
        found.append(replace(match, respelt=respelt, notes=match.notes + notes))
    return found


def _definitions(submission: parts.Submission) -> Iterator[tuple[str, parts.Definition]]:
    for name, definition in submission.definitions.items():
        if definition.kind == parts.FUNCTION:
            yield name, definition
        for method, inner in with_bases(submission, definition).methods.items():
            yield f"{name}.{method}", inner


_BASES = re.compile(r"\s*class\s+\w+\s*\(([^)]*)\)")


def with_bases(submission: parts.Submission, definition: parts.Definition) -> parts.Definition:
    """A class with the methods, and the constructor, of those of its base classes that are here."""
    methods, arguments = dict(definition.methods), definition.arguments
    for base in _bases(definition):
        inherited = submission.definitions.get(base)
        if inherited is not None and inherited.kind == parts.CLASS and inherited is not definition:
            inherited = with_bases(submission, inherited)
            if "__init__" not in methods:
                arguments = inherited.arguments
            methods = dict(inherited.methods) | methods
    return replace(definition, methods=methods, arguments=arguments)


def _bases(definition: parts.Definition) -> list[str]:
    head = _BASES.match(definition.source)
    return [name.strip() for name in head[1].split(",")] if head else []


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
        elif is_called(definition.name, function):
            match = _plain_function(definition, dialect, function, submission)
            match = match and (_in_a_class(match, submission, key) if "." in key else match)
        else:
            match = None
        if match is not None:
            yield match


def is_called(name: str, function: dialects.Function) -> bool:
    """Whether a name may be that of a function of a dialect."""
    names = (function.name, *function.spellings)
    return name in names or canonical(name) in map(canonical, names)


def _plain_function(
    definition: parts.Definition,
    dialect: dialects.Dialect,
    function: dialects.Function,
    submission: parts.Submission,
) -> Match | None:
    if dialect.tensors and "torch" not in submission.text:
        return None
    arguments = [a for a in definition.arguments if a[0] not in ("self", "cls")]
    order = orders(function, dialect, arguments)
    any_number = bool(_TAKES_ANY.search(definition.source))
    if order is None and any_number:
        order = function.takes
    if order is None:
        return None
    score = sum(likeness(t, name) for t, (name, _) in zip(order, arguments, strict=False))
    score += 3 * dialect.tensors * int("import torch" in submission.text)
    score += _use(order, arguments, definition.source) + 2 * (definition.name == function.name)
    notes = []
    if definition.name != function.name and definition.name not in function.spellings:
        notes.append(f"{definition.name} is taken for {function.name}")
    if order != function.takes and not any_number:
        notes.append(
            f"takes ({', '.join(map(dialects.shown, order))}); the course's takes"
            f" ({', '.join(map(dialects.shown, function.takes))})"
        )
    calls = (*function.calls[:-1], replace(function.itself, takes=order))
    return Match(definition, dialect, function, calls, score=score, notes=tuple(notes))


def _in_a_class(match: Match, submission: parts.Submission, key: str) -> Match | None:
    """The match of a function that is a method, of a class that is made without arguments."""
    owner, _, method = key.rpartition(".")
    whole = with_bases(submission, submission.definitions[owner])
    if any(not default for _, default in whole.arguments) or not match.function.cell:
        return None
    own = dialects.Call("method", method, "it", match.order, match.function.itself.gives)
    made = dialects.Call("make", owner, "it", (), ())
    note = f"{method} is a method of {owner}"
    return replace(
        match,
        function=replace(match.function, name=f"{owner}.{method}", calls=(made, own)),
        calls=(made, own),
        notes=(*match.notes, note),
    )


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
    whole = with_bases(submission, submission.definitions[owner])
    constructor = whole.methods.get("__init__")
    any_number = constructor is None or bool(_TAKES_ANY.search(constructor.source))
    calls = []
    for call in function.calls:
        arguments: Sequence[tuple[str, bool]] | None = None
        if call.kind == "make":
            arguments = whole.arguments
        elif call.kind == "method" and call.target in whole.methods:
            arguments = whole.methods[call.target].arguments[1:]
        elif call.kind == "method":
            return None
        if arguments is not None and not (call.kind == "make" and any_number and call.takes):
            takes = orders(function, dialect, arguments, call.takes)
            if takes is None:
                return None
            call = replace(call, takes=takes)
        calls.append(call)
    said = [c.target.partition("|")[0] for c in calls if c.kind in ("set", "get", "method")]
    there = sum(bool(re.search(rf"\b{name}\b", whole.source)) for name in said)
    score = 2 + round(6 * there / max(1, len(said)))
    return Match(definition, dialect, function, _in_order(calls), score=score)


def _in_order(calls: list[dialects.Call]) -> tuple[dialects.Call, ...]:
    """The calls, lists of gradients in the order in which the weights were handed over."""
    made = [s.name for call in calls if call.kind == "make" for s in dialects.slots_in(call.takes)]
    found = []
    for call in calls:
        bundle = call.gives[0] if call.kind == "get" else None
        if isinstance(bundle, dialects.Bundle) and bundle.kind == "list" and made:
            by_weight = {s.name[1:]: s for s in dialects.slots_in((bundle,))}
            terms = tuple(by_weight[name] for name in made if name in by_weight)
            call = replace(call, gives=(replace(bundle, terms=terms),))
        found.append(call)
    return tuple(found)
