"""Slots: how somebody else's array is made of the textbook's.

Everything is compared and converted in *atoms*, the textbook's own arrays. A plain quantity is one
atom under its own name: ``x`` (T, I, B), ``h_prev`` (H, B). A weight has an atom for each gate and
each part that it acts on:

=========  =======  ==============================================================
``W.f.x``  (H, I)   weights of gate f on the input
``W.f.h``  (H, H)   weights of gate f on the hidden state
``b.f``    (H,)     bias of gate f; where there are two, their sum
``s.f``    (H,)     of two biases of one gate, the share beside the hidden state
``b.n.h``  (H,)     bias that the reset gate of `textbook`'s GRU acts on, too
=========  =======  ==============================================================

Atoms of a second recurrence, the layer above or the other direction, have ``2.`` in front; the
weights of a layer above on the states below are ``2.W.h.below`` (H, H).

Gates have the textbook's letters: h (RNN), i f g o (LSTM), r u n (GRU). A gradient has a ``d`` in
front. A `Slot` says how one array is made of atoms: its axes, the order of its gates, and what its
columns act on. `pack` makes the array, `unpack` takes it apart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

Atoms = Mapping[str, np.ndarray]
Sizes = Mapping[str, int]

GATES = {"rnn": "h", "lstm": "ifgo", "gru": "run"}
PARTS = {
    "x": "I",
    "h": "P",
    "below": "H",
    "bias": "1",
    "bias_x": "1",
    "bias_h": "1",
}  # P = H, if not projected
_QUANTITIES = {  # plain ones by their axes, as the textbook has them
    **{"TIB": "x dx", "THB": "h c dy dc states", "IB": "xt dxt", "TYB": "y", "PH": "Whr"},
    **{"YB": "yt z softmax sigmoid", "YH": "Why dWhy", "Y": "by dby"},
    "HB": "h0 c0 dh0 dc0 h_T c_T dh_T dc_T h_prev c_prev dh_prev dc_prev"
    " h_next c_next dh_next dc_next i f g o r u n",
    **{"TLHB": "deep", "LHB": "deep0", "TDB": "both", "YD": "Why_both"},
}
AXES = {name: axes for axes, names in _QUANTITIES.items() for name in names.split()}
LETTERS = "TBIHYKRPLD1"


class SlotError(ValueError):
    """A slot that cannot be read, or an array that does not fit one."""


@dataclass(frozen=True)
class Slot:
    """How one array is made of atoms.

    Attributes
    ----------
    name : of the array, in its owner's words
    quantity : one of `AXES`; of weights "W" or "dW"
    axes : letters of sizes in order. T steps, B examples, I inputs, H hidden units, Y outputs;
        of weights also K gates, KH gates of H units each, one after another, HK units of K gates
        each, and R, what the columns act on. 1 is an axis of length one
    gates : of weights, the textbook's letters in their order
    on : of weights, what the columns act on, in order: keys of `PARTS`
    second : of weights, whether they are those of the second recurrence
    """

    name: str
    quantity: str
    axes: tuple[str, ...]
    gates: str = ""
    on: tuple[str, ...] = ()
    second: bool = False

    @property
    def atoms(self) -> tuple[str, ...]:
        """The names of the atoms that it holds."""
        if not self.gates:
            return (self.quantity,)
        return tuple(self._atom(gate, part) for gate in self.gates for part in self.on)

    @property
    def gradient(self) -> "Slot":
        """The slot of the gradient with respect to it, called by its name with a d in front."""
        return replace(self, name=f"d{self.name}", quantity=f"d{self.quantity}")

    def shape(self, sizes: Sizes) -> tuple[int, ...]:
        """The shape of the array, from the sizes of T, B, I, H, Y."""
        known = self._sizes(sizes)
        return tuple(prod([known[letter] for letter in axis]) for axis in self.axes)

    def pack(self, known: Atoms, sizes: Sizes) -> np.ndarray:
        """The array, a fresh one, made of atoms.

        Raises
        ------
        SlotError
            If an axis is left out whose length is not 1.
        """
        blocks = [np.hstack([self._part(known, g, p) for p in self.on]) for g in self.gates]
        whole = np.stack(blocks) if blocks else known[self.quantity]
        return np.array(self._together(whole), order="C")

    def unpack(self, array: np.ndarray, sizes: Sizes) -> dict[str, np.ndarray]:
        """The atoms in an array; of two biases of one gate their sum, and the second's share.

        Raises
        ------
        SlotError
            If the array does not have the shape of the slot.
        """
        if array.shape != self.shape(sizes):
            raise SlotError(f"{self.name} has shape {array.shape}, not {self.shape(sizes)}")
        known = self._sizes(sizes)
        whole = self._apart(array, known)
        if not self.gates:
            return {self.quantity: whole}
        found, ends = {}, np.cumsum([known[PARTS[part]] for part in self.on])[:-1]
        for part, columns in zip(self.on, np.split(whole, ends, axis=2), strict=True):
            for gate, value in zip(self.gates, columns, strict=True):
                second = self.quantity == "W" and part == "bias_h" and gate != "n"
                name = f"s.{gate}" if second else self._atom(gate, part)
                found[name] = value[:, 0] if part.startswith("bias") else value
        sums = {f"b.{n[2:]}": found.get(f"b.{n[2:]}", 0) + found[n] for n in found if n[0] == "s"}
        return found | sums

    def _apart(self, array: np.ndarray, sizes: Sizes) -> np.ndarray:
        """A view with the axes that the textbook has, of weights K, H, R."""
        letters, places, _ = self._letters
        return array.reshape([sizes.get(letter, 1) for letter in letters]).transpose(places)

    def _together(self, array: np.ndarray) -> np.ndarray:
        """The other way round, a view where there can be one."""
        letters, _, back = self._letters
        moved = array.transpose(back)
        known = {**dict(zip(letters, moved.shape, strict=True)), "1": 1}
        for letter in letters:
            if known[letter] != 1 and letter not in "".join(self.axes):
                raise SlotError(f"{self.name} has no axis {letter}")
        return moved.reshape([prod([known[letter] for letter in axis]) for axis in self.axes])

    @cached_property
    def _letters(self) -> tuple[str, list[int], list[int]]:
        """The letters as the array has them, the textbook's places in them, and back."""
        order = "KHR" if self.gates else AXES[self.quantity.removeprefix("2.")]
        own = "".join(self.axes).replace("1", "")
        letters = own + "".join(letter for letter in order if letter not in own)
        return letters, [*map(letters.index, order)], [*map(order.index, letters)]

    def _sizes(self, sizes: Sizes) -> dict[str, Any]:
        known = {"P": sizes.get("H"), **sizes, "1": 1, "K": len(self.gates), "L": 2}
        known["D"] = 2 * known.get("H", 0)
        known["R"] = sum(known[PARTS[part]] for part in self.on)
        if self.quantity in ("states", "deep"):  # with the initial one in front
            known["T"] += 1
        return known

    def _atom(self, gate: str, part: str) -> str:
        return "2." * self.second + self.quantity.removesuffix("W") + atom(gate, part)

    def _part(self, known: Atoms, gate: str, part: str) -> np.ndarray:
        """The columns of one gate that act on one part."""
        value = known[self._atom(gate, part)]
        if not part.startswith("bias"):
            return value
        if self.quantity == "W" and gate != "n":
            share = known.get(f"s.{gate}", np.zeros_like(value))
            value = {"bias": value, "bias_x": value - share, "bias_h": share}[part]
        return value[:, None]


def atom(gate: str, part: str) -> str:
    """The atom of a gate and a part: ``W.f.x``, ``b.f``."""
    if not part.startswith("bias"):
        return f"W.{gate}.{part}"
    return "b.n.h" if (gate, part) == ("n", "bias_h") else f"b.{gate}"


_WEIGHT = re.compile(r"\[\s*(?P<gates>[a-z ]+?)\s*\]\s*(?P<on>[a-z_ ]+)")


def slot(name: str, words: str) -> Slot:
    """A slot from words: ``"h_prev: B H"``, ``"[i f o g] x: R KH"``.

    Raises
    ------
    SlotError
        If the words do not say what it is, or name an axis, a gate or a quantity there is not.
    """
    what, colon, axes = words.partition(":")
    what, axes = what.strip(), tuple(axes.split())
    second = what.startswith("second ")
    what = what.removeprefix("second ")
    if not colon:
        raise SlotError(f"{name} = {words!r}: 'quantity: axes' is needed, such as 'h_prev: B H'")
    weight = _WEIGHT.fullmatch(what)
    if weight is None and what not in AXES:
        raise SlotError(f"{name}: there is no quantity {what!r} (known: {', '.join(AXES)})")
    _verify_axes(name, axes, AXES[what] if weight is None else "KHR")
    if weight is None:
        return Slot(name, "2." * second + what, axes)
    gates, on = weight["gates"].replace(" ", ""), tuple(weight["on"].split())
    if not any(set(gates) <= set(letters) for letters in GATES.values()):
        known = "; ".join(f"{cell}: {' '.join(letters)}" for cell, letters in GATES.items())
        raise SlotError(f"{name}: no cell has the gates [{weight['gates']}] ({known})")
    if set(on) - set(PARTS):
        raise SlotError(f"{name}: a weight acts on {', '.join(PARTS)}, not on {' '.join(on)}")
    one_bias = len(on) == 1 and "".join(on).startswith("bias")
    if "R" not in "".join(axes) and not one_bias:
        raise SlotError(f"{name}: an axis R, what it acts on ({' '.join(on)}), is missing")
    return Slot(name, "W", axes, gates, on, second)


def _verify_axes(name: str, axes: tuple[str, ...], whole: str) -> None:
    """Raise SlotError unless each axis is one of the quantity's, and none stands there twice."""
    flat = "".join(axes).replace("1", "")
    for letter in flat:
        if letter not in whole:
            words = f"the axes of this array can be {', '.join(whole)} and 1, not {letter!r}"
            raise SlotError(f"{name}: {words}")
        if flat.count(letter) > 1:
            raise SlotError(f"{name}: the axis {letter} stands there twice")


_GATED = {g: {f"W{g}": (f"W.{g}.h", f"W.{g}.x"), f"b{g}": (f"b.{g}",)} for g in "ifgoru"}
_OUTPUT = {"Why": ("Why",), "by": ("by",)}
_N = {"Wxn": ("W.n.x",), "bxn": ("b.n",), "Whn": ("W.n.h",), "bhn": ("b.n.h",)}
TEXTBOOK = {  # the atoms side by side in each parameter
    "rnn": {"Whh": ("W.h.h",), "Wxh": ("W.h.x",), "bh": ("b.h",)} | _OUTPUT,
    "lstm": _GATED["i"] | _GATED["f"] | _GATED["g"] | _GATED["o"] | _OUTPUT,
    "gru": _GATED["r"] | _GATED["u"] | _N | _OUTPUT,
}


def from_textbook(cell: str, parameters: Atoms) -> dict[str, np.ndarray]:
    """The parameters or gradients of a cell, as the textbook names them, as atoms.

    Parameters
    ----------
    cell : "rnn", "lstm" or "gru"
    parameters : Whh, Wxh, bh; Wi, ..., bo; or Wr, br, ...; gradients have a d in front
    """
    found = {}
    for name, value in parameters.items():
        d, own = ("d", name[1:]) if name.startswith(("dW", "db")) else ("", name)
        atoms, values = TEXTBOOK[cell].get(own, ()), [value]  # or one number, a mistake planted
        if len(atoms) == 2:
            values = [value[:, : len(value)], value[:, len(value) :]]
        elif own == "by" or (own[0] == "b" and value.shape[1:] == (1,)):
            values = [value[:, 0]]  # a planted mistake may leave the sum over the examples out
        found |= {d + atom: part for atom, part in zip(atoms, values, strict=False)}
    return found


def to_textbook(cell: str, atoms: Atoms) -> dict[str, np.ndarray]:
    """The other way round: parameters as the textbook takes them, of atoms."""
    return {
        name: np.hstack([atoms[a] for a in own]) if name[0] == "W" else atoms[own[0]][:, None]
        for name, own in TEXTBOOK[cell].items()
        if name not in _OUTPUT or name in atoms
    }
