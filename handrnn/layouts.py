"""The only file that knows another gate order, axis order or weight packing than the core's.

The core (see `cells` and `sequence`) has arrays (T, features, B) and rows of weights in blocks in
the order of ``cell.gates``. torch.nn has (T, B, features) or (B, T, features), and blocks in the
order i, f, g, o for the LSTM and r, z, n for the GRU (whose z is our u). The course functions
have (n_x, m, T_x) or (m, T, n_x), and for each gate of the LSTM a matrix on [a_prev; x_t].

`convert` takes weights from any packing to any other; it says how each of them looks.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from . import cells, sequence

TORCH_GATES = {1: ("h",), 3: ("r", "u", "n"), 4: ("i", "f", "g", "o")}
COURSE_GATES = ("f", "i", "g", "o")  # the courses say f, i or u, c, o; and f, u, m, o
KERAS_GATES = {1: ("h",), 3: ("u", "r", "n"), 4: ("i", "f", "g", "o")}
TF1_GATES = {1: ("h",), 4: ("i", "g", "f", "o")}
ONNX_GATES = {1: ("h",), 3: ("u", "r", "n"), 4: ("i", "o", "f", "g")}
TORCH_FIELDS = {  # torch's parameter names, to the fields of sequence.Weights
    "weight_ih": "W_ih",
    "weight_hh": "W_hh",
    "bias_ih": "b_ih",
    "bias_hh": "b_hh",
    "weight_hr": "W_hr",
}


def torch_suffix(layer, reverse):
    """The end of torch's parameter names: "_l0", "_l0_reverse", ..."""
    return f"_l{layer}_reverse" if reverse else f"_l{layer}"


def torch_shapes(gates, inputs, hidden, bias=True, projection=0):
    """Shapes of one layer's parameters under torch's names, in torch's order."""
    rows, outputs = gates * hidden, projection or hidden
    shapes = {"weight_ih": (rows, inputs), "weight_hh": (rows, outputs)}
    if bias:
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    if projection:
        shapes["weight_hr"] = (projection, hidden)
    return shapes


def torch_bias(gates, hidden, **values):
    """A bias (gates*hidden,) in torch's packing: a value or (hidden,) a named gate, else zero."""
    bias = np.zeros((gates, hidden))
    for gate, value in values.items():
        bias[TORCH_GATES[gates].index(gate)] = value
    return bias.reshape(-1)


def weights_from_torch(cell, arrays, suffix=""):
    """The core's Weights from a mapping under torch's names (name + suffix)."""
    there = TORCH_GATES[len(cell.gates)]
    fields = {}
    for name, field in TORCH_FIELDS.items():
        array = arrays.get(name + suffix)
        if array is not None and field != "W_hr":
            array = reorder(array, there, cell.gates)
        fields[field] = array
    return sequence.Weights(**fields)


def weights_to_torch(cell, weights, suffix=""):
    """Weights of the core, or gradients by them, as a dict under torch's names."""
    there = TORCH_GATES[len(cell.gates)]
    return {
        name + suffix: array if field == "W_hr" else reorder(array, cell.gates, there)
        for name, field in TORCH_FIELDS.items()
        if (array := getattr(weights, field)) is not None
    }


def weights_from_course(cell, parameters):
    """The core's Weights from a dict under the names of the course functions.

    The RNN: Wax, Waa, ba. The LSTM: Wf, bf, Wi, bi (or Wu, bu), Wc, bc, Wo, bo, whose columns are
    for [a_prev; xt]. Other keys do not matter. The bias becomes b_ih, beside a b_hh of zeros.
    """
    if len(cell.gates) == 1:
        return _with_one_bias(parameters["Wax"], parameters["Waa"], parameters["ba"])
    letters = course_letters("u" if "Wu" in parameters else "i")
    W, b = ([parameters[kind + letter] for letter in letters] for kind in "Wb")
    return _from_course_gates(cell, W, b)


def weights_to_course(cell, weights, update="i"):
    """Weights of the core as a dict of the course's, whose update gate has the letter i or u."""
    return _to_course(cell, weights, _one_bias(weights), update)


def gradients_to_course(cell, gradients, update="i"):
    """Gradients by such Weights, under the names of the weights with a d in front: dWax, ..."""
    named = _to_course(cell, gradients, gradients.b_ih, update)
    return {f"d{name}": array for name, array in named.items()}


def weights_from_batch_first(cell, parameters):
    """The core's Weights from the tuple that the batch-first course functions take.

    The RNN: W_a, U_a, b_a. The LSTM: W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, whose rows are for
    [a_prev, x_t]. What follows does not matter. The bias becomes b_ih, beside a b_hh of zeros.
    """
    if len(cell.gates) == 1:
        W_a, U_a, b_a = parameters[:3]
        return _with_one_bias(W_a.T, U_a.T, b_a)
    return _from_course_gates(cell, [W.T for W in parameters[:8:2]], parameters[1:8:2])


def weights_to_batch_first(cell, weights):
    """Weights of the core as a dict of the batch-first course's, in the order of its tuple."""
    return _to_batch_first(cell, weights, _one_bias(weights))


def gradients_to_batch_first(cell, gradients):
    """Gradients by such Weights, under the names of the weights with a d in front: dW_a, ..."""
    named = _to_batch_first(cell, gradients, gradients.b_ih)
    return {f"d{name}": array for name, array in named.items()}


def weights_from_textbook(cell, parameters):
    """The core's Weights from the dict of matrices, one a gate, that `textbook` takes.

    What has one bias there becomes b_ih, beside a b_hh of zeros. Output layers do not matter.
    """
    return _from_textbook(cell, parameters, "", lambda b: np.zeros_like(b))


def gradients_from_textbook(cell, gradients):
    """Gradients by the core's Weights, from the textbook's dict: dWi, ...

    The gradient by one bias there is that by b_ih and by b_hh.
    """
    return _from_textbook(cell, gradients, "d", lambda b: b)


def weights_to_textbook(cell, weights):
    """Weights of the core as the dict of matrices, one a gate, that `textbook` takes."""
    if weights.b_ih is None:
        zeros = np.zeros(len(weights.W_ih), weights.W_ih.dtype)
        weights = weights._replace(b_ih=zeros, b_hh=zeros)
    return _to_textbook(cell, weights, _one_bias(weights))


def gradients_to_textbook(cell, gradients):
    """Gradients by such Weights, under the names of the weights with a d in front: dWi, ...

    The gradient by b_ih is that by the one bias of the RNN and the LSTM, and of the GRU's gates.
    """
    named = _to_textbook(cell, gradients, gradients.b_ih)
    return {f"d{name}": array for name, array in named.items()}


def _from_textbook(cell, named, d, second_bias):
    W_hr = named.get(f"{d}Whr")
    blocks = []
    for gate in cell.gates:
        if f"{d}W{gate}" in named:
            W = named[f"{d}W{gate}"]
            R = len(W) if W_hr is None else len(W_hr)
            W_hh, W_ih = np.split(W, [R], axis=1)
        else:
            W_ih, W_hh = named[f"{d}Wx{gate}"], named[f"{d}Wh{gate}"]
        if f"{d}b{gate}" in named:
            b_ih = named[f"{d}b{gate}"]
            b_hh = second_bias(b_ih)
        else:
            b_ih, b_hh = named[f"{d}bx{gate}"], named[f"{d}bh{gate}"]
        blocks.append((W_ih, W_hh, b_ih.reshape(-1), b_hh.reshape(-1)))
    W_ih, W_hh, b_ih, b_hh = map(np.concatenate, zip(*blocks, strict=True))
    return sequence.Weights(W_ih, W_hh, b_ih, b_hh, W_hr)


def _to_textbook(cell, weights, b):
    """b is the bias of what has one in the textbook; the GRU's n has b_ih and b_hh."""
    named = {}
    rows = len(weights.W_ih) // len(cell.gates)
    for k, gate in enumerate(cell.gates):
        block = slice(k * rows, (k + 1) * rows)
        W_ih, W_hh = weights.W_ih[block], weights.W_hh[block]
        if gate == "n":
            b_ih, b_hh = weights.b_ih[block], weights.b_hh[block]
            named |= {"Wxn": W_ih, "bxn": b_ih[:, None], "Whn": W_hh, "bhn": b_hh[:, None]}
            continue
        if gate == "h":
            named |= {"Whh": W_hh, "Wxh": W_ih}
        else:
            named[f"W{gate}"] = np.concatenate([W_hh, W_ih], axis=1)
        named[f"b{gate}"] = b[block, None]
    return named if weights.W_hr is None else named | {"Whr": weights.W_hr}


def course_letters(update="i"):
    """The course's letters for the gates, in the order of COURSE_GATES."""
    return ("f", update, "c", "o")


def gates_to_course(cell, gates):
    """Activated gates (T, K, H, B) of the core as views (T, H, B) in the course's order."""
    return [gates[:, cell.gates.index(gate)] for gate in COURSE_GATES]


def gates_from_course(cell, steps):
    """The core's (T, K, H, B) from T lists of gates (H, B) in the course's order."""
    order = [COURSE_GATES.index(gate) for gate in cell.gates]
    rows = np.stack([step[k] for step in steps for k in order])
    return rows.reshape(len(steps), len(order), *rows.shape[1:])


def _with_one_bias(W_ih, W_hh, b):
    b = b.reshape(-1)
    return sequence.Weights(W_ih, W_hh, b, np.zeros_like(b))


def _one_bias(weights):
    if weights.b_ih is None:
        return np.zeros(len(weights.W_ih), weights.W_ih.dtype)
    return weights.b_ih + weights.b_hh


def _from_course_gates(cell, W, b):
    """From a matrix on [a_prev; xt] and a bias for each of COURSE_GATES."""
    order = [COURSE_GATES.index(gate) for gate in cell.gates]
    rows = np.concatenate([W[k] for k in order])
    bias = np.concatenate([b[k] for k in order])
    W_hh, W_ih = np.split(rows, [len(W[0])], axis=1)
    return _with_one_bias(W_ih, W_hh, bias)


def _to_course(cell, weights, b, update):
    if len(cell.gates) == 1:
        return {"Wax": weights.W_ih.copy(), "Waa": weights.W_hh.copy(), "ba": b[:, None].copy()}
    named = {}
    for letter, (W, b_gate) in zip(
        course_letters(update), _course_gates(cell, weights, b), strict=True
    ):
        named |= {f"W{letter}": W, f"b{letter}": b_gate.reshape(-1, 1)}
    return named


def _to_batch_first(cell, weights, b):
    if len(cell.gates) == 1:
        return {"W_a": weights.W_ih.T.copy(), "U_a": weights.W_hh.T.copy(), "b_a": b.copy()}
    named = {}
    for letter, (W, b_gate) in zip("fumo", _course_gates(cell, weights, b), strict=True):
        named |= {f"W_{letter}": W.T.copy(), f"b_{letter}": b_gate}
    return named


def _course_gates(cell, weights, b):
    """A matrix on [a_prev; xt] and a bias for each of COURSE_GATES, in new arrays."""
    W, b = np.concatenate([weights.W_hh, weights.W_ih], axis=1), b.copy()
    n_a = weights.W_hh.shape[1]
    blocks = [slice(k * n_a, (k + 1) * n_a) for k in map(cell.gates.index, COURSE_GATES)]
    return [(W[block], b[block]) for block in blocks]


def weights_from_layer(cell, array):
    """The core's Weights from one array (I + H + 1, K*H): rows [x; h; 1], torch's gate order."""
    rows = reorder(array.T, TORCH_GATES[len(cell.gates)], cell.gates)
    H = len(rows) // len(cell.gates)
    bias = rows[:, -1]
    return sequence.Weights(rows[:, : -H - 1], rows[:, -H - 1 : -1], bias, np.zeros_like(bias))


def weights_to_layer(cell, weights):
    """Gradients by such Weights, or these themselves, as one array; b_ih stands for the bias."""
    rows = np.concatenate([weights.W_ih, weights.W_hh, weights.b_ih[:, np.newaxis]], axis=1)
    return reorder(rows, cell.gates, TORCH_GATES[len(cell.gates)]).T


def weights_from_keras(cell, arrays):
    """The core's Weights from a mapping kernel (I, K*H), recurrent_kernel (H, K*H), bias.

    The bias is (K*H,), of the GRU (2, K*H): beside x and beside h (reset_after); or it is left out.
    """
    there = KERAS_GATES[len(cell.gates)]
    names = ("kernel", "recurrent_kernel")
    W_ih, W_hh = (reorder(arrays[name].T, there, cell.gates) for name in names)
    if "bias" not in arrays:
        return sequence.Weights(W_ih, W_hh)
    biases = [reorder(b, there, cell.gates) for b in np.atleast_2d(arrays["bias"])]
    if len(biases) == 2:
        return sequence.Weights(W_ih, W_hh, *biases)
    return _with_one_bias(W_ih, W_hh, biases[0])


def weights_to_keras(cell, weights):
    """Weights of the core as a dict of Keras's, in the order of ``layer.get_weights()``."""
    there = KERAS_GATES[len(cell.gates)]
    W_ih, W_hh, *biases = _reorder_all(cell, weights, there)
    named = {"kernel": W_ih.T, "recurrent_kernel": W_hh.T}
    if not biases:
        return named
    return named | {"bias": np.stack(biases) if len(there) == 3 else biases[0] + biases[1]}


def weights_from_tf1(cell, arrays):
    """The core's Weights from a mapping kernel (I + H, K*H), whose rows are for [x, h], and bias.

    BasicLSTMCell adds its forget_bias, 1 unless set, when it runs: the core's bias holds it.
    """
    there = TF1_GATES[len(cell.gates)]
    rows = reorder(arrays["kernel"].T, there, cell.gates)
    bias = _add_to_forget(cell, reorder(arrays["bias"], there, cell.gates), 1)
    W_ih, W_hh = np.split(rows, [-(len(rows) // len(there))], axis=1)
    return _with_one_bias(W_ih, W_hh, bias)


def weights_to_tf1(cell, weights):
    """Weights of the core as a dict of TensorFlow 1's, in the order of ``cell.get_weights()``."""
    there = TF1_GATES[len(cell.gates)]
    rows = np.concatenate([weights.W_ih, weights.W_hh], axis=1)
    bias = _add_to_forget(cell, _one_bias(weights), -1)
    return {
        "kernel": reorder(rows, cell.gates, there).T,
        "bias": reorder(bias, cell.gates, there),
    }


def _add_to_forget(cell, bias, value):
    """The bias, with a number added in the block of the forget gate, if there is one."""
    blocks = bias.reshape(len(cell.gates), -1).copy()
    if "f" in cell.gates:
        blocks[cell.gates.index("f")] += value
    return blocks.reshape(-1)


def weights_from_onnx(cell, arrays):
    """The core's Weights from a mapping W (1, K*H, I), R (1, K*H, H), B (1, 2*K*H) or no B.

    The axis in front is the direction. The GRU is the one with linear_before_reset = 1.
    """
    there = ONNX_GATES[len(cell.gates)]
    blocks = [arrays["W"][0], arrays["R"][0]]
    if "B" in arrays:
        blocks += np.split(arrays["B"][0], 2)
    return sequence.Weights(*(reorder(array, there, cell.gates) for array in blocks))


def weights_to_onnx(cell, weights):
    """Weights of the core as a dict of ONNX's, in the order of the operator's inputs."""
    W, R, *biases = _reorder_all(cell, weights, ONNX_GATES[len(cell.gates)])
    named = {"W": W[None], "R": R[None]}
    return named | {"B": np.concatenate(biases)[None]} if biases else named


def _reorder_all(cell, weights, new):
    """W_ih, W_hh and the biases if there are any, in another order of gates than the core's."""
    return [reorder(array, cell.gates, new) for array in weights[:4] if array is not None]


def reorder(array, old, new):
    """The blocks of rows, from one order of gates to another; the array itself if they agree."""
    if old == new:
        return array
    H = len(array) // len(old)
    return np.concatenate([array[k * H : (k + 1) * H] for k in map(old.index, new)])


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


CELLS = {"rnn": cells.RNN, "lstm": cells.LSTM, "gru": cells.GRU}


class Layout(NamedTuple):
    """How somebody packs the weights of one layer in one direction."""

    cells: tuple[str, ...]  # those whose equations are handrnn's
    kind: type  # dict, list, tuple or ndarray: what holds the arrays
    shapes: Callable[..., dict]  # (K, *sizes) to the shapes of all arrays, by name and in order
    sizes: Callable[..., tuple]  # (K, arrays) to I, H, and P if the layout has projections
    read: Callable  # (cell, arrays) to Weights
    write: Callable  # (cell, Weights) to arrays
    optional: tuple[str, ...] = ()  # names that may be missing
    outputs: tuple[str, ...] = ()  # names of an output layer: no recurrent weights
    rename: Callable[[Mapping], dict] = dict  # from names of the same meaning to those above


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
    Output layers are no recurrent weights: Wya, Wy and by of a course may be there, and are left
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
    reader = _choose("source", source, LAYOUTS)
    writer = _choose("target", target, LAYOUTS)
    core_cell = _choose("cell", cell, CELLS)
    for name, layout in ((source, reader), (target, writer)):
        if cell not in layout.cells:
            raise ValueError(
                f"{name} has no {cell} with handrnn's equations, only {_any_of(layout.cells)}"
            )
    core = reader.read(core_cell, _arrays(reader, source, cell, weights))
    if core.W_hr is not None and target != "torch":
        raise ValueError(f"weight_hr is a projection, which torch has and {target} has not")
    named = writer.write(core_cell, core)
    return _packed(writer, {name: np.array(array, order="C") for name, array in named.items()})


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


def _arrays(layout, source, cell, weights):
    """The arrays by name, or an error that says what is wrong with them."""
    try:
        return _arrays_of(layout, source, cell, weights)
    except ValueError as error:
        others = [other for other in layout.cells if other != cell]
        fitting = [other for other in others if _fits(layout, source, other, weights)]
        hint = f"; they are what cell={fitting[0]!r} takes" if fitting else ""
        raise ValueError(f"{error}{hint}") from None


def _fits(layout, source, cell, weights):
    try:
        _arrays_of(layout, source, cell, weights)
    except ValueError:
        return False
    return True


def _arrays_of(layout, source, cell, weights):
    K = len(CELLS[cell].gates)
    ranks = {name: len(shape) for name, shape in layout.shapes(K, 1, 1).items()}
    needed = [name for name in ranks if name not in layout.optional]
    given = _by_name(layout, source, list(ranks), weights)
    for name in given:
        if name not in ranks:
            raise ValueError(
                f"{source} weights for cell={cell!r} are {_any_of(ranks)}, not {name!r}"
                f"{_near(name, ranks)}"
            )
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
    sizes = layout.sizes(K, arrays)
    I, H = sizes[:2]
    of_sizes = f"for cell={cell!r} with I = {I} and H = {H}"
    if I < 1 or H < 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{shapes}: too small {of_sizes}")
    for name, shape in layout.shapes(K, *sizes).items():
        if name in arrays and arrays[name].shape != shape:
            raise ValueError(f"{name} is {arrays[name].shape}: {shape} is needed {of_sizes}")
    return arrays


def _by_name(layout, source, names, weights):
    """What the container holds, under the names of the layout, but for an output layer."""
    if layout.kind is np.ndarray:
        return {names[0]: weights}
    kind = Mapping if layout.kind is dict else list | tuple
    if not isinstance(weights, kind):
        raise TypeError(
            f"{source} weights are a {layout.kind.__name__} of {', '.join(names)}:"
            f" a {type(weights).__name__} was given"
        )
    if isinstance(weights, Mapping):
        given = layout.rename(weights)
    else:
        names = [*names, *layout.outputs]
        if len(weights) > len(names):
            raise ValueError(
                f"{source} weights are {', '.join(names)}: {len(weights)} arrays were given"
            )
        given = dict(zip(names, weights, strict=False))
    return {
        name: array
        for name, array in given.items()
        if array is not None and name not in layout.outputs
    }


def _floating(name, array):
    if hasattr(array, "detach"):  # a tensor of torch, which may require a gradient
        array = array.detach().cpu().numpy()
    array = np.asarray(array)
    if array.dtype.kind not in "fc":
        raise TypeError(f"{name} is {array.dtype}: floating-point weights are needed")
    return array


def _packed(layout, arrays):
    if layout.kind is np.ndarray:
        (array,) = arrays.values()
        return array
    return arrays if layout.kind is dict else layout.kind(arrays.values())


def _torch_shapes(K, I, H, P=1):
    shapes = torch_shapes(K, I, H, projection=P)
    if K != 4:
        del shapes["weight_hr"]
    return shapes


def _torch_sizes(K, arrays):
    if ("bias_ih" in arrays) != ("bias_hh" in arrays):
        raise ValueError("bias_ih and bias_hh are given together or not at all")
    rows, P = arrays["weight_hh"].shape
    H = rows // K
    return arrays["weight_ih"].shape[1], H, P if "weight_hr" in arrays else H


def _without_suffix(weights):
    """By names without the end of torch's, which all of one layer and direction share."""
    pattern = re.compile(rf"({'|'.join(TORCH_FIELDS)})(_.*)?")
    matches = {name: pattern.fullmatch(str(name)) for name in weights}
    suffixes = sorted({match[2] or "" for match in matches.values() if match})
    if len(suffixes) > 1:
        raise ValueError(
            f"torch weights of one layer in one direction end alike: these in {_any_of(suffixes)}"
        )
    return {match[1] if match else name: weights[name] for name, match in matches.items()}


def _keras_shapes(K, I, H):
    bias = (2, K * H) if K == 3 else (K * H,)
    return {"kernel": (I, K * H), "recurrent_kernel": (H, K * H), "bias": bias}


def _keras_sizes(K, arrays):
    if K == 3 and "bias" in arrays and arrays["bias"].ndim == 1:
        raise ValueError(
            f"bias is {arrays['bias'].shape}, as of a GRU with reset_after=False, whose reset gate"
            " acts before the matrix product: no weights make another GRU do the same"
        )
    return len(arrays["kernel"]), len(arrays["recurrent_kernel"])


def _tf1_shapes(K, I, H):
    return {"kernel": (I + H, K * H), "bias": (K * H,)}


def _tf1_sizes(K, arrays):
    rows, columns = arrays["kernel"].shape
    return rows - columns // K, columns // K


def _onnx_shapes(K, I, H):
    return {"W": (1, K * H, I), "R": (1, K * H, H), "B": (1, 2 * K * H)}


def _onnx_sizes(K, arrays):
    return arrays["W"].shape[2], arrays["R"].shape[2]


def _course_shapes(K, I, H):
    if K == 1:
        return {"Wax": (H, I), "Waa": (H, H), "ba": (H, 1)}
    W, b = (H, H + I), (H, 1)
    return {"Wf": W, "bf": b, "Wi": W, "bi": b, "Wc": W, "bc": b, "Wo": W, "bo": b}


def _course_sizes(K, arrays):
    if K == 1:
        H, I = arrays["Wax"].shape
        return I, H
    H, columns = arrays["Wf"].shape
    return columns - H, H


def _with_letter_i(parameters):
    """Wu and bu are Wi and bi in other editions of the course."""
    other = {"Wu": "Wi", "bu": "bi"}
    for name, same in other.items():
        if name in parameters and same in parameters:
            raise ValueError(f"{name} and {same} are two names of one gate: one is needed")
    return {other.get(name, name): array for name, array in parameters.items()}


def _batch_first_shapes(K, I, H):
    if K == 1:
        return {"W_a": (I, H), "U_a": (H, H), "b_a": (H,)}
    W, b = (H + I, H), (H,)
    return {"W_f": W, "b_f": b, "W_u": W, "b_u": b, "W_m": W, "b_m": b, "W_o": W, "b_o": b}


def _batch_first_sizes(K, arrays):
    if K == 1:
        return arrays["W_a"].shape
    rows, H = arrays["W_f"].shape
    return rows - H, H


def _layer_shapes(K, I, H):
    return {"weights": (I + H + 1, K * H)}


def _layer_sizes(K, arrays):
    rows, columns = arrays["weights"].shape
    return rows - columns // K - 1, columns // K


def _to_layer(cell, weights):
    return {"weights": weights_to_layer(cell, weights._replace(b_ih=_one_bias(weights)))}


LAYOUTS = {
    "torch": Layout(
        ("rnn", "lstm", "gru"),
        dict,
        _torch_shapes,
        _torch_sizes,
        weights_from_torch,
        lambda cell, weights: weights_to_torch(cell, weights, torch_suffix(0, False)),
        optional=("bias_ih", "bias_hh", "weight_hr"),
        rename=_without_suffix,
    ),
    "keras": Layout(
        ("rnn", "lstm", "gru"),
        list,
        _keras_shapes,
        _keras_sizes,
        weights_from_keras,
        weights_to_keras,
        optional=("bias",),
    ),
    "tf1": Layout(("rnn", "lstm"), list, _tf1_shapes, _tf1_sizes, weights_from_tf1, weights_to_tf1),
    "onnx": Layout(
        ("rnn", "lstm", "gru"),
        dict,
        _onnx_shapes,
        _onnx_sizes,
        weights_from_onnx,
        weights_to_onnx,
        optional=("B",),
    ),
    "course": Layout(
        ("rnn", "lstm"),
        dict,
        _course_shapes,
        _course_sizes,
        weights_from_course,
        weights_to_course,
        outputs=("Wya", "Wy", "by"),
        rename=_with_letter_i,
    ),
    "course_batch_first": Layout(
        ("rnn", "lstm"),
        tuple,
        _batch_first_shapes,
        _batch_first_sizes,
        lambda cell, arrays: weights_from_batch_first(cell, tuple(arrays.values())),
        weights_to_batch_first,
        outputs=("W_y", "b_y"),
    ),
    "layer": Layout(
        ("rnn", "lstm"),
        np.ndarray,
        _layer_shapes,
        _layer_sizes,
        lambda cell, arrays: weights_from_layer(cell, arrays["weights"]),
        _to_layer,
    ),
}
