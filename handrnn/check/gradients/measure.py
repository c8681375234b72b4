"""Holds gradients against the derivative of the loss: how far off, from which step on, where.

Each parameter is compared along a few directions; of one that is wrong, single entries, and
sequences cut to 1, 2, ... time steps, show where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from . import derivative, pairs, world

ALLOWED = 1e-6  # of the largest value: between what rounding does and what a mistake does
ALLOWED_SINGLE = 4e-6  # of gradients in float32: 64 units of rounding
SAFETY = 10  # estimates that the derivative may be off by
BLOCK = 256  # entries that one direction moves
FEW = 12  # entries that are moved one by one
MOST_ENTRIES = 48  # of a parameter that are looked at one by one
MOST_LOCATED = 12  # parameters
RIGHT, WRONG, ILL = "right", "wrong", "ill"


class UnfitError(Exception):
    """This call cannot be judged, and why."""


@dataclass(frozen=True)
class Spec:
    """What to look at.

    Parameters
    ----------
    parameters : paths, by the names that a reader knows them by
    loss : finds the loss, given what was returned and the world after the call
    gradients : arrays by path, a rule of `pairs.RULES`, None to look for them, or a function of
        what was returned and the world after the call
    names : what the ``return`` statement calls what is returned
    rate : of the update
    optional : whether the parameters were found, not given
    apart : whether the loss comes of a function of its own, which may be a mean where the gradients
        are those of a sum
    """

    parameters: Mapping[world.Path, str]
    loss: Any
    gradients: Any = None
    names: Any = ()
    rate: float | None = None
    optional: bool = False
    apart: bool = False


@dataclass(frozen=True)
class Record:
    """How one gradient compares with the derivative.

    Attributes
    ----------
    name : of the parameter
    state : "right", "wrong" or "ill"
    error : largest difference, relative to the largest value
    estimate : what the derivative may be off by, likewise
    single : whether the gradient is in float32
    steps : shortest sequence whose gradient is wrong; 0 where it was not cut
    place : entries that are wrong, in words
    pattern : what is wrong with all of them, in words
    problem : why it could not be compared
    """

    name: str
    state: str
    error: float = float("nan")
    estimate: float = float("nan")
    single: bool = False
    steps: int = 0
    place: str = ""
    pattern: str = ""
    problem: str = ""


@dataclass
class Judged:
    """What came of one point."""

    records: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    method: str = ""

    @property
    def state(self) -> str:
        """The worst of the records."""
        states = {record.state for record in self.records}
        return next((state for state in (WRONG, ILL) if state in states), RIGHT)


class Point:
    """A world with a loss, at one set of values of its parameters."""

    def __init__(
        self, around: world.World, spec: Spec, values: Mapping[world.Path, np.ndarray]
    ) -> None:
        self.world, self.spec, self.values = around, spec, dict(values)
        self.rng = np.random.default_rng(0)
        self.complex = False
        self.rounding: float | None = None
        self.notes: list[str] = []
        self.masks: dict[world.Path, np.ndarray] = {}
        self.base = self.loss({})
        if not np.isfinite(self.base.real):
            raise UnfitError(f"its loss is {self.base.real}")
        self.free = False
        self.scale = abs(self.base.real)
        self.gradients = self._gradients(None)

    def loss(self, changed: Mapping[world.Path, np.ndarray], steps: int | None = None) -> complex:
        """The loss with some values changed."""
        returned = self.world.run(self.values | dict(changed), steps)
        return self.spec.loss(pairs.named(returned, self.spec.names), self.world)

    def _gradients(self, steps: int | None) -> dict[world.Path, np.ndarray]:
        """The gradients that the call gives, by the path of their parameter."""
        returned = pairs.named(self.world.run(self.values, steps), self.spec.names)
        after, asked = self.world.after(), self.spec.gradients
        if callable(asked):
            asked = asked(returned, self.world)
        if isinstance(asked, Mapping):
            return {path: np.asarray(a) for path, a in asked.items()}
        found, notes = [], list[str]()
        rule = None if asked is None else str(asked)
        if rule is None:
            found, notes = pairs.paired(self.values, returned, self.world.pristine, after)
        stale = all(not pair.gradient.any() for pair in found)
        if stale:
            before = self.world.pristine
            changed, rule, self.free = pairs.of_change(
                self.values, before, after, rule, self.spec.rate
            )
            if changed:
                found = changed
                notes = [f"gradients are read from how the weights change ({rule})"]
        self.notes = notes if steps is None else self.notes
        return {pair.path: np.array(pair.gradient) for pair in found}

    def along(
        self, direction: Mapping[world.Path, np.ndarray], steps: int | None = None
    ) -> derivative.Derivative:
        """The derivative of the loss along a direction."""
        values: Mapping[world.Path, np.ndarray] = self.values
        if self.complex:  # all of them: what is real may not hold what comes of the others
            values = {path: value.astype(complex) for path, value in values.items()}

        def moved(step: complex) -> complex:
            changed = {p: values[p] + step * v for p, v in direction.items()}
            return self.loss({**values, **changed}, steps)

        if self.complex:
            return derivative.by_complex_step(moved, self.scale)
        lengths = [float(np.linalg.norm(v)) for v in direction.values()]
        sizes = [float(np.max(np.abs(values[p]), initial=1e-3)) for p in direction]
        width = min(sizes) / max(*lengths, 1e-30)
        if self.rounding is None:
            self.rounding = derivative.noise(moved, width)
        return derivative.by_differences(moved, self.scale, width, self.rounding)

    def try_complex(self) -> None:
        """Take complex steps if they give what differences give, along all parameters at once."""
        for _ in range(2):
            direction = {path: self.direction(path)[0] for path in self.gradients}
            self.complex = False
            plain = self.along(direction)
            try:
                self.complex = True
                exact = self.along(direction)
            except Exception:  # whatever complex numbers do to code that was not meant for them
                self.complex = False
                return
            allowed = SAFETY * plain.estimate + 1e-7 * max(abs(plain.value), 1e-3 * self.scale)
            if not abs(exact.value - plain.value) <= allowed:
                self.complex = False
                return

    def direction(self, path: world.Path, aligned: bool = False) -> list[np.ndarray]:
        """Directions that move all entries of a parameter, a block of them at a time."""
        gradient, size = self.gradients[path], self.values[path].size
        vectors = []
        mask = self.masks.get(path, np.True_).ravel()
        if size <= FEW and not aligned:
            return [one.reshape(self.values[path].shape) for one in np.eye(size) * mask]
        for start in range(0, size, BLOCK):
            block = slice(start, start + BLOCK)
            for k in range(1 if aligned else 3):
                v = self.rng.uniform(0.5, 1.5, size)
                signs = np.where(gradient.ravel() < 0, -1, 1) if gradient.size == size else 1
                v *= self.rng.choice([-1, 1], size) if k else signs
                vectors.append(np.zeros(size))
                vectors[-1][block] = (v * mask)[block]
        return [v.reshape(self.values[path].shape) for v in vectors]

    # the comparison

    def off(
        self,
        path: world.Path,
        v: np.ndarray,
        gradients: Mapping[world.Path, np.ndarray] | None = None,
        steps: int | None = None,
    ) -> tuple[float, float]:
        """How far a gradient is off along a direction, and what the derivative may be off by."""
        gradient = (gradients or self.gradients)[path].reshape(v.shape)
        exact = self.along({path: v}, steps)
        return abs(float(np.sum(gradient * v)) - exact.value), exact.estimate

    def state(self, path: world.Path, off: float, estimate: float) -> str:
        """Whether so much is a mistake."""
        allowed = self.allowed(path)
        if SAFETY * estimate > allowed:
            return WRONG if off > SAFETY * estimate + allowed else ILL
        return RIGHT if off <= allowed else WRONG

    def allowed(self, path: world.Path) -> float:
        """What rounding may do to a gradient."""
        gradient = self.gradients[path]
        single = gradient.dtype.itemsize < 8
        return (ALLOWED_SINGLE if single else ALLOWED) * self._size(path)

    def _size(self, path: world.Path) -> float:
        """The largest value of a gradient; of one that is all zero, what it ought to be."""
        largest = float(np.max(np.abs(self.gradients[path]), initial=0.0))
        return largest or max(abs(self.along({path: v}).value) for v in self.direction(path, True))

    def fit(self) -> None:
        """Make up for a factor common to all gradients: a rate, a mean, a norm that was clipped."""
        norm = float(np.sqrt(sum(np.sum(np.square(g)) for g in self.gradients.values())))
        clipped = norm > 0 and _is_round(norm)
        if not (self.free or clipped or self.spec.apart):
            return
        factors = np.array([self._factor(path) for path in self.gradients])
        agreeing = [int(np.sum(np.abs(factors / one - 1) < ALLOWED)) for one in factors]
        factor = float(factors[int(np.argmax(agreeing))])
        plain = np.any(np.abs(factors - 1) < ALLOWED) or max(agreeing) < min(2, len(factors))
        if (
            factor <= 0
            or (plain and not self.free)
            or not (self.free or self.spec.apart or factor > 1)
        ):
            return
        self.gradients = {path: factor * g for path, g in self.gradients.items()}
        if self.free:
            note = "the learning rate is not known: gradients are compared up to one common factor"
        elif clipped and factor > 1:
            note = f"the gradients are clipped to a norm of {norm:g}: compared up to this factor"
        else:
            note = (
                f"all gradients are {1 / factor:.6g} times the derivative of its loss: a convention"
            )
        self.notes.append(note)

    def _factor(self, path: world.Path) -> float:
        """What a gradient would have to be multiplied by, along one direction."""
        v = self.direction(path, aligned=True)[0]
        ours = float(np.sum(self.gradients[path].reshape(v.shape) * v))
        return (self.along({path: v}).value / ours if ours else 0.0) or 1e-300

    def unclip(self) -> None:
        """Leave entries alone that stand at a limit which the derivative exceeds."""
        limit = max(float(np.max(np.abs(g), initial=0)) for g in self.gradients.values())
        if not (limit and _is_round(limit)):
            return
        for path, gradient in self.gradients.items():
            held = np.abs(gradient) == limit
            if not held.any() or held.shape != self.values[path].shape:
                continue
            unit = np.zeros(held.shape)
            first = tuple(np.argwhere(held)[0])
            unit[first] = np.sign(gradient[first])
            if self.along({path: unit}).value > limit * (1 + ALLOWED):
                self.masks[path] = ~held
        if self.masks:
            self.notes.append(f"gradients are clipped to +-{limit:g}: a convention, entries at the"
                              " limit are not compared")  # fmt: skip

    def record(self, path: world.Path) -> Record:
        """The record of one parameter."""
        name, shape = self.spec.parameters[path], self.values[path].shape
        gradient = self.gradients[path]
        if np.squeeze(gradient).shape != np.squeeze(self.values[path]).shape:
            problem = f"its gradient has shape {gradient.shape}, it has {shape}"
            return Record(name, WRONG, problem=problem)
        if not np.isfinite(gradient).all():
            return Record(name, WRONG, problem="its gradient is not finite")
        if gradient.shape != shape:
            self.notes.append(f"the gradient of {name} has shape {gradient.shape}, not {shape}")
        found = [self.off(path, v) for v in self.direction(path)]
        states = [self.state(path, *one) for one in found]
        worst = next((s for s in (WRONG, ILL) if s in states), RIGHT)
        size = self._size(path) or 1.0
        return Record(
            name,
            worst,
            max(off for off, _ in found) / size,
            max(estimate for _, estimate in found) / size,
            gradient.dtype.itemsize < 8,
        )

    # where

    def entries(self, path: world.Path) -> tuple[str, str]:
        """Which entries are wrong, and what is wrong with all of them, in words."""
        gradient, size = self.gradients[path], self.values[path].size
        shape = self.values[path].shape
        at = np.unique(np.linspace(0, size - 1, min(size, MOST_ENTRIES)).astype(int))
        units = [np.eye(1, size, k).reshape(shape) for k in at]
        correct = np.array([self.along({path: v}).value for v in units])
        ours = gradient.ravel()[at]
        off = np.abs(ours - correct)
        off *= np.broadcast_to(self.masks.get(path, np.True_), shape).ravel()[at]
        bad = off > max(self.allowed(path), float(np.max(off)) * 1e-6)
        k = int(np.argmax(off))
        index = ", ".join(str(int(i)) for i in np.unravel_index(at[k], shape))
        place = f"[{index}]: yours {ours[k]:.6g}, correct {correct[k]:.6g}"
        whole = at.size == size
        if whole and not bad.all():
            place = f"{_rows(bad.reshape(shape))}{place}"
        return place, _pattern(ours, correct, shape if whole else None)

    def first_wrong(self, paths: Sequence[world.Path]) -> dict[world.Path, int]:
        """The length of the shortest sequence on which each gradient is wrong."""
        found: dict[world.Path, int] = {}
        for steps in range(1, (self.world.steps or 0) + 1) if paths else ():
            given = self._gradients(steps)  # a weight that does not change has none
            gradients = {p: given.get(p, np.zeros_like(self.values[p])) for p in paths}
            for path in set(gradients) - set(found):
                v = self.direction(path, aligned=True) + self.direction(path)[-2:]
                if any(
                    self.state(path, *self.off(path, one, gradients, steps)) == WRONG for one in v
                ):
                    found[path] = steps
        return found


def judge(
    around: world.World,
    spec: Spec,
    values: Mapping[world.Path, np.ndarray],
    where: bool = True,
) -> Judged:
    """Judge the gradients of a call at one set of values; say where they are wrong if asked to.

    Raises
    ------
    UnfitError
        If there is no loss or no gradient to judge.
    """
    point = Point(around, spec, values)
    if not point.gradients:
        raise UnfitError("no gradient of its parameters was found in what it returns or leaves")
    point.try_complex()
    point.unclip()
    point.fit()
    records = {path: point.record(path) for path in point.gradients}
    for path, name in spec.parameters.items():
        if path not in records and not spec.optional:
            records[path] = Record(name, WRONG, problem="no gradient of it was found")
        elif path not in records and _matters(point, path):
            point.notes.append(f"no gradient of {name} was found: it is not judged")
    wrong = [p for p, one in records.items() if one.state == WRONG and not one.problem and where]
    try:
        steps = point.first_wrong(wrong)
    except Exception as error:
        steps = {}
        point.notes.append(f"the sequence could not be cut: {type(error).__name__}: {error}")
    for path in wrong[:MOST_LOCATED]:
        place, pattern = point.entries(path)
        records[path] = replace(
            records[path], steps=steps.get(path, 0), place=place, pattern=pattern
        )
    method = "a complex step" if point.complex else "extrapolated differences"
    return Judged(list(records.values()), point.notes, method)


def _matters(point: Point, path: world.Path) -> bool:
    """Whether the loss depends on a parameter."""
    return point.loss({path: point.values[path] * 1.25 + 0.125}) != point.base


def _is_round(value: float) -> bool:
    return abs(20 * value - round(20 * value)) < 1e-9 * value


def _rows(bad: np.ndarray) -> str:
    """The rows, or else columns, that hold what is wrong; blocks of them, if they are that."""
    for axis, word in ((0, "row"), (1, "column")):
        if bad.ndim <= axis:
            break
        lines = np.flatnonzero(bad.any(axis=tuple(k for k in range(bad.ndim) if k != axis)))
        count = bad.shape[axis]
        if len(lines) == count:
            continue
        for blocks in (3, 4):
            size = count // blocks
            if count % blocks == 0 and size > 1 and len({*(lines // size)}) == 1:
                return f"only block {lines[0] // size + 1} of {blocks} ({word}s), "
        if all(b == a + 1 for a, b in pairwise(lines)):
            first, last = int(lines[0]), int(lines[-1])
            return (
                f"only {word} {first}, " if first == last else f"only {word}s {first} to {last}, "
            )
    return ""


def _pattern(ours: np.ndarray, correct: np.ndarray, shape: tuple[int, ...] | None) -> str:
    """What all entries have in common."""
    if not ours.any():
        return "it is all zero"
    if shape is not None and len(shape) == 2 and shape[0] == shape[1]:
        turned = correct.reshape(shape).T.ravel()
        if np.allclose(ours, turned, rtol=1e-6, atol=1e-9 * np.max(np.abs(correct))):
            return "it is transposed"
    factor = float(ours @ correct) / (float(correct @ correct) or 1.0)
    if np.max(np.abs(ours - factor * correct)) < 1e-6 * np.max(np.abs(ours)) and ours.size > 1:
        return (
            "its sign is turned"
            if abs(factor + 1) < 1e-6
            else f"it is {factor:.6g} times what it should be"
        )
    return ""


def loss_in(returned: Any, around: world.World) -> complex:
    """The number among what was returned, or kept, that is the loss.

    Raises
    ------
    UnfitError
        If there is none.
    """
    numbers = [(p, leaf) for p, leaf in world.leaves(returned, ("returned",)) if _is_number(leaf)]
    kept = [(p, leaf) for p, leaf in world.leaves(around.after()["self"]) if _is_number(leaf)]
    named = [leaf for path, leaf in (*numbers, *kept) if _is_loss(path)]
    plain = [leaf for _, leaf in sorted(numbers, key=lambda one: np.ndim(one[1]))]
    for leaf in (*named, *plain):
        return complex(np.ravel(leaf)[0])
    raise UnfitError("it returns no loss")


def _is_loss(path: world.Path) -> bool:
    word = str(path[-1]).lower()
    return any(part in word for part in ("loss", "cost", "error", "nll")) and "grad" not in word


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.size == 1 and value.dtype.kind in "fc"
    return type(value) in (float, complex)
