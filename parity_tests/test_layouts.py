"""Weights from one framework's packing to another's: each is checked by running its equations.

The forward passes below are written from the documentation of each framework, on its own weights
in its own packing, and know nothing of `handrnn.layouts`. Weights are drawn in the packing of the
source; after conversion the equations of the target must do what those of the source did.
"""

import itertools
from typing import Any

import numpy as np
import pytest

import handrnn
from handrnn import course, layouts
from handrnn.layers import LSTM, RNN

T, B, I, H = 6, 3, 5, 4

CELLS = {
    "torch": ("rnn", "lstm", "gru"),
    "keras": ("rnn", "lstm", "gru"),
    "onnx": ("rnn", "lstm", "gru"),
    "tf1": ("rnn", "lstm"),
    "course": ("rnn", "lstm"),
    "course_batch_first": ("rnn", "lstm"),
    "layer": ("rnn", "lstm"),
}
CASES = [(name, cell) for name, cells in CELLS.items() for cell in cells]
PAIRS = [
    (source, target, cell)
    for source, target in itertools.product(CELLS, repeat=2)
    for cell in CELLS[source]
    if cell in CELLS[target]
]
TWO_BIASES = {(name, cell) for name in ("torch", "onnx") for cell in CELLS[name]}
TWO_BIASES |= {("keras", "gru")}
MAY_LACK_BIASES = ("torch", "keras", "onnx")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ------------------------------------------------------------------ weights, as documented


def shapes_of(name, cell):
    """The documented shapes, by name; in order where there are no names."""
    K = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    if name == "torch":
        rows = {"weight_ih_l0": (K * H, I), "weight_hh_l0": (K * H, H)}
        return rows | {"bias_ih_l0": (K * H,), "bias_hh_l0": (K * H,)}
    if name == "keras":
        bias = (2, 3 * H) if cell == "gru" else (K * H,)
        return {"kernel": (I, K * H), "recurrent_kernel": (H, K * H), "bias": bias}
    if name == "onnx":
        return {"W": (1, K * H, I), "R": (1, K * H, H), "B": (1, 2 * K * H)}
    if name == "tf1":
        return {"kernel": (I + H, K * H), "bias": (K * H,)}
    if name == "layer":
        return {"weights": (I + H + 1, K * H)}
    if cell == "rnn" and name == "course":
        return {"Waa": (H, H), "Wax": (H, I), "ba": (H, 1)}
    if cell == "rnn":
        return {"W_a": (I, H), "U_a": (H, H), "b_a": (H,)}
    if name == "course":
        gates = [{f"W{gate}": (H, H + I), f"b{gate}": (H, 1)} for gate in "fico"]
    else:
        gates = [{f"W_{gate}": (H + I, H), f"b_{gate}": (H,)} for gate in "fumo"]
    return {key: shape for gate in gates for key, shape in gate.items()}


def packed(name, arrays) -> Any:
    """The arrays in what the framework has them in."""
    if name in ("keras", "tf1"):
        return list(arrays.values())
    if name == "course_batch_first":
        return tuple(arrays.values())
    return arrays["weights"] if name == "layer" else arrays


def arrays_in(weights):
    """All arrays of a packing."""
    if isinstance(weights, np.ndarray):
        return [weights]
    return list(weights.values() if isinstance(weights, dict) else weights)


def drawn(name, cell, seed=0, dtype: Any = np.float64, biased=True) -> Any:
    """Weights in multiples of 1/64, whose sums and differences are exact."""
    rng = np.random.default_rng(seed)
    shapes = shapes_of(name, cell)
    if not biased:
        shapes = {key: shape for key, shape in shapes.items() if key[0] not in "bB"}
    arrays = {key: (rng.integers(-64, 65, s) / 64).astype(dtype) for key, s in shapes.items()}
    return packed(name, arrays)


def inputs():
    """x (T, B, I), h and c (B, H)."""
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape) for shape in ((T, B, I), (B, H), (B, H))]


# ------------------------------------------------------------------ forward passes, as documented


def torch_step(weights, x, h, c, cell):
    """W_ih x + b_ih + W_hh h + b_hh; i f g o; r z n, where r multiplies W_hn h + b_hn."""
    from_x = x @ weights["weight_ih_l0"].T + weights.get("bias_ih_l0", 0)
    from_h = h @ weights["weight_hh_l0"].T + weights.get("bias_hh_l0", 0)
    if cell == "rnn":
        return np.tanh(from_x + from_h), c
    if cell == "lstm":
        i, f, g, o = np.split(from_x + from_h, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (np.split(a, 3, axis=1) for a in (from_x, from_h))
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    n = np.tanh(n_x + r * n_h)
    return (1 - z) * n + z * h, c


def keras_step(weights, x, h, c, cell):
    """x @ kernel + h @ recurrent_kernel + bias; i f c o; z r h with reset_after."""
    kernel, recurrent_kernel = weights[:2]
    bias = weights[2] if len(weights) == 3 else np.zeros(shapes_of("keras", cell)["bias"])
    if cell == "gru":
        input_bias, recurrent_bias = bias
        x_z, x_r, x_h = np.split(x @ kernel + input_bias, 3, axis=1)
        h_z, h_r, h_h = np.split(h @ recurrent_kernel + recurrent_bias, 3, axis=1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        return z * h + (1 - z) * np.tanh(x_h + r * h_h), c
    z = x @ kernel + h @ recurrent_kernel + bias
    if cell == "rnn":
        return np.tanh(z), c
    z0, z1, z2, z3 = np.split(z, 4, axis=1)
    c = sigmoid(z1) * c + sigmoid(z0) * np.tanh(z2)
    return sigmoid(z3) * np.tanh(c), c


def tf1_step(weights, x, h, c, cell):
    """[x, h] @ kernel + bias; i j f o, and forget_bias is added to f here."""
    kernel, bias = weights
    z = np.concatenate([x, h], axis=1) @ kernel + bias
    if cell == "rnn":
        return np.tanh(z), c
    i, j, f, o = np.split(z, 4, axis=1)
    c = c * sigmoid(f + 1.0) + sigmoid(i) * np.tanh(j)
    return np.tanh(c) * sigmoid(o), c


def onnx_step(weights, x, h, c, cell):
    """X W^T + H R^T + Wb + Rb; i o f c; z r h with linear_before_reset = 1."""
    W, R = weights["W"][0], weights["R"][0]
    Wb, Rb = np.split(weights["B"][0], 2) if "B" in weights else (0, 0)
    if cell == "rnn":
        return np.tanh(x @ W.T + h @ R.T + Wb + Rb), c
    if cell == "lstm":
        i, o, f, g = np.split(x @ W.T + h @ R.T + Wb + Rb, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    (x_z, x_r, x_h), (h_z, h_r, h_h) = (
        np.split(a, 3, axis=1) for a in (x @ W.T + Wb, h @ R.T + Rb)
    )
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return (1 - z) * np.tanh(x_h + r * h_h) + z * h, c


def course_step(weights, x, h, c, cell):
    """Examples are columns; a matrix a gate, on [a_prev; xt]."""
    xt, a_prev, c_prev = x.T, h.T, c.T
    if cell == "rnn":
        a = np.tanh(weights["Waa"] @ a_prev + weights["Wax"] @ xt + weights["ba"])
        return a.T, c
    concat = np.concatenate([a_prev, xt], axis=0)
    ft = sigmoid(weights["Wf"] @ concat + weights["bf"])
    it = sigmoid(weights["Wi"] @ concat + weights["bi"])
    cct = np.tanh(weights["Wc"] @ concat + weights["bc"])
    ot = sigmoid(weights["Wo"] @ concat + weights["bo"])
    c_next = ft * c_prev + it * cct
    return (ot * np.tanh(c_next)).T, c_next.T


def batch_first_step(weights, x, h, c, cell):
    """A matrix a gate, whose rows are for [a_prev, x_t]; m is the memory."""
    if cell == "rnn":
        W_a, U_a, b_a = weights
        return np.tanh(x @ W_a + h @ U_a + b_a), c
    W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o = weights
    concat = np.concatenate([h, x], axis=1)
    forget, update = sigmoid(concat @ W_f + b_f), sigmoid(concat @ W_u + b_u)
    m = forget * c + update * np.tanh(concat @ W_m + b_m)
    return sigmoid(concat @ W_o + b_o) * np.tanh(m), m


def layer_step(weights, x, h, c, cell):
    """[x, h, 1] @ weights; i f g o."""
    z = np.concatenate([x, h, np.ones((len(x), 1))], axis=1) @ weights
    if cell == "rnn":
        return np.tanh(z), c
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


STEPS = {
    "torch": torch_step,
    "keras": keras_step,
    "tf1": tf1_step,
    "onnx": onnx_step,
    "course": course_step,
    "course_batch_first": batch_first_step,
    "layer": layer_step,
}


def run(name, weights, cell):
    """(T + 1, B, H): the hidden states, and the state of the cell at the end if it has one."""
    x, h, c = inputs()
    rows = []
    for x_t in x:
        h, c = STEPS[name](weights, x_t, h, c, cell)
        rows.append(h)
    return np.stack([*rows, *([c] if cell == "lstm" else [])])


def assert_parity(ours, reference):
    assert ours.shape == reference.shape
    assert np.max(np.abs(ours - reference)) <= 1e-12 * np.max(np.abs(reference))


# ------------------------------------------------------------------ every pair


@pytest.mark.sample(4)
@pytest.mark.parametrize(("source", "target", "cell"), PAIRS)
def test_the_target_does_what_the_source_did(source, target, cell):
    weights = drawn(source, cell)
    converted = layouts.convert(weights, source=source, target=target, cell=cell)
    assert_parity(run(target, converted, cell), run(source, weights, cell))


@pytest.mark.sample(4)
@pytest.mark.parametrize(("source", "target", "cell"), PAIRS)
def test_the_target_has_its_own_packing(source, target, cell):
    """The documented container, names, order and shapes, and nothing else."""
    converted = layouts.convert(drawn(source, cell), source=source, target=target, cell=cell)
    expected = drawn(target, cell)
    assert type(converted) is type(expected)
    if isinstance(expected, dict):
        assert set(converted) == set(expected)
        converted = {name: converted[name] for name in expected}
    assert [a.shape for a in arrays_in(converted)] == [a.shape for a in arrays_in(expected)]


def after_round_trip(name, cell, weights):
    """What is left of two biases where there was one place for them."""
    if (name, cell) not in TWO_BIASES:
        return weights
    if name == "torch":
        bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
        return weights | {"bias_ih_l0": bias, "bias_hh_l0": 0 * bias}
    first, second = np.split(weights["B"], 2, axis=1)
    return weights | {"B": np.concatenate([first + second, 0 * second], axis=1)}


@pytest.mark.sample(4)
@pytest.mark.parametrize(("source", "target", "cell"), PAIRS)
def test_there_and_back_again(source, target, cell):
    """Equal arrays; two biases become their sum only where the target has one."""
    weights = drawn(source, cell)
    there = layouts.convert(weights, source=source, target=target, cell=cell)
    back = layouts.convert(there, source=target, target=source, cell=cell)
    expected = weights
    if (target, cell) not in TWO_BIASES:
        expected = after_round_trip(source, cell, weights)
    if isinstance(back, dict):
        back = {name: back.pop(name) for name in expected} | back
    for ours, theirs in zip(arrays_in(back), arrays_in(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tf1_rounds_the_forget_bias_and_nothing_else(dtype):
    rng = np.random.default_rng(3)
    shapes = shapes_of("keras", "lstm").values()
    weights = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    there = layouts.convert(weights, source="keras", target="tf1", cell="lstm")
    back = layouts.convert(there, source="tf1", target="keras", cell="lstm")
    for ours, theirs in zip(back[:2], weights[:2], strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)
    f = slice(H, 2 * H)
    np.testing.assert_array_equal(np.delete(back[2], f), np.delete(weights[2], f))
    assert np.max(np.abs(back[2][f] - weights[2][f])) <= 2 * np.finfo(dtype).eps


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("source", "target", "cell"), [pair for pair in PAIRS if pair[0] in MAY_LACK_BIASES]
)
def test_without_biases(source, target, cell):
    """None stay none where the target can say so, and are zeros elsewhere."""
    weights = drawn(source, cell, biased=False)
    converted = layouts.convert(weights, source=source, target=target, cell=cell)
    lacking = target in MAY_LACK_BIASES
    assert len(arrays_in(converted)) == len(arrays_in(drawn(target, cell, biased=not lacking)))
    assert_parity(run(target, converted, cell), run(source, weights, cell))


@pytest.mark.parametrize("name", ["keras", "onnx", "torch"])
def test_a_bias_of_none_is_none(name):
    weights = drawn(name, "lstm", biased=False)
    said = [*weights, None] if name == "keras" else None
    if isinstance(weights, dict):
        names = ("B",) if name == "onnx" else ("bias_ih_l0", "bias_hh_l0")
        said = weights | dict.fromkeys(names)
    ours, theirs = (
        layouts.convert(w, source=name, target="torch", cell="lstm") for w in (said, weights)
    )
    assert list(ours) == list(theirs) == ["weight_ih_l0", "weight_hh_l0"]
    for key, array in theirs.items():
        np.testing.assert_array_equal(ours[key], array)


@pytest.mark.sample(10)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64])
@pytest.mark.parametrize(("source", "target", "cell"), PAIRS)
def test_the_dtype_stays(source, target, cell, dtype):
    weights = drawn(source, cell, dtype=dtype)
    converted = layouts.convert(weights, source=source, target=target, cell=cell)
    assert {array.dtype for array in arrays_in(converted)} == {np.dtype(dtype)}


@pytest.mark.sample(6)
@pytest.mark.parametrize(("source", "target", "cell"), PAIRS)
def test_results_are_new_arrays(source, target, cell):
    """They share memory neither with what came nor with each other; what came is as it was."""
    weights = drawn(source, cell)
    before = [array.copy() for array in arrays_in(weights)]
    converted = arrays_in(layouts.convert(weights, source=source, target=target, cell=cell))
    for ours, theirs in itertools.product(converted, arrays_in(weights)):
        assert not np.shares_memory(ours, theirs)
    for one, other in itertools.combinations(converted, 2):
        assert not np.shares_memory(one, other)
    for array in converted:
        assert array.flags.owndata
        assert array.flags.writeable
        assert array.flags.c_contiguous
        array[...] = np.nan
    for array, kept in zip(arrays_in(weights), before, strict=True):
        np.testing.assert_array_equal(array, kept)


# ------------------------------------------------------------------ the engine, and torch itself


ENGINES = {"rnn": handrnn.nn.RNN, "lstm": handrnn.nn.LSTM, "gru": handrnn.nn.GRU}


@pytest.mark.parametrize(("name", "cell"), CASES)
def test_the_engine_does_the_same(name, cell):
    """handrnn.nn on converted weights, against the equations of the source."""
    weights = drawn(name, cell)
    x, h, c = inputs()
    engine = ENGINES[cell](I, H, dtype=np.float64)
    engine.load_state_dict(layouts.convert(weights, source=name, target="torch", cell=cell))
    y, end = engine(x, (h[None], c[None]) if cell == "lstm" else h[None])
    ours = np.concatenate([y, end[1]]) if cell == "lstm" else y
    assert_parity(ours, run(name, weights, cell))


@pytest.mark.parametrize(("name", "cell"), CASES)
def test_torch_does_the_same(name, cell):
    """torch.nn on converted weights, there and from there."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    weights = drawn(name, cell)
    x, h, c = (torch.from_numpy(array) for array in inputs())
    theirs = getattr(torch.nn, cell.upper())(I, H, dtype=torch.float64)
    state = layouts.convert(weights, source=name, target="torch", cell=cell)
    theirs.load_state_dict({key: torch.from_numpy(array) for key, array in state.items()})
    with torch.no_grad():
        y, end = theirs(x, (h[None], c[None]) if cell == "lstm" else h[None])
    reference = torch.cat([y, end[1]]) if cell == "lstm" else y
    assert_parity(run(name, weights, cell), reference.numpy())

    parameters = dict(theirs.named_parameters())  # they require a gradient
    back = layouts.convert(parameters, source="torch", target=name, cell=cell)
    assert_parity(run(name, back, cell), reference.numpy())


def hidden_states_of(name, weights, x, h, cell):
    """(T, B, H) from the face that takes such weights; the cell state starts at zero."""
    if name == "layer":
        one = {"rnn": RNN.RNN, "lstm": LSTM.LSTM}[cell](I, H, H)
        one.set_weights(weights)
        one.output_layer.set_weights(np.eye(H + 1, H))
        return np.stack([one.forward(x[:, b]) for b in range(B)], axis=1)
    if name == "course":
        forward = {"rnn": course.rnn_forward, "lstm": course.lstm_forward}[cell]
        weights = weights | {"Wya" if cell == "rnn" else "Wy": np.eye(H), "by": np.zeros((H, 1))}
        return forward(x.transpose(2, 1, 0), h.T, weights)[0].transpose(2, 1, 0)
    dialect = course.batch_first
    forward = {"rnn": dialect.rnn_forward, "lstm": dialect.lstm_forward}[cell]
    return forward(x.swapaxes(0, 1), h, (*weights, np.eye(H), np.zeros(H)))[0].swapaxes(0, 1)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
@pytest.mark.parametrize("name", ["course", "course_batch_first", "layer"])
def test_the_faces_do_the_same(name, cell):
    """The course functions and the layers, on weights that came from torch's packing."""
    weights = drawn("torch", cell)
    x, h, _ = inputs()
    h, c = (np.zeros((B, H)) if name == "layer" else h), np.zeros((B, H))
    converted = layouts.convert(weights, source="torch", target=name, cell=cell)
    ours = hidden_states_of(name, converted, x, h, cell)
    reference = np.empty((T, B, H))
    for t in range(T):
        h, c = torch_step(weights, x[t], h, c, cell)
        reference[t] = h
    assert_parity(ours, reference)


# ------------------------------------------------------------------ what each packing allows


@pytest.mark.parametrize("suffix", ["", "_l0", "_l3", "_l1_reverse", "_of_mine"])
def test_torch_names_end_in_anything(suffix):
    weights = drawn("torch", "lstm")
    renamed = {key.removesuffix("_l0") + suffix: array for key, array in weights.items()}
    converted = layouts.convert(renamed, source="torch", target="torch", cell="lstm")
    assert list(converted) == list(weights)
    for key, array in weights.items():
        np.testing.assert_array_equal(converted[key], array)


def test_a_projection_goes_to_torch_only():
    P = 2
    weights = drawn("torch", "lstm")
    weights["weight_hh_l0"] = weights["weight_hh_l0"][:, :P]
    weights["weight_hr_l0"] = np.random.default_rng(1).standard_normal((P, H))
    converted = layouts.convert(weights, source="torch", target="torch", cell="lstm")
    assert set(converted) == set(weights)
    for key, array in weights.items():
        np.testing.assert_array_equal(converted[key], array)
    for target in set(CELLS) - {"torch"}:
        with pytest.raises(ValueError, match=f"weight_hr is a projection.* {target} has not"):
            layouts.convert(weights, source="torch", target=target, cell="lstm")


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
@pytest.mark.parametrize("name", ["course", "course_batch_first"])
def test_an_output_layer_is_left_out(name, cell):
    weights = drawn(name, cell)
    if name == "course":
        whole = weights | {"Wya" if cell == "rnn" else "Wy": np.ones((2, H)), "by": np.ones((2, 1))}
    else:
        whole = (*weights, np.ones((H, 2)), np.ones(2))
    converted = layouts.convert(whole, source=name, target=name, cell=cell)
    assert len(converted) == len(weights)
    assert_parity(run(name, converted, cell), run(name, weights, cell))


def test_the_course_may_say_u_for_i():
    weights = drawn("course", "lstm")
    other = {key.replace("i", "u"): array for key, array in weights.items()}
    assert "Wu" in other
    converted = layouts.convert(other, source="course", target="course", cell="lstm")
    assert set(converted) == set(weights)
    assert_parity(run("course", converted, "lstm"), run("course", weights, "lstm"))


def test_lists_tuples_and_nested_lists_are_read():
    weights = drawn("keras", "gru")
    for other in (tuple(weights), [array.tolist() for array in weights]):
        converted = layouts.convert(other, source="keras", target="keras", cell="gru")
        for ours, theirs in zip(converted, weights, strict=True):
            np.testing.assert_array_equal(ours, theirs, strict=True)


def test_mixed_dtypes_stay_where_arrays_do():
    weights = drawn("torch", "lstm", dtype=np.float32)
    weights["weight_ih_l0"] = weights["weight_ih_l0"].astype(np.float64)
    kernel, recurrent_kernel, _ = layouts.convert(
        weights, source="torch", target="keras", cell="lstm"
    )
    assert (kernel.dtype, recurrent_kernel.dtype) == (np.float64, np.float32)
    joined = layouts.convert(weights, source="torch", target="layer", cell="lstm")
    assert joined.dtype == np.float64


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize("target", ["tf1", "course", "course_batch_first", "layer"])
def test_no_gru_where_there_is_none(target):
    with pytest.raises(ValueError, match=f"{target} has no gru .*only 'rnn', 'lstm'"):
        layouts.convert(drawn("torch", "gru"), source="torch", target=target, cell="gru")
    with pytest.raises(ValueError, match=f"{target} has no gru"):
        layouts.convert({}, source=target, target="torch", cell="gru")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "Keras"}, r"source is 'Keras': it can be 'torch', .*did you mean 'keras'\?"),
        ({"target": "onyx"}, r"target is 'onyx': .*did you mean 'onnx'\?"),
        ({"target": "caffe"}, r"target is 'caffe': it can be .*'layer'$"),
        ({"source": None}, r"source is None: it can be"),
        ({"source": []}, r"source is \[\]: it can be"),
        ({"cell": "LSTM"}, r"cell is 'LSTM': it can be 'rnn', .*did you mean 'lstm'\?"),
    ],
)
def test_unknown_names(change, message):
    options = {"source": "keras", "target": "torch", "cell": "lstm"} | change
    with pytest.raises(ValueError, match=message):
        layouts.convert(drawn("keras", "lstm"), **options)


@pytest.mark.parametrize("name", sorted(set(CELLS) - {"layer"}))
def test_the_wrong_container(name):
    weights = drawn(name, "lstm")
    other = list(weights.values()) if isinstance(weights, dict) else dict(enumerate(weights))
    for wrong in (other, arrays_in(weights)[0], None):
        with pytest.raises(TypeError, match=f"{name} weights are a .* was given"):
            layouts.convert(wrong, source=name, target="torch", cell="lstm")


def zeros(**shapes):
    return {name: np.zeros(shape) for name, shape in shapes.items()}


def lstm_but(name, **changes):
    """LSTM weights in which arrays have other shapes, or are left out."""
    shapes = shapes_of(name, "lstm") | changes
    return packed(name, {key: np.zeros(shape) for key, shape in shapes.items() if shape})


@pytest.mark.parametrize(
    ("source", "weights", "message"),
    [
        ("torch", lstm_but("torch", weight_hh_l0=None), "need 'weight_hh': given are 'weight_ih'"),
        ("torch", lstm_but("torch", bias_hh_l0=None), "bias_ih and bias_hh are given together"),
        ("torch", lstm_but("torch", weight_ih_l1=(2, 2)), "end alike: these in '_l0', '_l1'"),
        ("torch", lstm_but("torch", weigth_ih_l0=(2, 2)), "'weigth_ih_l0'.*mean 'weight_ih'"),
        ("torch", lstm_but("torch", weight_hh_l0=(16, 3)), r"\(16, 3\): \(16, 4\) is needed"),
        ("torch", lstm_but("torch", weight_hh_l0=(4, 16)), "I = 5 and H = 1"),
        ("torch", lstm_but("torch", weight_hh_l0=(17, 4)), r"\(17, 4\): \(16, 4\) is needed"),
        ("torch", lstm_but("torch", weight_ih_l0=(16,)), r"weight_ih is \(16,\): it needs 2 axes"),
        ("torch", lstm_but("torch", bias_hh_l0=(16, 1)), r"bias_hh is \(16, 1\): \(16,\) is"),
        ("torch", {}, "need 'weight_ih': given are none"),
        ("keras", [np.zeros((5, 16))], "need 'recurrent_kernel': given are 'kernel'"),
        ("keras", [np.zeros((5, 16))] * 4, "kernel, recurrent_kernel, bias: 4 arrays were given"),
        ("keras", lstm_but("keras", kernel=(16, 5)), r"kernel is \(16, 5\): \(16, 16\) is needed"),
        ("keras", lstm_but("keras", bias=(2, 16)), r"bias is \(2, 16\): \(16,\) is needed"),
        ("tf1", [np.zeros((9, 16))], "need 'bias'"),
        ("tf1", lstm_but("tf1", kernel=(9, 15)), r"\(9, 15\): \(9, 12\).* I = 6 and H = 3"),
        ("tf1", lstm_but("tf1", kernel=(4, 16)), r"kernel \(4, 16\).*too small.*I = 0 and H = 4"),
        ("tf1", lstm_but("tf1", kernel=(9, 3)), "too small.* I = 9 and H = 0"),
        ("onnx", zeros(W=(2, 16, 5), R=(2, 16, 4)), r"W is \(2, 16, 5\): \(1, 16, 5\) is needed"),
        ("onnx", lstm_but("onnx", P=(1, 12)), "are 'W', 'R', 'B', not 'P'"),
        ("onnx", lstm_but("onnx", B=(1, 16)), r"B is \(1, 16\): \(1, 32\) is needed"),
        ("course", lstm_but("course", Wo=None), "need 'Wo': given are 'Wf', 'bf'"),
        ("course", lstm_but("course", Wu=(4, 9)), "Wu and Wi are two names of one gate"),
        ("course", lstm_but("course", bf=(4,)), r"bf is \(4,\): it needs 2 axes"),
        ("course", lstm_but("course", Wg=(4, 9)), "not 'Wg'"),
        ("course_batch_first", (np.zeros((9, 4)),), "need 'b_f': given are 'W_f'"),
        ("course_batch_first", (np.zeros(4),) * 11, "11 arrays were given"),
        ("layer", np.zeros((10, 15)), r"weights is \(10, 15\): \(10, 12\) is needed"),
        ("layer", np.zeros((5, 16)), "too small.* I = 0"),
        ("layer", np.zeros(16), r"weights is \(16,\): it needs 2 axes"),
    ],
)
def test_weights_that_do_not_fit(source, weights, message):
    with pytest.raises(ValueError, match=message):
        layouts.convert(weights, source=source, target="torch", cell="lstm")


@pytest.mark.parametrize(
    ("name", "given", "asked"),
    [
        (name, given, asked)
        for name in CELLS
        for given, asked in itertools.permutations(CELLS[name], 2)
        # one matrix of an RNN with 4 units is one of an LSTM with 1 unit as well
        if (name, given) not in {("tf1", "rnn"), ("layer", "rnn")}
    ],
)
def test_weights_of_another_cell(name, given, asked):
    """They are refused, and the cell that they are of is named."""
    with pytest.raises(ValueError, match=f"they are what cell='{given}' takes"):
        layouts.convert(drawn(name, given), source=name, target=name, cell=asked)


def test_a_keras_gru_without_reset_after_is_another_function():
    kernel, recurrent_kernel, bias = drawn("keras", "gru")
    with pytest.raises(ValueError, match="reset_after=False"):
        layouts.convert(
            [kernel, recurrent_kernel, bias[0]], source="keras", target="torch", cell="gru"
        )


@pytest.mark.parametrize("dtype", [np.int64, bool, object, "U4"])
def test_weights_are_floating_point(dtype):
    kernel, recurrent_kernel, bias = drawn("keras", "lstm")
    with pytest.raises(TypeError, match=r"recurrent_kernel is .*: floating-point weights are"):
        layouts.convert(
            [kernel, recurrent_kernel.astype(dtype), bias],
            source="keras",
            target="torch",
            cell="lstm",
        )
