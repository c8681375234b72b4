"""A function of a submission that is to be judged: what it is called with, and what is right."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ... import compare, slots
from ..dialects import dialect as dialects
from ..dialects import match as matching
from ..explain import lines
from ..load import parts
from ..probe import probes, truth

MEANING = {"T": "time", "B": "example", "I": "input", "H": "unit", "Y": "unit", "1": ""}
MEANING |= {"D": "unit", "L": "layer"}
SEEDS = (0, 1)
RESIZED = (2, 4, 7, 3)  # B, I, H, Y of one more, none as in the others
SQUARE = 4  # the size of everything where all matrices are square
FAR = 1000.0  # exp of it overflows in float64
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Target:
    """A function of the submission that is one of a dialect's.

    Attributes
    ----------
    match : which one it is
    forward : the match of the forward function whose cache it takes, if the submission has it
    epsilon : somewhere in the submission, a small number is added to a sum
    source : the text of its class, or its own
    says_single : it, or what it uses, speaks of float32
    uses : names of the submission that it looks up, by itself or in what it calls
    """

    match: matching.Match
    forward: matching.Match | None = None
    epsilon: bool = False
    source: str = ""
    says_single: bool = False
    uses: frozenset[str] = frozenset()

    @property
    def definition(self) -> parts.Definition:
        """Its own."""
        return self.match.definition

    @property
    def function(self) -> dialects.Function:
        """Which function of the dialect it is."""
        return self.match.function

    @property
    def name(self) -> str:
        """The name under which it is reported: the dialect's."""
        return self.function.name

    @property
    def called(self) -> str:
        """The name by which it is called: its own."""
        return self.function.owner or self.definition.name

    @property
    def drawn(self) -> tuple[probes.Probe, ...]:
        """The numbers that it is judged on, of the sizes that the dialect prescribes."""
        sizes = {"B": 3, "I": 5, "H": 4, "Y": 2} | dict(self.match.dialect.sizes)
        chosen = tuple(sizes[letter] for letter in "BIHY") if self.match.dialect.sizes else None
        return tuple(probes.draw(seed, sizes=chosen) for seed in SEEDS)  # pyright: ignore

    @property
    def resized(self) -> probes.Probe | None:
        """Numbers of other sizes, if the dialect prescribes none: a size may not be a number."""
        return None if self.match.dialect.sizes else probes.draw(len(SEEDS), T=5, sizes=RESIZED)

    @property
    def drawn_square(self) -> tuple[probes.Probe, ...]:
        """Numbers with all sizes alike, but for those that the dialect prescribes."""
        sizes = dict.fromkeys("BIHY", SQUARE) | dict(self.match.dialect.sizes)
        chosen = (sizes["B"], sizes["I"], sizes["H"], sizes["Y"])
        return tuple(probes.draw(seed, square=True, sizes=chosen) for seed in SEEDS)

    @property
    def steps_function(self) -> str:
        """The name of the dialect's function of one step, of a function of a sequence."""
        of = f"{self.function.cell}_cell_{self.function.kind}"
        found = (f.name for f in self.match.dialect.functions.values() if f.of == of)
        return next(found, "")

    @property
    def calls_its_cell(self) -> bool:
        """Whether a function of a sequence leaves its equations to the function of a step."""
        return self.function.kind in ("forward", "backward") and bool(
            {self.steps_function, self.steps_function.partition(".")[0]} & self.uses
        )

    @property
    def before(self) -> str:
        """The forward method of the same object, of a backward method; "" of all others."""
        own = self.function
        if not own.owner or not own.kind.endswith("backward"):
            return ""
        of = own.of.replace("backward", "forward")
        alike = (f for f in self.match.dialect.functions.values() if f.owner == own.owner)
        return next((f.name for f in alike if f.of == of), "")

    @property
    def has_partners(self) -> bool:
        """Whether it leaves work to another function of the dialect that is more than a helper."""
        others = self.match.dialect.functions.values()
        names = {f.owner or f.name for f in others if f.cell} - {self.called, self.name}
        return not self.function.kind.startswith("cell_") and bool(self.uses & names)

    @property
    def helpers(self) -> list[str]:
        """The submission's own softmax and sigmoid that it uses, where the dialect has them."""
        own = self.match.dialect.functions
        return [n for n in truth.ELEMENTARY if n in own and n in self.uses - {self.called}]

    @cached_property
    def given(self) -> set[str]:
        """The names of the atoms that it is given, by itself or through its forward function.

        A state that it takes beyond those of the dialect is not among them: it is zero.
        """
        taken = {
            name
            for call in self.match.calls
            for s in dialects.slots_in(call.takes)
            for name in s.atoms
        }
        given = taken - (set(truth.STATES) - self.function.given)
        forward = self.match.dialect.forward_of(self.function)
        kept = self.function.needs or self.function.cache_taken
        return given | (forward.given if forward and kept else set())

    @cached_property
    def gives(self) -> tuple[slots.Slot, ...]:
        """The arrays that its calls give, caches aside."""
        return tuple(s for call in self.match.calls for s in dialects.slots_in(call.gives))

    def known(self, probe: probes.Probe) -> Arrays:
        """The inputs that a probe has for it, as atoms."""
        return truth.only(truth.inputs(probe, self.function.cell), self.given)

    # what it is called with

    def packed(self, terms: tuple[dialects.Term, ...], probe: probes.Probe, kept: Any) -> list[Any]:
        """Fresh arrays for what a call takes.

        Parameters
        ----------
        terms : what it takes
        probe : the numbers
        kept : what stands for an earlier result, by its name
        """
        known = self.known(probe)
        wanted = [s.quantity for s in dialects.slots_in(terms) if not s.gates]
        if self.function.cache_taken is not None or not set(wanted) <= set(known):
            oracle = truth.oracle(self.function.variant)
            steps = truth.along(self.function.of, known, oracle)
        else:
            steps = []
        if self.function.kind.startswith("cell") and steps:
            known = known | steps[0]
        return [self._value(term, known, probe.sizes, steps, kept) for term in terms]

    def arguments(self, probe: probes.Probe) -> list[Any]:
        """What the function itself is called with, if it takes no cache of the submission's."""
        return self.packed(self.match.order, probe, {})

    def _value(
        self,
        term: dialects.Term,
        known: Mapping[str, np.ndarray],
        sizes: Mapping[str, int],
        steps: list[Arrays],
        kept: Mapping[str, Any],
    ) -> Any:
        if isinstance(term, slots.Slot):
            return term.pack(known, sizes)
        if isinstance(term, dialects.Size):
            return sizes[term.name]
        if isinstance(term, dialects.Literal):
            return term.value
        if isinstance(term, dialects.Kept) or term.name in kept:
            return kept[term.name]
        if term.steps:
            return [
                self._value(inner, {**known, **step}, sizes, steps, kept)
                for step in steps
                for inner in term.terms
            ]
        values = [self._value(inner, known, sizes, steps, kept) for inner in term.terms]
        if term.kind == "dict":
            names = [self.respelt(getattr(inner, "name", "")) for inner in term.terms]
            return dict(zip(term.keys or names, values, strict=True))
        return tuple(values) if term.kind == "tuple" else values

    def respelt(self, name: str) -> str:
        """A name as the submission spells it: Wu for Wi, dWu for dWi."""
        return matching.spelt(name, self.match.respelt)

    @property
    def names(self) -> set[str]:
        """All names of arrays of the dialect, as the submission spells them, and of bundles."""
        arrays = self.match.dialect.names(self.function.cell)
        bundles = [t.name for t in self.match.order if isinstance(t, dialects.Bundle)]
        inside = ("parameters",) if self.function.cache_taken else ()
        return {self.respelt(name) for name in arrays} | set(bundles) | set(inside)

    @property
    def weights(self) -> set[str]:
        """The names of the weights, as the submission spells them."""
        arrays = self.match.dialect.names(self.function.cell).values()
        return {self.respelt(s.name) for s in arrays if s.quantity in ("W", "Why", "by")}

    @property
    def keys(self) -> list[str]:
        """The keys of the parameters, where these are a dict."""
        bundles = [t for t in self.match.order if isinstance(t, dialects.Bundle)]
        inside = [b for b in bundles if b.kind == "dict"]
        return [self.respelt(getattr(t, "name", "")) for b in inside for t in b.terms]

    @property
    def order(self) -> tuple[str, ...]:
        """The names of what each argument is."""
        return tuple(self.respelt(getattr(term, "name", "")) for term in self.match.order)

    @property
    def lines(self) -> lines.Lines:
        """Its lines, read in the dialect's notation."""
        return lines.Lines(self.definition, self.function, self.order)

    # what is right

    def atoms(self, probe: probes.Probe, oracle: Any = None) -> Arrays:
        """The results as atoms.

        Parameters
        ----------
        probe : the numbers
        oracle : the textbook, or one with a mistake planted into it
        """
        oracle = oracle or truth.oracle(self.function.variant)
        return truth.results(self.function.of, self.known(probe), oracle)

    def expected(self, probe: probes.Probe, oracle: Any = None) -> Arrays:
        """The results by their names, in the axes of the dialect; caches that are prescribed too.

        ``cache.ft`` is an entry of the cache of one step, ``caches.ft`` of those of a sequence,
        stacked with time in front.
        """
        if oracle is None:
            return dict(self._right(probe))
        return self._expected(probe, oracle)

    def _right(self, probe: probes.Probe) -> Arrays:
        key = (self.function, frozenset(self.given), id(probe))
        if key not in _KNOWN:
            _KNOWN[key] = (probe, self._expected(probe, truth.oracle(self.function.variant)))
        return _KNOWN[key][1]

    def _expected(self, probe: probes.Probe, oracle: Any) -> Arrays:
        found = self.atoms(probe, oracle)
        factor = self._factor(probe)
        sizes = probe.sizes | ({"T": len(probe.dy)} if self.function.kind == "backward" else {})
        outputs = {}
        for slot in self.gives:
            if all(name in found for name in slot.atoms):
                value = _packed(slot, found, sizes)
                outputs[slot.name] = value * factor if slot.quantity == "dW" else value
        return outputs | self._caches(probe, oracle)

    def _factor(self, probe: probes.Probe) -> float:
        """What gradients with respect to weights are in the dialect, in units of the textbook's."""
        said, own = self.match.dialect.gradients, self.function.itself
        times = sum((c.kind, c.target) == (own.kind, own.target) for c in self.match.calls)
        return (times if "added" in said else 1.0) / (probe.B if "mean" in said else 1)

    def _caches(self, probe: probes.Probe, oracle: Any) -> Arrays:
        bundle = self.function.cache_given
        if bundle is None:
            return {}
        known = self.known(probe)
        steps = truth.along(self.function.of, known, oracle)
        if self.function.kind == "cell_forward":
            entries = dialects.step_slots(bundle)
            return {f"cache.{s.name}": s.pack(known | steps[0], probe.sizes) for s in entries}
        found = {}
        for s in dialects.step_slots(bundle):
            found[f"caches.{s.name}"] = np.stack([s.pack(known | t, probe.sizes) for t in steps])
        for s in bundle.terms:
            if isinstance(s, slots.Slot):
                found[f"caches.{s.name}"] = s.pack(known, probe.sizes)
        return found

    def layout(self, name: str) -> compare.Layout:
        """What the axes of a result mean."""
        where, _, plain = name.rpartition(".")
        slot = self.slot(plain, where)
        axes: list[Any] = [_axis(slot, axis, k) for k, axis in enumerate(slot.axes)]
        if where == "caches" and "T" not in slot.axes:
            axes.insert(0, "time")
        gates = tuple(slot.gates) if len(slot.gates) > 1 else ()
        backward = self.function.kind.endswith("backward")
        return compare.Layout(tuple(axes), gates, backward=backward)

    def slot(self, name: str, where: str = "") -> slots.Slot:
        """The slot of a result, or of an entry of a cache."""
        bundle = self.function.cache_given
        if where and bundle is not None:
            terms = (*dialects.step_slots(bundle), *bundle.terms)
            entries = [s for s in terms if isinstance(s, slots.Slot)]
        else:
            entries = list(self.gives)
        return next(s for s in entries if s.name == name)

    # the rare input

    @property
    def has_edge(self) -> bool:
        """Whether there is a rare input on which a right function may fail."""
        if self.function.kind in ("cell_forward", "forward"):
            gives_y = any(s.quantity in ("y", "yt") for s in self.gives)
            return gives_y and "exp(" in self.definition.source
        return not self.function.cell or (
            self.function.kind == "backward" and self.function.cache_taken is not None
        )

    def edge(self) -> probes.Probe:
        """Where exp overflows; for BPTT, a cotangent that is shorter than the caches."""
        if self.function.kind == "backward":
            return probes.draw(0, T=7, T_back=4)
        probe = probes.draw(0)
        if not self.function.cell:
            return replace(probe, z=probe.z_far)
        given = probe.parameters[self.function.cell]
        far = {**given, "by": given["by"] + FAR}
        return replace(probe, parameters={**probe.parameters, self.function.cell: far})


_KNOWN: dict[Any, tuple[probes.Probe, Arrays]] = {}


def _packed(slot: slots.Slot, found: Arrays, sizes: Mapping[str, int]) -> np.ndarray:
    """A result; an atom as it is where a planted mistake has changed its shape."""
    try:
        value = slot.pack(found, sizes)
        if value.shape == slot.shape(sizes):
            return value
    except (ValueError, IndexError, KeyError):
        pass
    return found[slot.atoms[0]]


def _axis(slot: slots.Slot, axis: str, place: int) -> Any:
    if axis == "R":
        return "input" if slot.on == ("x",) else ("row", "column")[min(place, 1)]
    if axis in ("KH", "HK"):
        pair = ("gate", "unit") if axis == "KH" else ("unit", "gate")
        return pair if len(slot.gates) > 1 else "unit"
    return "gate" if axis == "K" else MEANING[axis]
