"""A dialect: how an assignment names, lays out and packs what the textbook computes.

Each is one TOML file::

    about = "..."
    [arrays]              # theirs = "quantity: axes", see handrnn.slots
    x_t = "xt: B I"
    [weights.lstm]        # of one cell; the gradient of Wx is dWx
    Wx = "[i f o g] x: R KH"
    [bundles]             # several in one: {a, b} a dict, (a, b) a tuple, [a, b] a list
    parameters = "{Wx, Wh, b}"
    [caches.lstm]         # of one cell; [cache, ...] is one cache a time step
    cache = "(prev_h, x_t, parameters)"
    caches = "([cache, ...], x)"
    [functions]           # theirs = "textbook's: calls in order"
    lstm_step_forward = "lstm_cell_forward: x_t, prev_h, prev_c, Wx, Wh, b -> next_h, next_c, cache"
    "RNN.forward" = "rnn_cell_forward: cell = RNN(I, H); cell.set(Wx, Wh); cell.forward(x) -> h"

A call takes and gives arrays, bundles, sizes (T B I H Y), literals, and what an earlier call gave
under a name that is no array, such as a cache. A function is one call, the name of which may be
left out; a backward function on its own forward function's cache is judged after that one. A class
is made, methods are called, attributes are read (``cell.dW -> dW``; ``cell.dW|grad -> dW``: one
of two) and set (``cell.W = W``);
``after RNN.forward`` stands for the calls of that function.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeGuard

from ... import slots

HERE = Path(__file__).parent
FIRST = ("course", "batch_first")
SIZES = ("T", "B", "I", "H", "Y")
LITERALS = {"True": True, "False": False, "None": None}
KINDS = {"{": "dict", "(": "tuple", "[": "list"}
CLOSING = {"{": "}", "(": ")", "[": "]"}
SECTIONS = {
    *("about", "arrays", "weights", "bundles", "caches", "functions", "spellings", "variants"),
    "notes",
    *("gradients", "tensors", "provides", "sizes", "imports", "respelt"),
}


class DialectError(ValueError):
    """A dialect that cannot be read, in words for who wrote it."""


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
    """

    name: str
    kind: str
    terms: "tuple[Term, ...]"
    steps: bool = False
    cache: bool = False


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
    """

    kind: str
    target: str
    owner: str
    takes: tuple[Term, ...]
    gives: tuple[Term, ...]


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
            wanted += [t.name for t in _leaves(call.takes) if isinstance(t, Kept)]
            wanted = [name for name in wanted if name not in given]
            given |= {t.name for t in _leaves(call.gives) if isinstance(t, Kept)} | {call.owner}
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
    return (term for term in _leaves(terms) if isinstance(term, slots.Slot))


def _leaves(terms: Sequence[Term]) -> Iterator[Term]:
    for term in terms:
        if isinstance(term, Bundle):
            yield from () if term.cache else _leaves(term.terms)
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


def load(path: str | Path) -> Dialect:
    """Read a dialect from a file.

    Raises
    ------
    DialectError
        If it cannot be read.
    """
    path = Path(path)
    try:
        return parse(path.read_text(encoding="utf-8"), path.stem)
    except OSError as error:
        raise DialectError(f"{path} cannot be read: {error.strerror or error}") from None
    except (DialectError, UnicodeDecodeError) as error:
        raise DialectError(f"{path}: {error}") from None


def parse(text: str, name: str) -> Dialect:
    """A dialect from the text of its file.

    Raises
    ------
    DialectError
        If it is not TOML, or says something that cannot be.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DialectError(f"it is not TOML: {error}") from None
    for section in said:
        if section not in SECTIONS:
            raise DialectError(f"there is no section {section}: {', '.join(sorted(SECTIONS))}")
    if not said.get("functions"):
        raise DialectError("it has no [functions]")
    try:
        known = _slots(said)
        functions: dict[str, Function] = {}
        for own, line in said["functions"].items():
            functions[own] = _function(own, str(line), said, known, name, functions)
    except slots.SlotError as error:
        raise DialectError(str(error)) from None
    return Dialect(
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
    if not colon or (cell not in slots.GATES and of not in ("softmax", "sigmoid")):
        raise DialectError(f"{name}: 'textbook's function: calls' is needed, not {line!r}")
    bundles = said.get("bundles", {})
    caches = said.get("caches", {}).get(cell, {})
    words = _Words(known.get(cell, known[""]), bundles | bundles.get(cell, {}), caches)
    calls: list[Call] = []
    for part in filter(None, (part.strip() for part in script.split(";"))):
        if after := re.fullmatch(r"after (\S+)", part):
            if after[1] not in before:
                raise DialectError(f"{name}: there is no {after[1]} before it")
            calls += before[after[1]].calls
        else:
            calls.append(words.call(part, name))
    variants = said.get("variants", {})
    variant = str(variants.get(name, variants.get(cell, ""))).split()
    spellings = said.get("spellings", {}).get(name, ())
    return Function(name, dialect, of, tuple(calls), tuple(variant), tuple(spellings))


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
        raise DialectError(f"{name}: {text!r} is no call: 'f(a, b) -> c' is one")

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
            inside = self._until(tokens, CLOSING[token])
            if not tokens:
                raise DialectError(f"a bracket {token!r} is not closed")
            tokens.pop(0)
            steps = Kept("...") in inside
            return Bundle("", KINDS[token], tuple(t for t in inside if t != Kept("...")), steps)
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
        if not token.isidentifier() and token != "...":
            raise DialectError(f"{token!r} is no name")
        return Kept(token)
