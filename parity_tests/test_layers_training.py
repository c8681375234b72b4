"""What trains the layers, and the layers without a memory, value by value and next to torch.

FullyConnected, TanH, Sigmoid, ReLU, SoftMax, the initializers, the update rules with their
regularizers, and NeuralNetwork.
"""

import copy
import importlib
import inspect
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from handrnn import compare, layers
from handrnn.layers import (
    LSTM,
    RNN,
    Base,
    FullyConnected,
    Helpers,
    Initializers,
    NeuralNetwork,
    ReLU,
    Sigmoid,
    SoftMax,
    TanH,
)
from handrnn.layers.optimization import Constraints, Optimizers

BATCH, FEATURES, CLASSES = 9, 4, 3
ACTIVATIONS: dict[str, Any] = {"TanH": TanH.TanH, "Sigmoid": Sigmoid.Sigmoid, "ReLU": ReLU.ReLU}
BUDGET = 1e-12
OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda: Optimizers.Sgd(0.05),
    "momentum": lambda: Optimizers.SgdWithMomentum(0.05, 0.9),
    "adam": lambda: Optimizers.Adam(0.02, 0.9, 0.98),
}
REGULARIZERS: dict[str, Any] = {
    "L1": Constraints.L1_Regularizer,
    "L2": Constraints.L2_Regularizer,
}
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
every_regularizer = pytest.mark.parametrize("regularizer", REGULARIZERS)


@pytest.fixture(scope="module")
def torch():
    """The witness, or a skip that says how to get it."""
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


def normal(*shape, seed=0):
    """Numbers that nothing is hidden by."""
    return np.random.default_rng(np.random.SeedSequence((5, seed))).standard_normal(shape)


def one_hot(count=BATCH, seed=0):
    """Labels, one a row."""
    return np.eye(CLASSES)[np.random.default_rng(seed).integers(CLASSES, size=count)]


def dense(seed=0, inputs=FEATURES, outputs=CLASSES):
    """A FullyConnected layer."""
    return FullyConnected.FullyConnected(inputs, outputs, rng=np.random.default_rng(seed))


def assert_equal(ours, reference):
    """float64, normwise."""
    report = compare.compare(ours, reference, budget=BUDGET)
    assert report.passed, str(report)


def relative_errors(loss, value, gradient, epsilon=1e-5):
    """Sum over all elements of the relative error of the gradient to central differences."""
    total = 0.0
    for index in np.ndindex(value.shape):
        plus, minus = value.copy(), value.copy()
        plus[index] += epsilon
        minus[index] -= epsilon
        difference = (loss(plus) - loss(minus)) / (2 * epsilon)
        largest = max(abs(difference), abs(gradient[index]), 1e-300)
        total += abs(difference - gradient[index]) / largest
    return total


# --------------------------------------------------------------------------------------- the house


def test_a_module_a_class():
    classes = {"RNN", "LSTM", "FullyConnected", "TanH", "Sigmoid", "ReLU", "SoftMax", "Conv"}
    classes |= {"Pooling", "Flatten", "Dropout", "BatchNormalization", "NeuralNetwork"}
    others = {"Base", "Initializers", "Helpers", "optimization", "editions"}
    assert set(layers.__all__) == classes | others
    for name in layers.__all__:
        module = importlib.import_module(f"handrnn.layers.{name}")
        assert getattr(layers, name) is module
        assert name in others or inspect.isclass(getattr(module, name))


@pytest.mark.parametrize(
    "make",
    [dense, *ACTIVATIONS.values(), SoftMax.SoftMax]
    + [lambda kind=kind: kind(4, 3, 2, 9) for kind in (RNN.RNN, LSTM.LSTM)],
)
def test_every_layer_has_a_phase(make):
    layer = make()
    assert {phase.name for phase in Base.Phase} == {"train", "test"}
    for phase in (Base.Phase.test, Base.Phase.train):
        layer.phase = phase
        assert layer.phase is phase
    for wrong in ("testing", None, 2):
        with pytest.raises((ValueError, TypeError), match=f"{wrong!r}"):
            layer.phase = wrong
    assert layer.phase is Base.Phase.train


# --------------------------------------------------------------------------------- fully connected


def test_fully_connected_by_hand():
    layer = dense(inputs=2, outputs=1)
    layer.set_weights(np.array([[2.0], [-1.0], [0.5]]))
    x = np.array([[1.0, 3.0], [4.0, 0.0]])
    np.testing.assert_array_equal(layer.forward(x), [[-0.5], [8.5]])
    np.testing.assert_array_equal(layer.backward(np.array([[1.0], [10.0]])), [[2, -1], [20, -10]])
    np.testing.assert_array_equal(layer.get_gradient_weights(), [[41.0], [3.0], [11.0]])
    np.testing.assert_array_equal(layer.weights, [[2.0], [-1.0], [0.5]])
    layer.set_optimizer(Optimizers.Sgd(0.5))
    layer.delta = 0.25
    layer.forward(x)
    layer.backward(np.array([[1.0], [10.0]]))
    np.testing.assert_array_equal(layer.get_weights(), [[-3.125], [-1.375], [-0.875]])


def test_fully_connected_starts_in_the_unit_interval():
    layer = dense(inputs=400, outputs=50)
    assert layer.weights.shape == (401, 50)
    assert layer.weights.min() >= 0
    assert layer.weights.max() < 1
    assert stats.kstest(layer.weights.ravel(), "uniform").pvalue > 1e-3
    np.testing.assert_array_equal(layer.weights, dense(inputs=400, outputs=50).weights)
    assert not np.any(layer.weights == dense(1, inputs=400, outputs=50).weights)
    assert np.sum(dense(inputs=100_000, outputs=1).forward(np.zeros((1, 100_000)))) > 0


def test_fully_connected_is_linear(torch):
    layer = dense()
    layer.set_weights(normal(FEATURES + 1, CLASSES))
    theirs = torch.nn.Linear(FEATURES, CLASSES, dtype=torch.float64)
    weight, bias = torch.tensor(layer.weights[:-1].T), torch.tensor(layer.weights[-1])
    theirs.load_state_dict({"weight": weight, "bias": bias})
    x = torch.tensor(normal(BATCH, FEATURES, seed=1), requires_grad=True)
    error = normal(BATCH, CLASSES, seed=2)
    y = theirs(x)
    y.backward(torch.tensor(error))
    assert_equal(
        {
            "y": layer.forward(x.detach().numpy()),
            "dx": layer.backward(error),
            "dw": layer.get_gradient_weights(),
        },
        {
            "y": y.detach().numpy(),
            "dx": x.grad.numpy(),
            "dw": np.vstack([theirs.weight.grad.numpy().T, theirs.bias.grad.numpy()]),
        },
    )


def test_fully_connected_gradients_by_central_differences():
    layer, softmax, labels = dense(), SoftMax.SoftMax(), one_hot()
    x = normal(BATCH, FEATURES)

    def loss_of_input(x):
        return softmax.forward(layer.forward(x), labels)

    def loss_of_weights(weights):
        layer.set_weights(weights)
        return softmax.forward(layer.forward(x), labels)

    loss_of_input(x)
    dx = layer.backward(softmax.backward(labels))
    dw, w = layer.get_gradient_weights(), layer.get_weights()
    assert relative_errors(loss_of_input, x, dx) <= 1e-5
    assert relative_errors(loss_of_weights, w, dw) <= 1e-5


def test_fully_connected_initialize():
    layer = dense()
    layer.initialize(Initializers.Constant(0.3), Initializers.Constant(-0.1))
    np.testing.assert_array_equal(layer.get_weights()[:-1], 0.3)
    np.testing.assert_array_equal(layer.get_weights()[-1], -0.1)
    wide = dense(inputs=300, outputs=100)
    wide.initialize(Initializers.Xavier(rng=np.random.default_rng(0)), Initializers.Constant(0))
    scaled = wide.weights[:-1].ravel() / math.sqrt(2 / 400)
    assert stats.kstest(scaled, "norm").pvalue > 1e-3


def test_fully_connected_without_an_optimizer():
    layer = dense()
    before = layer.get_weights()
    assert layer.optimizer is None
    layer.forward(normal(BATCH, FEATURES))
    layer.backward(normal(BATCH, CLASSES))
    np.testing.assert_array_equal(layer.get_weights(), before)


def test_fully_connected_shares_nothing():
    layer, x, error = dense(), normal(BATCH, FEATURES), normal(BATCH, CLASSES)
    w, mine, mine_too = layer.get_weights().copy(), x.copy(), error.copy()
    y = layer.forward(mine)
    expected_y = y.copy()
    dx = layer.backward(mine_too)
    dw = layer.get_gradient_weights().copy()
    np.testing.assert_array_equal(mine, x)
    np.testing.assert_array_equal(mine_too, error)
    layer.get_weights()[...] = 0
    layer.get_gradient_weights()[...] = 0
    np.testing.assert_array_equal(layer.get_weights(), w)
    np.testing.assert_array_equal(layer.get_gradient_weights(), dw)
    given = w.copy()
    layer.set_weights(given)
    given[...] = 0
    y = layer.forward(mine)
    np.testing.assert_array_equal(y, expected_y)
    mine[...], y[...] = 7.0, 7.0
    np.testing.assert_array_equal(layer.backward(error), dx)
    np.testing.assert_array_equal(layer.get_gradient_weights(), dw)


def test_fully_connected_new_weights_act_at_the_next_forward():
    layer, x, error = dense(), normal(BATCH, FEATURES), normal(BATCH, CLASSES)
    layer.forward(x)
    expected = layer.backward(error)
    layer.forward(x)
    layer.set_weights(normal(FEATURES + 1, CLASSES))
    np.testing.assert_array_equal(layer.backward(error), expected)
    layer.forward(x)
    assert not np.any(layer.backward(error) == expected)


def test_fully_connected_old_and_new_names():
    layer, x, error = dense(), normal(BATCH, FEATURES), normal(BATCH, CLASSES)
    assert layer.trainable is True
    new = normal(FEATURES + 1, CLASSES)
    layer.weights = new
    np.testing.assert_array_equal(layer.get_weights(), new)
    layer.set_weights(2 * new)
    np.testing.assert_array_equal(layer.weights, 2 * new)
    layer.optimizer = Optimizers.Sgd(0.1)
    assert isinstance(layer.optimizer, Optimizers.Sgd)
    layer.forward(x)
    layer.backward(error)
    np.testing.assert_array_equal(layer.gradient_weights, layer.get_gradient_weights())
    np.testing.assert_array_equal(layer.weights, 2 * new - 0.1 * layer.gradient_weights)
    layer.set_optimizer(Optimizers.Adam(0.1, 0.9, 0.9))
    assert isinstance(layer.optimizer, Optimizers.Adam)


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_fully_connected_copies_its_optimizer(optimizer):
    shared = OPTIMIZERS[optimizer]()
    busy, second, alone = dense(), dense(), dense()
    busy.set_optimizer(shared)
    second.optimizer = shared
    alone.set_optimizer(OPTIMIZERS[optimizer]())
    for layer in (busy, busy, second, alone):
        layer.forward(normal(BATCH, FEATURES))
        layer.backward(normal(BATCH, CLASSES))
    np.testing.assert_array_equal(second.get_weights(), alone.get_weights())


@every_regularizer
def test_fully_connected_regularization_loss(regularizer):
    layer = dense()
    layer.set_weights(normal(FEATURES + 1, CLASSES))
    assert layer.calculate_regularization_loss() == 0
    optimizer = Optimizers.Sgd(0.1)
    optimizer.add_regularizer(REGULARIZERS[regularizer](0.3))
    layer.set_optimizer(optimizer)
    sizes = abs(layer.weights) if regularizer == "L1" else layer.weights**2
    np.testing.assert_allclose(layer.calculate_regularization_loss(), 0.3 * sizes.sum(), rtol=1e-14)


def test_fully_connected_errors():
    layer = dense()
    with pytest.raises(RuntimeError, match="forward"):
        layer.backward(normal(BATCH, CLASSES))
    with pytest.raises(RuntimeError, match="backward"):
        layer.get_gradient_weights()
    with pytest.raises(ValueError, match=r"5 features.*4"):
        layer.forward(normal(BATCH, 5))
    with pytest.raises(ValueError, match=r"\(4,\)"):
        layer.forward(normal(4))
    layer.forward(normal(BATCH, FEATURES))
    for shape in [(BATCH, 2), (BATCH - 1, CLASSES)]:
        with pytest.raises(ValueError, match=rf"{shape[0]}, {shape[1]}"):
            layer.backward(normal(*shape))
    with pytest.raises(ValueError, match=r"4, 3\)"):
        layer.set_weights(normal(FEATURES, CLASSES))


# ------------------------------------------------------------------------------------- activations


@every_activation
def test_activations_are_torchs(torch, activation):
    layer = ACTIVATIONS[activation]()
    function = {"TanH": torch.tanh, "Sigmoid": torch.sigmoid, "ReLU": torch.relu}[activation]
    x = torch.tensor(3 * normal(BATCH, FEATURES), requires_grad=True)
    error = normal(BATCH, FEATURES, seed=1)
    y = function(x)
    y.backward(torch.tensor(error))
    assert_equal(
        {"y": layer.forward(x.detach().numpy()), "dx": layer.backward(error)},
        {"y": y.detach().numpy(), "dx": x.grad.numpy()},
    )


@every_activation
def test_activations_by_value(activation):
    layer = ACTIVATIONS[activation]()
    x = np.array([[-2.0, -0.5, 0.25, 3.0]])
    values, slopes = {
        "TanH": (np.tanh(x), 1 / np.cosh(x) ** 2),
        "Sigmoid": (1 / (1 + np.exp(-x)), 1 / (2 + np.exp(x) + np.exp(-x))),
        "ReLU": (np.array([[0, 0, 0.25, 3]]), np.array([[0.0, 0, 1, 1]])),
    }[activation]
    assert_equal({"y": layer.forward(x)}, {"y": values})
    assert_equal({"dx": layer.backward(np.full(x.shape, 5.0))}, {"dx": 5 * slopes})


@every_activation
def test_activations_by_central_differences(activation):
    layer, error = ACTIVATIONS[activation](), normal(BATCH, FEATURES, seed=1)
    x = normal(BATCH, FEATURES)
    assert abs(x).min() > 1e-4  # no kink within reach
    layer.forward(x)
    dx = layer.backward(error)
    assert relative_errors(lambda x: np.sum(error * layer.forward(x)), x, dx) <= 1e-5


@every_activation
def test_activations_far_out(activation):
    layer = ACTIVATIONS[activation]()
    x = np.array([[-10_000.0, 10_000.0]])
    ends = {"TanH": [[-1, 1]], "Sigmoid": [[0, 1]], "ReLU": [[0, 10_000]]}[activation]
    np.testing.assert_array_equal(layer.forward(x), ends)
    flat = [[0, 1]] if activation == "ReLU" else [[0, 0]]
    np.testing.assert_array_equal(layer.backward(np.ones((1, 2))), flat)


@every_activation
@pytest.mark.parametrize("shape", [(BATCH, FEATURES), (2, 3, 4, 5), (7,)])
def test_activations_share_nothing_and_take_any_shape(activation, shape):
    layer, x, error = ACTIVATIONS[activation](), normal(*shape), normal(*shape, seed=1)
    layer.forward(x.copy())
    expected = layer.backward(error.copy())
    mine, mine_too = x.copy(), error.copy()
    y = layer.forward(mine)
    np.testing.assert_array_equal(mine, x)
    mine[...], y[...] = -7.0, 7.0
    np.testing.assert_array_equal(layer.backward(mine_too), expected)
    np.testing.assert_array_equal(mine_too, error)


@pytest.mark.parametrize("activation", ["TanH", "Sigmoid"])
def test_activations_are_kept(activation):
    layer = ACTIVATIONS[activation]()
    y = layer.forward(normal(BATCH, FEATURES))
    np.testing.assert_array_equal(layer.activations, y)


@every_activation
def test_activations_do_not_train(activation):
    layer = ACTIVATIONS[activation]()
    assert layer.trainable is False


@every_activation
def test_activations_need_a_forward(activation):
    layer = ACTIVATIONS[activation]()
    with pytest.raises(RuntimeError, match="forward"):
        layer.backward(normal(BATCH, FEATURES))
    layer.forward(normal(BATCH, FEATURES))
    with pytest.raises(ValueError, match="1, 4"):
        layer.backward(normal(1, FEATURES))


# ----------------------------------------------------------------------------------------- softmax


def test_softmax_loss_of_certain_mistakes():
    """Logits of 0 on the right class and 100 on the other three."""
    labels = np.eye(4)[np.arange(BATCH) % 4]
    loss = SoftMax.SoftMax().forward(100 * (1 - labels), labels)
    assert np.ndim(loss) == 0
    np.testing.assert_allclose(loss, 909.8875105980, rtol=0, atol=5e-11)
    np.testing.assert_allclose(SoftMax.SoftMax().forward(100 * labels, labels), 0, atol=1e-30)


def test_softmax_by_value():
    layer = SoftMax.SoftMax()
    x, labels = np.log([[1.0, 2.0, 1.0], [3.0, 4.0, 1.0]]), np.array([[0.0, 1, 0], [1, 0, 0]])
    p = np.array([[0.25, 0.5, 0.25], [0.375, 0.5, 0.125]])
    np.testing.assert_allclose(layer.predict(x), p, rtol=1e-15)
    np.testing.assert_allclose(layer.forward(x, labels), -math.log(0.5 * 0.375), rtol=1e-15)
    np.testing.assert_allclose(layer.backward(labels), p - labels, rtol=1e-15)


def test_softmax_is_torchs(torch):
    layer, labels = SoftMax.SoftMax(), one_hot()
    x = torch.tensor(3 * normal(BATCH, CLASSES), requires_grad=True)
    loss = torch.nn.CrossEntropyLoss(reduction="sum")(x, torch.tensor(labels.argmax(axis=1)))
    loss.backward()
    logits = x.detach().numpy()
    assert_equal(
        {
            "loss": np.asarray(layer.forward(logits, labels)),
            "dx": layer.backward(labels),
            "p": layer.predict(logits),
        },
        {
            "loss": loss.detach().numpy(),
            "dx": x.grad.numpy(),
            "p": torch.softmax(x, dim=1).detach().numpy(),
        },
    )


def test_softmax_gradient_by_central_differences():
    layer, labels = SoftMax.SoftMax(), one_hot()
    x = normal(BATCH, CLASSES)
    layer.forward(x, labels)
    dx = layer.backward(labels)
    assert relative_errors(lambda x: layer.forward(x, labels), x, dx) <= 1e-5


def test_softmax_of_large_logits():
    layer = SoftMax.SoftMax()
    labels = np.eye(4)[np.arange(BATCH) % 4]
    for logits in (10_000 * labels, -10_000 * labels, np.full((BATCH, 4), 10_000.0)):
        assert np.isfinite(layer.forward(logits, labels))
        assert np.all(np.isfinite(layer.backward(labels)))
        np.testing.assert_allclose(layer.predict(logits).sum(axis=1), 1, rtol=1e-15)
    assert layer.forward(-10_000.0 * labels, labels) > 9_999 * BATCH


def test_softmax_shares_nothing():
    layer, x, labels = SoftMax.SoftMax(), normal(BATCH, CLASSES), one_hot()
    mine, mine_too = x.copy(), labels.copy()
    layer.forward(mine, mine_too)
    expected = layer.backward(mine_too)
    layer.backward(mine_too)[...] = 7.0
    layer.predict(mine)[...] = 7.0
    np.testing.assert_array_equal(mine, x)
    np.testing.assert_array_equal(mine_too, labels)
    layer.forward(mine, mine_too)
    mine[...] = 7.0
    np.testing.assert_array_equal(layer.backward(labels), expected)


def test_softmax_backward_is_that_of_the_last_forward():
    """A prediction in between, of something else, changes nothing."""
    layer, x, labels = SoftMax.SoftMax(), normal(BATCH, CLASSES), one_hot()
    layer.forward(x, labels)
    expected = layer.backward(labels)
    layer.predict(normal(2, CLASSES))
    np.testing.assert_array_equal(layer.backward(labels), expected)


def test_softmax_labels():
    layer, x, labels = SoftMax.SoftMax(), normal(BATCH, CLASSES), one_hot()
    with pytest.raises(RuntimeError, match="forward"):
        layer.backward(labels)
    for wrong in (labels[:-1], labels[:, :-1], labels.argmax(axis=1)[:, None]):
        with pytest.raises(ValueError, match=rf"{wrong.shape[0]}, {wrong.shape[1]}"):
            layer.forward(x, wrong)
        layer.forward(x, labels)
        with pytest.raises(ValueError, match=rf"{wrong.shape[0]}, {wrong.shape[1]}"):
            layer.backward(wrong)
    assert layer.forward(x, labels.astype(int)) == layer.forward(x, labels)
    np.testing.assert_array_equal(layer.backward(labels.astype(int)), layer.backward(labels))


# ------------------------------------------------------------------------------------ initializers


def drawn_by(kind, shape=(400, 100), seed=0, **options):
    """What an initializer fills an array with, and that it leaves the array alone."""
    weights = np.full(shape, 7.0)
    found = getattr(Initializers, kind)(**options, rng=np.random.default_rng(seed)).initialize(
        weights
    )
    assert np.all(weights == 7)
    assert found.shape == shape
    assert not np.shares_memory(found, weights)
    return found


@pytest.mark.parametrize(
    ("kind", "distribution"),
    [
        ("UniformRandom", stats.uniform()),
        ("Xavier", stats.norm(0, math.sqrt(2 / 500))),
        ("He", stats.norm(0, math.sqrt(2 / 400))),
    ],
)
def test_initializers_by_distribution_and_seed(kind, distribution):
    numbers = drawn_by(kind)
    assert stats.kstest(numbers.ravel(), distribution.cdf).pvalue > 1e-3
    assert len(np.unique(numbers)) == numbers.size
    np.testing.assert_array_equal(numbers, drawn_by(kind))
    assert not np.any(numbers == drawn_by(kind, seed=1))
    constructor = inspect.signature(getattr(Initializers, kind)).parameters
    assert constructor["rng"].kind is inspect.Parameter.KEYWORD_ONLY
    assert getattr(Initializers, kind)().initialize(np.zeros((3, 2))).shape == (3, 2)


@pytest.mark.parametrize("kind", ["UniformRandom", "Xavier", "He"])
def test_an_initializer_draws_on(kind):
    initializer = getattr(Initializers, kind)(rng=np.random.default_rng(0))
    first, second = (initializer.initialize(np.zeros((3, 2))) for _ in range(2))
    assert not np.any(first == second)


def test_the_rows_are_the_inputs():
    """Xavier does not tell them apart; He counts the inputs."""
    assert abs(drawn_by("He", (20, 4000)).std() / math.sqrt(2 / 20) - 1) < 0.02
    assert abs(drawn_by("He", (4000, 20)).std() / math.sqrt(2 / 4000) - 1) < 0.02
    for shape in [(20, 4000), (4000, 20)]:
        assert abs(drawn_by("Xavier", shape).std() / math.sqrt(2 / 4020) - 1) < 0.02


def test_constant():
    weights = np.zeros((2, 3))
    found = Initializers.Constant(-0.25).initialize(weights)
    np.testing.assert_array_equal(found, np.full((2, 3), -0.25))
    np.testing.assert_array_equal(weights, 0)
    assert Initializers.Constant(1).initialize(np.zeros(4)).shape == (4,)


# ------------------------------------------------------------------------------------ update rules


def steps(rule, count=2, weights: Any = 1.0, gradient: Any = 1.0, factor=1.0):
    """Weights after each of several equal gradients."""
    found = []
    for _ in range(count):
        weights = rule.calculate_update(factor, weights, gradient)
        found.append(weights)
    return found


def test_the_printed_numbers():
    assert steps(Optimizers.Sgd(1)) == [0, -1]
    assert steps(Optimizers.Sgd(1), 2, 1, 1) == [0, -1]
    np.testing.assert_allclose(
        steps(Optimizers.SgdWithMomentum(1, 0.9)), [0, -1.9], rtol=0, atol=1e-15
    )
    adam = steps(Optimizers.Adam(1, 0.01, 0.02))
    np.testing.assert_allclose(adam, [1e-8, -0.99999998], rtol=0, atol=1e-15)


@every_optimizer
def test_arrays_and_plain_numbers_take_the_same_steps(optimizer):
    weights, gradient = normal(2, 3, 4), normal(2, 3, 4, seed=1)
    kept = weights.copy(), gradient.copy()
    found = steps(OPTIMIZERS[optimizer](), 3, weights, gradient)[-1]
    np.testing.assert_array_equal(weights, kept[0])
    np.testing.assert_array_equal(gradient, kept[1])
    assert not np.shares_memory(found, weights)
    for index in np.ndindex(weights.shape):
        each = steps(OPTIMIZERS[optimizer](), 3, float(weights[index]), float(gradient[index]))
        assert np.ndim(each[-1]) == 0
        np.testing.assert_allclose(each[-1], found[index], rtol=1e-13)


@every_optimizer
def test_the_factor_scales_the_learning_rate(optimizer):
    weights, gradient = normal(3, 2), normal(3, 2, seed=1)
    slow = OPTIMIZERS[optimizer]()
    full = steps(OPTIMIZERS[optimizer](), 3, weights, gradient)
    scaled = steps(slow, 3, weights, gradient, factor=0.5)
    for ours, reference in zip(scaled, full, strict=True):
        assert_equal({"step": ours - weights}, {"step": 0.5 * (reference - weights)})


def by_hand(optimizer, weights, gradients, shrink=lambda weights: 0.0):
    """The rule as it is written down, one equation a line; `shrink` is the regularizers' term."""
    v, r = np.zeros_like(weights), np.zeros_like(weights)
    for k, g in enumerate(gradients, start=1):
        if optimizer == "sgd":
            weights = weights - 0.05 * (shrink(weights) + g)
        elif optimizer == "momentum":
            v = 0.9 * v - 0.05 * g
            weights = weights - 0.05 * shrink(weights) + v
        else:
            v = 0.9 * v + 0.1 * g
            r = 0.98 * r + 0.02 * g * g
            v_hat, r_hat = v / (1 - 0.9**k), r / (1 - 0.98**k)
            weights = weights - 0.02 * (shrink(weights) + v_hat / (np.sqrt(r_hat) + 1e-8))
    return weights


@every_optimizer
def test_rules_by_hand(optimizer):
    rule, weights = OPTIMIZERS[optimizer](), normal(4, 3)
    gradients = [normal(4, 3, seed=k + 1) for k in range(5)]
    found = weights
    for gradient in gradients:
        found = rule.calculate_update(1, found, gradient)
    assert_equal({"weights": found}, {"weights": by_hand(optimizer, weights, gradients)})


@every_optimizer
@pytest.mark.parametrize("shape", [(6,), (4, 3), (2, 3, 2, 2)])
def test_regularizers_shrink_the_weights_apart_from_the_moments(optimizer, shape):
    """Both regularizers at once, over several steps, and with the weights before each step."""
    rule, weights = OPTIMIZERS[optimizer](), normal(*shape)
    rule.add_regularizer(Constraints.L1_Regularizer(0.3))
    rule.add_regularizer(Constraints.L2_Regularizer(0.2))
    gradients = [normal(*shape, seed=k + 1) for k in range(5)]
    found = weights
    for gradient in gradients:
        found = rule.calculate_update(1, found, gradient)
    reference = by_hand(optimizer, weights, gradients, lambda w: 0.3 * np.sign(w) + 0.2 * w)
    assert_equal({"weights": found}, {"weights": reference})


@every_regularizer
def test_one_regularized_step_by_value(regularizer):
    rule = Optimizers.Sgd(2)
    rule.add_regularizer(REGULARIZERS[regularizer](2))
    before = np.array([[-2.0, 3.0], [0.0, 0.5]])
    after = rule.calculate_update(1.0, before, np.ones((2, 2)))
    expected = {"L1": [[0.0, -3.0], [-2.0, -5.5]], "L2": [[4.0, -11.0], [-2.0, -3.5]]}
    np.testing.assert_array_equal(after, expected[regularizer])
    np.testing.assert_array_equal(before, [[-2.0, 3.0], [0.0, 0.5]])
    halved = rule.calculate_update(0.5, before, np.ones((2, 2)))
    np.testing.assert_array_equal(halved, (before + np.array(expected[regularizer])) / 2)


@every_optimizer
def test_rules_are_torchs(torch, optimizer):
    """On a network of two layers, over several steps."""
    first, second = dense(0, 4, 6), dense(1, 6, CLASSES)
    activation, softmax = Sigmoid.Sigmoid(), SoftMax.SoftMax()
    theirs = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.Sigmoid(), torch.nn.Linear(6, CLASSES)
    ).double()
    for ours, module in [(first, theirs[0]), (second, theirs[2])]:
        ours.initialize(*[Initializers.Xavier(rng=np.random.default_rng(2))] * 2)
        weight, bias = torch.tensor(ours.weights[:-1].T), torch.tensor(ours.weights[-1])
        module.load_state_dict({"weight": weight, "bias": bias})
        ours.set_optimizer(OPTIMIZERS[optimizer]())
    parameters = theirs.parameters()
    update = {
        "sgd": lambda: torch.optim.SGD(parameters, lr=0.05),
        "momentum": lambda: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
        "adam": lambda: torch.optim.Adam(parameters, lr=0.02, betas=(0.9, 0.98), eps=1e-8),
    }[optimizer]()
    for step in range(8):
        x, labels = normal(BATCH, 4, seed=step), one_hot(seed=step)
        criterion = torch.nn.CrossEntropyLoss(reduction="sum")
        loss = criterion(theirs(torch.tensor(x)), torch.tensor(labels.argmax(axis=1)))
        update.zero_grad()
        loss.backward()
        update.step()
        ours = softmax.forward(second.forward(activation.forward(first.forward(x))), labels)
        assert_equal({"loss": np.asarray(ours)}, {"loss": loss.detach().numpy()})
        first.backward(activation.backward(second.backward(softmax.backward(labels))))
        for layer, module in [(first, theirs[0]), (second, theirs[2])]:
            weight, bias = (p.detach().numpy() for p in (module.weight, module.bias))
            assert_equal({"w": layer.get_weights()}, {"w": np.vstack([weight.T, bias])})


def test_a_copy_of_a_rule_goes_its_own_way():
    rule = Optimizers.SgdWithMomentum(1, 0.9)
    steps(rule)
    twin = copy.deepcopy(rule)
    steps(twin, 5)
    other = Optimizers.SgdWithMomentum(1, 0.9)
    assert steps(rule, 1, -1.9) == steps(other, 3)[2:]


# ------------------------------------------------------------------------------------- constraints


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 2, 2)])
def test_regularizers_by_value(shape):
    w = normal(*shape)
    w_before = w.copy()
    first, second = Constraints.L1_Regularizer(0.25), Constraints.L2_Regularizer(0.5)
    np.testing.assert_array_equal(first.calculate(w), 0.25 * np.sign(w))
    np.testing.assert_array_equal(second.calculate(w), 0.5 * w)
    np.testing.assert_allclose(first.norm(w), 0.25 * abs(w).sum(), rtol=1e-15)
    np.testing.assert_allclose(second.norm(w), 0.5 * (w**2).sum(), rtol=1e-15)
    np.testing.assert_array_equal(w, w_before)


def test_a_regularizer_leaves_zero_alone():
    for make in REGULARIZERS.values():
        assert not np.any(make(3.0).calculate(np.zeros((2, 2))))
        assert make(3.0).norm(np.zeros((2, 2))) == 0


# --------------------------------------------------------------------------------- neural networks


class Clouds:
    """Points around three corners: 30 a class, all of them in each batch."""

    def __init__(self):
        rng = np.random.default_rng(0)
        classes = np.repeat(np.arange(CLASSES), 30)
        self.x = 2 * np.eye(CLASSES)[classes] + rng.standard_normal((90, CLASSES))
        self.labels = np.eye(CLASSES)[classes]

    def forward(self):
        return self.x.copy(), self.labels.copy()


class Echo(ReLU.ReLU):
    """A layer as a user would write one: it notes the phase of each forward."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, input_tensor):
        self.seen.append(self.phase)
        return input_tensor

    def backward(self, error_tensor):
        return error_tensor


def network(optimizer, seed=0, hidden=6):
    """Two layers, a Sigmoid between them."""
    rng = np.random.default_rng(seed)
    net = NeuralNetwork.NeuralNetwork(
        optimizer, Initializers.Xavier(rng=rng), Initializers.Constant(0.1)
    )
    net.data_layer, net.loss_layer = Clouds(), SoftMax.SoftMax()
    net.append_trainable_layer(FullyConnected.FullyConnected(CLASSES, hidden))
    net.layers.append(Sigmoid.Sigmoid())
    net.append_trainable_layer(FullyConnected.FullyConnected(hidden, CLASSES))
    return net


def test_append_trainable_layer_initializes_and_copies_the_optimizer():
    optimizer = OPTIMIZERS["adam"]()
    net = network(optimizer)
    assert len(net.layers) == 3
    first, _, second = net.layers
    for layer in (first, second):
        np.testing.assert_array_equal(layer.get_weights()[-1], 0.1)
        assert layer.get_weights()[:-1].min() < 0
        assert isinstance(layer.optimizer, Optimizers.Adam)
        assert layer.optimizer is not optimizer
    assert first.optimizer is not second.optimizer
    net.train(3)
    assert steps(optimizer, 1) == steps(OPTIMIZERS["adam"](), 1)


@every_optimizer
def test_a_network_is_its_layers_in_a_row(optimizer):
    net = network(OPTIMIZERS[optimizer]())
    first, _, second = copy.deepcopy(net.layers)
    activation, softmax, losses = TanH.TanH(), SoftMax.SoftMax(), []
    net.layers[1] = copy.deepcopy(activation)
    x, labels = Clouds().forward()
    for _ in range(4):
        logits = second.forward(activation.forward(first.forward(x)))
        losses.append(softmax.forward(logits, labels))
        first.backward(activation.backward(second.backward(softmax.backward(labels))))
    net.train(1)
    net.train(3)
    assert isinstance(net.loss, list)
    np.testing.assert_allclose(net.loss, losses, rtol=1e-14)
    np.testing.assert_allclose(net.layers[0].weights, first.weights, rtol=0, atol=1e-13)
    p = softmax.predict(second.forward(activation.forward(first.forward(x))))
    np.testing.assert_allclose(net.test(x), p, rtol=0, atol=1e-13)


@every_regularizer
def test_the_loss_of_a_network_counts_its_regularizers(regularizer):
    """With the weights that have made the loss."""
    optimizer = Optimizers.Sgd(0.01)
    optimizer.add_regularizer(REGULARIZERS[regularizer](0.3))
    net, plain = network(optimizer), network(Optimizers.Sgd(0.01))
    trainable = [layer for layer in net.layers if layer.trainable]
    assert len(trainable) == 2
    added = sum(layer.calculate_regularization_loss() for layer in trainable)
    assert added > 1
    net.train(1)
    plain.train(1)
    np.testing.assert_allclose(net.loss, np.add(plain.loss, added), rtol=1e-14)


def test_a_network_sets_the_phase():
    net, echo = network(OPTIMIZERS["sgd"]()), Echo()
    net.layers.append(echo)
    net.test(Clouds().x)
    assert echo.seen == [Base.Phase.test]
    assert {layer.phase for layer in net.layers} == {Base.Phase.test}
    net.train(2)
    assert echo.seen[1:] == [Base.Phase.train] * 2
    assert {layer.phase for layer in net.layers} == {Base.Phase.train}


@every_optimizer
def test_a_test_does_not_train(optimizer):
    net = network(OPTIMIZERS[optimizer]())
    before = net.layers[0].get_weights()
    probabilities = net.test(Clouds().x)
    np.testing.assert_array_equal(net.test(Clouds().x), probabilities)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(net.layers[0].get_weights(), before)
    assert net.loss == []


@pytest.mark.parametrize("recurrent", [RNN.RNN, LSTM.LSTM])
def test_a_network_of_recurrent_layers(recurrent):
    """A row is a time step: the class is that of the point two rows before."""

    class Shifted(Clouds):
        def __init__(self):
            super().__init__()
            order = np.random.default_rng(3).permutation(90)
            self.x, labels = 3 * self.labels[order], self.labels[order]
            self.labels = np.roll(labels, 2, axis=0)
            self.labels[:2] = labels[0]

    rng = np.random.default_rng(0)
    net = NeuralNetwork.NeuralNetwork(
        Optimizers.Adam(0.02, 0.9, 0.999),
        Initializers.Xavier(rng=rng),
        Initializers.Constant(0.0),
    )
    net.data_layer, net.loss_layer = Shifted(), SoftMax.SoftMax()
    net.append_trainable_layer(recurrent(CLASSES, 16, CLASSES, 90))
    net.train(300)
    right = net.test(net.data_layer.x).argmax(axis=1) == net.data_layer.labels.argmax(axis=1)
    assert right[2:].mean() > 0.95


@pytest.mark.parametrize(
    ("make", "iterations"),
    [
        (lambda: Optimizers.Sgd(1e-4), 4000),
        (lambda: Optimizers.SgdWithMomentum(1e-4, 0.8), 2000),
        (lambda: Optimizers.Adam(1e-3, 0.98, 0.999), 2000),
    ],
    ids=OPTIMIZERS,
)
def test_iris(make, iterations):
    pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'handrnn[layers]'")
    rng = np.random.default_rng(np.random.SeedSequence(0))
    net = NeuralNetwork.NeuralNetwork(
        make(), Initializers.UniformRandom(rng=rng), Initializers.Constant(0.1)
    )
    net.data_layer, net.loss_layer = Helpers.IrisData(rng=rng), SoftMax.SoftMax()
    net.append_trainable_layer(FullyConnected.FullyConnected(4, 3))
    net.layers.append(ReLU.ReLU())
    net.append_trainable_layer(FullyConnected.FullyConnected(3, 3))
    net.train(iterations)
    x, labels = net.data_layer.get_test_set()
    assert Helpers.calculate_accuracy(net.test(x), labels) > 0.9
    assert net.loss[-1] < 0.6 * net.loss[0]


@pytest.mark.long
def test_the_smoke_run_of_the_script(tmp_path, capsys):
    """It ends with the path of its figure, and the same seed prints the same numbers."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'handrnn[plots]'")
    script = importlib.import_module("layers_sequences")
    printed = []
    for directory in (tmp_path / "one", tmp_path / "two"):
        assert script.main(["--smoke", "--out", str(directory)]) == 0
        *numbers, last = capsys.readouterr().out.splitlines()
        figure = directory / "layers_sequences.png"
        assert last == f"figure: {figure}"
        assert figure.read_bytes().startswith(b"\x89PNG")
        printed.append(numbers)
    assert len(printed[0]) == 4
    assert printed[0] == printed[1]
