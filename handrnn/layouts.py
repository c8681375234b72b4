"""The only file that knows another gate order, axis order or weight packing than the core's.

The core (see `cells` and `sequence`) has arrays (T, features, B) and rows of weights in blocks in
the order of ``cell.gates``. torch.nn has (T, B, features) or (B, T, features), and blocks in the
order i, f, g, o for the LSTM and r, z, n for the GRU (whose z is our u).
"""

import numpy as np

from . import sequence

TORCH_GATES = {1: ("h",), 3: ("r", "u", "n"), 4: ("i", "f", "g", "o")}
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
            array = _reorder(array, there, cell.gates)
        fields[field] = array
    return sequence.Weights(**fields)


def weights_to_torch(cell, weights, suffix=""):
    """Weights of the core, or gradients by them, as a dict under torch's names."""
    there = TORCH_GATES[len(cell.gates)]
    return {
        name + suffix: array if field == "W_hr" else _reorder(array, cell.gates, there)
        for name, field in TORCH_FIELDS.items()
        if (array := getattr(weights, field)) is not None
    }


def _reorder(array, old, new):
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
