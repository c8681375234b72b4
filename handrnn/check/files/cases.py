"""Cases on file: a recurrent network in numbers, for implementations in any language.

`draw` makes a case: inputs, weights, initial states, cotangents (gradients of a loss by what comes
out), and what is right for them, computed by `handrnn.textbook` in float64. `write` puts it into a
file that any language can read, and `answers.judge` holds what came back against it.

All names and axes are torch's, of one layer in one direction, but for states, which are (B, H).
T steps, B examples, I inputs, H hidden units, K gates; ``d`` is the gradient of the loss, which is
``sum(dy * y) + sum(dh_n * h_n) + sum(dc_n * c_n)``.
"""

import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import compare, layouts, packings, slots, textbook, writing
from ..load import reading

CELLS = textbook.CELLS
DTYPES = ("float64", "float32")
SUFFIXES = (".npz", ".json")
ATTEMPTS = 30
MOST_NUMBERS = 10_000_000  # of a case
MOST_BYTES = 2**31  # of a file
KINK_UNITS = 16  # how near to zero relu may be asked, in units of float32

Arrays = dict[str, np.ndarray]

STATES = ("x", "h0", "c0")
WEIGHTS = ("W_ih", "W_hh", "b_ih", "b_hh")
COTANGENTS = ("dy", "dh_n", "dc_n")
OUTPUTS = ("y", "c", "h_n", "c_n")
GRADIENTS = ("dx", "dh0", "dc0", "dW_ih", "dW_hh", "db_ih", "db_hh")
OF_THE_CELL_STATE = ("c0", "dc_n", "c", "c_n", "dc0")

AXES = {
    "x": "TBI",
    "y": "TBH",
    "c": "TBH",
    **dict.fromkeys(("h0", "c0", "h_n", "c_n"), "BH"),
    "W_ih": ("K*H", "I"),
    "W_hh": ("K*H", "H"),
    **dict.fromkeys(("b_ih", "b_hh"), ("K*H",)),
}
_MEANING = {"T": "time", "B": "example", "I": "input", "H": "unit"}

EQUATIONS = {
    "rnn_tanh": ("h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)",),
    "rnn_relu": ("h_t = max(0, W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)",),
    "lstm": (
        "z = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh, blocks of H rows z_i, z_f, z_g, z_o",
        "i = sigmoid(z_i), f = sigmoid(z_f), g = tanh(z_g), o = sigmoid(z_o)",
        "c_t = f * c_(t-1) + i * g",
        "h_t = o * tanh(c_t)",
    ),
    "gru": (
        "a = W_ih x_t + b_ih and b = W_hh h_(t-1) + b_hh, blocks of H rows for r, u, n",
        "r = sigmoid(a_r + b_r), u = sigmoid(a_u + b_u) (torch calls it z)",
        "n = tanh(a_n + r * b_n)",
        "h_t = (1 - u) * n + u * h_(t-1)",
    ),
}


class CaseError(ValueError):
    """A file that cannot be used, in one line."""


@dataclass(frozen=True)
class Case:
    """A recurrent network in numbers.

    Attributes
    ----------
    cell : one of `CELLS`
    dtype : "float64" or "float32", of what is given
    seed, scale : of `draw`
    given : x (T, B, I), h0, c0 (B, H), W_ih (K*H, I), W_hh (K*H, H), b_ih, b_hh (K*H,), and the
        cotangents dy (T, B, H), dh_n, dc_n (B, H); c0 and dc_n for the LSTM only
    expected : float64; y, c (T, B, H), h_n, c_n (B, H), dx, dh0, dc0, dW_ih, dW_hh, db_ih, db_hh,
        each gradient shaped like what it is by; c, c_n and dc0 for the LSTM only
    """

    cell: str
    dtype: str
    seed: int
    scale: float
    given: Arrays
    expected: Arrays

    @property
    def kind(self) -> str:
        """ "rnn", "lstm" or "gru"."""
        return kind(self.cell)

    @property
    def gates(self) -> tuple[str, ...]:
        """The blocks of the rows of the weights, in order."""
        return gates(self.cell)

    @property
    def sizes(self) -> dict[str, int]:
        """T, B, I, H."""
        T, B, I = self.given["x"].shape
        return {"T": T, "B": B, "I": I, "H": self.given["h0"].shape[1]}

    def layout(self, name: str) -> compare.Layout:
        """What the axes of a quantity mean, for `compare.locate`."""
        return layout(name, self.gates)

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        return f"{self.cell}, {sizes}, {self.dtype}, seed {self.seed}, scale {self.scale:g}"


def kind(cell: str) -> str:
    """ "rnn", "lstm" or "gru"."""
    return cell.partition("_")[0]


def gates(cell: str) -> tuple[str, ...]:
    """The blocks of the rows of a cell's weights, in the order of a case."""
    return packings.TORCH_GATES[len(slots.GATES[kind(cell)])]


def axes(name: str) -> tuple[str, ...]:
    """The axes of a quantity, as letters of sizes: ("T", "B", "H")."""
    return tuple(AXES[name] if name in AXES else AXES[name.removeprefix("d")])


def layout(name: str, gates: tuple[str, ...]) -> compare.Layout:
    """What the axes of a quantity mean where the weights have blocks of rows for these gates."""
    named = gates if len(gates) > 1 else ()
    rows = ("gate", "unit") if named else "unit"
    words = [_MEANING.get(axis, rows) for axis in axes(name)]
    if name.endswith("W_hh"):  # its columns are for the hidden units of the step before
        words[1] = "input"
    return compare.Layout(tuple(words), named, backward=name in GRADIENTS)


def shape(name: str, sizes: Mapping[str, int], K: int) -> tuple[int, ...]:
    """The shape of a quantity."""
    known = {**sizes, "K*H": K * sizes["H"]}
    return tuple(known[axis] for axis in axes(name))


def names(cell: str, *groups: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the groups of names that a cell has."""
    has_c = cell == "lstm"
    return tuple(n for group in groups for n in group if has_c or n not in OF_THE_CELL_STATE)


# ---------------------------------------------------------------------------------------- drawing


def draw(
    cell: str,
    *,
    T: int = 7,
    B: int = 3,
    I: int = 5,
    H: int = 4,
    seed: int = 0,
    scale: float = 2.0,
    dtype: str = "float64",
) -> Case:
    """A case that leaves nothing at zero; the same seed gives the same numbers.

    Parameters
    ----------
    cell : one of `CELLS`
    T, B, I, H : steps, examples, inputs, hidden units
    seed : >= 0
    scale : weights and biases are uniform on +-scale / sqrt(H). 1 is torch's own, whose networks
        soon forget their past; from 3 on long sequences are chaotic.
    dtype : of what is given, "float64" or "float32"; what is expected is float64 always

    Raises
    ------
    CaseError
        For an unknown cell or dtype, sizes below 1, a negative seed, a scale that is not a positive
        number; or if no draw is of use: values that overflow, or a relu without life.
    """
    _check(cell, {"T": T, "B": B, "I": I, "H": H}, seed, scale, dtype)
    sizes = {"T": T, "B": B, "I": I, "H": H}
    why = ""
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng(np.random.SeedSequence((seed, attempt)))
        given = _given(rng, cell, sizes, scale, dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            expected = compute(cell, given)
        why = _useless(cell, given, expected)
        if not why:
            return Case(cell, dtype, seed, scale, given, expected)
    raise CaseError(f"no draw of {cell} with T = {T} and scale {scale:g} is of use: {why}")


def _check(cell: str, sizes: Mapping[str, int], seed: int, scale: float, dtype: str) -> None:
    if cell not in CELLS:
        raise CaseError(f"cell is {cell!r}: it can be {', '.join(CELLS)}")
    if dtype not in DTYPES:
        raise CaseError(f"dtype is {dtype!r}: it can be {', '.join(DTYPES)}")
    for name, size in sizes.items():
        if size < 1:
            raise CaseError(f"{name} is {size}: sizes start at 1")
    asked = names(cell, STATES, WEIGHTS, COTANGENTS)
    count = sum(math.prod(shape(name, sizes, len(gates(cell)))) for name in asked)
    if count > MOST_NUMBERS:
        listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise CaseError(f"{listed} take {count:,} numbers: at most {MOST_NUMBERS:,} are allowed")
    if seed < 0:
        raise CaseError(f"seed is {seed}: it cannot be negative")
    if not 0 < scale < float("inf"):
        raise CaseError(f"scale is {scale}: it must be a positive number")


def _given(
    rng: np.random.Generator, cell: str, sizes: Mapping[str, int], scale: float, dtype: str
) -> Arrays:
    K, bound = len(gates(cell)), scale / np.sqrt(sizes["H"])
    given = {}
    for name in names(cell, STATES, WEIGHTS, COTANGENTS):
        size = shape(name, sizes, K)
        drawn = rng.uniform(-bound, bound, size) if name in WEIGHTS else rng.standard_normal(size)
        given[name] = drawn.astype(dtype)
    return given


def _useless(cell: str, given: Arrays, expected: Arrays) -> str:
    """Why a draw proves nothing, if so."""
    for name, values in expected.items():
        if not np.all(np.isfinite(values)) or np.max(np.abs(values)) > np.finfo("f4").max:
            return f"{name} overflows"
        if not np.any(values):
            return f"{name} is all zero"
    if cell == "rnn_relu" and _nearest_kink(given) < KINK_UNITS * compare.unit_roundoff("f4"):
        return "rounding can put values on the other side of zero"
    return ""


def _nearest_kink(given: Arrays) -> float:
    """The smallest value before relu, relative to the largest."""
    x, states, parameters = _in_columns("rnn_relu", given, _as_it_is, gates("rnn_relu"))
    _, caches = textbook.sequence_forward(x, states, parameters, "rnn_relu")
    before = np.abs([cache["z"] for cache in caches["cells"]])
    return float(np.min(before) / np.max(before))


# ------------------------------------------------------------------------------------- computing


def _as_it_is(values: np.ndarray) -> np.ndarray:
    return values


def compute(
    cell: str,
    given: Mapping[str, np.ndarray],
    *,
    functions: Any = textbook,
    wrap: Callable[[np.ndarray], np.ndarray] = _as_it_is,
    along: Mapping[str, np.ndarray] | None = None,
    order: tuple[str, ...] | None = None,
    gradients: bool = True,
) -> Arrays:
    """What is right for a case, by the textbook in float64.

    Parameters
    ----------
    cell : one of `CELLS`
    given : as of `Case`
    functions : the textbook, or another namespace with its functions
    wrap : what is done to every array that goes in
    along : y, and c of the LSTM, (T, B, H): somebody's own states. Each step then starts from the
        state before it as given there, and the gradients are those along that trajectory. A c that
        is not there is carried on as the steps make it.
    order : the gates that the blocks of rows are taken for, by the textbook's letters; None: those
        of `gates`
    gradients : whether they are wanted

    Returns
    -------
    dict of `OUTPUTS` and, if they are wanted, `GRADIENTS`
    """
    order = order or gates(cell)
    x, states, parameters = _in_columns(cell, given, wrap, order)
    if along is None:
        trajectories, caches = functions.sequence_forward(x, states, parameters, cell)
    else:
        own = [wrap(layouts.to_core(_double(along[n]))) for n in ("y", "c") if n in along]
        trajectories, caches = functions.sequence_along(x, states, own, parameters, cell)
    found = dict(zip(("y", "c"), map(layouts.from_core, trajectories), strict=False))
    found |= {f"{letter}_n": part[-1].T for letter, part in zip("hc", trajectories, strict=False)}
    if gradients:
        dy = wrap(layouts.to_core(_double(given["dy"])))
        finals = [wrap(_double(given[name]).T) for name in names(cell, ("dh_n", "dc_n"))]
        found |= _in_rows(cell, functions.sequence_backward(dy, finals, caches, cell), order)
    return {
        name: np.array(found[name], np.float64, order="C", subok=False)
        for name in names(cell, OUTPUTS, GRADIENTS if gradients else ())
    }


def _double(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float64)


def _in_columns(
    cell: str,
    given: Mapping[str, np.ndarray],
    wrap: Callable[[np.ndarray], np.ndarray],
    order: tuple[str, ...],
) -> tuple[np.ndarray, tuple[np.ndarray, ...], Arrays]:
    """x, the initial states and the parameters, as the textbook takes them."""
    arrays = {name: _double(given[name]) for name in ("W_ih", "W_hh")}
    arrays["b"] = np.stack([_double(given["b_ih"]), _double(given["b_hh"])])
    sizes = {"I": arrays["W_ih"].shape[1], "H": arrays["W_hh"].shape[1]}
    atoms = {}
    for slot in _slots(order):
        atoms |= slot.unpack(arrays[slot.name], sizes)
    parameters = slots.to_textbook(kind(cell), atoms)
    states = tuple(wrap(_double(given[name]).T) for name in names(cell, ("h0", "c0")))
    x = wrap(layouts.to_core(_double(given["x"])))
    return x, states, {name: wrap(array) for name, array in parameters.items()}


def _in_rows(cell: str, gradients: Arrays, order: tuple[str, ...]) -> Arrays:
    """The textbook's gradients in the axes and the packing of a case."""
    found = {"dx": layouts.from_core(gradients["dx"])}
    found |= {name: gradients[name].T for name in names(cell, ("dh0", "dc0"))}
    atoms = slots.from_textbook(kind(cell), gradients)
    packed = {f"d{slot.name}": slot.gradient.pack(atoms, {}) for slot in _slots(order)}
    found["db_ih"], found["db_hh"] = packed.pop("db")
    return found | packed


def _slots(order: tuple[str, ...]) -> list[slots.Slot]:
    """The weights of a case, both biases one upon the other, for blocks in this order of gates."""
    words = {"W_ih": "x: KH R", "W_hh": "h: KH R", "b": "bias_x bias_h: R KH"}
    return [slots.slot(name, f"[{' '.join(order)}] {said}") for name, said in words.items()]


# ------------------------------------------------------------------------------------------ files


def about(case: Case) -> dict[str, Any]:
    """What stands in the file beside the numbers: what each of them is."""
    expected = names(case.cell, OUTPUTS, GRADIENTS)
    return {
        "what": (
            "A case for a recurrent network of one layer in one direction. Compute the arrays"
            " named in 'expected' from those named in 'given', write those you have under the same"
            " names into an .npz or .json file, and run: handrnn compare THIS_FILE YOUR_FILE."
            " The loss is sum(dy * y) + sum(dh_n * h_n)"
            + (" + sum(dc_n * c_n)" if case.cell == "lstm" else "")
            + "; dNAME is its gradient with respect to NAME."
        ),
        "cell": case.cell,
        "equations": list(EQUATIONS[case.cell]),
        "sizes": {**case.sizes, "K": len(case.gates)},
        "sizes_mean": {
            "T": "time steps",
            "B": "examples",
            "I": "inputs",
            "H": "hidden units",
            "K": "gates, whose blocks of H rows stand one above the other",
        },
        "gates": list(case.gates),
        "dtype": case.dtype,
        "seed": case.seed,
        "scale": case.scale,
        "given": list(case.given),
        "expected": list(expected),
        "axes": {name: list(axes(name)) for name in (*case.given, *expected)},
        "order": "row-major: the last axis runs fastest",
    }


def write(case: Case, path: str | Path) -> None:
    """Write a case; the file is either there as a whole or not at all.

    ``.npz`` holds each array under its name, and ``about``, bytes of JSON text in UTF-8. ``.json``
    holds ``about`` and each array as ``{"shape": ..., "values": nested lists}``.

    Raises
    ------
    CaseError
        For another suffix, or if the file cannot be written.
    """
    path = Path(path)
    arrays = case.given | case.expected
    if suffix(path) == ".npz":
        text = json.dumps(about(case), indent=1).encode()
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, about=np.frombuffer(text, np.uint8), **arrays)
        data = buffer.getvalue()
    else:
        listed = {
            name: {"shape": list(array.shape), "values": array.tolist()}
            for name, array in arrays.items()
        }
        data = (json.dumps({"about": about(case), **listed}) + "\n").encode()
    try:
        writing.write(path, data)
    except OSError as error:
        why = error.strerror or error
        raise CaseError(f"{reading.shown(path)} cannot be written: {why}") from None


def suffix(path: Path) -> str:
    """The end of a file's name, one of `SUFFIXES`.

    Raises
    ------
    CaseError
        For any other.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise CaseError(f"{path}: the name must end in {' or '.join(SUFFIXES)}")
    return path.suffix.lower()


def read(path: str | Path) -> Case:
    """Read a case that `write` wrote.

    Raises
    ------
    CaseError
        If the file is not there or is not a case.
    """
    path = Path(path)
    content = load(path)
    try:
        described = _described(content["about"])
        cell, dtype = described["cell"], described["dtype"]
        sizes = {name: int(described["sizes"][name]) for name in "TBIH"}
        seed, scale = int(described["seed"]), float(described["scale"])
        _check(cell, sizes, seed, scale, dtype)
        K = len(gates(cell))
        given, expected = (
            {name: _array(content[name], shape(name, sizes, K), kind) for name in chosen}
            for chosen, kind in (
                (names(cell, STATES, WEIGHTS, COTANGENTS), dtype),
                (names(cell, OUTPUTS, GRADIENTS), "float64"),
            )
        )
    except KeyError as missing:
        raise CaseError(f"{path} is not a case: it has no {missing}") from None
    except (TypeError, ValueError) as error:
        raise CaseError(f"{path} is not a case: {error}") from None
    return Case(cell, dtype, seed, scale, given, expected)


def _described(value: Any) -> dict[str, Any]:
    if isinstance(value, np.ndarray):
        value = json.loads(value.tobytes().decode())
    if not isinstance(value, dict):
        raise TypeError("its 'about' is not an object")
    return value


def _array(value: Any, wanted: tuple[int, ...], dtype: str) -> np.ndarray:
    array = np.asarray(value["values"] if isinstance(value, dict) else value, dtype)
    if array.shape != wanted:
        raise ValueError(f"an array has the shape {array.shape} instead of {wanted}")
    if not np.all(np.isfinite(array)):
        raise ValueError("an array holds values that are not finite")
    return array


def load(path: str | Path) -> dict[str, Any]:
    """What a file holds, by name: arrays of an .npz, whatever JSON allows of a .json.

    An array that cannot be read without running code stored in it comes as a `CaseError`.

    Raises
    ------
    CaseError
        If the file cannot be read.
    """
    path = Path(path)
    try:
        if suffix(path) == ".json":
            content = json.loads(reading.head(path, MOST_BYTES).decode("utf-8-sig"))
        else:
            content = _arrays_of(path)
    except OSError as error:
        raise CaseError(reading.why(path, error)) from None
    except (ValueError, EOFError, RecursionError, zipfile.BadZipFile) as error:
        if isinstance(error, CaseError):
            raise
        raise CaseError(
            f"{path} cannot be read as {suffix(path)[1:]}: {_one_line(error)}"
        ) from None
    if not isinstance(content, dict):
        raise CaseError(f"{path} holds a {type(content).__name__}: names and arrays are needed")
    return content


def _arrays_of(path: Path) -> dict[str, Any]:
    data = io.BytesIO(reading.head(path, MOST_BYTES))
    if not zipfile.is_zipfile(data):
        raise CaseError(f"{path} is not an npz file")
    data.seek(0)
    content: dict[str, Any] = {}
    with np.load(data, allow_pickle=False) as archive:
        for name in archive.files:
            try:
                content[name] = archive[name]
            except Exception as error:  # encrypted, cut off, of a method or a shape that cannot be
                content[name] = CaseError(_one_line(error))
    return content


def _one_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
