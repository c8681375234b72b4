"""How far apart two sets of arrays are, in units of rounding, and where they first differ.

The error of an array is normwise: the largest difference over the largest reference value,
``max|ours - reference| / max|reference|``. One unit of rounding (u) is half the distance from 1 to
the next number: 2**-24 in float32, 2**-53 in float64. An error of a few u is rounding; an absolute
tolerance would call an all-zero gradient equal to a small one, so there is none here.

`compare` holds a dict of arrays against a dict of references and fails closed: a missing or
additional key, another shape or dtype, a value that is not finite, a reference that is all zero or
empty without having been declared so are failures. `Layout` says what an array's axes mean, so that
a failure is reported as "gate f, unit 3" and not as "index (9, 0)". Whoever wrote an array reads
it, so there ours is called "yours", and the reference what is "correct".
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

AXES = ("layer", "direction", "time", "example", "gate", "unit", "input", "row", "column", "")


def unit_roundoff(dtype: Any) -> float:
    """One unit of rounding of a floating-point dtype: 2**-24 for float32, 2**-53 for float64.

    Raises
    ------
    TypeError
        For a dtype that is not real or complex floating point.
    """
    dtype = np.dtype(dtype)
    if dtype.kind not in "fc":
        raise TypeError(f"{dtype} has no unit of rounding: it is not a floating-point dtype")
    return float(np.finfo(dtype).eps) / 2


def normwise_error(ours: np.ndarray, reference: np.ndarray) -> float:
    """``max|ours - reference| / max|reference|``, computed in float64 or better.

    Zero references have no scale: then the error is 0 if ours is all zero as well, else infinite.
    It is nan if either holds a nan, and 0 for empty arrays.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if np.shape(ours) != np.shape(reference):
        raise ValueError(f"ours has shape {np.shape(ours)}, the reference {np.shape(reference)}")
    largest = _largest(_difference(ours, reference))
    scale = _largest(np.asarray(reference))
    if largest == 0:
        return 0.0
    return largest / scale if scale > 0 else largest * float("inf")


def in_units(error: float, dtype: Any) -> float:
    """A normwise error in units of rounding of a dtype."""
    return error / unit_roundoff(dtype)


def _difference(ours: np.ndarray, reference: np.ndarray) -> np.ndarray:
    dtype = np.result_type(ours, reference, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.abs(np.asarray(ours, dtype) - np.asarray(reference, dtype))


def _largest(values: np.ndarray) -> float:
    return float(np.max(np.abs(values))) if values.size else 0.0


@dataclass(frozen=True)
class Layout:
    """What the axes of an array mean.

    Parameters
    ----------
    axes : one entry an axis: a name out of `AXES`, or a pair of names for an axis that holds two,
        outer one first: ``(("gate", "unit"), "input")`` for a stacked weight matrix,
        ``("time", "example", ("direction", "unit"))`` for the output of two directions; "" for an
        axis without a meaning, such as the second one of a bias (H, 1)
    gates : names of the gates in the order of the array's blocks
    directions : 1 or 2
    layer, direction : where the array as a whole belongs to one layer, one direction
    backward : whether it is computed from the last time step to the first and from the last layer
        to the first, as gradients are; it decides which difference is the first one

    Raises
    ------
    ValueError
        For an unknown axis name.
    """

    axes: tuple[str | tuple[str, str], ...]
    gates: tuple[str, ...] = ()
    directions: int = 1
    layer: int | None = None
    direction: str | None = None
    backward: bool = False

    def __post_init__(self) -> None:
        for name in self.names():
            if name not in AXES:
                raise ValueError(f"axis {name!r} is unknown: axes can be {', '.join(AXES)}")

    def names(self) -> tuple[str, ...]:
        """The axis names, pairs taken apart."""
        pairs = ((axis,) if isinstance(axis, str) else axis for axis in self.axes)
        return tuple(name for pair in pairs for name in pair)

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the array once pairs are taken apart.

        Raises
        ------
        ValueError
            If the shape does not fit this layout.
        """
        if len(shape) != len(self.axes):
            raise ValueError(f"an array of shape {shape} does not have the axes {self.axes}")
        apart = []
        for axis, size in zip(self.axes, shape, strict=True):
            apart += [size] if isinstance(axis, str) else self._pair(axis, size)
        return tuple(apart)

    def _pair(self, pair: tuple[str, str], size: int) -> list[int]:
        known = {"gate": len(self.gates), "direction": self.directions}
        outer, inner = (known.get(name, 0) for name in pair)
        block = outer or inner
        if block == 0 or size % block:
            raise ValueError(f"an axis of size {size} cannot be taken apart as {pair}")
        return [outer, size // outer] if outer else [size // inner, inner]


@dataclass(frozen=True)
class Place:
    """One element of an array: what it belongs to, and both values there.

    ``index`` is its index in the array; everything that the layout does not know is None.
    """

    index: tuple[int, ...]
    ours: Any
    reference: Any
    layer: int | None = None
    direction: str | None = None
    time: int | None = None
    example: int | None = None
    gate: str | None = None
    unit: int | None = None
    input: int | None = None
    row: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        yours, correct = _numbers(self.ours, self.reference)
        place = ", ".join(self._words()) or f"index {self.index}"
        return f"{place} (yours {yours}, correct {correct})"

    def _words(self) -> Iterator[str]:
        if self.layer is not None:
            yield f"layer {self.layer}"
        if self.direction is not None:
            yield f"{self.direction} direction"
        if self.time is not None:
            yield f"time step {self.time}"
        for name in ("example", "gate", "unit", "input", "row", "column"):
            value = getattr(self, name)
            if value is not None:
                yield f"{name} {value}"


def _numbers(*values: Any) -> list[str]:
    """Both with four digits, or with as many as it takes to tell them apart, and one more."""
    differ = (d for d in range(3, 18) if len({f"{value:.{d}g}" for value in values}) > 1)
    digits = min(next(differ, 3) + 1, 17)
    return [f"{value:.{digits}g}" for value in values]


@dataclass(frozen=True)
class Difference:
    """How one array compares with its reference.

    Attributes
    ----------
    name : of the quantity
    problem : why the two cannot be compared (missing, another shape, not finite ...), or None
    error : normwise error; nan where there is a problem
    units : the error in units of rounding of our dtype
    budget : the largest error that passes
    first : the first element, in order of computation, that is off by more than budget times the
        scale: by layer, direction, time step, gate; among equals the one that is off the most
    worst : the element that is off the most
    """

    name: str
    problem: str | None = None
    error: float = float("nan")
    units: float = float("nan")
    budget: float = 0.0
    first: Place | None = None
    worst: Place | None = None

    @property
    def passed(self) -> bool:
        """Whether there is no problem and the error is within the budget."""
        return self.problem is None and self.error <= self.budget

    @property
    def share(self) -> float:
        """The share of the budget that is used: at most 1 where the comparison passes."""
        if self.error == 0:
            return 0.0
        return self.error / self.budget if self.budget > 0 else float("inf")

    def __str__(self) -> str:
        if self.problem is not None:
            place = "" if self.first is None else f"; first at {self.first}"
            return f"{self.name}: {self.problem}{place}"
        if self.passed:
            share = f"{self.units:.2g} u, {self.share:.1%} of what is allowed"
            return f"{self.name}: right to {self.error:.1e} of its largest value ({share})"
        units = f" ({self.units:.2g} u)" if self.error < 1e-3 else ""
        place = "" if self.first is None else f"; first bad at {self.first}"
        return f"{self.name}: off by up to {self.error:.2g} of its largest value{units}{place}"


def locate(
    name: str,
    ours: np.ndarray,
    reference: np.ndarray,
    layout: Layout | None = None,
    *,
    budget: float,
) -> Difference:
    """How far one array is from its reference, and where first and most.

    Parameters
    ----------
    name : of the quantity
    ours, reference : floating-point arrays of one shape
    layout : what the axes mean; None reports plain indices
    budget : the largest normwise error that passes

    Raises
    ------
    ValueError
        If the shapes differ, do not fit the layout, or the budget is not a finite number >= 0.
    TypeError
        If ours is not floating point.
    """
    if not 0 <= budget < float("inf"):
        raise ValueError(f"the budget for {name} is {budget}: it must be a finite number >= 0")
    ours, reference = np.asarray(ours), np.asarray(reference)
    error = normwise_error(ours, reference)
    found = Difference(name, None, error, in_units(error, ours.dtype), budget)
    if found.passed:
        return found
    off = _difference(ours, reference)
    off = np.where(np.isnan(off), np.inf, off)
    # the largest is bad by definition, even where this product rounds the other way
    bad = (off > budget * _largest(reference)) | (off == np.max(off))
    first, worst = _first_and_worst(bad, off, ours, reference, layout)
    return replace(found, first=first, worst=worst)


def _first_and_worst(
    bad: np.ndarray,
    off: np.ndarray,
    ours: np.ndarray,
    reference: np.ndarray,
    layout: Layout | None,
) -> tuple[Place, Place]:
    indices = np.argwhere(bad)
    if layout is None:
        order = np.arange(len(indices))
    else:
        order = _order_of_computation(indices, off[bad], ours.shape, layout)
    first = tuple(int(k) for k in indices[order[0]])
    worst = tuple(int(k) for k in np.unravel_index(np.argmax(off), off.shape))
    return _place(first, ours, reference, layout), _place(worst, ours, reference, layout)


def _coordinates(
    indices: np.ndarray, shape: tuple[int, ...], layout: Layout
) -> dict[str, np.ndarray]:
    flat = np.ravel_multi_index(tuple(indices.T), shape)
    apart = np.unravel_index(flat, layout.shape(shape))
    return {name: np.asarray(at) for name, at in zip(layout.names(), apart, strict=True)}


def _order_of_computation(
    indices: np.ndarray, off: np.ndarray, shape: tuple[int, ...], layout: Layout
) -> np.ndarray:
    at = _coordinates(indices, shape, layout)
    nowhere = np.zeros(len(indices), dtype=int)
    direction = at.get("direction", nowhere + (layout.direction == "reverse"))
    # the reverse direction meets the last time step first; gradients turn every order round
    last_step_first = (direction == 1) ^ layout.backward
    time = np.where(last_step_first, -1, 1) * at.get("time", nowhere)
    layer = (-1 if layout.backward else 1) * at.get("layer", nowhere)
    return np.lexsort((-off, at.get("gate", nowhere), time, direction, layer))


def _place(
    index: tuple[int, ...], ours: np.ndarray, reference: np.ndarray, layout: Layout | None
) -> Place:
    place = Place(index, ours[index], reference[index])
    if layout is None:
        return place
    place = replace(place, layer=layout.layer, direction=layout.direction)
    words: dict[str, Any] = {
        name: int(value[0])
        for name, value in _coordinates(np.array([index]), ours.shape, layout).items()
        if name
    }
    if "gate" in words:
        words["gate"] = layout.gates[words["gate"]]
    if "direction" in words:
        words["direction"] = ("forward", "reverse")[words["direction"]]
    return replace(place, **words)


@dataclass(frozen=True)
class Report:
    """The comparison of two dicts of arrays: one `Difference` a name.

    ``str(report)`` lists what failed, ``report.table()`` everything.
    """

    differences: tuple[Difference, ...]
    title: str = ""

    @property
    def passed(self) -> bool:
        """Whether there was something to compare and all of it passed."""
        return bool(self.differences) and not self.failures

    @property
    def failures(self) -> tuple[Difference, ...]:
        """The differences that did not pass."""
        return tuple(difference for difference in self.differences if not difference.passed)

    def __getitem__(self, name: str) -> Difference:
        for difference in self.differences:
            if difference.name == name:
                return difference
        raise KeyError(name)

    def __str__(self) -> str:
        title = f"{self.title}: " if self.title else ""
        if not self.differences:
            return f"{title}nothing was compared"
        if self.passed:
            largest = max(self.differences, key=lambda difference: difference.share)
            return (
                f"{title}all {len(self.differences)} quantities equal; the largest error: {largest}"
            )
        lines = [f"{title}{len(self.failures)} of {len(self.differences)} quantities differ"]
        return "\n  ".join([*lines, *map(str, self.failures)])

    def table(self) -> str:
        """One line a quantity: error, units of rounding, share of the budget, verdict."""
        width = max((len(difference.name) for difference in self.differences), default=0)
        lines = [f"{'quantity':<{width}}  {'error':>8}  {'u':>8}  {'of budget':>9}"]
        for difference in self.differences:
            verdict = "" if difference.passed else "  FAILS"
            if difference.problem is not None:
                verdict += f": {difference.problem}"
            share = f"{difference.share:.1%}" if difference.share < 10 else "> 1000%"
            lines.append(
                f"{difference.name:<{width}}  {difference.error:8.1e}  {difference.units:8.2g}"
                f"  {share:>9}{verdict}"
            )
        return "\n".join(lines)


def compare(
    ours: Mapping[str, Any],
    reference: Mapping[str, Any],
    *,
    budget: float | Mapping[str, float],
    layouts: Mapping[str, Layout] | None = None,
    dtype: Any = None,
    zero_allowed: Collection[str] = (),
    title: str = "",
) -> Report:
    """Hold a dict of arrays against a dict of references, name by name.

    Parameters
    ----------
    ours, reference : arrays by name; both must have the same names
    budget : the largest normwise error that passes, one number or one a name
    layouts : what the axes of an array mean, by name; an array without one is reported by index
    dtype : the dtype that all of ours must have; None: that of the reference of the same name
    zero_allowed : names whose reference may be all zero; ours must then be exactly zero
    title : put before the report

    Raises
    ------
    ValueError
        If a name is declared zero that the reference does not have, or a budget is not a finite
        number >= 0.
    KeyError
        If budget is a mapping that lacks a name.
    """
    for declared in zero_allowed:
        if declared not in reference:
            raise ValueError(f"{declared!r} is declared zero but is not in the reference")
    differences = []
    for name in (*reference, *(name for name in ours if name not in reference)):
        problem = _problem(name, ours, reference, dtype, zero_allowed)
        if problem is not None:
            differences.append(Difference(name, problem))
            continue
        allowed = budget[name] if isinstance(budget, Mapping) else budget
        layout = (layouts or {}).get(name)
        found = locate(name, ours[name], reference[name], layout, budget=allowed)
        differences.append(_finite_or_not(found, ours[name], reference[name], layout))
    return Report(tuple(differences), title)


def _problem(
    name: str,
    ours: Mapping[str, Any],
    reference: Mapping[str, Any],
    dtype: Any,
    zero_allowed: Collection[str],
) -> str | None:
    """What keeps the two from being compared, if anything."""
    if name not in ours:
        return "is missing"
    if name not in reference:
        return "is not in the reference"
    a, b = ours[name], np.asarray(reference[name])
    if not isinstance(a, np.ndarray | np.generic):
        return f"is a {type(a).__name__}, not an array"
    expected = b.dtype if dtype is None else np.dtype(dtype)
    if a.dtype != expected:
        return f"is {a.dtype}, not {expected}"
    if a.shape != b.shape:
        return f"has shape {a.shape}, not {b.shape}"
    if b.size == 0:
        return "the reference is empty, which proves nothing"
    if not np.all(np.isfinite(b)):
        return "the reference is not finite"
    if not np.any(b) and name not in zero_allowed:
        return "the reference is all zero, which proves nothing: not declared so"
    return None


def _finite_or_not(
    found: Difference, ours: np.ndarray, reference: np.ndarray, layout: Layout | None
) -> Difference:
    bad = ~np.isfinite(ours)
    if not np.any(bad):
        return found
    first, _ = _first_and_worst(np.asarray(bad), np.asarray(bad, float), ours, reference, layout)
    problem = f"{np.count_nonzero(bad)} of {bad.size} values are not finite"
    return Difference(found.name, problem, budget=found.budget, first=first)
