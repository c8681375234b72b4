"""The only file that knows another order of axes than the core's, and `convert`.

The core (see `cells` and `sequence`) has arrays (T, features, B). torch.nn has (T, B, features) or
(B, T, features), the course functions have (n_x, m, T_x) or (m, T, n_x). How weights are packed
stands in `packings`; `convert` takes them from any packing to any other.
"""

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import border, packings


def to_core(x, batch_first=False):
    """(T, B, features), or (B, T, features), as a (T, features, B) view."""
    return x.transpose(1, 2, 0) if batch_first else x.transpose(0, 2, 1)


def from_core(x, batch_first=False):
    """The view back, see `to_core`."""
    return x.transpose(2, 0, 1) if batch_first else x.transpose(0, 2, 1)


def course_to_core(x):
    """(n_x, m, T_x) as a (T, features, B) view."""
    return x.transpose(2, 0, 1)


def course_from_core(x):
    """The view back, see `course_to_core`."""
    return x.transpose(1, 2, 0)


def convert(weights: Any, *, source: str, target: str, cell: str) -> Any:
    """Weights of one layer in one direction, from one framework's packing to another's.

    Parameters
    ----------
    weights : dict, sequence or ndarray
        As the source has them, see below; floating or complex. Arrays, or what NumPy can read as
        one (a tensor of torch among them, also one that requires a gradient).
    source, target : str
        "torch"
            dict: weight_ih (K*H, I), weight_hh (K*H, H), bias_ih and bias_hh (K*H,) or no biases.
            Gates i f g o, r z n. Names may end in a suffix, all in the same; written is ``_l0``.
            An LSTM's projection weight_hr (P, H) goes nowhere but to torch again.
        "keras"
            list as of ``layer.get_weights()``: kernel (I, K*H), recurrent_kernel (H, K*H), bias
            (K*H,), or no bias. Gates i f c o, z r h. The GRU is the one with ``reset_after``: its
            bias is (2, K*H).
        "tf1"
            list as of ``cell.get_weights()``, of BasicRNNCell and BasicLSTMCell: kernel
            (I + H, K*H) on [x, h], bias (K*H,). Gates i c f o. The cell adds ``forget_bias = 1``
            when it runs: what is stored for the forget gate is 1 less than its bias.
        "onnx"
            dict: W (1, K*H, I), R (1, K*H, H), B (1, 2*K*H) or no B. Gates i o f c, z r h. The
            GRU is the one with ``linear_before_reset = 1``.
        "course"
            dict of the column-major course functions: Wax (H, I), Waa (H, H), ba (H, 1); Wf, Wi,
            Wc, Wo (H, H + I) on [a; x], bf, bi, bc, bo (H, 1). Wu, bu for Wi, bi are read as well.
        "course_batch_first"
            tuple of the batch-first course functions: W_a (I, H), U_a (H, H), b_a (H,); or W_f,
            b_f, W_u, b_u, W_m, b_m, W_o, b_o with W (H + I, H) on [a, x], b (H,).
        "layer"
            array (I + H + 1, K*H), rows for [x; h; 1], as of ``get_weights()`` of the layers in
            `handrnn.layers`. Gates i f g o.
    cell : {"rnn", "lstm", "gru"}
        Whether the RNN has a tanh or a relu is not in its weights. tf1, the courses and layer
        have no GRU that does what these weights do. In tf1 and layer an RNN of 4*H units looks as
        an LSTM of H units does, and is taken for what is said here.

    Returns
    -------
    dict, list, tuple or ndarray
        As the target has them, in new arrays that share memory with nothing, and of the dtype
        they had. (Where one array takes up several, of their common dtype.)

    Raises
    ------
    TypeError
        Weights in another container than that of the source; integers.
    ValueError
        Unknown names of source, target, cell or weights; missing weights; shapes that do not fit;
        a GRU where there is none; a projection where there is none.

    Notes
    -----
    Output layers are not recurrent weights: Wya, Wy and by of a course may be there, and are left
    out of the result.

    There and back again gives arrays of the same names, shapes and values, equal to the last bit,
    with these exceptions.

    - torch and ONNX have two biases, Keras too for the GRU. Where only one has its place there
      comes their sum; back again this is the first of them (beside x), the second is zero. Only
      the sum matters to the RNN and to the LSTM; of the GRU all that is read or written here has
      two.
    - Where biases are missing and the target has no way to say so (tf1, the courses, layer), they
      are zeros, and stay.
    - The bias of the forget gate is rounded when tf1's 1 is subtracted, and when it is added.
    - torch's names then end in ``_l0``, the course says Wi and bi, the output layer is gone, and
      of mixed dtypes what was in one array keeps their common one.

    Examples
    --------
    >>> import handrnn
    >>> lstm = handrnn.nn.LSTM(5, 4, rng=0)
    >>> weights = convert(lstm.state_dict(), source="torch", target="keras", cell="lstm")
    >>> [array.shape for array in weights]
    [(5, 16), (4, 16), (16,)]
    """
    reader = _choose("source", source, packings.ALL)
    writer = _choose("target", target, packings.ALL)
    core_cell = _choose("cell", cell, packings.CELLS)
    for name, packing in ((source, reader), (target, writer)):
        if cell not in packing.cells:
            only = _any_of(packing.cells)
            raise ValueError(f"{name} has no {cell} with handrnn's equations, only {only}")
    core = reader.read(core_cell, _arrays(reader, source, cell, weights))
    if core.W_hr is not None and target != "torch":
        raise ValueError(f"weight_hr is a projection, which torch has and {target} has not")
    suffix = packings.torch_suffix(0, False) if target == "torch" else ""
    found = writer.write(core_cell, core, suffix)
    names = [name + suffix for name in writer.shapes(len(core_cell.gates), I=1, H=1)]
    arrays = {name: np.array(found[name], order="C") for name in names if name in found}
    if writer.kind is np.ndarray:
        return arrays[names[0]]
    return arrays if writer.kind is dict else writer.kind(arrays.values())


def _choose(what, name, table):
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"{what} is {name!r}: it can be {_any_of(table)}{_near(name, table)}")
    return table[name]


def _any_of(names):
    return ", ".join(map(repr, names))


def _near(name, names):
    """The end of an error: what may have been meant."""
    near = difflib.get_close_matches(str(name).lower(), names, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _arrays(packing, source, cell, weights):
    """The arrays by name, or an error that says what is wrong with them."""
    try:
        return _arrays_of(packing, source, cell, weights)
    except ValueError as error:
        others = [other for other in packing.cells if other != cell]
        fitting = [other for other in others if _fits(packing, source, other, weights)]
        hint = f"; they are what cell={fitting[0]!r} takes" if fitting else ""
        raise ValueError(f"{error}{hint}") from None


def _fits(packing, source, cell, weights):
    try:
        _arrays_of(packing, source, cell, weights)
    except ValueError:
        return False
    return True


def _arrays_of(packing, source, cell, weights):
    K = len(packings.CELLS[cell].gates)
    ranks = {name: len(shape) for name, shape in packing.shapes(K, I=1, H=1).items()}
    given = _by_name(packing, source, list(ranks), weights)
    for name in given:
        if name not in ranks:
            raise ValueError(
                f"{source} weights for cell={cell!r} are {_any_of(ranks)}, not {name!r}"
                f"{_near(name, ranks)}"
            )
    needed = [name for name in ranks if name not in packing.optional]
    for name in needed:
        if name not in given:
            raise ValueError(
                f"{source} weights for cell={cell!r} need {name!r}: given are"
                f" {_any_of(given) or 'none'}"
            )
    arrays = {name: _floating(name, array) for name, array in given.items()}
    for name in needed:
        if arrays[name].ndim != ranks[name]:
            raise ValueError(f"{name} is {arrays[name].shape}: it needs {ranks[name]} axes")
    if source == "keras" and K == 3 and "bias" in arrays and arrays["bias"].ndim == 1:
        raise ValueError(
            f"bias is {arrays['bias'].shape}, as of a GRU with reset_after=False, whose reset gate"
            " acts before the matrix product: no weights make another GRU do the same"
        )
    if ("bias_ih" in arrays) != ("bias_hh" in arrays):
        raise ValueError("bias_ih and bias_hh are given together or not at all")
    _check_shapes(packing, cell, arrays)
    return arrays


def _check_shapes(packing, cell, arrays):
    K = len(packings.CELLS[cell].gates)
    sizes = _sizes(packing, K, arrays)
    of_sizes = f"for cell={cell!r} with I = {sizes['I']} and H = {sizes['H']}"
    if min(sizes.values()) < 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{shapes}: too small {of_sizes}")
    for name, shape in packing.shapes(K, **sizes).items():
        if name in arrays and arrays[name].shape != shape:
            raise ValueError(f"{name} is {arrays[name].shape}: {shape} is needed {of_sizes}")


def _sizes(packing, K, arrays):
    """I, H and, of a projection, P, from the shapes of the arrays on h and on x."""
    on = {part: slot for slot in reversed(packing.slots[K]) for part in slot.on}
    lengths = {}
    for part in ("h", "x"):
        name, *several = on[part].name.split()
        axes = on[part].axes[bool(several) :]
        lengths[part] = dict(zip(axes, arrays[name].shape, strict=True))
    H = lengths["h"]["H"] if "H" in lengths["h"] else lengths["h"]["KH"] // K
    beside = [H if part == "h" else 1 for part in on["x"].on if part != "x"]
    sizes = {"I": lengths["x"]["R"] - sum(beside), "H": H}
    return sizes | ({"P": lengths["h"]["R"]} if "weight_hr" in arrays else {})


def _by_name(packing, source, names, weights):
    """What the container holds, under the names of the packing, but for an output layer."""
    if packing.kind is np.ndarray:
        return {names[0]: weights}
    if not isinstance(weights, Mapping if packing.kind is dict else list | tuple):
        raise TypeError(
            f"{source} weights are a {packing.kind.__name__} of {', '.join(names)}:"
            f" a {type(weights).__name__} was given"
        )
    if isinstance(weights, Mapping):
        given = packing.rename(weights)
    else:
        names = [*names, *packing.outputs]
        if len(weights) > len(names):
            raise ValueError(
                f"{source} weights are {', '.join(names)}: {len(weights)} arrays were given"
            )
        given = dict(zip(names, weights, strict=False))
    return {
        n: array for n, array in given.items() if array is not None and n not in packing.outputs
    }


def _floating(name, array):
    if hasattr(array, "detach"):  # a tensor of torch, which may require a gradient
        array = array.detach().cpu().numpy()
    return border.array(name, array, "fc", "floating-point weights are")
