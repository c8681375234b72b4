"""A dialect: how an assignment names, lays out and packs what the textbook computes.

Each is one TOML file::

    about = "..."
    [arrays]              # theirs = "quantity: axes", see handrnn.slots
    x_t = "xt: B I"
    [weights.lstm]        # of one cell; the gradient of Wx is dWx
    Wx = "[i f o g] x: R KH"
    [bundles]             # several in one: {a, b} a dict, (a, b) a tuple, [a, b] a list
    parameters = "{Wx, Wh, b}"   # {W: Wx} where the key is not the name of the array
    [caches.lstm]         # of one cell; [cache, ...] is one cache a time step
    cache = "(prev_h, x_t, parameters)"
    caches = "([cache, ...], x)"
    [functions]           # theirs = "textbook's: calls in order"
    lstm_step_forward = "lstm_cell_forward: x_t, prev_h, prev_c, Wx, Wh, b -> next_h, next_c, cache"
    "RNN.forward" = "rnn_cell_forward: cell = RNN(I, H); cell.set(Wx, Wh); cell.forward(x) -> h"

A call takes and gives arrays, bundles, sizes (T B I H Y), literals, and what an earlier call gave
under a name that is not an array, such as a cache. A function is one call, the name of which may be
left out; a backward function on its own forward function's cache is judged after that one. A class
is made, methods are called, attributes are read (``cell.dW -> dW``; ``cell.dW|grad -> dW``: one
of two) and set (``cell.W = W``);
``after RNN.forward`` stands for the calls of that function; ``each cell.forward(xs) -> hs`` for one
call a time step, each with its slice of the arrays that have an axis T, and ``each back`` for the
same from the last step to the first.

What is not known yet is written ``?``; `search` finds it, given a right solution.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeGuard

from ... import slots
from ..load import reading

HERE = Path(__file__).parent
MOST_TEXT = 2**20  # bytes of a file
FIRST = ("course", "batch_first")
SIZES = ("T", "B", "I", "H", "Y")
LITERALS = {"True": True, "False": False, "None": None}
KINDS = {"{": "dict", "(": "tuple", "[": "list"}
CLOSING = {"{": "}", "(": ")", "[": "]"}
TABLES = {
    *("arrays", "weights", "bundles", "caches", "functions", "spellings", "variants"),
    *("sizes", "respelt"),
}
SECTIONS = TABLES | {"about", "notes", "gradients", "tensors", "provides", "imports"}
VARIANTS = ("reset-before", "update-turned")  # those of `truth.VARIANTS`
OPEN = "?"  # what is not known yet
TEXTBOOK = {
    *(f"{cell}_{kind}" for cell in slots.GATES for kind in ("cell_forward", "cell_backward")),
    *(f"{cell}_{kind}" for cell in slots.GATES for kind in ("forward", "backward")),
    *(f"rnn_{kind}" for kind in ("deep_forward", "back_forward", "bi_forward", "bi_output")),
    *("softmax", "sigmoid"),
}


class DialectError(ValueError):
    """A dialect that cannot be read, in words for its author."""


@dataclass(frozen=True)
class Size:
    """A number that a call takes: one of `SIZES`."""

    name: str


@dataclass(frozen=True)
class Literal:
    """A value that is written out."""

    value: Any


@dataclass(frozen=True)
class Kept:
    """What an earlier call gave, whatever it is: a cache."""

    name: str


@dataclass(frozen=True)
class Bundle:
    """Several in one: a dict by name, a tuple or a list; with `steps` once for each time step.

    A `cache` is what a forward function keeps for the backward function, where that is prescribed.
    The `keys` of a dict are the names of its terms, unless others are written.
    """

    name: str
    kind: str
    terms: "tuple[Term, ...]"
    steps: bool = False
    cache: bool = False
    keys: tuple[str, ...] = ()


Term = slots.Slot | Size | Literal | Kept | Bundle


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes
    ----------
    kind : "function", "make", "method", "get" or "set"
    target : the name of the function, class, method or attribute
    owner : the object that is made, or whose method or attribute it is
    takes, gives : in order; `gives` is one bundle where a dict comes back
    each : "forward" or "backward": it is one call a time step, in this order; "" elsewhere
    """

    kind: str
    target: str
    owner: str
    takes: tuple[Term, ...]
    gives: tuple[Term, ...]
    each: str = ""


@dataclass(frozen=True, eq=False)
class Function:
    """A function or a method of a dialect.

    Attributes
    ----------
    name : its own: "rnn_step_forward", "TimeLSTM.backward"
    dialect : the name of its dialect
    of : the textbook's function
    calls : in order; the last ones of the same target are what is judged
    variant : of the cell, names of `truth.VARIANTS`
    spellings : other names of it
    """

    name: str
    dialect: str
    of: str
    calls: tuple[Call, ...]
    variant: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()

    @property
    def cell(self) -> str:
        """ "rnn", "lstm" or "gru"; "" of softmax and sigmoid."""
        cell = self.of.partition("_")[0]
        return cell if cell in slots.GATES else ""

    @property
    def kind(self) -> str:
        """ "cell_forward", "forward", "cell_backward", "backward", "softmax" or "sigmoid"."""
        return self.of.partition("_")[2] if self.cell else self.of

    @property
    def owner(self) -> str:
        """The class whose method it is, or ""."""
        return self.name.rpartition(".")[0]

    @property
    def method(self) -> str:
        """The name without the class, and without what is said of it in brackets."""
        return self.name.rpartition(".")[2].partition(" ")[0]

    @cached_property
    def itself(self) -> Call:
        """The call that is the function itself, the last one."""
        kind = "method" if self.owner else "function"
        own = [c for c in self.calls if c.kind == kind and c.target == self.method]
        return own[-1]

    @cached_property
    def takes(self) -> tuple[Term, ...]:
        """What the function itself takes."""
        return self.itself.takes

    @cached_property
    def given(self) -> set[str]:
        """The names of all atoms that any of the calls takes, caches aside."""
        return {name for call in self.calls for s in slots_in(call.takes) for name in s.atoms}

    @cached_property
    def gives(self) -> tuple[slots.Slot, ...]:
        """The arrays that any of the calls gives, caches aside."""
        return tuple(s for call in self.calls for s in slots_in(call.gives))

    @cached_property
    def cache_given(self) -> Bundle | None:
        """The prescribed cache that it gives."""
        return next((t for c in self.calls for t in c.gives if _is_cache(t)), None)

    @cached_property
    def cache_taken(self) -> Bundle | None:
        """The prescribed cache that it takes."""
        return next((t for c in self.calls for t in c.takes if _is_cache(t)), None)

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of what it takes and none of its calls gives: caches of another function."""
        given: set[str] = set()
        wanted = []
        for call in self.calls:
            wanted += [t.name for t in leaves(call.takes) if isinstance(t, Kept)]
            wanted = [name for name in wanted if name not in given]
            given |= {t.name for t in leaves(call.gives) if isinstance(t, Kept)} | {call.owner}
        return tuple(dict.fromkeys(wanted))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(shown, self.takes))})"


@dataclass(frozen=True, eq=False)
class Dialect:
    """How an assignment writes recurrent networks.

    Attributes
    ----------
    name : of its file, without .toml
    about : one sentence
    functions : by name, in the order of the file
    arrays : all slots by name, those of the weights by cell
    gradients : "sum" or "mean" over the examples, of gradients with respect to weights; "added":
        to what is there, so that two calls give twice as much
    tensors : whether arrays are tensors of torch
    provides : "activations": the classes Sigmoid, Tanh, ... stand in where they are missing
    sizes : those that are prescribed, by letter
    respelt : other names that parameters have in dicts: {"Wi": "Wu"}
    imports : modules of the course, which never stop what does not need them
    notes : what is to be known of it
    text : of its file
    """

    name: str
    about: str
    functions: Mapping[str, Function]
    arrays: Mapping[str, Mapping[str, slots.Slot]] = field(repr=False)
    gradients: str = "sum"
    tensors: bool = False
    provides: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    respelt: Mapping[str, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    text: str = field(default="", repr=False)

    def forward_of(self, function: Function) -> Function | None:
        """The function whose cache a backward function takes."""
        of = function.of.replace("backward", "forward")
        return next((f for f in self.functions.values() if f.of == of and f is not function), None)

    def names(self, cell: str) -> Mapping[str, slots.Slot]:
        """The arrays by name that the functions of a cell may speak of."""
        return self.arrays.get(cell, self.arrays[""])


def slots_in(terms: Sequence[Term]) -> Iterator[slots.Slot]:
    """The slots in terms and in the bundles among them, caches aside."""
    return (term for term in leaves(terms) if isinstance(term, slots.Slot))


def leaves(terms: Sequence[Term]) -> Iterator[Any]:
    """The terms and those in the bundles among them; what is in caches is left out."""
    for term in terms:
        if isinstance(term, Bundle):
            yield from (term,) if term.cache else leaves(term.terms)
        else:
            yield term


def step_entries(cache: Bundle) -> tuple[str, ...]:
    """The names of the arrays in the prescribed cache of one step."""
    return tuple(s.name for s in step_slots(cache))


def step_slots(cache: Bundle) -> list[slots.Slot]:
    """The arrays in the prescribed cache of one step."""
    inner = next((t for t in cache.terms if isinstance(t, Bundle) and t.steps), None)
    if inner is not None:
        cache = next(t for t in inner.terms if isinstance(t, Bundle))
    return [t for t in cache.terms if isinstance(t, slots.Slot)]


def _is_cache(term: Term) -> TypeGuard[Bundle]:
    return isinstance(term, Bundle) and term.cache


def shown(term: Term) -> str:
    """A term as it is written."""
    if isinstance(term, Literal):
        return str(term.value)
    if isinstance(term, Bundle) and not term.name:
        opening = next(sign for sign, kind in KINDS.items() if kind == term.kind)
        return f"{opening}{', '.join(map(shown, term.terms))}{CLOSING[opening]}"
    return term.name


# ---------------------------------------------------------------------------------------- reading


@cache
def all_dialects() -> dict[str, Dialect]:
    """The dialects that come with the checker, by name, in their order."""
    found = [load(path) for path in sorted(HERE.glob("*.toml"))]
    found.sort(key=lambda one: FIRST.index(one.name) if one.name in FIRST else len(FIRST))
    return {dialect.name: dialect for dialect in found}


def nearest(name: str, known: Iterable[str]) -> str:
    """Words that name the nearest of the known names; "" where none is near."""
    by_small = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_small, n=1, cutoff=0.5)
    return f"; did you mean {by_small[close[0]]}?" if close else ""


def find(which: "str | Path | Dialect") -> Dialect:
    """A dialect by its name, by the path of its file, or itself.

    Raises
    ------
    DialectError
        If there is none, or it cannot be read, or something in it is left open.
    """
    if isinstance(which, Dialect):
        return which
    if not isinstance(which, str | Path):
        raise TypeError(f"dialect is a {type(which).__name__}: a name or a path is needed")
    known = all_dialects()
    if str(which) in known:
        return known[str(which)]
    if Path(which).suffix != ".toml" and not os.path.isfile(which):  # noqa: PTH113 -- whatever text
        near = nearest(str(which), known)
        raise DialectError(
            f"there is no dialect {reading.shown(which)}{near} (known: {', '.join(known)};"
            " or the path of a .toml file)"
        )
    return load(which)


def load(path: str | Path) -> Dialect:
    """Read a dialect from a file.

    Raises
    ------
    DialectError
        If it cannot be read, or something in it is left open.
    """
    path = Path(path)
    try:
        return parse(read(path), path.stem)
    except DialectError as error:
        raise DialectError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def read(path: str | Path) -> str:
    """The text of a dialect's file.

    Raises
    ------
    DialectError
        If it cannot be read.
    """
    try:
        return reading.head(path, MOST_TEXT).decode()
    except OSError as error:
        raise DialectError(reading.why(path, error)) from None
    except ValueError as error:
        raise DialectError(f"{path} cannot be read: {error}") from None


def parse(text: str, name: str) -> Dialect:
    """A dialect from the text of its file.

    Raises
    ------
    DialectError
        If it is not TOML, says something that cannot be, or leaves something open.
    """
    said = tables(text)
    opened = next(((where, words) for where, words in entries(said) if OPEN in words), None)
    if opened is not None:
        raise DialectError(
            f'{opened[0][-1]} = "{opened[1]}" is left open: "handrnn dialects try FILE SOLUTION"'
            " finds what to write for ?"
        )
    dialect = made(said, name, text)
    verify_results(dialect)
    return dialect


def tables(text: str) -> dict[str, Any]:
    """The tables of a dialect's file, with the sections that there can be.

    Raises
    ------
    DialectError
        If the text is not TOML, has another section, or something in it is not text.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DialectError(f"this is not TOML: {error}") from None
    for section, inside in said.items():
        if section not in SECTIONS:
            raise DialectError(f"there is no section [{section}]{nearest(section, SECTIONS)}")
        if (section in TABLES) != isinstance(inside, dict):
            raise DialectError(
                f"{section} must be {'a section' if section in TABLES else 'a value'}"
            )
    if not said.get("functions"):
        raise DialectError("the section [functions] is missing or empty")
    for where, words in entries(said):
        if not isinstance(words, str):
            raise DialectError(f"{'.'.join(where)} must be text in quotes, not {words!r}")
    for cell in said.get("weights", {}):
        if cell not in slots.GATES:
            raise DialectError(f"[weights.{cell}]: a cell is one of {', '.join(slots.GATES)}")
    return said


def entries(said: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(section, ..., key) and words of all that is said of arrays, bundles, caches, functions."""
    for section in ("gradients", "arrays", "weights", "bundles", "caches", "variants", "functions"):
        inside = said.get(section, {})
        for key, words in inside.items() if isinstance(inside, dict) else ():
            if isinstance(words, dict):
                yield from (((section, key, inner), text) for inner, text in words.items())
            else:
                yield (section, key), words
        if isinstance(inside, str):
            yield (section,), inside


def made(said: Mapping[str, Any], name: str, text: str = "") -> Dialect:
    """A dialect from the tables of its file.

    Raises
    ------
    DialectError
        If they say something that cannot be.
    """
    functions: dict[str, Function] = {}
    try:
        known = _slots(said)
        for own, line in said["functions"].items():
            functions[own] = _function(own, str(line), said, known, name, functions)
    except slots.SlotError as error:
        raise DialectError(str(error)) from None
    dialect = Dialect(
        name,
        str(said.get("about", "")),
        functions,
        known,
        gradients=str(said.get("gradients", "sum")),
        tensors=bool(said.get("tensors", False)),
        provides=str(said.get("provides", "")),
        sizes={letter: int(size) for letter, size in said.get("sizes", {}).items()},
        respelt=dict(said.get("respelt", {})),
        imports=tuple(said.get("imports", ())),
        notes=tuple(said.get("notes", ())),
        text=text,
    )
    _verify(dialect)
    return dialect


def _verify(dialect: Dialect) -> None:
    """Raise DialectError for names that nothing explains, and words that there are not."""
    if set(re.split(r",\s*", dialect.gradients)) - {"sum", "mean", "added"}:
        raise DialectError(f'gradients = "{dialect.gradients}": "sum", "mean" or "mean, added"')
    if set(dialect.sizes) - set(SIZES):
        raise DialectError(f"[sizes] can have {', '.join(SIZES)}")
    for function in dialect.functions.values():
        _verify_names(dialect, function)


def _verify_names(dialect: Dialect, function: Function) -> None:
    """Raise DialectError for a name in a function that is not an array, bundle, or cache."""
    known = dialect.names(function.cell)
    forward = dialect.forward_of(function)
    kept = {t.name for c in forward.calls for t in leaves(c.gives)} if forward else set()
    for name in function.needs:
        if name not in kept:
            words = "is not described in [arrays] or [weights], and no call before gives it"
            raise DialectError(f"{function.name}: {name} {words}{nearest(name, known)}")
    owners = {call.owner for call in function.calls if call.kind == "make"}
    for call in function.calls:
        if call.kind in ("method", "get", "set") and call.owner not in owners:
            words = f"'{call.owner} = Class(...)' must stand before {call.owner}.{call.target}"
            raise DialectError(f"{function.name}: {words}")
    if not any(call.gives for call in function.calls):
        raise DialectError(f"{function.name}: it gives nothing: '-> h_next' is missing")


def verify_results(dialect: Dialect) -> None:
    """Raise DialectError for a result that looks like a misspelt array, and that nobody takes."""
    calls = [call for f in dialect.functions.values() for call in f.calls]
    taken = {t.name for call in calls for t in leaves(call.takes) if isinstance(t, Kept)}
    for function in dialect.functions.values():
        known = dialect.names(function.cell)
        given = (t for call in function.calls for t in leaves(call.gives) if isinstance(t, Kept))
        for term in (t for t in given if t.name not in taken):
            near = difflib.get_close_matches(term.name, known, n=1, cutoff=0.6)
            if near:
                words = "is not described, and no function takes it"
                raise DialectError(f"{function.name}: {term.name} {words}; did you mean {near[0]}?")


def _slots(said: Mapping[str, Any]) -> dict[str, dict[str, slots.Slot]]:
    """The slots by name that the functions of each cell may speak of."""
    arrays = {name: slots.slot(name, words) for name, words in said.get("arrays", {}).items()}
    found = {"": arrays}
    for cell in slots.GATES:
        weights = {
            name: slots.slot(name, words)
            for name, words in said.get("weights", {}).get(cell, {}).items()
        }
        gradients = {s.gradient.name: s.gradient for s in weights.values()}
        found[cell] = arrays | gradients | weights
    return found


def _function(
    name: str,
    line: str,
    said: Mapping[str, Any],
    known: Mapping[str, Mapping[str, slots.Slot]],
    dialect: str,
    before: Mapping[str, Function],
) -> Function:
    of, colon, script = (part.strip() for part in line.partition(":"))
    cell = of.partition("_")[0]
    if not colon or of not in TEXTBOOK:
        words = "'lstm_cell_forward: x, h -> h_next' is the form: the textbook's name first"
        raise DialectError(f"{name}: {words}{nearest(of, TEXTBOOK)}")
    bundles = said.get("bundles", {})
    caches = said.get("caches", {}).get(cell, {})
    words = _Words(known.get(cell, known[""]), bundles | bundles.get(cell, {}), caches)
    calls: list[Call] = []
    for part in filter(None, (part.strip() for part in script.split(";"))):
        if after := re.fullmatch(r"after (\S+)", part):
            if after[1] not in before:
                raise DialectError(f"{name}: no function {after[1]} stands before it")
            calls += before[after[1]].calls
        else:
            calls.append(words.call(part, name))
    variants = said.get("variants", {})
    variant = str(variants.get(name, variants.get(cell, ""))).split()
    if set(variant) - set(VARIANTS):
        raise DialectError(f"[variants] {' '.join(variant)}: there are {', '.join(VARIANTS)}")
    spellings = said.get("spellings", {}).get(name, ())
    return Function(name, dialect, of, tuple(calls), tuple(variant), tuple(spellings))


_EACH = re.compile(r"each\s+(back\s+)?")
_MAKE = re.compile(r"(\w+)\s*=\s*(\w+)\((.*)\)$")
_SET = re.compile(r"(\w+)\.(\w+)\s*=\s*(.+)$")
_METHOD = re.compile(r"(\w+)\.(\w+)\((.*?)\)\s*(?:->\s*(.*))?$")
_GET = re.compile(r"(\w+)\.([\w|]+)\s*->\s*(.*)$")
_CALL = re.compile(r"(\w+)\((.*?)\)\s*(?:->\s*(.*))?$")
_PLAIN = re.compile(r"(.*?)\s*->\s*(.*)$")


class _Words:
    """Reads calls and terms with the names of a dialect."""

    def __init__(
        self,
        known: Mapping[str, slots.Slot],
        bundles: Mapping[str, Any],
        caches: Mapping[str, Any],
    ) -> None:
        self.known = known
        self.bundles = {**bundles, **caches}
        self.caches = caches

    def call(self, text: str, name: str) -> Call:
        """One call: ``cell.forward(x, h) -> h_next``."""
        if found := _EACH.match(text):
            order = "backward" if found[1] else "forward"
            return replace(self.call(text[found.end() :], name), each=order)
        if found := _MAKE.match(text):
            return Call("make", found[2], found[1], self.terms(found[3]), ())
        if found := _METHOD.match(text):
            return Call("method", found[2], found[1], self.terms(found[3]), self.terms(found[4]))
        if found := _GET.match(text):
            return Call("get", found[2], found[1], (), self.terms(found[3]))
        if found := _SET.match(text):
            return Call("set", found[2], found[1], self.terms(found[3]), ())
        if found := _CALL.match(text):
            return Call("function", found[1], "", self.terms(found[2]), self.terms(found[3]))
        if found := _PLAIN.match(text):
            return Call("function", name, "", self.terms(found[1]), self.terms(found[2]))
        raise DialectError(f"{name}: {text!r} is not a call, such as 'f(a, b) -> c'")

    def terms(self, text: str | None) -> tuple[Term, ...]:
        """Terms with commas between them."""
        tokens = re.findall(r"[A-Za-z_]\w*|-?\d+(?:\.\d+)?|\.\.\.|\S", text or "")
        found = self._until(tokens, "")
        if tokens:
            raise DialectError(f"{text!r} cannot be read from {tokens[0]!r} on")
        return found

    def _until(self, tokens: list[str], closing: str) -> tuple[Term, ...]:
        found: list[Term] = []
        while tokens and tokens[0] != closing:
            token = tokens.pop(0)
            if token == ",":
                continue
            found.append(self._term(token, tokens))
        return tuple(found)

    def _term(self, token: str, tokens: list[str]) -> Term:
        if token in KINDS:
            return self._bundle(token, tokens)
        if token in self.known:
            return self.known[token]
        if token in self.bundles:
            (term,) = self.terms(str(self.bundles[token]))
            if isinstance(term, Bundle):
                return replace(term, name=token, cache=token in self.caches)
            return term
        if token in SIZES:
            return Size(token)
        if token in LITERALS:
            return Literal(LITERALS[token])
        if re.fullmatch(r"-?\d+(\.\d+)?", token):
            return Literal(float(token) if "." in token else int(token))
        if token in CLOSING.values():
            raise DialectError(f"there is a bracket {token!r} where another one is not closed")
        if not token.isidentifier() and token != "...":
            raise DialectError(f"{token!r} is not a name")
        return Kept(token)

    def _bundle(self, opening: str, tokens: list[str]) -> Bundle:
        """What stands between brackets; in {key: array} the key too."""
        keys: dict[int, str] = {}
        found: list[Term] = []
        while tokens and tokens[0] != CLOSING[opening]:
            token = tokens.pop(0)
            if token == ",":
                continue
            if opening == "{" and tokens[:1] == [":"]:
                keys[len(found)] = token
                token = tokens.pop(1)
                tokens.pop(0)
            found.append(self._term(token, tokens))
        if not tokens:
            raise DialectError(f"a bracket {opening!r} is not closed")
        tokens.pop(0)
        inside = tuple(t for t in found if t != Kept("..."))
        names = tuple(keys.get(k, getattr(term, "name", "")) for k, term in enumerate(inside))
        return Bundle(
            "", KINDS[opening], inside, len(inside) < len(found), keys=names if keys else ()
        )
