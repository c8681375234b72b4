"""What programs written for other editions of the layers expect: the seed, names, signatures."""

from typing import Any

import numpy as np
import pytest

from handrnn.layers import (
    LSTM,
    RNN,
    Conv,
    Dropout,
    FullyConnected,
    Helpers,
    Initializers,
)

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
