"""The recurrent layers: RNN and LSTM of handrnn.layers, next to the textbook and to torch.

Nothing here looks inside a layer: the output layer is read through `forward`, its gradient through
an update, and all else through the public names.
"""

import copy
import inspect
import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest

from handrnn import compare, losses, textbook
from handrnn.layers import LSTM, RNN, Initializers, SoftMax
from handrnn.layers.optimization import Constraints, Optimizers

T, I, H, O, CLASSES = 9, 13, 7, 5, 4
LAYERS: dict[str, Any] = {"RNN": RNN.RNN, "LSTM": LSTM.LSTM}
GATES = {"RNN": "h", "LSTM": "ifgo"}
STATES = {"RNN": ("h",), "LSTM": ("h", "c")}
LENGTHS = [1, 3, T - 1, T, T + 2, None]
BUDGET = 1e-12
OPTIMIZERS = {
    "sgd": lambda: Optimizers.Sgd(0.05),
    "momentum": lambda: Optimizers.SgdWithMomentum(0.05, 0.9),
    "adam": lambda: Optimizers.Adam(0.02, 0.9, 0.98),
}
every_kind = pytest.mark.parametrize("kind", LAYERS)
every_length = pytest.mark.parametrize("bptt_length", LENGTHS)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)


@pytest.fixture(scope="module")
def torch():
    """The witness, or a skip that says how to get it."""
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


class Normal:
    """An initializer as a user would write one."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def initialize(self, weights):
        return 0.4 * self.rng.standard_normal(weights.shape)


def fresh(kind, bptt_length: Any = T, seed=0, sizes=(I, H, O)):
    """A layer as the constructor leaves it: weights in [0, 1)."""
    return LAYERS[kind](*sizes, bptt_length, rng=np.random.default_rng(seed))


def drawn(kind, bptt_length: Any = T, seed=0, sizes=(I, H, O)):
    """A layer whose gates are not saturated."""
    layer = fresh(kind, bptt_length, seed, sizes)
    layer.initialize(Normal(seed), Normal(seed + 1))
    return layer


def normal(*shape, seed=0):
    """Numbers that nothing is hidden by."""
    return np.random.default_rng(np.random.SeedSequence((4, seed))).standard_normal(shape)


def zero_state(kind):
    """The states before the first step, as columns."""
    return tuple(np.zeros((H, 1)) for _ in STATES[kind])


def output_layer(layer):
    """(H + 1, O), bias last, read through `forward` of a copy that opens one unit at a time."""
    layer = copy.deepcopy(layer)
    layer.memorize = False
    closed = np.zeros_like(layer.get_weights())
    x = np.zeros((1, len(closed) - 1 - H))
    layer.set_weights(closed)
    bias = layer.forward(x)
    rows = []
    for unit in range(H):
        weights = closed.copy()
        weights[-1, unit::H] = 50.0
        layer.set_weights(weights)
        rows.append(layer.forward(x) - bias)
    # a saturated LSTM unit holds c = 1, and h = tanh(1)
    largest = np.tanh(1.0) if closed.shape[1] == 4 * H else 1.0
    return np.concatenate([np.concatenate(rows) / largest, bias])


def by_the_layer(layer, x, error):
    """Forward and backward: outputs, and all gradients. The layer ends with its weights as before.

    The update of an Sgd(1) is the gradient: that is how the output layer's is read.
    """
    y = layer.forward(x)
    probe = copy.deepcopy(layer)
    dx = layer.backward(error)
    probe.set_optimizer(Optimizers.Sgd(1.0))
    before = output_layer(probe)
    probe.backward(error)
    d_output_layer = before - output_layer(probe)
    return {"y": y, "dx": dx, "dw": layer.get_gradient_weights(), "d_output_layer": d_output_layer}


def parameters_of(kind, w):
    """The textbook's matrices in a weight array with the rows [x; h; 1]."""
    if kind == "RNN":
        return {"Wxh": w[:I].T, "Whh": w[I:-1].T, "bh": w[-1:].T}
    found = {}
    for gate, block in zip("ifgo", np.split(w, 4, axis=1), strict=True):
        found[f"W{gate}"] = np.concatenate([block[I:-1], block[:I]]).T
        found[f"b{gate}"] = block[-1:].T
    return found


def weights_of(kind, gradients):
    """The weight array with the rows [x; h; 1] of the textbook's gradients."""
    if kind == "RNN":
        return np.concatenate([gradients["dWxh"].T, gradients["dWhh"].T, gradients["dbh"].T])
    blocks = []
    for gate in "ifgo":
        block = gradients[f"dW{gate}"].T
        blocks.append(np.concatenate([block[H:], block[:H], gradients[f"db{gate}"].T]))
    return np.concatenate(blocks, axis=1)


def by_the_textbook(kind, w, output, x, error, *, last=None, state=None):
    """The same by single steps of the textbook, and the states at the end.

    The weight gradient is the sum over the `last` steps, everything else over all.
    """
    forward, backward = {
        "RNN": (textbook.rnn_cell_forward, textbook.rnn_cell_backward),
        "LSTM": (textbook.lstm_cell_forward, textbook.lstm_cell_backward),
    }[kind]
    parameters = parameters_of(kind, w)
    state = zero_state(kind) if state is None else state
    hidden, caches = [], []
    for row in x:
        *state, cache = forward(row[:, np.newaxis], *state, parameters)
        hidden.append(np.append(state[0][:, 0], 1.0))
        caches.append(cache)
    dh_outside = error @ output[:-1].T
    steps = len(x)
    first_counted = 0 if last is None else steps - last
    dw = np.zeros_like(w)
    dx = np.zeros_like(x)
    carry = zero_state(kind)
    for t in reversed(range(steps)):
        dh = carry[0] + dh_outside[t][:, np.newaxis]
        gradients = backward(dh, *carry[1:], caches[t])
        dx[t] = gradients["dxt"][:, 0]
        carry = tuple(gradients[f"d{name}_prev"] for name in STATES[kind])
        if t >= first_counted:
            dw += weights_of(kind, gradients)
    y = np.array(hidden) @ output
    d_output_layer = np.array(hidden).T @ error
    return {"y": y, "dx": dx, "dw": dw, "d_output_layer": d_output_layer}, tuple(state)


def torch_modules(torch, kind, w, output):
    """torch's layer and Linear with these weights; torch's second bias stays zero."""
    recurrent = getattr(torch.nn, kind)(I, H, dtype=torch.float64)
    linear = torch.nn.Linear(H, O, dtype=torch.float64)
    recurrent.load_state_dict(
        {
            "weight_ih_l0": torch.tensor(w[:I].T),
            "weight_hh_l0": torch.tensor(w[I:-1].T),
            "bias_ih_l0": torch.tensor(w[-1]),
            "bias_hh_l0": torch.zeros(w.shape[1], dtype=torch.float64),
        }
    )
    recurrent.bias_hh_l0.requires_grad_(False)
    linear.load_state_dict(
        {"weight": torch.tensor(output[:-1].T), "bias": torch.tensor(output[-1])}
    )
    return recurrent, linear


def weights_in(recurrent, linear, take=lambda parameter: parameter.detach()):
    """The two weight arrays, or their gradients, that torch's modules hold."""
    found = [
        take(recurrent.weight_ih_l0).T,
        take(recurrent.weight_hh_l0).T,
        take(recurrent.bias_ih_l0)[None],
    ]
    output = [take(linear.weight).T, take(linear.bias)[None]]
    return tuple(np.concatenate([part.numpy() for part in parts]) for parts in (found, output))


def state_for_torch(state):
    """torch takes h, or the pair (h, c)."""
    return state if len(state) == 2 else state[0]


def by_torch(torch, kind, w, output, x, error, *, last=None, state=None):
    """The same by autograd. The last steps run through a copy that alone is asked for gradients."""
    recurrent, linear = torch_modules(torch, kind, w, output)
    late = copy.deepcopy(recurrent)
    start = 0 if last is None else max(0, len(x) - last)
    inputs = torch.tensor(x, requires_grad=True)
    columns = zero_state(kind) if state is None else state
    carried: Any = state_for_torch([torch.tensor(part.T) for part in columns])
    hidden = []
    for module, steps in [(recurrent, inputs[:start]), (late, inputs[start:])]:
        if len(steps):
            h, carried = module(steps, carried)
            hidden.append(h)
    y = linear(torch.cat(hidden))
    y.backward(torch.tensor(error))
    dw, d_output_layer = weights_in(late, linear, lambda parameter: parameter.grad)
    ends = carried if isinstance(carried, tuple) else (carried,)
    found = {
        "y": y.detach().numpy(),
        "dx": inputs.grad.numpy(),
        "dw": dw,
        "d_output_layer": d_output_layer,
    }
    return found, tuple(part.detach().numpy().T for part in ends)


def assert_equal(ours, reference):
    """float64, normwise."""
    report = compare.compare(ours, reference, budget=BUDGET)
    assert report.passed, str(report)


# ------------------------------------------------------------------------------- sizes and start


@every_kind
@pytest.mark.parametrize("outputs", [O, CLASSES])
@pytest.mark.parametrize("steps", [1, 4, T, 2 * T])
def test_any_number_of_steps(kind, outputs, steps):
    layer = drawn(kind, sizes=(I, H, outputs))
    assert layer.forward(normal(steps, I)).shape == (steps, outputs)
    assert layer.backward(normal(steps, outputs)).shape == (steps, I)


@every_kind
def test_the_constructor_draws_from_the_unit_interval(kind):
    layer = fresh(kind, sizes=(200, H, O))
    weights, output = layer.get_weights(), output_layer(layer)
    for array in (weights, output):
        assert array.min() > -1e-15
        assert array.max() < 1
    assert abs(weights.mean() - 0.5) < 0.02
    assert abs(weights.std() - 12**-0.5) < 0.02
    assert len(np.unique(weights)) == weights.size
    assert abs(output.mean() - 0.5) < 0.15
    assert len(np.unique(output.round(12))) == output.size


@pytest.mark.sample(2)
@every_kind
def test_zeros_leave_the_biases(kind):
    """A great many inputs are affordable."""
    size = 100_000
    tracemalloc.start()
    try:
        layer = LAYERS[kind](size, 100, 1, 9, rng=np.random.default_rng(0))
        output = layer.forward(np.zeros((1, size)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.sum(output) > 0
    assert peak < 5 * layer.get_weights().nbytes


@every_kind
def test_a_layer_is_its_seed(kind):
    one, same, other = fresh(kind, seed=1), fresh(kind, seed=1), fresh(kind, seed=2)
    x = normal(T, I)
    np.testing.assert_array_equal(one.get_weights(), same.get_weights())
    np.testing.assert_array_equal(one.forward(x), same.forward(x))
    assert not np.any(one.get_weights() == other.get_weights())
    assert not np.array_equal(output_layer(one), output_layer(other))


@every_kind
def test_a_generator_is_given_by_name_only(kind):
    arguments = inspect.signature(LAYERS[kind]).parameters
    assert arguments["rng"].kind is inspect.Parameter.KEYWORD_ONLY
    LAYERS[kind](I, H, O, T).forward(normal(T, I))


@every_kind
def test_initialize_fills_weights_and_biases(kind):
    layer = fresh(kind)
    layer.initialize(Initializers.Constant(0.3), Initializers.Constant(0.1))
    np.testing.assert_array_equal(layer.get_weights()[:-1], 0.3)
    np.testing.assert_array_equal(layer.get_weights()[-1], 0.1)
    np.testing.assert_allclose(output_layer(layer)[:-1], 0.3, rtol=0, atol=1e-15)
    np.testing.assert_allclose(output_layer(layer)[-1], 0.1, rtol=0, atol=1e-15)


@every_kind
def test_initialize_asks_the_initializers_for_numbers(kind):
    """Xavier, drawn: nothing is left of the start, and no two numbers are the same."""
    layer = fresh(kind)
    before = layer.get_weights()
    xavier = Initializers.Xavier(rng=np.random.default_rng(3))
    layer.initialize(xavier, Initializers.UniformRandom(rng=np.random.default_rng(4)))
    weights = layer.get_weights()
    assert not np.any(weights == before)
    assert len(np.unique(weights)) == weights.size
    assert weights[:-1].min() < 0
    assert weights[-1].min() >= 0


# ------------------------------------------------------------------------------ outputs, gradients


@pytest.mark.sample(3)
@every_kind
@every_length
@pytest.mark.parametrize("steps", [1, 2, T, 14])
def test_outputs_and_gradients_are_the_textbooks(kind, bptt_length, steps):
    """For any T: the weight gradient is the sum over t > T - bptt_length."""
    layer = drawn(kind, bptt_length)
    x, error = normal(steps, I, seed=1), normal(steps, O, seed=2)
    w, output = layer.get_weights(), output_layer(layer)
    reference, _ = by_the_textbook(kind, w, output, x, error, last=bptt_length)
    assert_equal(by_the_layer(layer, x, error), reference)


@pytest.mark.sample(3)
@every_kind
@every_length
@pytest.mark.parametrize("steps", [1, T, 14])
def test_outputs_and_gradients_are_torchs(torch, kind, bptt_length, steps):
    layer = drawn(kind, bptt_length)
    x, error = normal(steps, I, seed=3), normal(steps, O, seed=4)
    w, output = layer.get_weights(), output_layer(layer)
    reference, _ = by_torch(torch, kind, w, output, x, error, last=bptt_length)
    assert_equal(by_the_layer(layer, x, error), reference)


@every_kind
def test_truncation_changes_the_gradient(kind):
    """Were all of these equal, the tests above would prove nothing."""
    x, error = normal(T, I), normal(T, O)
    found = [by_the_layer(drawn(kind, k), x, error) for k in (1, 3, T - 1, T)]
    for a, b in itertools.pairwise(found):
        assert compare.normwise_error(a["dw"], b["dw"]) > 1e-3
        assert_equal({"dx": a["dx"]}, {"dx": b["dx"]})


@every_kind
@pytest.mark.parametrize("bptt_length", [2, T, None])
def test_memory_over_three_sequences_is_the_textbooks(kind, bptt_length):
    """States are carried from sequence to sequence; gradients end where a sequence begins."""
    layer = drawn(kind, bptt_length)
    layer.toggle_memory()
    w, output, state = layer.get_weights(), output_layer(layer), None
    for number, steps in enumerate((T, 4, 6)):
        x, error = normal(steps, I, seed=number), normal(steps, O, seed=10 + number)
        last = None if bptt_length is None else min(steps, bptt_length)
        reference, state = by_the_textbook(kind, w, output, x, error, last=last, state=state)
        assert_equal(by_the_layer(layer, x, error), reference)


@every_kind
@pytest.mark.parametrize("bptt_length", [2, T, None])
def test_memory_over_three_sequences_is_torchs(torch, kind, bptt_length):
    layer = drawn(kind, bptt_length)
    layer.toggle_memory()
    w, output, state = layer.get_weights(), output_layer(layer), None
    for number, steps in enumerate((T, 4, 6)):
        x, error = normal(steps, I, seed=number), normal(steps, O, seed=10 + number)
        reference, state = by_torch(torch, kind, w, output, x, error, last=bptt_length, state=state)
        assert_equal(by_the_layer(layer, x, error), reference)


def relative_errors(loss, value, gradient, epsilon=1e-5):
    """Sum over all elements of the relative error of the gradient to central differences."""
    total = 0.0
    for index in np.ndindex(value.shape):
        plus, minus = value.copy(), value.copy()
        plus[index] += epsilon
        minus[index] -= epsilon
        difference = (loss(plus) - loss(minus)) / (2 * epsilon)
        largest = max(abs(difference), abs(gradient[index]))
        total += abs(difference - gradient[index]) / largest
    return total


@every_kind
def test_central_differences(kind):
    """Through a SoftMax loss, as a sum over the elements."""
    layer, softmax = drawn(kind, sizes=(I, H, CLASSES)), SoftMax.SoftMax()
    x = normal(T, I, seed=5)
    labels = np.eye(CLASSES)[np.random.default_rng(6).integers(CLASSES, size=T)]

    def loss_of_input(x):
        return softmax.forward(layer.forward(x), labels)

    def loss_of_weights(weights):
        layer.set_weights(weights)
        return softmax.forward(layer.forward(x), labels)

    loss_of_input(x)
    dx = layer.backward(softmax.backward(labels))
    dw, w = layer.get_gradient_weights(), layer.get_weights()
    assert relative_errors(loss_of_input, x, dx) <= 1e-5
    assert relative_errors(loss_of_weights, w, dw) <= {"RNN": 1e-5, "LSTM": 1e-4}[kind]


# ------------------------------------------------------------------------------------------ memory


@every_kind
def test_memory_is_off_at_first(kind):
    layer, x = drawn(kind), normal(T, I)
    assert layer.memorize is False
    np.testing.assert_array_equal(layer.forward(x), layer.forward(x))


@every_kind
def test_memory_on_continues(kind):
    layer, x = drawn(kind), normal(T, I)
    layer.toggle_memory()
    first, second = layer.forward(x), layer.forward(x)
    assert compare.normwise_error(second[0], first[0]) > 1e-3
    np.testing.assert_array_equal(first, drawn(kind).forward(x))


@every_kind
def test_toggled_twice_memory_is_off(kind):
    layer, x = drawn(kind), normal(T, I)
    before = layer.forward(x)
    layer.toggle_memory()
    assert not np.array_equal(layer.forward(x), before)
    layer.toggle_memory()
    assert layer.memorize is False
    for _ in range(2):
        np.testing.assert_array_equal(layer.forward(x), before)


@every_kind
def test_memory_continues_the_sequence_before_it_was_switched_on(kind):
    """The first hidden state is the last one whenever memory is on."""
    layer, x = drawn(kind), normal(2 * T, I)
    whole = layer.forward(x)
    layer.forward(x[:T])
    layer.toggle_memory()
    assert_equal({"y": layer.forward(x[T:])}, {"y": whole[T:]})


@every_kind
@pytest.mark.parametrize("cuts", [[T], [1, 5, 2 * T - 1], list(range(1, 2 * T))])
def test_pieces_with_memory_are_one_long_sequence(kind, cuts):
    pieces, whole, x = drawn(kind), drawn(kind), normal(2 * T, I)
    pieces.toggle_memory()
    whole.toggle_memory()
    found = np.concatenate([pieces.forward(part) for part in np.split(x, cuts)])
    assert_equal({"y": found}, {"y": whole.forward(x)})


@every_kind
def test_backward_leaves_the_memory_alone(kind):
    trained, plain, x = drawn(kind), drawn(kind), normal(3 * T, I)
    for layer in (trained, plain):
        layer.toggle_memory()
        layer.forward(x[:T])
    trained.backward(normal(T, O))
    np.testing.assert_array_equal(trained.forward(x[T:]), plain.forward(x[T:]))


# ----------------------------------------------------------------------------------------- weights


@every_kind
def test_weights_are_one_array(kind):
    layer = drawn(kind)
    shape = (I + H + 1, len(GATES[kind]) * H)
    assert layer.get_weights().shape == shape
    layer.forward(normal(T, I))
    layer.backward(normal(T, O))
    assert layer.get_gradient_weights().shape == shape


@every_kind
def test_new_weights_act_at_the_next_forward(kind):
    layer, other, x = drawn(kind), drawn(kind, seed=7), normal(T, I)
    w, output, new = layer.get_weights(), output_layer(layer), other.get_weights()
    error = normal(T, O, seed=1)
    before = layer.forward(x)
    layer.set_weights(new)
    np.testing.assert_array_equal(layer.get_weights(), new)
    dx = layer.backward(error)
    of_the_last_forward, _ = by_the_textbook(kind, w, output, x, error)
    assert_equal(
        {"dx": dx, "dw": layer.get_gradient_weights()},
        {name: of_the_last_forward[name] for name in ("dx", "dw")},
    )
    np.testing.assert_array_equal(layer.get_weights(), new)
    after, _ = by_the_textbook(kind, new, output, x, error)
    assert compare.normwise_error(before, after["y"]) > 1e-3
    assert_equal({"y": layer.forward(x)}, {"y": after["y"]})


@every_kind
def test_weights_are_not_shared_with_the_caller(kind):
    layer, x, error = drawn(kind), normal(T, I), normal(T, O)
    expected = layer.forward(x)
    kept = layer.get_weights().copy()
    layer.get_weights()[...] = 0
    layer.weights[:-1] *= 1
    np.testing.assert_array_equal(layer.get_weights(), kept)
    mine = kept.copy()
    layer.set_weights(mine)
    mine[...] = 0
    np.testing.assert_array_equal(layer.forward(x), expected)
    layer.backward(error)
    gradient = layer.get_gradient_weights().copy()
    layer.get_gradient_weights()[...] = 0
    np.testing.assert_array_equal(layer.get_gradient_weights(), gradient)


@every_kind
def test_arrays_passed_in_and_out_are_not_shared(kind):
    """The caller may do as he likes with the input and the output before backward."""
    layer, x, error = drawn(kind), normal(T, I), normal(T, O)
    expected = by_the_layer(layer, x, error)
    mine, mine_too = x.copy(), error.copy()
    y = layer.forward(mine)
    np.testing.assert_array_equal(mine, x)
    mine[...], y[...] = 7.0, 7.0
    dx = layer.backward(mine_too)
    np.testing.assert_array_equal(mine_too, error)
    np.testing.assert_array_equal(dx, expected["dx"])
    np.testing.assert_array_equal(layer.get_gradient_weights(), expected["dw"])
    dx[...] = 7.0
    layer.forward(x)
    np.testing.assert_array_equal(layer.backward(error), expected["dx"])


@every_kind
def test_the_state_is_not_shared(kind):
    layer, other, x = drawn(kind), drawn(kind), normal(T, I)
    for each in (layer, other):
        each.toggle_memory()
    layer.forward(x)[...] = 0
    other.forward(x)
    np.testing.assert_array_equal(layer.forward(x), other.forward(x))


@every_kind
def test_gradients_are_those_of_the_last_backward(kind):
    """They do not pile up, and an update or new weights do not touch them."""
    layer, x, error = drawn(kind), normal(T, I), normal(T, O)
    expected = by_the_layer(layer, x, error)["dw"]
    layer.forward(normal(T, I, seed=3))
    layer.backward(normal(T, O, seed=4))
    assert not np.array_equal(layer.get_gradient_weights(), expected)
    layer.set_optimizer(Optimizers.Sgd(0.1))
    layer.forward(x)
    layer.backward(error)
    np.testing.assert_array_equal(layer.get_gradient_weights(), expected)
    layer.set_weights(np.zeros_like(expected))
    layer.forward(x)
    np.testing.assert_array_equal(layer.get_gradient_weights(), expected)


@every_kind
def test_whole_numbers_are_numbers(kind):
    layer = drawn(kind)
    x = np.arange(T * I).reshape(T, I) % 3
    np.testing.assert_array_equal(layer.forward(x), layer.forward(x.astype(float)))
    ones = np.ones((T, O))
    np.testing.assert_array_equal(layer.backward(ones.astype(int)), layer.backward(ones))


# ----------------------------------------------------------------------------------------- updates


@every_kind
def test_no_optimizer_no_update(kind):
    layer, x = drawn(kind), normal(T, I)
    assert layer.optimizer is None
    w, output = layer.get_weights(), output_layer(layer)
    y = layer.forward(x)
    layer.backward(normal(T, O))
    np.testing.assert_array_equal(layer.get_weights(), w)
    np.testing.assert_array_equal(output_layer(layer), output)
    np.testing.assert_array_equal(layer.forward(x), y)


@every_kind
@pytest.mark.parametrize("start", [fresh, drawn])
def test_updates_follow_the_error(kind, start):
    """Errors that ask for more of the output get it."""
    layer = start(kind)
    layer.delta = 0.1
    layer.set_optimizer(Optimizers.Sgd(1))
    x = np.random.default_rng(8).random((T, I))
    sizes = []
    for _ in range(10):
        output = layer.forward(x)
        sizes.append(np.sum(output**2))
        layer.backward(-output)
    sizes.append(np.sum(layer.forward(x) ** 2))
    assert np.all(np.diff(sizes) > 0)


@every_kind
@every_optimizer
@pytest.mark.parametrize("bptt_length", [3, T])
def test_updates_are_the_rule_on_the_textbooks_gradients(kind, optimizer, bptt_length):
    """Several steps, a copy of the rule for each of the two arrays, delta as its first argument."""
    layer = drawn(kind, bptt_length)
    layer.set_optimizer(OPTIMIZERS[optimizer]())
    layer.delta = 0.7
    w, output = layer.get_weights(), output_layer(layer)
    rule, output_rule = OPTIMIZERS[optimizer](), OPTIMIZERS[optimizer]()
    for step in range(5):
        x, error = normal(T, I, seed=step), normal(T, O, seed=10 + step)
        reference, _ = by_the_textbook(kind, w, output, x, error, last=bptt_length)
        layer.forward(x)
        assert_equal({"dx": layer.backward(error)}, {"dx": reference["dx"]})
        w = rule.calculate_update(0.7, w, reference["dw"])
        output = output_rule.calculate_update(0.7, output, reference["d_output_layer"])
        assert_equal(
            {"weights": layer.get_weights(), "output": output_layer(layer)},
            {"weights": w, "output": output},
        )


@every_kind
@every_optimizer
def test_training_with_memory_is_torchs(torch, kind, optimizer):
    """TBPTT: states go on, detached, from sequence to sequence, and weights change between them."""
    layer = drawn(kind)
    layer.toggle_memory()
    layer.set_optimizer(OPTIMIZERS[optimizer]())
    recurrent, linear = torch_modules(torch, kind, layer.get_weights(), output_layer(layer))
    parameters = [p for m in (recurrent, linear) for p in m.parameters() if p.requires_grad]
    theirs = {
        "sgd": lambda: torch.optim.SGD(parameters, lr=0.05),
        "momentum": lambda: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
        "adam": lambda: torch.optim.Adam(parameters, lr=0.02, betas=(0.9, 0.98), eps=1e-8),
    }[optimizer]()
    state = None
    for step in range(6):
        x, error = normal(T, I, seed=step), normal(T, O, seed=10 + step)
        hidden, state = recurrent(torch.tensor(x), state)
        state = tuple(s.detach() for s in state) if kind == "LSTM" else state.detach()
        y = linear(hidden)
        theirs.zero_grad()
        y.backward(torch.tensor(error))
        theirs.step()
        assert_equal({"y": layer.forward(x)}, {"y": y.detach().numpy()})
        layer.backward(error)
        w, output = weights_in(recurrent, linear)
        assert_equal(
            {"weights": layer.get_weights(), "output": output_layer(layer)},
            {"weights": w, "output": output},
        )


@every_kind
def test_delta_is_one_unless_assigned(kind):
    plain, half = drawn(kind), drawn(kind)
    plain.set_optimizer(Optimizers.Sgd(0.05))
    half.set_optimizer(Optimizers.Sgd(0.1))
    half.delta = 0.5
    for layer in (plain, half):
        layer.forward(normal(T, I))
        layer.backward(normal(T, O))
    np.testing.assert_allclose(plain.get_weights(), half.get_weights(), rtol=0, atol=1e-15)
    assert not np.array_equal(plain.get_weights(), drawn(kind).get_weights())


@every_kind
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_layers_do_not_share_the_state_of_an_optimizer(kind, optimizer):
    """One optimizer is given to two layers; the second trains as if it were the only one."""
    shared = OPTIMIZERS[optimizer]()
    busy, second, alone = drawn(kind), drawn(kind), drawn(kind)
    busy.set_optimizer(shared)
    second.set_optimizer(shared)
    alone.set_optimizer(OPTIMIZERS[optimizer]())
    for layer in (busy, busy, busy, second, alone):
        layer.forward(normal(T, I))
        layer.backward(normal(T, O))
    np.testing.assert_array_equal(second.get_weights(), alone.get_weights())
    np.testing.assert_array_equal(output_layer(second), output_layer(alone))
    assert shared.calculate_update(1, 1.0, 1.0) == OPTIMIZERS[optimizer]().calculate_update(
        1, 1.0, 1.0
    )


@every_kind
def test_a_regularizer_shrinks_every_weight_array(kind):
    layer = drawn(kind)
    optimizer = Optimizers.Sgd(0.1)
    optimizer.add_regularizer(Constraints.L2_Regularizer(0.5))
    layer.set_optimizer(optimizer)
    w, output = layer.get_weights(), output_layer(layer)
    layer.forward(normal(T, I))
    layer.backward(np.zeros((T, O)))
    assert_equal(
        {"weights": layer.get_weights(), "output": output_layer(layer)},
        {"weights": 0.95 * w, "output": 0.95 * output},
    )


@every_kind
def test_the_regularization_loss_by_value(kind):
    layer = fresh(kind)
    layer.initialize(Initializers.Constant(-0.5), Initializers.Constant(0.25))
    assert layer.calculate_regularization_loss() == 0
    layer.set_optimizer(Optimizers.Sgd(0.1))
    assert layer.calculate_regularization_loss() == 0
    gates = len(GATES[kind])
    matrices = gates * H * (I + H) + H * O
    biases = gates * H + O
    for regularizer, expected in [
        (Constraints.L1_Regularizer(0.5), 0.5 * (0.5 * matrices + 0.25 * biases)),
        (Constraints.L2_Regularizer(0.25), 0.25 * (0.25 * matrices + 0.0625 * biases)),
    ]:
        for make in OPTIMIZERS.values():
            optimizer = make()
            optimizer.add_regularizer(regularizer)
            layer.set_optimizer(optimizer)
            np.testing.assert_allclose(layer.calculate_regularization_loss(), expected, rtol=1e-14)


# ------------------------------------------------------------------------------------------- names


@every_kind
def test_old_and_new_names_are_one_state(kind):
    layer, x, error = LAYERS[kind](I, H, O, rng=np.random.default_rng(0)), normal(T, I), None
    assert layer.trainable is True
    new = drawn(kind, seed=5).get_weights()
    layer.weights = new
    np.testing.assert_array_equal(layer.get_weights(), new)
    layer.set_weights(0.5 * new)
    np.testing.assert_array_equal(layer.weights, 0.5 * new)

    layer.memorize = True
    assert not np.array_equal(layer.forward(x), layer.forward(x))
    layer.toggle_memory()
    assert layer.memorize is False
    layer.toggle_memory()
    assert layer.memorize is True
    layer.memorize = False

    error = normal(T, O)
    layer.forward(x)
    layer.backward(error)
    np.testing.assert_array_equal(layer.gradient_weights, layer.get_gradient_weights())
    layer.optimizer = Optimizers.Sgd(0.1)
    assert isinstance(layer.optimizer, Optimizers.Sgd)
    layer.forward(x)
    layer.backward(error)
    np.testing.assert_array_equal(layer.weights, 0.5 * new - 0.1 * layer.gradient_weights)
    layer.set_optimizer(Optimizers.Adam(0.1, 0.9, 0.9))
    assert isinstance(layer.optimizer, Optimizers.Adam)


@every_kind
def test_without_a_length_nothing_is_cut(kind):
    plain = LAYERS[kind](I, H, O, rng=np.random.default_rng(0))
    plain.initialize(Normal(0), Normal(1))
    x, error = normal(40, I), normal(40, O)
    ours, full = by_the_layer(plain, x, error), by_the_layer(drawn(kind, 40), x, error)
    assert_equal(ours, full)
    assert compare.normwise_error(by_the_layer(drawn(kind, 39), x, error)["dw"], full["dw"]) > 1e-6


# ------------------------------------------------------------------------------------------ errors


@every_kind
@pytest.mark.parametrize("bptt_length", [0, -1, 2.5, "9"])
def test_bptt_length_is_at_least_one(kind, bptt_length):
    with pytest.raises((ValueError, TypeError), match=rf"bptt_length.*{bptt_length}"):
        LAYERS[kind](I, H, O, bptt_length)
    layer = LAYERS[kind](I, H, O, T)
    with pytest.raises((ValueError, TypeError), match=rf"bptt_length.*{bptt_length}"):
        layer.bptt_length = bptt_length
    assert layer.bptt_length == T


@every_kind
@pytest.mark.parametrize("position", range(3))
def test_sizes_are_at_least_one(kind, position):
    sizes = [I, H, O]
    sizes[position] = 0
    name = ("input_size", "hidden_size", "output_size")[position]
    with pytest.raises(ValueError, match=rf"{name}.*0"):
        LAYERS[kind](*sizes, T)


@every_kind
def test_wrong_inputs(kind):
    layer = drawn(kind)
    with pytest.raises(ValueError, match=r"12 features.*13"):
        layer.forward(normal(T, 12))
    for shape in [(I,), (T, 1, I)]:
        with pytest.raises(ValueError, match=str(len(shape))):
            layer.forward(normal(*shape))


@every_kind
def test_backward_needs_a_forward_and_its_shape(kind):
    layer = drawn(kind)
    with pytest.raises(RuntimeError, match="forward"):
        layer.backward(normal(T, O))
    layer.forward(normal(T, I))
    for shape in [(T, O + 1), (T - 1, O), (O,)]:
        with pytest.raises(ValueError, match=rf"{shape[0]}"):
            layer.backward(normal(*shape))
    assert layer.backward(normal(T, O)).shape == (T, I)


@every_kind
def test_wrong_weights(kind):
    layer = drawn(kind)
    w = layer.get_weights()
    for wrong in (w[:-1], w.T, w[np.newaxis]):
        with pytest.raises(ValueError, match=str(w.shape[0])):
            layer.set_weights(wrong)
        np.testing.assert_array_equal(layer.get_weights(), w)


# ---------------------------------------------------------------------------------------- learning


@every_kind
def test_a_layer_learns_to_remember(kind):
    """Echo the input of two steps before: the present input alone says nothing about it."""
    layer = LAYERS[kind](1, 12, 1, 10, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    layer.initialize(Initializers.Xavier(rng=rng), Initializers.Constant(0.0))
    layer.set_optimizer(Optimizers.Adam(0.01, 0.9, 0.999))
    errors = []
    for _ in range(600):
        x = rng.choice([-1.0, 1.0], size=(10, 1))
        target = np.concatenate([np.zeros((2, 1)), x[:-2]])
        loss, error = losses.mse(layer.forward(x), target)
        layer.backward(error)
        errors.append(loss)
    assert np.mean(errors[-20:]) < 0.05
