"""What programs written for other editions of the layers expect: the seed, names, signatures."""

import math
from typing import Any

import numpy as np
import pytest

from handrnn import compare
from handrnn.layers import (
    LSTM,
    RNN,
    Base,
    BatchNormalization,
    Conv,
    Dropout,
    FullyConnected,
    Helpers,
    Initializers,
    NeuralNetwork,
    Pooling,
    ReLU,
    SoftMax,
    editions,
)
from handrnn.layers.optimization import Constraints, Optimizers

# ------------------------------------------------------------------------- NumPy's legacy generator

DRAWN: dict[str, Any] = {
    "FullyConnected": lambda **rng: FullyConnected.FullyConnected(3, 2, **rng).weights,
    "RNN": lambda **rng: RNN.RNN(3, 4, 2, **rng).weights,
    "LSTM output": lambda **rng: LSTM.LSTM(3, 4, 2, **rng).output_layer.weights,
    "Conv": lambda **rng: Conv.Conv((1, 4, 4), (1, 1), (1, 2, 2), 3, **rng).bias,
    "Dropout": lambda **rng: Dropout.Dropout(0.5, **rng).forward(np.ones((4, 9))),
    "UniformRandom": lambda **rng: Initializers.UniformRandom(**rng).initialize(np.zeros(5)),
    "Xavier": lambda **rng: Initializers.Xavier(**rng).initialize(np.zeros((5, 2))),
    "He": lambda **rng: Initializers.He(**rng).initialize(np.zeros((5, 2))),
    "shuffle_data": lambda **rng: Helpers.shuffle_data(np.arange(20), np.arange(20), **rng)[0],
    "RandomData": lambda **rng: Helpers.RandomData(3, 4, 2, **rng).forward()[0],
}
every_drawn = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


@pytest.fixture
def legacy():
    """NumPy's legacy generator, which is afterwards in the state that it had."""
    state = np.random.get_state()  # noqa: NPY002
    yield np.random
    np.random.set_state(state)  # noqa: NPY002


@every_drawn
def test_without_a_seed_numbers_follow_from_numpys_legacy_generator(legacy, draw):
    legacy.seed(3)
    first, second = draw(), draw()
    legacy.seed(3)
    np.testing.assert_array_equal(draw(), first)
    assert not np.array_equal(first, second)
    legacy.seed(3)
    seed = legacy.randint(2**63, dtype=np.uint64)
    np.testing.assert_array_equal(draw(rng=seed), first)


@every_drawn
def test_with_a_seed_numpys_legacy_generator_is_left_alone(legacy, draw):
    legacy.seed(3)
    first = draw(rng=1)
    assert legacy.random() == np.random.RandomState(3).random()
    np.testing.assert_array_equal(draw(rng=1), first)


def test_each_draw_follows_from_the_legacy_generator_as_it_is_then(legacy):
    """Who seeds between construction and forward expects the same mask again."""
    layer, x = Dropout.Dropout(0.5), np.ones((4, 9))
    legacy.seed(5)
    mask = layer.forward(x)
    assert not np.array_equal(layer.forward(x), mask)
    legacy.seed(5)
    np.testing.assert_array_equal(layer.forward(x), mask)


# ---------------------------------------------------------------------------------- other names


def test_testing_phase_is_the_phase():
    layer = ReLU.ReLU()
    assert layer.testing_phase is False
    layer.testing_phase = True
    assert layer.phase is Base.Phase.test
    layer.phase = Base.Phase.train
    assert layer.testing_phase is False
    with pytest.raises(ValueError, match="testing_phase is 'yes'"):
        layer.testing_phase = "yes"


@pytest.mark.parametrize("kind", [RNN.RNN, LSTM.LSTM, FullyConnected.FullyConnected])
def test_a_layer_that_is_not_trainable_rests(kind):
    layer = kind(3, 4, 2, rng=0) if kind is not FullyConnected.FullyConnected else kind(3, 2, rng=0)
    layer.set_optimizer(Optimizers.Sgd(0.1))
    arrays = [layer, *filter(None, [getattr(layer, "output_layer", None)])]
    x = np.ones((5, 3))
    layer.trainable = False
    before = [array.weights for array in arrays]
    layer.backward(layer.forward(x))
    for array, weights in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array.weights, weights)
        assert np.any(array.gradient_weights)
    layer.trainable = True
    layer.backward(layer.forward(x))
    for array, weights in zip(arrays, before, strict=True):
        assert np.all(array.weights != weights)


def test_what_has_no_weights_is_not_trainable():
    layer = ReLU.ReLU()
    layer.trainable = False
    with pytest.raises(ValueError, match="trainable is True: a ReLU has no weights"):
        layer.trainable = True


@pytest.mark.parametrize(
    "make",
    [
        ReLU.ReLU,
        SoftMax.SoftMax,
        lambda: Dropout.Dropout(0.5),
        lambda: FullyConnected.FullyConnected(3, 2),
        lambda: RNN.RNN(3, 4, 2),
        lambda: Conv.Conv((1, 4, 4), (1, 1), (1, 2, 2), 3),
        lambda: Pooling.Pooling((1, 4, 4), (1, 1), (2, 2)),
        lambda: BatchNormalization.BatchNormalization(),
        lambda: NeuralNetwork.NeuralNetwork(None, None, None),
    ],
)
def test_an_attribute_that_would_do_nothing_is_refused(make):
    with pytest.raises(AttributeError, match="has no attribute 'probability': to set it would do"):
        make().probability = 0.5


def test_a_layer_of_ones_own_may_have_what_it_likes():
    class Scale(Base.BaseLayer):
        def __init__(self):
            self.factor = 2

        def initialize(self, weights_initializer, bias_initializer):
            self.weights = weights_initializer.initialize(np.ones(1))

    layer = Scale()
    layer.trainable = True
    layer.regularizer = layer.factor
    assert layer.trainable


def test_the_phase_of_a_network_is_that_of_its_layers():
    net = NeuralNetwork.NeuralNetwork(None, None, None)
    net.layers += [ReLU.ReLU(), Dropout.Dropout(0.5)]
    net.phase = Base.Phase.test
    assert all(layer.testing_phase for layer in net.layers)
    with pytest.raises(ValueError, match="dream"):
        net.phase = "dream"


# -------------------------------------------------------------------------------- newer editions


def normal(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


class Asked:
    """An initializer that notes what it is asked for."""

    def __init__(self):
        self.asked = []

    def initialize(self, shape, fan_in, fan_out):
        self.asked.append((shape, fan_in, fan_out))
        return np.full(shape, 0.5)


class Descent:
    """Somebody's own optimizer, with the newer signature."""

    def calculate_update(self, weights, gradient):
        return weights - 0.1 * gradient


@pytest.mark.parametrize(
    ("layer", "weights", "bias"),
    [
        (editions.FullyConnected(3, 2), [((3, 2), 3, 2)], [((1, 2), 1, 2)]),
        (
            editions.LSTM(3, 4, 2),
            [((7, 16), 7, 16), ((4, 2), 4, 2)],
            [((1, 16), 1, 16), ((1, 2), 1, 2)],
        ),
        (editions.Conv(1, (3, 5, 8), 4), [((4, 3, 5, 8), 120, 160)], [((1, 4), 1, 4)]),
        (editions.Conv((1,), (3, 5), 4), [((4, 3, 5), 15, 20)], [((1, 4), 1, 4)]),
    ],
)
def test_initializers_are_asked_for_a_shape_and_fans(layer, weights, bias):
    asked, asked_bias = Asked(), Asked()
    layer.initialize(asked, asked_bias)
    assert asked.asked == weights
    assert asked_bias.asked == bias
    assert np.all(layer.weights == 0.5)


@pytest.mark.parametrize(
    ("kind", "deviation"), [("Xavier", math.sqrt(2 / 50)), ("He", math.sqrt(2 / 20))]
)
def test_newer_initializers_by_value(kind, deviation):
    found = getattr(editions, kind)(rng=3).initialize((4, 5), 20, 30)
    expected = deviation * np.random.default_rng(3).standard_normal((4, 5))
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_newer_initializers_without_fans():
    assert np.array_equal(editions.Constant(0.1).initialize((2, 3)), np.full((2, 3), 0.1))
    expected = np.random.default_rng(3).random((2, 3))
    assert np.array_equal(editions.UniformRandom(rng=3).initialize((2, 3), 2, 3), expected)


@pytest.mark.parametrize(
    ("optimizer", "second", "tolerance"),
    [
        (editions.Sgd(1.0), -1.0, 0),
        (editions.SgdWithMomentum(1.0, 0.9), -1.9, 1e-15),
        (editions.Adam(1.0, 0.01, 0.02), -0.99999998, 1e-8),
    ],
)
def test_newer_optimizers_take_weights_and_gradient(optimizer, second, tolerance):
    first = optimizer.calculate_update(1.0, 1.0)
    assert first == pytest.approx(0, abs=max(tolerance, 1e-7))
    assert optimizer.calculate_update(first, 1.0) == pytest.approx(second, abs=2 * tolerance)


def test_newer_regularizers():
    weights = np.array([[1.0, -2.0], [2.0, 0.0]])
    for older in (Constraints.L1_Regularizer(0.5), Constraints.L2_Regularizer(0.5)):
        newer = getattr(editions, type(older).__name__)(0.5)
        assert np.array_equal(newer.calculate_gradient(weights), older.calculate(weights))
        assert newer.norm(weights) == older.norm(weights)
    assert editions.L2_Regularizer(0.5).norm(weights) == 4.5
    assert editions.L2_Regularizer(0.5, root=True).norm(weights) == 1.5
    optimizer = editions.Sgd(0.1)
    optimizer.add_regularizer(editions.L1_Regularizer(0.5))
    stepped = optimizer.calculate_update(weights, np.zeros((2, 2)))
    assert np.array_equal(stepped, weights - 0.1 * 0.5 * np.sign(weights))


@pytest.mark.parametrize("kind", ["RNN", "LSTM"])
def test_newer_layers_ask_an_optimizer_for_two_arguments(kind):
    layer = getattr(editions, kind)(3, 4, 2, rng=0)
    older = {"RNN": RNN.RNN, "LSTM": LSTM.LSTM}[kind](3, 4, 2, rng=0)
    layer.optimizer = Descent()
    older.optimizer = Optimizers.Sgd(0.1)
    x, error = normal(5, 3), normal(5, 2)
    for _ in range(2):
        assert np.array_equal(layer.forward(x), older.forward(x))
        assert np.array_equal(layer.backward(error), older.backward(error))
    assert np.array_equal(layer.weights, older.weights)
    assert np.array_equal(layer.output_layer.weights, older.output_layer.weights)


def assert_same_layer(newer, older, x):
    """On images, what the older layer does with flattened ones."""
    y = newer.forward(x)
    assert y.shape == (len(x), *older.output_image_shape)
    assert np.array_equal(y.reshape(len(x), -1), older.forward(x))
    error = normal(*y.shape, seed=1)
    assert np.array_equal(newer.backward(error), older.backward(error))


@pytest.mark.parametrize("shapes", [[(7, 5), (9, 4)], [(11,), (8,)]])
def test_newer_convolutions_take_images_of_any_size(shapes):
    kernel, stride = (2, 3, 4)[: 1 + len(shapes[0])], (2, 3)[: len(shapes[0])]
    newer = editions.Conv(stride, kernel, 4, rng=0)
    newer.optimizer = Descent()
    for size in shapes:
        older = Conv.Conv((2, *size), stride, kernel, 4, rng=0)
        older.weights, older.bias = newer.weights, newer.bias
        older.set_optimizer(Optimizers.Sgd(0.1))
        assert_same_layer(newer, older, normal(3, 2, *size))
        assert np.array_equal(newer.weights, older.weights)
        assert np.array_equal(newer.gradient_bias, older.gradient_bias)
    with pytest.raises(ValueError, match=r"input_tensor is .*: this Conv needs \(batch, 2, "):
        newer.forward(normal(3, 3, *shapes[0]))


def test_newer_pooling_takes_images_of_any_size():
    newer = editions.Pooling((2, 1), (2, 3))
    with pytest.raises(RuntimeError, match=r"Pooling\.backward needs a forward"):
        newer.backward(normal(3, 2, 3, 3))
    for size in ((7, 5), (4, 6)):
        assert_same_layer(newer, Pooling.Pooling((2, *size), (2, 1), (2, 3)), normal(3, 2, *size))


def test_newer_pooling_refuses_other_shapes():
    layer = editions.Pooling((2, 1), (2, 3))
    with pytest.raises(
        ValueError, match=r"\(3, 60\): this Pooling needs \(batch, channels, y, x\)"
    ):
        layer.forward(normal(3, 60))
    with pytest.raises(ValueError, match=r"no such window is inside an image of \(1, 5\)"):
        layer.forward(normal(3, 2, 1, 5))
    with pytest.raises(ValueError, match="pooling_shape is"):
        editions.Pooling((2, 1), (0, 3))


def test_newer_dropout_has_its_gradient():
    layer = editions.Dropout(0.25, rng=0)
    y = layer.forward(np.ones((5, 8)))
    assert set(np.unique(y)) == {0, 4}
    assert np.array_equal(layer.backward(np.ones((5, 8))), y)


def test_softmax_and_its_loss_are_the_older_softmax():
    layer, loss, older = editions.SoftMax(), editions.CrossEntropyLoss(), SoftMax.SoftMax()
    x, labels = normal(9, 4), np.eye(4)[[0, 1, 2, 3, 0, 1, 2, 3, 1]]
    assert loss.forward(layer.forward(x), labels) == pytest.approx(older.forward(x, labels))
    assert (
        compare.normwise_error(layer.backward(loss.backward(labels)), older.backward(labels))
        < 1e-12
    )
    assert np.sum(Helpers.gradient_check([layer, loss], x, labels)) < 1e-5


def test_the_loss_of_predictions_that_are_zero_is_finite():
    labels = np.eye(4)[[0, 1, 2, 3, 0, 1, 2, 3, 1]]
    loss = editions.CrossEntropyLoss()
    assert loss.forward(np.roll(labels, 1, axis=1), labels) == pytest.approx(324.3928805, abs=1e-6)
    assert loss.forward(labels, labels) == pytest.approx(0, abs=1e-14)


def test_a_newer_network_is_the_older_one():
    newer = editions.NeuralNetwork(
        editions.SgdWithMomentum(0.05, 0.9), editions.Xavier(rng=1), editions.Constant(0.1)
    )
    newer.data_layer, newer.loss_layer = (
        editions.RandomData(5, 8, 3, rng=2),
        editions.CrossEntropyLoss(),
    )
    older = NeuralNetwork.NeuralNetwork(
        Optimizers.SgdWithMomentum(0.05, 0.9),
        Initializers.Xavier(rng=1),
        Initializers.Constant(0.1),
    )
    older.data_layer, older.loss_layer = Helpers.RandomData(5, 8, 3, rng=2), SoftMax.SoftMax()
    for sizes in ((5, 6), (6, 3)):
        newer.append_layer(editions.FullyConnected(*sizes))
        newer.append_layer(editions.ReLU() if sizes == (5, 6) else editions.SoftMax())
        older.append_trainable_layer(FullyConnected.FullyConnected(*sizes))
    older.layers.insert(1, ReLU.ReLU())
    newer.train(20)
    older.train(20)
    np.testing.assert_allclose(newer.loss, older.loss, rtol=1e-10)
    x = normal(4, 5)
    np.testing.assert_allclose(newer.test(x), older.test(x), rtol=1e-10)
    assert newer.layers[0].optimizer is not newer.layers[2].optimizer


def test_a_layer_that_is_not_trainable_is_appended_as_it_is():
    net = editions.NeuralNetwork(editions.Sgd(0.1), editions.Constant(0.0), editions.Constant(0.0))
    layer = editions.FullyConnected(3, 2, rng=0)
    layer.trainable, before = False, layer.weights
    net.append_layer(layer)
    assert np.array_equal(net.layers[0].weights, before)
    assert layer.optimizer is None


@pytest.mark.parametrize("data", ["IrisData", "DigitData", "RandomData"])
def test_newer_data_come_from_next(data):
    assert getattr(editions, data).next is getattr(Helpers, data).forward
