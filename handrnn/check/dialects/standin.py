"""Right functions and classes of a dialect, to stand for those of a submission.

A loop that calls a wrong cell is judged with a right one in its place. A stand-in takes what it is
called with apart into atoms, lets the textbook compute, and packs the results as the dialect has
them. Where the dialect prescribes no cache, its cache is a box that only it can open.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import slots
from ..probe import truth
from . import activations
from . import dialect as dialects
from . import match as matching

ALL_STEPS = "the caches of all steps"


class Box(dict):
    """A cache of a stand-in: the atoms of its forward call."""


class Partners:
    """The stand-ins of a dialect.

    Parameters
    ----------
    dialect : whose functions they are
    called : by what the submission calls a function or class, its name in the dialect
    respelt : what it calls parameters otherwise than the dialect
    """

    def __init__(
        self, dialect: dialects.Dialect, called: Mapping[str, str], respelt: Mapping[str, str]
    ) -> None:
        self.dialect = replace(dialect, respelt=respelt)
        names = {f.owner or f.name for f in dialect.functions.values()}
        self.called = {name: name for name in names} | dict(called)
        self.boxes: dict[int, tuple[Any, Box]] = {}  # by the id of a submission's own cache

    def make(self, name: str, own: Any = None) -> Any:
        """The stand-in for what the submission calls so; None if there is none.

        Parameters
        ----------
        name : that the submission has for it
        own : what stands there; its caches are handed on, as loops look into them
        """
        theirs = self.called.get(name)
        if theirs is None:
            return None
        if theirs in self.dialect.functions:
            return function(self.dialect, self.dialect.functions[theirs], self.boxes, own)
        return _class(self.dialect, theirs)

    def copied(self, memo: Mapping[int, Any]) -> None:
        """What has been copied stands for the same: (id of the old, the new) as of deepcopy."""
        for old, (_, box) in list(self.boxes.items()):
            if old in memo:
                self.boxes[id(memo[old])] = (memo[old], box)

    def offered(self) -> dict[str, Any]:
        """All stand-ins for functions by name, and a sigmoid."""
        made = {name: self.make(name) for name, own in self.called.items() if name == own}
        extra = vars(activations) if self.dialect.provides == "activations" else {}
        extra = {name: value for name, value in extra.items() if isinstance(value, type)}
        return {"sigmoid": truth.oracle().sigmoid} | extra | {n: f for n, f in made.items() if f}


def partners(described: Mapping[str, Any] | None) -> Partners | None:
    """The partners that a job describes: the text and name of a dialect, and the names called."""
    if described is None:
        return None
    dialect = dialects.parse(described["text"], described["name"])
    return Partners(dialect, described["called"], described["respelt"])


def function(
    dialect: dialects.Dialect,
    chosen: dialects.Function,
    boxes: dict[int, tuple[Any, Box]],
    own: Any = None,
) -> Callable:
    """A right function of a dialect."""
    call = chosen.itself
    names = [t.name for t in call.gives if isinstance(t, dialects.Kept)]

    def stand_in(*arguments: Any, **named: Any) -> Any:
        state = _State(dialect, chosen, boxes)
        state.take(_bound(call, arguments, named), call.takes)
        returned = state.give(call)
        if names and own is not None:
            return _with_cache_of(own, returned, boxes, arguments, named)
        return returned

    stand_in.__name__ = stand_in.__qualname__ = chosen.name
    return stand_in


def _with_cache_of(
    own: Callable,
    returned: Any,
    boxes: dict[int, tuple[Any, Box]],
    arguments: Sequence[Any],
    named: Mapping[str, Any],
) -> Any:
    """Right results, with the cache that the submission's own function hands on."""
    try:
        cache = own(*copy.deepcopy(arguments), **copy.deepcopy(named))[-1]
    except Exception:  # it is wrong, and nobody can look into its cache
        return returned
    boxes[id(cache)] = (cache, returned[-1])
    return (*returned[:-1], cache)


def _bound(call: dialects.Call, arguments: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    """What a call was given, in the order of what it takes."""
    if len(arguments) + len(named) != len(call.takes):
        wanted = ", ".join(map(dialects.shown, call.takes))
        raise TypeError(f"{call.target}({wanted}) takes {len(call.takes)} arguments")
    found, left = list(arguments), dict(named)
    for term in call.takes[len(arguments) :]:
        key = next((n for n in (2, 1) for name in left if matching.likeness(term, name) == n), None)
        fits = [name for name in left if key and matching.likeness(term, name) == key]
        if not fits and isinstance(term, dialects.Literal):  # whatever that is called
            fits = list(left)[: len(left) == 1]
        if not fits:
            raise TypeError(f"{call.target}() has no argument {', '.join(left)}")
        found.append(left.pop(fits[0]))
    return found


class _State:
    """What is known in a stand-in, as atoms, and the very arrays that it was given."""

    def __init__(
        self,
        dialect: dialects.Dialect,
        chosen: dialects.Function,
        boxes: Mapping[int, tuple[Any, Box]],
    ) -> None:
        self.dialect = dialect
        self.boxes = boxes
        self.function = chosen
        self.known: dict[str, np.ndarray] = {}
        self.given: dict[str, Any] = {}
        self.biases: dict[str, dict[str, np.ndarray]] = {}  # by name, where a gate has two
        self.sizes: dict[str, int] = {"T": 1, "B": 1, "Y": 1} | dict(dialect.sizes)
        self.steps: list[dict[str, np.ndarray]] = []
        self.tensors = False

    def take(self, values: Sequence[Any], terms: Sequence[dialects.Term]) -> None:
        """Take what was given apart."""
        pairs = [*_pairs(values, terms, self.dialect.respelt)]
        for term, value in list(pairs):
            if isinstance(term, dialects.Kept):
                pairs += self._attributes(term.name, value)
        for slot, value in pairs:
            if isinstance(slot, dialects.Size):
                self.sizes[slot.name] = value
            elif isinstance(slot, slots.Slot):
                self._size(slot, np.shape(value))
        for slot, value in pairs:
            box = value if isinstance(value, Box) else self.boxes.get(id(value), (None, None))[1]
            if box is not None:
                self.known |= box
            elif isinstance(slot, slots.Slot):
                tensor = type(value).__module__.startswith("torch")
                self.tensors |= tensor
                numbers: Any = value
                array = np.array(numbers.detach().numpy() if tensor else numbers)
                shape = slot.shape(self.sizes)
                if not array.shape and not slot.gates:  # a state or gradient that starts as 0.0
                    array = np.broadcast_to(array, shape)
                if array.size != math.prod(shape):
                    raise ValueError(f"{slot.name} has shape {array.shape}, not {shape}")
                array = array.reshape(shape)
                self._learn(slot, slot.unpack(array, self.sizes))
                self.given[slot.quantity if not slot.gates else slot.name] = value

    def _learn(self, slot: slots.Slot, atoms: dict[str, np.ndarray]) -> None:
        """Know the atoms of an array; two biases of one gate are one atom, their sum."""
        if slot.quantity == "W" and slot.on[0] in ("bias_x", "bias_h"):
            self.biases[slot.name] = atoms
            for name in atoms:
                both = [found[name] for found in self.biases.values() if name in found]
                atoms = atoms | {name: np.sum(both, axis=0)}
        self.known |= atoms

    def _attributes(self, owner: str, value: Any) -> Iterator[tuple[dialects.Term, Any]]:
        """What is known of an object that was handed over: the attributes that the dialect sets."""
        for call in self.function.calls:
            if (call.kind, call.owner) == ("set", owner) and hasattr(value, call.target):
                yield call.takes[0], getattr(value, call.target)

    def _size(self, slot: slots.Slot, shape: Sequence[int]) -> None:
        """The sizes that the shape of an array tells."""
        for axis, n in zip(slot.axes, shape, strict=False):
            if axis in ("KH", "HK"):
                self.sizes["H"] = n // len(slot.gates)
            elif axis in "TBIHY":
                self.sizes[axis] = n
        if "R" in slot.axes and len(shape) == len(slot.axes):
            n = shape[slot.axes.index("R")]
            if "x" in slot.on:
                self.sizes["I"] = n - sum(self.sizes["H"] for part in slot.on if part == "h")
            elif slot.on == ("h",):
                self.sizes["H"] = n

    def give(self, call: dialects.Call) -> Any:
        """The results of a call, packed."""
        function = self.function
        inputs = dict(self.known)
        for state, before in (("h0", "h_prev"), ("c0", "c_prev")):
            if before in inputs:
                inputs.setdefault(state, inputs[before])
        for name in truth.STATES:
            letters = "THB" if name == "dy" else "HB"
            shape = [self.sizes.get(letter, 1) for letter in letters]
            inputs.setdefault(name, np.zeros(shape))
        biases = [*(f"b.{gate}" for gate in slots.GATES.get(function.cell, "")), "b.n.h", "2.b.h"]
        if "Why" not in inputs and function.cell:
            inputs["Why"] = np.zeros((self.sizes["Y"], self.sizes.get("H", 1)))
        inputs.setdefault("by", np.zeros(self.sizes["Y"]))
        for name in biases:
            inputs.setdefault(name, np.zeros(self.sizes.get("H", 1)))
        found = truth.results(function.of, inputs, truth.oracle(function.variant))
        if "added" in self.dialect.gradients:  # to those of the calls before
            weights = [name for name in found if name.startswith(("dW", "db"))]
            found |= {name: found[name] + self.known.get(name, 0.0) for name in weights}
        self.known |= found
        if function.cache_given is not None:
            self.steps = truth.along(function.of, inputs)
            self.known |= self.steps[0]
        values = [self.value(term) for term in call.gives]
        return values[0] if len(values) == 1 else tuple(values)

    def value(self, term: dialects.Term) -> Any:
        """What stands for a term in the results."""
        if isinstance(term, slots.Slot):
            return self._array(term)
        if isinstance(term, dialects.Bundle) and term.steps:
            return [self._at(step).value(inner) for step in self.steps for inner in term.terms]
        if isinstance(term, dialects.Bundle):
            values = [self.value(inner) for inner in term.terms]
            if term.kind == "dict":
                names = [getattr(inner, "name", "") for inner in term.terms]
                names = [matching.spelt(name, self.dialect.respelt) for name in names]
                return dict(zip(term.keys or names, values, strict=True))
            return tuple(values) if term.kind == "tuple" else values
        return Box(self.known)

    def _at(self, step: Mapping[str, np.ndarray]) -> "_State":
        """The same at one time step, with the weights that were given."""
        here = copy.copy(self)
        here.known = self.known | dict(step)
        weights = [key for key in self.given if key not in slots.AXES or key in ("Why", "by")]
        here.given = {key: self.given[key] for key in weights}
        return here

    def _array(self, slot: slots.Slot) -> Any:
        """An array: the very one that was given, if it was; a result once, wherever it stands."""
        key = slot.name if slot.gates else slot.quantity
        if key not in self.given:
            value = slot.pack(self.known, self.sizes)
            if "mean" in self.dialect.gradients and slot.quantity == "dW":
                value = value / self.sizes["B"]
            if self.tensors:
                import torch

                value = torch.from_numpy(value)
            self.given[key] = value
        return self.given[key]


def _pairs(
    values: Sequence[Any], terms: Sequence[dialects.Term], respelt: Mapping[str, str]
) -> Iterator[tuple[dialects.Term, Any]]:
    """Terms and what was given for them, bundles taken apart."""
    for value, term in zip(values, terms, strict=False):
        if isinstance(term, dialects.Bundle) and isinstance(value, Mapping) and term.kind == "dict":
            for place, inner in enumerate(term.terms):
                name = getattr(inner, "name", "")
                for key in (*term.keys[place : place + 1], matching.spelt(name, respelt), name):
                    if key in value:
                        yield from _pairs([value[key]], [inner], respelt)
                        break
        elif isinstance(term, dialects.Bundle) and term.steps and isinstance(value, list | tuple):
            yield from _pairs(value[:1], term.terms, respelt)  # the first tells how it began
        elif isinstance(term, dialects.Bundle) and isinstance(value, tuple | list):
            if len(value) != len(term.terms):
                wanted = f"{term.name} is {dialects.shown(replace(term, name=''))}"
                many = [
                    v for v in value if isinstance(v, tuple | list) and len(v) == len(term.terms)
                ]
                entries = f"{len(value)} entries"
                if value and len(many) == len(value):
                    entries = f"{ALL_STEPS}, {len(value)} of them"
                raise TypeError(f"{wanted}: it was given {entries}")
            yield from _pairs(value, term.terms, respelt)
        else:
            yield term, value


def _class(dialect: dialects.Dialect, owner: str) -> type | None:
    """A right class of a dialect."""
    functions = [f for f in dialect.functions.values() if f.owner == owner]
    if not functions:
        return None
    return type(owner, (_Made,), {"_dialect": dialect, "_functions": functions})


class _Made:
    """An object of a class that stands in: it does what the calls of the dialect do."""

    _dialect: dialects.Dialect
    _functions: Sequence[dialects.Function]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        made = [c for f in self._functions for c in f.calls if c.kind == "make"]
        given = len(arguments) + len(named)
        make = next((call for call in made if len(call.takes) == given), made[0])
        self._state = _State(self._dialect, self._functions[0], {})
        self._state.take(_bound(make, arguments, named), make.takes)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        for call in (c for f in self._functions for c in f.calls):
            if (call.kind, call.target) == ("set", name):
                self._state.take([value], call.takes)

    def __getattr__(self, name: str) -> Any:
        if name == "_state" or name.startswith("__"):  # before there is one
            raise AttributeError(name)
        for chosen in self._functions:
            for call in chosen.calls:
                if call.target == name and call.kind == "method":
                    return self._method(call)
                if name in call.target.split("|") and call.kind == "get":
                    values = [self._state.value(term) for term in call.gives]
                    return values[0] if len(values) == 1 else values
        raise AttributeError(f"the right {type(self).__name__} has no {name}")

    def _method(self, call: dialects.Call) -> Callable:
        chosen = next((f for f in self._functions if f.method == call.target), None)

        def method(*arguments: Any, **named: Any) -> Any:
            self._state.given.clear()
            self._state.take(_bound(call, arguments, named), call.takes)
            if chosen is None:
                return None
            self._state.function = chosen
            return self._state.give(call)

        return method
