"""Sequences as others define them: cases to run them on, and the textbook read in their way.

A `Case` holds weights, inputs and cotangents as torch.nn has them: x (T, B, I), states (B, H),
W_ih (K*H, I), W_hh (K*H, H), biases (K*H,). A `Reading` says which block of rows is which gate and
which variant of the cell it is; `results` is the textbook's answer under a reading, on its own
or led along somebody else's hidden states. A `Call` says how an implementation wants its
arguments: order of axes, transposed weights, one bias or two.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ... import compare, packings
from ..files import cases
from ..probe import truth

Arrays = dict[str, np.ndarray]

CELLS = {"rnn": "rnn_tanh", "rnn_tanh": "rnn_tanh", "rnn_relu": "rnn_relu"}
CELLS |= {"lstm": "lstm", "gru": "gru"}
BLOCKS = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
SHOWN = {"u": "z"}  # torch's name of the GRU's update gate
FORWARD = ("y", "h_n", "c_n")
GRADIENTS = cases.GRADIENTS
RUNS = 8  # of a perturbed reference
LARGEST_SPREAD = 1e-3  # of the scale: beyond it rounding alone decides


@dataclass(frozen=True)
class Case:
    """The numbers of one sequence.

    Attributes
    ----------
    cell : "rnn_tanh", "rnn_relu", "gru", "lstm"
    seed, T, B, I, H : of `draw`
    arrays : x (T, B, I), h0, c0 (B, H), W_ih (K*H, I), W_hh (K*H, H), b_ih, b_hh (K*H,),
        dy (T, B, H), dh_n, dc_n (B, H); those that the cell has. Of several layers or directions
        (D) each has arrays of its own, h0_0, h0_1, ..., and dy is (T, B, D*H)
    layers, directions : 1; of a stack more
    """

    cell: str
    seed: int
    T: int
    B: int
    I: int
    H: int
    arrays: Mapping[str, np.ndarray] = field(repr=False)
    layers: int = 1
    directions: int = 1

    @property
    def stacked(self) -> bool:
        """Whether it has several layers or directions."""
        return self.layers * self.directions > 1

    def of_layers(self, name: str) -> list[str]:
        """The names of an array in all layers and directions."""
        return named_by_layer(name, self.layers * self.directions)

    def changed(self, **arrays: np.ndarray) -> "Case":
        """The case with other arrays."""
        return replace(self, arrays={**self.arrays, **arrays})

    def as_type(self, dtype: Any) -> "Case":
        """The case rounded to a dtype, held in float64."""
        rounded = {name: a.astype(dtype).astype(np.float64) for name, a in self.arrays.items()}
        return replace(self, arrays=rounded)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states: h, and c of the LSTM."""
        return ("h", "c") if self.cell == "lstm" else ("h",)


def named_by_layer(name: str, count: int) -> list[str]:
    """The names of an array in so many layers: h0_0, h0_1, ...; h0 in a single one."""
    return [name] if count == 1 else [f"{name}_{k}" for k in range(count)]


def draw(
    cell: str,
    seed: int,
    *,
    T: int,
    B: int,
    I: int,
    H: int,
    scale: float,
    biases: str = "two",
    layers: int = 1,
    directions: int = 1,
) -> Case:
    """Numbers that leave nothing at zero.

    Inputs, states and cotangents are N(0, 1), weights and biases U(+-2 / sqrt(H)), the recurrent
    weights U(+-scale / sqrt(H)).

    Parameters
    ----------
    cell : see `Case`
    seed : >= 0
    T, B, I, H : steps, examples, inputs, hidden units
    scale : of the recurrent weights: at 2 rounding errors stay, far beyond it they grow
    biases : "two", "one" (b_ih), "hidden" (b_hh) or "none"; those that are not there are zero
    layers, directions : of the network
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, T, B, I, H)))
    rows, bound = BLOCKS[cell] * H, 2 / np.sqrt(H)
    arrays = {"x": rng.standard_normal((T, B, I))}
    arrays["dy"] = rng.standard_normal((T, B, directions * H))
    count = layers * directions
    for name in ("h0", "c0", "dh_n", "dc_n"):
        for of_layer in named_by_layer(name, count):
            value = rng.standard_normal((B, H))
            if cell == "lstm" or "c" not in name:
                arrays[of_layer] = value
    names = zip(*(named_by_layer(n, count) for n in ("W_ih", "W_hh", "b_ih", "b_hh")), strict=True)
    for k, (W_ih, W_hh, b_ih, b_hh) in enumerate(names):
        inputs = I if k < directions else directions * H
        arrays[W_ih] = rng.uniform(-bound, bound, (rows, inputs))
        arrays[W_hh] = rng.uniform(-bound, bound, (rows, H)) * (scale / 2)
        for name, kinds in ((b_ih, ("two", "one")), (b_hh, ("two", "hidden"))):
            arrays[name] = rng.uniform(-bound, bound, rows) * (biases in kinds)
    return Case(cell, seed, T, B, I, H, arrays, layers, directions)


def of_layout(cell: str, layout: Any, options: Mapping[str, Any], from_zeros: bool) -> Case:
    """A case of the sizes of a module, `module_parts.Layout`.

    Parameters
    ----------
    cell, layout : of the module
    options : "seed", "T", "B", "scale", see `draw`
    from_zeros : whether it takes no initial states
    """
    D = layout.directions
    sizes = {"I": layout.I, "H": layout.H, "layers": len(layout.layers) // D, "directions": D}
    case = draw(cell, **options, **sizes, biases=layout.biases)
    if not from_zeros:
        return case
    names = [name for letter in case.states for name in case.of_layers(f"{letter}0")]
    return case.changed(**{name: np.zeros_like(case.arrays[name]) for name in names})


# How weights are read ------------------------------------------------------------------------


class Reading(NamedTuple):
    """Which block of rows is which gate, and which function the cell is.

    ``order`` has the textbook's letters; ``variant`` names of `truth.VARIANTS`.
    """

    cell: str
    order: tuple[str, ...]
    variant: tuple[str, ...] = ()

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates by torch's letters."""
        return tuple(SHOWN.get(gate, gate) for gate in self.order)


def usual(cell: str) -> Reading:
    """The reading of torch.nn."""
    return Reading(cell, packings.TORCH_GATES[BLOCKS[cell]])


@cache
def readings(cell: str) -> tuple[Reading, ...]:
    """Every order of the gates and every variant, torch's first."""
    orders = itertools.permutations(packings.TORCH_GATES[BLOCKS[cell]])
    variants: list[tuple[str, ...]] = [()]
    if cell == "gru":
        variants += [("reset-before",), ("update-turned",), ("reset-before", "update-turned")]
    return tuple(Reading(cell, order, v) for v, order in itertools.product(variants, orders))


# The textbook's answer -----------------------------------------------------------------------


def results(
    case: Case,
    reading: Reading,
    edits: truth.Edits | None = None,
    *,
    gradients: bool = True,
    y: np.ndarray | None = None,
) -> Arrays:
    """Every output and gradient of the textbook, in torch's axes and the reading's order of gates.

    Parameters
    ----------
    case, reading : of the sequence
    edits : mistakes to plant into the textbook
    gradients : whether they are wanted
    y : hidden states (T, B, H) of somebody else, which each step starts from. The LSTM's c is
        carried on from step to step: it forgets its own errors, so that it is well conditioned
        where the hidden states are not. None: the textbook's own

    Returns
    -------
    dict of `cases.OUTPUTS` and, if they are wanted, `cases.GRADIENTS`
    """
    if case.stacked:
        return _stacked(case, reading, edits, gradients)
    return cases.compute(
        reading.cell,
        case.arrays,
        functions=truth.oracle(reading.variant, edits),
        along=None if y is None else {"y": y},
        order=reading.order,
        gradients=gradients,
    )


def _stacked(case: Case, reading: Reading, edits: truth.Edits | None, gradients: bool) -> Arrays:
    """The results of several layers or directions: y, dx, and h_n_0, dW_ih_0, ... of each."""
    D, x, found, taken = case.directions, case.arrays["x"], {}, []
    for layer in range(case.layers):
        taken.append(x)
        both = []
        for k in range(layer * D, layer * D + D):
            made = results(_of_layer(case, k, x), reading, edits, gradients=False)
            found |= {f"{name}_n_{k}": made[f"{name}_n"] for name in case.states}
            both.append(made["y"][:: -1 if k % D else 1])
        x = np.concatenate(both, axis=2)
    found["y"] = x
    last = range((case.layers - 1) * D, case.layers * D)
    found |= {"y_T": x[-1], "h_T": np.hstack([found[f"h_n_{k}"] for k in last])}
    dy = case.arrays["dy"]
    for layer in reversed(range(case.layers) if gradients else ()):
        dx = np.zeros_like(taken[layer])
        for k in range(layer * D, layer * D + D):
            part = dy[..., k % D * case.H : (k % D + 1) * case.H]
            made = results(_of_layer(case, k, taken[layer], part), reading, edits)
            dx += made.pop("dx")[:: -1 if k % D else 1]
            found |= {f"{name}_{k}": made[name] for name in GRADIENTS if name in made}
        dy = dx
    return found | ({"dx": dy} if gradients else {})


def _of_layer(case: Case, k: int, x: np.ndarray, dy: np.ndarray | None = None) -> Case:
    """One layer in one direction as a case of its own; backwards in time if it runs so."""
    dy = np.zeros((*x.shape[:2], case.H)) if dy is None else dy
    turned = -1 if k % case.directions else 1
    names = [name for name in case.arrays if name.endswith(f"_{k}")]
    arrays = {name.removesuffix(f"_{k}"): case.arrays[name] for name in names}
    arrays |= {"x": x[::turned], "dy": dy[::turned]}
    return Case(case.cell, case.seed, case.T, case.B, x.shape[2], case.H, arrays)


STEPS = 4  # of a sequence, that tell orders and variants apart


def starts(case: Case) -> dict[Reading, np.ndarray]:
    """The first hidden states (up to `STEPS`, B, H) under every reading."""
    T = min(case.T, STEPS)
    short = replace(case, T=T).changed(x=case.arrays["x"][:T], dy=case.arrays["dy"][:T])
    return {
        reading: results(short, reading, gradients=False)["y"] for reading in readings(case.cell)
    }


def scale_of_steps(case: Case, y: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Each example's largest hidden state, before and after each step (T, B, 1): relu's may grow.

    Parameters
    ----------
    case : the sequence
    y : hidden states (T, B, H) that the steps start from
    after : (T, B, H) what right steps make of them
    """
    before = np.concatenate([case.arrays["h0"][None], y[:-1]])
    largest = np.maximum(np.abs(before), np.abs(after)).max(axis=2, keepdims=True)
    return np.where(largest > 0, largest, 1.0)


def spread(
    case: Case, reading: Reading, unit: float, y: np.ndarray | None = None
) -> dict[str, float]:
    """How far rounding errors move each result: rms over runs with all inputs moved by a unit.

    Parameters
    ----------
    case, reading : of the sequence
    unit : of rounding
    y : hidden states (T, B, H) to follow, see `results`; what becomes of each is then measured by
        the `scale_of_steps`
    """
    rng = np.random.default_rng(case.seed)

    def moved(values: np.ndarray) -> np.ndarray:
        return values * (1 + unit * rng.standard_normal(values.shape))

    before = results(case, reading, y=y)
    scales = {} if y is None else {"y": scale_of_steps(case, y, before["y"])}
    squares: dict[str, float] = dict.fromkeys(before, 0.0)
    with np.errstate(all="ignore"):
        for _ in range(RUNS):
            other = case.changed(**{name: moved(a) for name, a in case.arrays.items()})
            after = results(other, reading, y=None if y is None else moved(y))
            for name, value in before.items():
                scale = scales.get(name, 1.0)
                error = compare.normwise_error(after[name] / scale, value / scale)
                squares[name] += error**2 / RUNS
    return {name: float(np.sqrt(value)) for name, value in squares.items()}


# How an implementation is called -------------------------------------------------------------


class Call(NamedTuple):
    """How an implementation takes its arguments.

    Attributes
    ----------
    axes : of x: "TBI" for (T, B, I)
    states : "BH", "HB", and "1BH", "1HB" with an axis for layers in front
    transposed : whether weights are (I, K*H) and (H, K*H)
    column : whether biases are (K*H, 1)
    biases : "two", "one" (their sum), "hidden" (of a module: the one beside h), "none"
    dtype : of all arguments
    outputs : axes of y and dy
    finals : of h_n, c_n and their gradients, as ``states``
    given : the states that it has arguments for
    zeros : the states that start at zero, whatever it is given
    returns : names of what it returns, None for all
    tensors : whether it takes tensors of torch
    """

    axes: str = "TBI"
    states: str = "BH"
    transposed: bool = False
    column: bool = False
    biases: str = "two"
    dtype: str = "float64"
    outputs: str = "TBH"
    finals: str = "BH"
    given: str = "hc"
    zeros: str = ""
    returns: tuple[str, ...] | None = None
    tensors: bool = False

    def words(self) -> Iterator[str]:
        """What is not as in torch.nn.LSTM without layers, in words."""
        if self.axes != "TBI":
            yield f"x is ({', '.join(self.axes)})"
        if self.outputs != "TBH":
            yield f"y is ({', '.join(self.outputs)})"
        if self.states != "BH":
            yield f"h0 is ({', '.join(self.states)})"
        if self.transposed:
            yield "weights are (I, K*H) and (H, K*H): the transpose of torch's"
        if self.biases == "one":
            yield "there is one bias"
        if self.biases == "none":
            yield "there is no bias"
        if self.dtype != "float64":
            yield f"it takes {self.dtype} only"
        if self.tensors:
            yield "it takes tensors of torch"
        for letter in self.zeros:
            how = "is taken and not used" if letter in self.given else "is not an argument"
            yield f"{letter}0 {how}: judged from zeros"
        if self.returns is not None:
            yield f"it returns {' and '.join(self.returns)} only"


def calls(biases: str, given: str, tensors: bool) -> Iterator[Call]:
    """Ways to call an implementation, the usual one first.

    Parameters
    ----------
    biases, given : of a `Call`
    tensors : whether tensors of torch are tried too
    """
    orders = ["TBI", "BTI", "TIB", "IBT", "BIT", "ITB"]
    states = [("BH", False), ("1BH", False), ("HB", True), ("HB", False), ("1HB", True)]
    for (form, column), axes, transposed in itertools.product(states, orders, (False, True)):
        outputs = axes.replace("I", "H")
        call = Call(
            axes, form, transposed, column, biases, outputs=outputs, finals=form, given=given
        )
        if not (column and biases == "none"):
            yield call
    for dtype, whether in (("float32", False), *((t, True) for t in ("float64", "float32"))):
        if tensors or not whether:
            known = {"biases": biases, "dtype": dtype, "given": given, "tensors": whether}
            yield Call(**known)
            yield Call("BTI", outputs="BTH", **known)


def moved(array: np.ndarray, source: str, target: str) -> np.ndarray:
    """An array with its axes in another order, as a new one; "1" is an axis of length one."""
    letters = target.replace("1", "")
    out = array.transpose([source.index(letter) for letter in letters])
    for k, letter in enumerate(target):
        if letter == "1":
            out = np.expand_dims(out, k)
    return np.ascontiguousarray(out)


def back(array: np.ndarray, source: str, target: str) -> np.ndarray:
    """The other way round: from axes with "1" among them."""
    squeezed = np.squeeze(array, tuple(k for k, letter in enumerate(source) if letter == "1"))
    return moved(squeezed, source.replace("1", ""), target)


def forward_arguments(case: Case, call: Call) -> list[np.ndarray]:
    """What forward is called with."""
    a = case.arrays
    given = [moved(a["x"], "TBI", call.axes)]
    states = [name for name in case.states if name in call.given]
    given += [moved(a[f"{name}0"], "BH", call.states) for name in states]
    given += [(a[name].T if call.transposed else a[name]).copy() for name in ("W_ih", "W_hh")]
    biases = {"two": ["b_ih", "b_hh"], "one": ["b_ih"], "none": []}[call.biases]
    given += [a[name][:, None].copy() if call.column else a[name].copy() for name in biases]
    return [np.ascontiguousarray(array, dtype=call.dtype) for array in given]


def backward_arguments(case: Case, call: Call) -> list[np.ndarray]:
    """What backward is called with: the gradient with respect to each output of forward."""
    returned = FORWARD if call.returns is None else call.returns
    a = {f"d{name}": case.arrays.get(f"d{name}") for name in FORWARD if name in returned}
    given = [
        moved(array, *(("TBH", call.outputs) if name == "dy" else ("BH", call.finals)))
        for name, array in a.items()
        if array is not None
    ]
    return [np.ascontiguousarray(array, dtype=call.dtype) for array in given]


def layout(name: str, reading: Reading) -> compare.Layout:
    """What the axes of a result mean, in torch's axes."""
    name = re.sub(r"_\d+$", "", name)
    return cases.layout({"y_T": "h_n", "h_T": "h_n"}.get(name, name), reading.gates)
