"""Packings: how torch, Keras, TensorFlow 1, ONNX, the courses and the layers keep weights.

The core has rows of weights in blocks in the order of ``cell.gates``: see `sequence.Weights`. A
`Packing` is data: the arrays there are, each in the words of `slots`, such as
``"[i f g o] x: R KH"``. It reads the core's Weights from such arrays and writes them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from . import cells, sequence, slots

CELLS = {"rnn": cells.RNN, "lstm": cells.LSTM, "gru": cells.GRU}
TORCH_GATES = {1: ("h",), 3: ("r", "u", "n"), 4: ("i", "f", "g", "o")}
COURSE_GATES = ("f", "i", "g", "o")  # the courses say f, i or u, c, o; and f, u, m, o
TORCH_FIELDS = {  # torch's parameter names, to the fields of sequence.Weights
    "weight_ih": "W_ih",
    "weight_hh": "W_hh",
    "bias_ih": "b_ih",
    "bias_hh": "b_hh",
    "weight_hr": "W_hr",
}
PARTS = ("x", "h", "bias_x", "bias_h", "Whr")  # of the fields of sequence.Weights
VIEWS = {  # of an array as rows (K*H, columns) or (K*H,), by its axes, and back; None: it is that
    "KH R": (None, None),
    "KH": (None, None),
    "P H": (None, None),
    "R KH": (lambda array: array.T, lambda rows: rows.T),
    "KH 1": (lambda array: array.reshape(-1), lambda rows: rows[:, None]),
    "1 KH R": (lambda array: array[0], lambda rows: rows[None]),
    "1 RKH": (lambda array: array.reshape(2, -1).T, lambda rows: rows.T.reshape(1, -1)),
}


class _Rows(NamedTuple):
    """What a slot comes down to: rows of the core. Made once, since layers read at every call."""

    names: list[str]  # in the core's order, where there is an array for each gate
    on: tuple[str, ...]
    view: Callable[[Any], Any] | None
    back: Callable[[Any], Any] | None
    here: list[int] | None  # where the core's gates are among the slot's; None: they agree
    there: list[int] | None  # and the slot's among the core's
    K: int  # how many gates there are

    @classmethod
    def of(cls, slot, gates):
        """The rows of a slot, whose names may be several, for a cell's gates."""
        names, axes, own, core = slot.name.split(), " ".join(slot.axes), slot.gates, "".join(gates)
        if len(names) > 1:
            names, own = [names[own.index(gate)] for gate in core], core
            axes = axes.removeprefix("K ").replace("H", "KH")
        view, back = VIEWS[axes]
        here = there = None
        if own not in (core, ""):
            here, there = [*map(own.index, core)], [*map(core.index, own)]
        on = slot.on or (slot.quantity,)
        return cls(names, on, view, back, here, there, len(gates))

    def read(self, arrays, suffix, parts):
        """Add what the arrays hold to the parts."""
        names, on, view, _, here, _, K = self
        if len(names) == 1:
            rows = arrays[names[0] + suffix]
            rows = rows if view is None else view(rows)
        else:
            found = [arrays[name + suffix] for name in names]
            rows = np.concatenate(found if view is None else [*map(view, found)])
        if here is not None:
            rows = _in_order(rows, here)
        if len(on) == 1:
            parts[on[0]] = rows
        else:
            _cut(rows, on, len(rows) // K, parts)

    def write(self, parts, suffix, found):
        """Add the arrays that hold the parts to what is found."""
        names, on, back = self.names, self.on, self.back
        rows = parts[on[0]]
        if rows is None:
            return
        if len(on) > 1:
            values = [parts[part] for part in on]
            rows = np.concatenate([v if v.ndim == 2 else v[:, None] for v in values], axis=1)
        if self.there is not None:
            rows = _in_order(rows, self.there)
        if len(names) == 1:
            found[names[0] + suffix] = rows if back is None else back(rows)
            return
        H = len(rows) // len(names)
        for k, name in enumerate(names):
            block = rows[k * H : (k + 1) * H]
            found[name + suffix] = block if back is None else back(block)


def _in_order(rows, places):
    """Blocks of rows in another order."""
    H = len(rows) // len(places)
    return np.concatenate([rows[k * H : (k + 1) * H] for k in places])


def _cut(rows, on, H, parts):
    """Add to the parts, for each, the columns that act on it."""
    start = 0
    for part in on:
        if part in ("x", "h"):
            columns = H if part == "h" else rows.shape[1] - H - len(on) + 2  # others: biases
            parts[part] = rows[:, start : start + columns]
            start += columns
        else:
            parts[part] = rows[:, start]
            start += 1


@dataclass(frozen=True)
class Packing:
    """How somebody packs the weights of one layer in one direction.

    Attributes
    ----------
    kind : dict, list, tuple or ndarray: what holds the arrays
    slots : by the number of gates of a cell; one with several names is an array for each gate
    optional : names of arrays that may be missing
    outputs : names of an output layer: no recurrent weights
    forget_bias : what is added to the bias of the forget gate when the cell runs
    rename : from names of the same meaning to those of the slots
    """

    kind: type
    slots: Mapping[int, tuple[slots.Slot, ...]]
    optional: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    forget_bias: float = 0
    rename: Callable[[Any], dict[Any, Any]] = dict

    @property
    def cells(self) -> list[str]:
        """The names of the cells whose equations are handrnn's."""
        return [name for name, cell in CELLS.items() if len(cell.gates) in self.slots]

    def shapes(self, K, **sizes) -> dict[str, tuple[int, ...]]:
        """The shapes of all arrays, by name and in order, from the sizes I, H and P."""
        packed = [[(n, slot) for n in slot.name.split()] for slot in self.slots[K]]
        return {
            n: s.shape(sizes)[" " in s.name :] for row in zip(*packed, strict=True) for n, s in row
        }

    @cached_property
    def _rows(self) -> dict[int, list[_Rows]]:
        gates = {len(cell.gates): cell.gates for cell in CELLS.values()}
        return {K: [_Rows.of(slot, gates[K]) for slot in self.slots[K]] for K in self.slots}

    @cached_property
    def _plain(self) -> dict[int, list[str] | None]:
        """The names of all arrays in the order of the fields of Weights, if they are these."""
        found = {}
        for K, rows in self._rows.items():
            as_they_are = [
                r.names[0] for r in rows if len(r.names) == 1 and r.view is r.here is None
            ]
            in_order = [r.on[0] for r in rows] == list(PARTS[: len(rows)])
            found[K] = as_they_are if in_order and len(as_they_are) == len(rows) else None
        return found

    def read(self, cell, arrays, suffix=""):
        """The core's Weights from a mapping of arrays by name + suffix; others do not matter.

        One bias becomes b_ih, beside a b_hh of zeros.
        """
        K = len(cell.gates)
        if plain := self._plain[K]:
            return sequence.Weights(*[arrays.get(name + suffix) for name in plain])
        parts: dict[str, Any] = {}
        for rows in self._rows[K]:
            if rows.names[0] + suffix in arrays:
                rows.read(arrays, suffix, parts)
        if "bias" not in parts:
            return sequence.Weights(parts["x"], parts["h"], *map(parts.get, PARTS[2:]))
        bias = parts["bias"]
        if self.forget_bias:
            bias = _with_forget_bias(cell, bias, self.forget_bias)
        return sequence.Weights(parts["x"], parts["h"], bias, np.zeros(bias.shape, bias.dtype))

    def write(self, cell, weights, suffix="", gradients=False):
        """The arrays by name + suffix, maybe views, of Weights of the core or of their gradients.

        One bias is the sum of both; the gradient with respect to it is that with respect to b_ih.
        """
        K = len(cell.gates)
        if plain := self._plain[K]:
            pairs = zip(plain, weights, strict=False)
            return {name + suffix: array for name, array in pairs if array is not None}
        x, h, b_ih, b_hh, W_hr = weights
        parts = {"x": x, "h": h, "bias_x": b_ih, "bias_h": b_hh, "bias": b_ih, "Whr": W_hr}
        found = {}
        for rows in self._rows[K]:
            if "bias" in rows.on and not gradients:
                parts["bias"] = self._bias(cell, weights, rows.names[0] in self.optional)
            rows.write(parts, suffix, found)
        return found

    def _bias(self, cell, weights, optional):
        """What Weights have for one bias: the sum of both; of none zeros, or nothing."""
        W_ih, _, first, second, _ = weights
        if first is None and optional:
            return None
        bias = np.zeros(len(W_ih), W_ih.dtype) if first is None else first + second
        return _with_forget_bias(cell, bias, -self.forget_bias) if self.forget_bias else bias


def _with_forget_bias(cell, bias, value):
    """The bias, with a number added in the block of the forget gate, if there is one."""
    blocks = bias.reshape(len(cell.gates), -1).copy()
    if "f" in cell.gates:
        blocks[cell.gates.index("f")] += value
    return blocks.reshape(-1)


# ------------------------------------------------------------------------------------ the packings


def _slots(words, *orders):
    """The slots by number of gates; in the words [] stands for the gates, given in their order."""
    return {
        len(order): tuple(slots.slot(n, w.replace("[]", f"[{order}]")) for n, w in words.items())
        for order in map("".join, orders)
    }


def _without_suffix(weights):
    """By names without the end of torch's, which all of one layer and direction share."""
    pattern = re.compile(rf"({'|'.join(TORCH_FIELDS)})(_.*)?")
    matches = {name: pattern.fullmatch(str(name)) for name in weights}
    suffixes = sorted({match[2] or "" for match in matches.values() if match})
    if len(suffixes) > 1:
        these = ", ".join(map(repr, suffixes))
        raise ValueError(f"torch weights of one layer in one direction end alike: these in {these}")
    return {match[1] if match else name: weights[name] for name, match in matches.items()}


def _with_letter_i(parameters):
    """Wu and bu are Wi and bi in other editions of the course."""
    other = {"Wu": "Wi", "bu": "bi"}
    for name, same in other.items():
        if name in parameters and same in parameters:
            raise ValueError(f"{name} and {same} are two names of one gate: one is needed")
    return {other.get(name, name): array for name, array in parameters.items()}


_TORCH = {"weight_ih": "[] x: KH R", "weight_hh": "[] h: KH R"}
_TORCH |= {"bias_ih": "[] bias_x: KH", "bias_hh": "[] bias_h: KH"}
_KERAS = {"kernel": "[] x: R KH", "recurrent_kernel": "[] h: R KH"}
_ONNX = {"W": "[] x: 1 KH R", "R": "[] h: 1 KH R", "B": "[] bias_x bias_h: 1 RKH"}
_COURSE = {"Wax": "[] x: KH R", "Waa": "[] h: KH R", "ba": "[] bias: KH 1"}
_BATCH_FIRST = {"W_a": "[] x: R KH", "U_a": "[] h: R KH", "b_a": "[] bias: KH"}

TORCH = Packing(
    dict,
    _slots(_TORCH, TORCH_GATES[1], TORCH_GATES[3])
    | _slots(_TORCH | {"weight_hr": "Whr: P H"}, TORCH_GATES[4]),
    optional=("bias_ih", "bias_hh", "weight_hr"),
    rename=_without_suffix,
)
COURSE = Packing(
    dict,
    _slots(_COURSE, "h")
    | _slots({"Wf Wi Wc Wo": "[] h x: K H R", "bf bi bc bo": "[] bias: K H 1"}, COURSE_GATES),
    outputs=("Wya", "Wy", "by"),
    rename=_with_letter_i,
)
COURSE_U = Packing(  # another edition
    dict, _slots({"Wf Wu Wc Wo": "[] h x: K H R", "bf bu bc bo": "[] bias: K H 1"}, COURSE_GATES)
)
BATCH_FIRST = Packing(
    tuple,
    _slots(_BATCH_FIRST, "h")
    | _slots({"W_f W_u W_m W_o": "[] h x: K R H", "b_f b_u b_m b_o": "[] bias: K H"}, COURSE_GATES),
    outputs=("W_y", "b_y"),
)
LAYER = Packing(np.ndarray, _slots({"weights": "[] x h bias: R KH"}, "h", "ifgo"))
ALL = {
    "torch": TORCH,
    "keras": Packing(
        list,
        _slots(_KERAS | {"bias": "[] bias: KH"}, "h", "ifgo")
        | _slots(_KERAS | {"bias": "[] bias_x bias_h: R KH"}, "urn"),
        optional=("bias",),
    ),
    "tf1": Packing(
        list,
        _slots({"kernel": "[] x h: R KH", "bias": "[] bias: KH"}, "h", "igfo"),
        forget_bias=1,
    ),
    "onnx": Packing(dict, _slots(_ONNX, "h", "urn", "iofg"), optional=("B",)),
    "course": COURSE,
    "course_batch_first": BATCH_FIRST,
    "layer": LAYER,
}


def torch_suffix(layer, reverse):
    """The end of torch's parameter names: "_l0", "_l0_reverse", ..."""
    return f"_l{layer}_reverse" if reverse else f"_l{layer}"


def torch_shapes(gates, inputs, hidden, bias=True, projection=0):
    """Shapes of one layer's parameters under torch's names, in torch's order."""
    left_out = () if bias else ("bias_ih", "bias_hh")
    left_out += () if projection else ("weight_hr",)
    shapes = TORCH.shapes(gates, I=inputs, H=hidden, P=projection or hidden)
    return {name: shape for name, shape in shapes.items() if name not in left_out}
