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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

Atoms = Mapping[str, np.ndarray]
Sizes = Mapping[str, int]

GATES = {"rnn": "h", "lstm": "ifgo", "gru": "run"}
PARTS = {"x": "I", "h": "H", "below": "H", "bias": "1", "bias_x": "1", "bias_h": "1"}
AXES = {  # of plain quantities, as the textbook has them
    **dict.fromkeys(("x", "dx"), "TIB"),
    **dict.fromkeys(("h", "c", "dy", "dc", "states"), "THB"),
    **dict.fromkeys(("xt", "dxt"), "IB"),
    **dict.fromkeys(("h0", "c0", "dh0", "dc0", "h_T", "c_T", "dh_T", "dc_T"), "HB"),
    **dict.fromkeys(("h_prev", "c_prev", "dh_prev", "dc_prev"), "HB"),
    **dict.fromkeys(("h_next", "c_next", "dh_next", "dc_next"), "HB"),
    **dict.fromkeys(("i", "f", "g", "o", "r", "u", "n"), "HB"),
    **dict.fromkeys(("y",), "TYB"),
    **dict.fromkeys(("yt", "z", "softmax", "sigmoid"), "YB"),
    **dict.fromkeys(("Why", "dWhy"), "YH"),
    **{"deep": "TLHB", "deep0": "LHB", "both": "TDB", "Why_both": "YD"},
    **dict.fromkeys(("by", "dby"), "Y"),
}
LETTERS = ("T", "B", "I", "H", "Y", "K", "R", "L", "D", "1")


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
        each, and R, what the columns act on. L is two layers, D two directions of H units each,
        1 an axis of length one
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
        front = self._front
        return tuple(front + atom(gate, part) for gate in self.gates for part in self.on)

    @property
    def _front(self) -> str:
        return "2." * self.second + self.quantity.removesuffix("W")

    @property
    def gradient(self) -> "Slot":
        """The slot of the gradient with respect to it, called by its name with a d in front."""
        return replace(self, name=f"d{self.name}", quantity=f"d{self.quantity}")

    def shape(self, sizes: Sizes) -> tuple[int, ...]:
        """The shape of the array, from the sizes of T, B, I, H, Y."""
        known = self._sizes(sizes)
        return tuple(int(np.prod([known[letter] for letter in axis])) for axis in self.axes)

    def pack(self, known: Atoms, sizes: Sizes) -> np.ndarray:
        """The array, a fresh one, made of atoms.

        Raises
        ------
        SlotError
            If an axis is left out whose length is not 1.
        """
        if not self.gates:
            return self._arranged(known[self.quantity], _axes_of(self.quantity))
        blocks = [
            np.hstack([self._part(known, gate, part) for part in self.on]) for gate in self.gates
        ]
        return self._arranged(np.stack(blocks), "KHR")

    def unpack(self, array: np.ndarray, sizes: Sizes) -> dict[str, np.ndarray]:
        """The atoms in an array, in float64 unless they have another floating dtype.

        Raises
        ------
        SlotError
            If the array does not have the shape of the slot.
        """
        if array.shape != self.shape(sizes):
            raise SlotError(f"{self.name} has shape {array.shape}, not {self.shape(sizes)}")
        if not self.gates:
            return {self.quantity: self._taken_apart(array, _axes_of(self.quantity), sizes)}
        whole = self._taken_apart(array, "KHR", sizes)
        ends = np.cumsum(self._columns(sizes))[:-1]
        found = {}
        for gate, rows in zip(self.gates, whole, strict=True):
            for part, columns in zip(self.on, np.split(rows, ends, axis=1), strict=True):
                value = columns[:, 0] if part.startswith("bias") else columns
                found[self._front + atom(gate, part)] = value
        return found

    def _sizes(self, sizes: Sizes) -> dict[str, int]:
        known = {"H": 0, **sizes, "1": 1, "K": len(self.gates), "R": sum(self._columns(sizes))}
        known |= {"L": 2, "D": 2 * known["H"]}
        if self.quantity in ("states", "deep"):  # with the initial one in front
            known["T"] += 1
        return known

    def _part(self, known: Atoms, gate: str, part: str) -> np.ndarray:
        """The columns of one gate that act on one part."""
        value = known[self._front + atom(gate, part)]
        if not part.startswith("bias"):
            return value
        if self.quantity == "W" and gate != "n" and part != "bias":
            share = known.get(f"s.{gate}", np.zeros_like(value))
            value = share if part == "bias_h" else value - share
        return value[:, None]

    def _columns(self, sizes: Sizes) -> list[int]:
        return [{**sizes, "1": 1}[PARTS[part]] for part in self.on]

    def _arranged(self, array: np.ndarray, source: str) -> np.ndarray:
        """An array with axes in the textbook's order, in the order of the slot."""
        flat = "".join(self.axes).replace("1", "")
        left = [letter for letter in source if letter not in flat]
        for letter in left:
            if array.shape[source.index(letter)] != 1:
                raise SlotError(f"{self.name} has no axis {letter}")
        squeezed = array.squeeze(tuple(source.index(letter) for letter in left))
        kept = [letter for letter in source if letter in flat]
        moved = squeezed.transpose([kept.index(letter) for letter in flat])
        sizes = dict(zip(flat, moved.shape, strict=True)) | {"1": 1}
        shape = [int(np.prod([sizes[letter] for letter in axis])) for axis in self.axes]
        return np.array(moved.reshape(shape), order="C")

    def _taken_apart(self, array: np.ndarray, target: str, sizes: Sizes) -> np.ndarray:
        """The other way round."""
        flat = "".join(self.axes).replace("1", "")
        known = self._sizes(sizes)
        apart = array.reshape([known[letter] for letter in flat])
        kept = [letter for letter in target if letter in flat]
        moved = apart.transpose([flat.index(letter) for letter in kept])
        return moved.reshape([known[letter] if letter in flat else 1 for letter in target])


def _axes_of(quantity: str) -> str:
    return AXES[quantity.removeprefix("2.")]


def atom(gate: str, part: str) -> str:
    """The atom of a gate and a part: ``W.f.x``, ``b.f``."""
    if not part.startswith("bias"):
        return f"W.{gate}.{part}"
    return "b.n.h" if (gate, part) == ("n", "bias_h") else f"b.{gate}"


# ------------------------------------------------------------------------------ slots from words

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
    if "R" not in axes and (len(on) > 1 or not on[0].startswith("bias")):
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


# --------------------------------------------------------------------- the textbook's parameters


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
        if own in ("Why", "by"):
            found[d + own] = value[:, 0] if own == "by" else value
        else:
            found |= {d + atom: part for atom, part in _parts(cell, own, value)}
    return found


def _parts(cell: str, name: str, value: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    single = {"Whh": "W.h.h", "Wxh": "W.h.x", "Wxn": "W.n.x", "Whn": "W.n.h"}
    biases = {"bh": "b.h", "bxn": "b.n", "bhn": "b.n.h"}
    if name in single:
        yield single[name], value
    elif name.startswith("b"):
        # a mistake that is planted may leave the sum over the examples out
        yield biases.get(name, f"b.{name[1]}"), value[:, 0] if value.shape[1:] == (1,) else value
    elif name != "Whr":
        H = value.shape[0]
        yield f"W.{name[1]}.h", value[:, :H]
        yield f"W.{name[1]}.x", value[:, H:]


def to_textbook(cell: str, atoms: Atoms) -> dict[str, np.ndarray]:
    """The other way round: parameters as the textbook takes them, of atoms."""
    if cell == "rnn":
        found = {"Whh": atoms["W.h.h"], "Wxh": atoms["W.h.x"], "bh": atoms["b.h"][:, None]}
    else:
        found = {}
        for gate in GATES[cell].replace("n", ""):
            found[f"W{gate}"] = np.hstack([atoms[f"W.{gate}.h"], atoms[f"W.{gate}.x"]])
            found[f"b{gate}"] = atoms[f"b.{gate}"][:, None]
        if cell == "gru":
            found |= {"Wxn": atoms["W.n.x"], "bxn": atoms["b.n"][:, None]}
            found |= {"Whn": atoms["W.n.h"], "bhn": atoms["b.n.h"][:, None]}
    if "Why" in atoms:
        found |= {"Why": atoms["Why"], "by": atoms["by"][:, None]}
    return found
