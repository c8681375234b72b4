"""What programs written for other editions of the layers expect: the seed, names, signatures."""

from typing import Any

import numpy as np
import pytest

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
)
from handrnn.layers.optimization import Optimizers

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
