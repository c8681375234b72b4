"""The layers for images, dropout and batch normalization, and the data layers.

Values are held against plain loops, central differences and, where it is installed, torch.
"""

import builtins
import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest

from handrnn import compare
from handrnn.layers import (
    Base,
    BatchNormalization,
    Conv,
    Dropout,
    Flatten,
    FullyConnected,
    Helpers,
    Initializers,
    NeuralNetwork,
    Pooling,
    ReLU,
    SoftMax,
)
from handrnn.layers.optimization import Constraints, Optimizers

BUDGET = 1e-12
BATCH = 2
SEED = 11

# image, stride, kernel: even and odd, larger than the stride and smaller, wider than the image,
# strides that do not divide the image
CONVOLUTIONS = [
    ((3, 10, 14), (1, 1), (3, 5, 8)),
    ((3, 10, 14), (3, 2), (3, 5, 8)),
    ((2, 7, 5), (2, 3), (2, 2, 4)),
    ((2, 7, 5), (4, 3), (2, 1, 1)),
    ((1, 5, 6), (1, 2), (1, 3, 1)),
    ((2, 3, 4), (2, 1), (2, 6, 5)),
    ((3, 15), (2,), (3, 3)),
    ((2, 9), (1,), (2, 4)),
    ((2, 11), (3,), (2, 2)),
]
# image, stride, window: tiled, overlapping, with gaps, with rows left over
POOLINGS = [
    ((2, 4, 7), (2, 2), (2, 2)),
    ((2, 4, 7), (2, 1), (2, 2)),
    ((2, 4, 7), (3, 2), (2, 2)),
    ((3, 7, 9), (1, 2), (3, 4)),
    ((3, 5, 6), (2, 3), (1, 2)),
    ((1, 4, 5), (1, 1), (4, 5)),
    ((2, 11), (2,), (3,)),
]


@pytest.fixture(scope="module")
def torch():
    """The witness, or a skip that says how to get it."""
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


@pytest.fixture
def datasets():
    """The data as they come, or a skip that says how to get them."""
    return pytest.importorskip(
        "sklearn.datasets", reason="needs scikit-learn: pip install 'handrnn[layers]'"
    )


def normal(*shape, seed=SEED):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def assert_equal(ours, reference):
    """Equal to rounding, relative to the largest; a reference of zeros proves nothing."""
    reference = np.asarray(reference)
    assert np.any(reference)
    assert compare.normwise_error(ours, reference) <= BUDGET


def convolution(image, stride, kernel, kernels=4, seed=SEED) -> Any:
    """A layer with weights that have both signs."""
    layer = Conv.Conv(image, stride, kernel, kernels, rng=seed)
    layer.weights = normal(kernels, *kernel, seed=seed)
    layer.bias = normal(kernels, seed=seed)
    return layer


def padding(kernel):
    return [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in kernel]


def loop_convolution(x, weights, bias, stride):
    """Each number of the output on its own: windows around a place of the zero-padded image."""
    _, _, *kernel = weights.shape
    padded = np.pad(x, [(0, 0), (0, 0), *padding(kernel)])
    sizes = [math.ceil(n / s) for n, s in zip(x.shape[2:], stride, strict=True)]
    y = np.zeros((len(x), len(weights), *sizes))
    for b, k, *place in np.ndindex(y.shape):
        window = tuple(
            slice(p * s, p * s + n) for p, s, n in zip(place, stride, kernel, strict=True)
        )
        y[b, k, *place] = np.sum(padded[b][:, *window] * weights[k]) + bias[k]
    return y


def loop_pooling(x, error, stride, window):
    """Maxima of windows, and the error put where the first maximum of each is."""
    starts = [range(0, n - w + 1, s) for n, s, w in zip(x.shape[2:], stride, window, strict=True)]
    y = np.zeros((*x.shape[:2], *map(len, starts)))
    dx = np.zeros(x.shape)
    error = error.reshape(y.shape)
    for b, c, *place in np.ndindex(y.shape):
        corner = [steps[p] for steps, p in zip(starts, place, strict=True)]
        best = None
        for offset in itertools.product(*map(range, window)):
            here = tuple(i + o for i, o in zip(corner, offset, strict=True))
            if best is None or x[b, c, *here] > x[b, c, *best]:
                best = here
        assert best is not None
        y[b, c, *place] = x[b, c, *best]
        dx[b, c, *best] += error[b, c, *place]
    return y, dx


def differences(function, start):
    """Gradient by central differences of a scalar function that is a polynomial of degree two."""
    gradient = np.zeros(start.shape)
    for index in np.ndindex(start.shape):
        up, down = start.copy(), start.copy()
        up[index] += 1
        down[index] -= 1
        gradient[index] = (function(up) - function(down)) / 2
    return gradient


# ------------------------------------------------------------------------------------------ Conv


@pytest.mark.parametrize(("image", "stride", "kernel"), CONVOLUTIONS)
def test_conv_equals_a_plain_loop(image, stride, kernel):
    layer = convolution(image, stride, kernel)
    x = normal(BATCH, *image)
    expected = loop_convolution(x, layer.weights, layer.bias, stride)
    y = layer.forward(x.reshape(BATCH, -1))
    assert y.shape == (BATCH, math.prod(expected.shape[1:]))
    assert layer.output_image_shape == expected.shape[1:]
    assert_equal(y, expected.reshape(BATCH, -1))


@pytest.mark.parametrize(("image", "stride", "kernel"), CONVOLUTIONS[1:])
def test_conv_gradients_equal_differences(image, stride, kernel):
    """The layer is linear in each of its arguments: differences are exact but for rounding."""
    kernels = 2
    layer = convolution(image, stride, kernel, kernels)
    x = normal(BATCH, *image)
    error = normal(*layer.forward(x).shape)
    dx = layer.backward(error)

    def loss(x, weights, bias):
        return np.sum(error * loop_convolution(x, weights, bias, stride).reshape(BATCH, -1))

    W, b = layer.weights, layer.bias
    some = (0, slice(None))  # of one example, or it would take long
    rest = x[1:]
    expected = differences(lambda one: loss(np.concatenate([one, rest]), W, b), x[:1])
    assert_equal(dx[some], expected[0])
    assert_equal(layer.gradient_weights, differences(lambda w: loss(x, w, b), W))
    assert_equal(layer.gradient_bias, differences(lambda v: loss(x, W, v), b))


@pytest.mark.parametrize(("image", "stride", "kernel"), CONVOLUTIONS)
def test_conv_equals_torch(torch, image, stride, kernel):
    layer = convolution(image, stride, kernel)
    x = torch.tensor(normal(BATCH, *image), requires_grad=True)
    w = torch.tensor(layer.weights, requires_grad=True)
    b = torch.tensor(layer.bias, requires_grad=True)
    sides = [zeros for pair in reversed(padding(kernel[1:])) for zeros in pair]
    convolve = getattr(torch.nn.functional, f"conv{len(stride)}d")
    expected = convolve(torch.nn.functional.pad(x, sides), w, b, stride)
    if set(stride) == {1}:
        assert_equal_to_same(convolve, x, w, b, expected)
    error = normal(*expected.shape)
    expected.backward(torch.tensor(error))
    assert_equal(layer.forward(x.detach().numpy()), expected.detach().reshape(BATCH, -1))
    assert_equal(layer.backward(error.reshape(BATCH, -1)), x.grad)
    assert_equal(layer.gradient_weights, w.grad)
    assert_equal(layer.gradient_bias, b.grad)


def assert_equal_to_same(convolve, x, w, b, expected):
    """The padding given to torch by hand is what it calls "same"."""
    with warnings.catch_warnings():  # that there is a copy where kernels are even
        warnings.filterwarnings("ignore", "Using padding='same'", UserWarning)
        same = convolve(x, w, b, padding="same")
    assert_equal(same.detach().numpy(), expected.detach().numpy())


def test_conv_identity_preserves_the_layout():
    """A kernel that picks the middle of channel 1 gives channel 1."""
    layer = Conv.Conv((3, 10, 14), (1, 1), (3, 3, 3), 1, rng=0)
    kernel = np.zeros((1, 3, 3, 3))
    kernel[0, 1, 1, 1] = 1

    class Given:
        def initialize(self, weights):
            assert weights.shape == kernel.shape
            return kernel

    layer.initialize(Given(), Initializers.Constant(0.0))
    x = np.arange(BATCH * 420.0).reshape(BATCH, 3, 10, 14)
    assert np.array_equal(layer.forward(x.reshape(BATCH, -1)), x[:, 1].reshape(BATCH, -1))


def test_conv_pads_an_even_kernel_on_the_right():
    layer = Conv.Conv((1, 3), (1,), (1, 2), 1, rng=0)
    layer.weights, layer.bias = np.array([[[1.0, 10.0]]]), np.zeros(1)
    assert layer.forward([[1, 2, 3]]).tolist() == [[21, 32, 3]]


def test_conv_stride_subsamples():
    one, many = (convolution((2, 7, 8), stride, (2, 3, 4)) for stride in ((1, 1), (3, 2)))
    x = normal(BATCH, 2, 7, 8)
    every = one.forward(x).reshape(BATCH, *one.output_image_shape)
    assert_equal(many.forward(x), every[:, :, ::3, ::2].reshape(BATCH, -1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: convolution((2, 4, 6), (1, 2), (2, 3, 3)),
        lambda: Pooling.Pooling((2, 4, 6), (1, 2), (2, 3)),
    ],
    ids=["Conv", "Pooling"],
)
def test_images_come_flattened_or_not(make):
    """The output is always flattened; the gradient of the input has the shape of the input."""
    flat, square = make(), make()
    x = normal(BATCH, 2, 4, 6)
    y = flat.forward(x.reshape(BATCH, -1))
    assert y.shape == (BATCH, math.prod(flat.output_image_shape))
    assert np.array_equal(y, square.forward(x))
    error = normal(*y.shape)
    dx = flat.backward(error)
    assert dx.shape == (BATCH, 48)
    square_dx = square.backward(error.reshape(BATCH, *square.output_image_shape))
    assert square_dx.shape == x.shape
    assert np.array_equal(square_dx, dx.reshape(x.shape))


def test_images_may_be_integers_and_a_batch_empty():
    conv = convolution((1, 3, 3), (1, 1), (1, 2, 2))
    pool = Pooling.Pooling((1, 3, 3), (2, 2), (2, 2))
    x = np.arange(9).reshape(1, 9)
    assert np.array_equal(conv.forward(x), conv.forward(x.astype(float)))
    assert pool.forward(x).tolist() == [[4]]
    none = conv.forward(np.zeros((0, 9)))
    assert none.shape == (0, 36)
    assert conv.backward(none).shape == (0, 9)
    assert pool.backward(pool.forward(np.zeros((0, 9)))).shape == (0, 9)


def test_conv_starts_uniform_and_seeded():
    one, same, other = (Conv.Conv((3, 8, 8), (1, 1), (3, 10, 10), 50, rng=s) for s in (1, 1, 2))
    for name in ("weights", "bias"):
        start = getattr(one, name)
        assert np.array_equal(start, getattr(same, name))
        assert not np.array_equal(start, getattr(other, name))
        assert 0 <= start.min() < 0.1
        assert 0.9 < start.max() < 1
    assert one.weights.shape == (50, 3, 10, 10)
    assert one.bias.shape == (50,)
    assert abs(one.weights.mean() - 0.5) < 0.02


def test_conv_takes_a_kernel_without_channels_and_one_kernel_without_its_axis():
    layer = Conv.Conv((2, 6, 5), (1, 1), (3, 4), 1, rng=0)
    assert layer.weights.shape == (1, 2, 3, 4)
    kernel = normal(2, 3, 4)
    layer.weights = kernel
    assert np.array_equal(layer.weights, kernel[np.newaxis])
    layer.weights = layer.weights[np.newaxis]
    assert np.array_equal(layer.weights, kernel[np.newaxis])


def test_conv_initialize_draws_weights_and_bias():
    layer = Conv.Conv((3, 8, 8), (1, 1), (3, 4, 5), 20, rng=0)
    layer.initialize(Initializers.He(rng=3), Initializers.Constant(0.1))
    assert np.array_equal(layer.bias, np.full(20, 0.1))
    assert np.std(layer.weights) == pytest.approx(math.sqrt(2 / 60), rel=0.1)
    layer.initialize(Initializers.Constant(2), Initializers.Xavier(rng=3))
    assert np.all(layer.weights == 2)
    assert len(set(layer.bias)) == 20


# --------------------------------------------------------------------------------------- Pooling


@pytest.mark.parametrize(("image", "stride", "window"), POOLINGS)
@pytest.mark.parametrize("ties", [False, True])
def test_pooling_equals_a_plain_loop(image, stride, window, ties):
    layer = Pooling.Pooling(image, stride, window)
    x = normal(BATCH, *image)
    if ties:
        x = np.round(x)
    y = layer.forward(x.reshape(BATCH, -1))
    error = normal(*y.shape)
    expected, dx = loop_pooling(x, error, stride, window)
    assert layer.output_image_shape == expected.shape[1:]
    assert np.array_equal(y, expected.reshape(BATCH, -1))
    assert_equal(layer.backward(error), dx.reshape(BATCH, -1))


@pytest.mark.parametrize(("image", "stride", "window"), POOLINGS)
@pytest.mark.parametrize("ties", [False, True])
def test_pooling_equals_torch(torch, image, stride, window, ties):
    layer = Pooling.Pooling(image, stride, window)
    values = normal(BATCH, *image)
    x = torch.tensor(np.round(values) if ties else values, requires_grad=True)
    pool = getattr(torch.nn.functional, f"max_pool{len(stride)}d")
    expected = pool(x, window, stride)
    error = normal(*expected.shape)
    expected.backward(torch.tensor(error))
    assert np.array_equal(
        layer.forward(x.detach().numpy()), expected.detach().numpy().reshape(BATCH, -1)
    )
    assert_equal(layer.backward(error), x.grad)


def test_pooling_gives_a_tie_to_the_first_and_sums_where_windows_overlap():
    layer = Pooling.Pooling((1, 2, 3), (1, 1), (2, 2))
    assert layer.forward([[7, 9, 0, 9, 9, 3]]).tolist() == [[9, 9]]
    assert layer.backward([[1, 10]]).tolist() == [[0, 11, 0, 0, 0, 0]]


def test_pooling_of_negative_numbers_and_known_values():
    layer = Pooling.Pooling((1, 4, 4), (2, 2), (2, 2))
    x = np.arange(16)[np.newaxis]
    assert layer.forward(x).tolist() == [[5, 7, 13, 15]]
    assert layer.forward(-x).tolist() == [[0, -2, -8, -10]]
    assert not layer.trainable


# ---------------------------------------------------------------------------- Flatten and Dropout


def test_flatten_goes_there_and_back():
    layer = Flatten.Flatten()
    x = normal(BATCH, 3, 4, 5)
    y = layer.forward(x)
    assert np.array_equal(y, x.reshape(BATCH, 60))
    assert np.array_equal(layer.backward(2 * y), 2 * x)
    assert layer.backward(layer.forward(np.zeros((0, 3, 4)))).shape == (0, 3, 4)
    assert layer.forward([[1, 2]]).tolist() == [[1, 2]]


@pytest.mark.parametrize("p", [0.25, 0.5, 0.9])
def test_dropout_keeps_a_share_of_p_and_divides_by_p(p):
    layer = Dropout.Dropout(p, rng=SEED)
    x = np.ones((200, 50))
    y = layer.forward(x)
    assert set(np.unique(y)) == {0.0, 1 / p}
    deviation = math.sqrt(p * (1 - p) / x.size)
    assert abs(np.mean(y > 0) - p) < 5 * deviation
    values = normal(200, 50)
    z = layer.forward(values)
    assert_equal(z[z != 0], values[z != 0] / p)
    assert abs(np.mean(z != 0) - p) < 5 * deviation
    assert np.any((y == 0) != (z == 0))


def test_dropout_backward_is_not_scaled():
    """The convention of this edition: the error where something was kept, and not 1/p times it."""
    layer = Dropout.Dropout(0.5, rng=SEED)
    y = layer.forward(np.ones((9, 40)))
    error = normal(9, 40)
    assert np.array_equal(layer.backward(error), np.where(y > 0, error, 0))


def test_dropout_backward_is_the_gradient_where_that_is_asked_for(torch):
    layer = Dropout.Dropout(0.4, exact_backward=True, rng=SEED)
    x, error = torch.tensor(normal(9, 40), requires_grad=True), normal(9, 40, seed=5)
    y = layer.forward(x.detach().numpy())
    expected = x * torch.tensor(y != 0) / 0.4
    expected.backward(torch.tensor(error))
    assert_equal(y, expected.detach())
    assert_equal(layer.backward(error), x.grad)
    layer.phase = Base.Phase.test
    layer.forward(y)
    assert np.array_equal(layer.backward(error), error)


def test_dropout_in_the_test_phase_does_nothing(torch):
    layer = Dropout.Dropout(0.5, rng=SEED)
    layer.phase = Base.Phase.test
    reference = torch.nn.Dropout(0.5).eval()
    x, error = torch.tensor(normal(9, 4), requires_grad=True), normal(9, 4)
    expected = reference(x)
    expected.backward(torch.tensor(error))
    assert np.array_equal(layer.forward(x.detach().numpy()), expected.detach().numpy())
    assert np.array_equal(layer.backward(error), x.grad.numpy())


def test_dropout_phases_and_ends_of_p():
    layer = Dropout.Dropout(0.1, rng=SEED)
    x = normal(9, 4)
    assert layer.phase is Base.Phase.train
    assert np.any(layer.forward(x) == 0)
    layer.phase = Base.Phase.test
    assert np.array_equal(layer.forward(x), x)
    assert np.array_equal(layer.backward(x), x)
    layer.phase = Base.Phase.train
    assert np.any(layer.forward(x) == 0)
    assert np.array_equal(Dropout.Dropout(1).forward(x), x)


def test_dropout_is_seeded():
    x = np.ones((9, 40))
    one, same, other = (Dropout.Dropout(0.5, rng=seed).forward(x) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("p", [0, -0.1, 1.01, 50, float("nan")])
def test_dropout_wants_a_probability(p):
    with pytest.raises(ValueError, match=r"p is .*: the probability to keep"):
        Dropout.Dropout(p)


# ---------------------------------------------------------------------------- BatchNormalization


def batch_normalization(channels, features, seed=SEED):
    layer = BatchNormalization.BatchNormalization(channels)
    layer.weights = normal(channels or features, seed=seed)
    layer.bias = normal(channels or features, seed=seed + 1)
    return layer


def moments(x, channels=None):
    columns = x.reshape(-1, channels or x[0].size)
    return columns.mean(axis=0), columns.var(axis=0)


def spread(*shape, seed=SEED):
    """Columns with means and variances of their own."""
    x = normal(*shape, seed=seed)
    return x * np.linspace(0.5, 2, shape[-1]) + np.linspace(-3, 4, shape[-1])


@pytest.mark.parametrize("channels", [0, 3])
def test_batch_normalization_normalizes(channels):
    layer = BatchNormalization.BatchNormalization(channels)
    assert layer.epsilon <= 1e-8
    x = spread(50, 18)
    mean, variance = moments(layer.forward(x), channels)
    assert np.allclose(mean, 0, atol=1e-12)
    assert np.allclose(variance, 1, atol=1e-6)
    width = channels or 18
    assert np.array_equal(layer.weights, np.ones(width))
    assert np.array_equal(layer.bias, np.zeros(width))


@pytest.mark.parametrize("channels", [0, 3])
def test_batch_normalization_by_value(channels):
    layer = batch_normalization(channels, 6)
    x = spread(20, 6)
    mean, variance = moments(x, channels)
    rows = x.reshape(-1, channels or 6)
    expected = layer.weights * (rows - mean) / np.sqrt(variance + layer.epsilon) + layer.bias
    assert_equal(layer.forward(x), expected.reshape(20, 6))


@pytest.mark.parametrize("channels", [0, 3])
def test_batch_normalization_after_one_forward_the_moments_are_exact(channels):
    layer = batch_normalization(channels, 6)
    x = spread(20, 6)
    y = layer.forward(x)
    layer.phase = Base.Phase.test
    assert np.array_equal(layer.forward(x), y)
    zeros = layer.forward(np.zeros((4, 6))).reshape(-1, channels or 6)
    mean, variance = moments(x, channels)
    expected = layer.bias - layer.weights * mean / np.sqrt(variance + layer.epsilon)
    assert_equal(zeros, np.tile(expected, (len(zeros), 1)))


def test_batch_normalization_moving_average():
    """It starts at the first moments, moves in the train phase, and rests in the test phase."""
    layer = batch_normalization(0, 6)
    first, second = spread(20, 6), 3 * spread(25, 6, seed=4) + 1
    layer.forward(first)
    layer.forward(second)
    d = layer.decay
    assert 0 < d < 1
    (mean, variance), (second_mean, second_variance) = moments(first), moments(second)
    mean = d * mean + (1 - d) * second_mean
    variance = d * variance + (1 - d) * second_variance
    layer.phase = Base.Phase.test
    for _ in range(2):
        x = 5 * spread(7, 6, seed=5)
        expected = layer.weights * (x - mean) / np.sqrt(variance + layer.epsilon) + layer.bias
        assert_equal(layer.forward(x), expected)
    assert_equal(layer.moving_mean, mean)
    assert_equal(layer.moving_variance, variance)


@pytest.mark.parametrize("channels", [0, 3])
@pytest.mark.parametrize("phase", list(Base.Phase))
def test_batch_normalization_gradients_equal_differences(channels, phase):
    """The second layer's weights make the loss depend on what normalization takes away."""
    layer = batch_normalization(channels, 6)
    layer.forward(spread(20, 6, seed=3))
    layer.phase = phase
    layers = [layer, FullyConnected.FullyConnected(6, 4, rng=0), SoftMax.SoftMax()]
    x = spread(5, 6)
    labels = np.eye(4)[[0, 1, 2, 3, 1]]
    assert np.sum(Helpers.gradient_check(layers, x, labels)) < 1e-4
    # each forward moves the average, but only the test phase looks at it, and there it rests
    assert np.sum(Helpers.gradient_check_weights(layers, x, labels)) < 1e-5
    assert np.sum(Helpers.gradient_check_weights(layers, x, labels, bias=True)) < 1e-5


TORCH_SHAPES = [
    ("BatchNorm1d", 0, (20, 6)),
    ("BatchNorm1d", 3, (8, 3, 5)),
    ("BatchNorm2d", 3, (4, 3, 5, 2)),
]


@pytest.mark.parametrize(("kind", "channels", "shape"), TORCH_SHAPES)
@pytest.mark.parametrize("phase", list(Base.Phase))
def test_batch_normalization_equals_torch(torch, kind, channels, shape, phase):
    """torch has the channels in front; in an example of this layer they vary fastest."""

    def rows(array):
        return np.moveaxis(np.asarray(array), 1, -1).reshape(shape[0], -1)

    layer = batch_normalization(channels, shape[1])
    reference = getattr(torch.nn, kind)(
        shape[1], eps=layer.epsilon, momentum=1, dtype=torch.float64
    )
    with torch.no_grad():
        reference.weight.copy_(torch.tensor(layer.weights))
        reference.bias.copy_(torch.tensor(layer.bias))
    if phase is Base.Phase.test:
        layer.forward(spread(shape[0], math.prod(shape[1:])))
        layer.phase = phase
        reference.eval()
        reference.running_mean.copy_(torch.tensor(layer.moving_mean))
        reference.running_var.copy_(torch.tensor(layer.moving_variance))
    x = torch.tensor(normal(*shape), requires_grad=True)
    expected = reference(x)
    error = normal(*shape, seed=5)
    expected.backward(torch.tensor(error))
    assert_equal(layer.forward(rows(x.detach())), rows(expected.detach()))
    assert_equal(layer.backward(rows(error)), rows(x.grad))
    assert_equal(layer.gradient_weights, reference.weight.grad)
    assert_equal(layer.get_gradient_bias(), reference.bias.grad)


def test_batch_normalization_of_images_without_channels():
    x = normal(8, 3, 4, 5)
    flat, square = (batch_normalization(0, 60) for _ in range(2))
    y = flat.forward(x.reshape(8, -1))
    assert np.array_equal(square.forward(x), y.reshape(x.shape))
    assert np.array_equal(square.backward(x), flat.backward(x.reshape(8, -1)).reshape(x.shape))


@pytest.mark.parametrize(
    ("kind", "shape"), [("BatchNorm1d", (8, 3, 5)), ("BatchNorm2d", (4, 3, 5, 2))]
)
@pytest.mark.parametrize("phase", list(Base.Phase))
def test_batch_normalization_of_images_equals_torch(torch, kind, shape, phase):
    """Two forwards: torch's average gets the moments of the first, and ours begins with them."""
    layer = batch_normalization(3, 3)
    first, x, error = (
        normal(*shape, seed=seed) + np.arange(3).reshape(3, *[1] * (len(shape) - 2))
        for seed in (1, 2, 3)
    )
    reference = getattr(torch.nn, kind)(
        3, eps=layer.epsilon, momentum=1 - layer.decay, dtype=torch.float64
    )
    axes = (0, *range(2, len(shape)))
    with torch.no_grad():
        reference.weight.copy_(torch.tensor(layer.weights))
        reference.bias.copy_(torch.tensor(layer.bias))
        reference.running_mean.copy_(torch.tensor(first.mean(axes)))
        reference.running_var.copy_(torch.tensor(first.var(axes)))
    reference.train(phase is Base.Phase.train)
    layer.forward(first)
    layer.phase = phase
    theirs = torch.tensor(x, requires_grad=True)
    expected = reference(theirs)
    expected.backward(torch.tensor(error))
    assert_equal(layer.forward(x), expected.detach())
    assert_equal(layer.backward(error), theirs.grad)
    assert_equal(layer.gradient_weights, reference.weight.grad)
    assert_equal(layer.gradient_bias, reference.bias.grad)
    assert_equal(layer.moving_mean, reference.running_mean)
    if phase is Base.Phase.train:  # here torch has Bessel's correction, and these layers have not
        count = x.size // 3
        correction = 0.2 * x.var(axes) / (count - 1)
        assert_equal(layer.moving_variance + correction, reference.running_var)


def test_batch_normalization_of_images_is_that_of_their_rows():
    """Images and rows of one channel after the other are the same to a layer with channels."""
    x, error = normal(4, 3, 5, 2), normal(4, 3, 5, 2, seed=5)
    images, rows = (batch_normalization(3, 3) for _ in range(2))
    y = rows.forward(rows.reformat(x))
    assert y.shape == (40, 3)
    assert np.array_equal(images.forward(x), rows.reformat(y))
    assert np.array_equal(
        images.backward(error), rows.reformat(rows.backward(images.reformat(error)))
    )
    assert np.array_equal(images.reformat(x)[:10], x[0].reshape(3, 10).T)


def test_batch_normalization_refuses_other_images():
    layer = batch_normalization(3, 3)
    with pytest.raises(RuntimeError, match="reformat needs images before it gets rows"):
        layer.reformat(np.zeros((6, 3)))
    with pytest.raises(ValueError, match=r"\(4, 5, 2, 3\): axis 1 of images has to be 3 channels"):
        layer.forward(normal(4, 5, 2, 3))
    layer.forward(normal(4, 3, 5, 2))
    for wrong in ((39, 3), (40, 2)):
        with pytest.raises(ValueError, match=r"tensor is .*: .* needs \(40, 3\)"):
            layer.reformat(np.zeros(wrong))


def test_batch_normalization_makes_its_weights_late_and_initialize_begins_anew():
    layer = BatchNormalization.BatchNormalization()
    for name in ("weights", "bias"):
        with pytest.raises(RuntimeError, match=f"has no {name} yet: the first forward makes them"):
            getattr(layer, name)
    layer.set_optimizer(regularized())
    assert layer.calculate_regularization_loss() == 0
    layer.initialize(Initializers.Xavier(rng=0), Initializers.Constant(7))
    x = spread(20, 6)
    y = layer.forward(x)
    assert_equal(layer.weights, np.ones(6))
    assert not np.any(layer.bias)
    assert layer.calculate_regularization_loss() == pytest.approx(0.25 * 6)
    layer.backward(y)
    assert not np.array_equal(layer.weights, np.ones(6))
    layer.initialize(Initializers.Xavier(rng=0), Initializers.Constant(7))
    assert np.array_equal(layer.forward(x), y)
    assert layer.forward(spread(20, 6)[:, :6]).shape == (20, 6)
    layer.initialize(Initializers.Xavier(rng=0), Initializers.Constant(7))
    assert layer.forward(spread(20, 4)).shape == (20, 4)


def test_batch_normalization_with_channels_has_its_weights_at_once():
    layer = BatchNormalization.BatchNormalization(3)
    for _ in range(2):
        assert np.array_equal(layer.weights, np.ones(3))
        assert np.array_equal(layer.bias, np.zeros(3))
        layer.weights = layer.bias = normal(3)
        layer.initialize(Initializers.Constant(7), Initializers.Constant(7))


def test_batch_normalization_of_a_constant_is_its_bias():
    layer = batch_normalization(0, 3)
    assert np.array_equal(layer.forward(np.full((4, 3), 0.5)), np.tile(layer.bias, (4, 1)))


# -------------------------------------------------------------------------- what layers share


def regularized():
    optimizer = Optimizers.Sgd(0.1)
    optimizer.add_regularizer(Constraints.L2_Regularizer(0.25))
    return optimizer


TRAINABLE = {
    "Conv": lambda: convolution((2, 4, 5), (1, 2), (2, 3, 2)),
    "BatchNormalization": lambda: batch_normalization(0, 40),
}
LAYERS: dict[str, Any] = {
    **TRAINABLE,
    "Pooling": lambda: Pooling.Pooling((2, 4, 5), (1, 2), (3, 2)),
    "Flatten": Flatten.Flatten,
    "Dropout": lambda: Dropout.Dropout(0.5, rng=SEED),
}
STEPS = {
    "sgd": lambda: Optimizers.Sgd(0.1),
    "momentum": lambda: Optimizers.SgdWithMomentum(0.1, 0.9),
    "adam": lambda: Optimizers.Adam(0.1, 0.9, 0.98),
    "regularized": regularized,
}
every_layer = pytest.mark.parametrize("name", LAYERS)
every_trainable = pytest.mark.parametrize("name", TRAINABLE)


def batch():
    return spread(6, 40)


@every_layer
def test_nothing_is_aliased_and_inputs_are_not_modified(name):
    layer = LAYERS[name]()
    x = batch()
    given = x.copy()
    y = layer.forward(given)
    assert np.array_equal(given, x)
    error = normal(*y.shape)
    given_error = error.copy()
    dx = layer.backward(given_error)
    assert np.array_equal(given_error, error)
    expected = dx.copy()
    for array in (given, y, dx):
        array[...] = np.nan
    again = layer.backward(given_error)
    assert np.array_equal(again, expected)
    given_error[...] = np.nan
    assert np.array_equal(again, expected)


@every_layer
def test_the_test_phase_does_not_alias_either(name):
    layer = LAYERS[name]()
    layer.forward(batch())
    layer.phase = Base.Phase.test
    x = batch()
    y = layer.forward(x)
    y[...] = np.nan
    error = np.ones(y.shape)
    layer.backward(error)[...] = np.nan
    assert np.array_equal(x, batch())
    assert np.array_equal(error, np.ones(y.shape))


@every_trainable
@pytest.mark.parametrize("array", ["weights", "bias"])
def test_accessors_copy_and_share_one_state(name, array):
    layer = TRAINABLE[name]()
    assert layer.trainable
    start = getattr(layer, array)
    getattr(layer, array)[...] = 0
    assert np.any(start)
    assert np.array_equal(getattr(layer, array), start)
    other = normal(*start.shape, seed=8)
    setattr(layer, array, other)
    own = other.copy()
    other[...] = 0
    assert np.array_equal(getattr(layer, array), own)
    layer.backward(layer.forward(batch()))
    gradient = getattr(layer, f"gradient_{array}")
    assert np.array_equal(getattr(layer, f"get_gradient_{array}")(), gradient)
    kept = gradient.copy()
    gradient[...] = 0
    assert np.array_equal(getattr(layer, f"gradient_{array}"), kept)


@every_trainable
def test_older_accessors_are_the_same_state(name):
    layer = TRAINABLE[name]()
    weights = layer.get_weights()
    assert np.array_equal(weights, layer.weights)
    y = layer.forward(batch())
    layer.set_weights(2 * weights)
    assert np.array_equal(layer.weights, 2 * weights)
    layer.bias = np.zeros(layer.bias.shape)
    half = layer.forward(batch())
    layer.weights = weights
    assert_equal(2 * layer.forward(batch()), half)
    assert not np.array_equal(y, half)


@every_trainable
def test_set_weights_act_at_the_next_forward(name):
    changed, left = TRAINABLE[name](), TRAINABLE[name]()
    y = changed.forward(batch())
    left.forward(batch())
    changed.set_weights(3 * changed.get_weights())
    error = normal(*y.shape)
    assert np.array_equal(changed.backward(error), left.backward(error))


@every_trainable
@pytest.mark.parametrize("step", STEPS)
def test_updates_with_state_of_their_own(name, step):
    """Both arrays step by themselves: each has a copy of the optimizer, none is the one given."""
    layer = TRAINABLE[name]()
    given = STEPS[step]()
    layer.delta = 0.5
    layer.set_optimizer(given)
    own = {"weights": STEPS[step](), "bias": STEPS[step]()}
    expected = {array: getattr(layer, array) for array in own}
    for seed in range(3):
        y = layer.forward(batch())
        layer.backward(normal(*y.shape, seed=seed))
        for array, optimizer in own.items():
            gradient = getattr(layer, f"gradient_{array}")
            expected[array] = optimizer.calculate_update(0.5, expected[array], gradient)
            assert_equal(getattr(layer, array), expected[array])
    fresh = STEPS[step]()
    assert given.calculate_update(1.0, 2.0, 3.0) == fresh.calculate_update(1.0, 2.0, 3.0)


@every_trainable
def test_without_an_optimizer_weights_rest(name):
    layer = TRAINABLE[name]()
    weights, bias = layer.weights, layer.bias
    assert layer.optimizer is None
    y = layer.forward(batch())
    layer.backward(y)
    assert np.array_equal(layer.weights, weights)
    assert np.array_equal(layer.bias, bias)


@every_trainable
def test_regularization_loss_by_value(name):
    layer = TRAINABLE[name]()
    assert layer.calculate_regularization_loss() == 0
    layer.set_optimizer(regularized())
    norm = 0.25 * (np.sum(layer.weights**2) + np.sum(layer.bias**2))
    assert layer.calculate_regularization_loss() == pytest.approx(norm, rel=1e-14)


@every_trainable
def test_walking_up_the_squares_makes_them_larger(name):
    layer = TRAINABLE[name]()
    layer.delta = 1
    layer.set_optimizer(Optimizers.Sgd(1e-3))
    for _ in range(10):
        y = layer.forward(batch())
        layer.backward(-y)
        assert np.sum(layer.forward(batch()) ** 2) > np.sum(y**2)


@every_layer
def test_backward_before_forward(name):
    with pytest.raises(RuntimeError, match=f"{name}.backward needs a forward before it"):
        LAYERS[name]().backward(batch())


@every_trainable
def test_gradients_before_backward(name):
    layer = TRAINABLE[name]()
    for get in (layer.get_gradient_weights, layer.get_gradient_bias):
        with pytest.raises(RuntimeError, match="has no gradients yet: backward makes them"):
            get()


@every_layer
def test_an_error_of_another_shape(name):
    layer = LAYERS[name]()
    y = layer.forward(batch())
    for wrong in (y[:-1], y[:, :-1], y[0]):
        with pytest.raises(ValueError, match="error_tensor is"):
            layer.backward(wrong)


@every_layer
def test_an_unknown_phase(name):
    with pytest.raises(ValueError, match="phase is 'dream'"):
        LAYERS[name]().phase = "dream"


@pytest.mark.parametrize("name", ["Conv", "Pooling"])
@pytest.mark.parametrize("shape", [(6, 39), (6, 41), (6, 2, 5, 4), (40,), ()])
def test_a_wrong_number_of_features_in_images(name, shape):
    message = r"input_tensor is \(.*\): images of this layer come as \(batch, 40\), flattened"
    with pytest.raises(ValueError, match=message):
        LAYERS[name]().forward(np.zeros(shape))


def test_a_wrong_number_of_features_in_batch_normalization():
    layer = BatchNormalization.BatchNormalization()
    layer.forward(batch())
    with pytest.raises(ValueError, match="has 39 features but these weights take 40"):
        layer.forward(batch()[:, 1:])
    with pytest.raises(ValueError, match="40 features are not a multiple of 3 channels"):
        BatchNormalization.BatchNormalization(3).forward(batch())
    with pytest.raises(ValueError, match="single number"):
        layer.forward(1.0)
    with pytest.raises(ValueError, match="is empty"):
        layer.forward(np.zeros((0, 40)))
    with pytest.raises(ValueError, match="channels is -1"):
        BatchNormalization.BatchNormalization(-1)
    with pytest.raises(ValueError, match="single number"):
        Flatten.Flatten().forward(1.0)


def test_the_test_phase_of_batch_normalization_needs_an_average():
    layer = BatchNormalization.BatchNormalization()
    layer.phase = Base.Phase.test
    with pytest.raises(RuntimeError, match="no moving average in the test phase"):
        layer.forward(batch())


@every_trainable
def test_weights_of_a_wrong_shape(name):
    layer = TRAINABLE[name]()
    for array in ("weights", "bias"):
        with pytest.raises(ValueError, match=f"{array} is .*: this {name} needs"):
            setattr(layer, array, getattr(layer, array)[:-1])
    wrong = layer.weights.T if name == "Conv" else layer.weights[:, np.newaxis]
    with pytest.raises(ValueError, match="weights is"):
        layer.set_weights(wrong)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((3, 8, 8), (1,), (3, 3, 3), 2), ValueError, r"stride_shape is \(1,\): 2 numbers"),
        (((3, 8, 8), (1, 0), (3, 3, 3), 2), ValueError, r"stride_shape is \(1, 0\): .* least 1"),
        (((3, 8, 8), (1, 1), (2, 3, 3), 2), ValueError, r"it is 3 channels and 2 more numbers"),
        (((3, 8, 8), (1, 1), (3,), 2), ValueError, r"convolution_shape is \(3,\)"),
        (((3, 8, 8), (1, 1), (1, 3, 3, 3), 2), ValueError, r"convolution_shape is"),
        (((3, 8, 8), (1, 1), (3, 3, 3), 0), ValueError, r"num_kernels is \(0,\)"),
        (((3,), (1,), (3, 3), 2), ValueError, r"input_image_shape is \(3,\)"),
        (((3, 8.0, 8), (1, 1), (3, 3, 3), 2), TypeError, r"input_image_shape .* integers"),
    ],
)
def test_shapes_that_make_no_convolution(arguments, error, message):
    with pytest.raises(error, match=message):
        Conv.Conv(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 4, 7), (2, 2), (5, 2)), r"no such window is inside an image of \(4, 7\)"),
        (((2, 4, 7), (2, 2), (2, 2, 2)), r"pooling_shape is \(2, 2, 2\): 2 numbers"),
        (((2, 4, 7), (2,), (2, 2)), r"stride_shape is \(2,\): 2 numbers"),
        (((2, 4, 7), (2, -1), (2, 2)), r"stride_shape is \(2, -1\): .* at least 1"),
    ],
)
def test_shapes_that_make_no_pooling(arguments, message):
    with pytest.raises(ValueError, match=message):
        Pooling.Pooling(*arguments)


# --------------------------------------------------------------------------------------- Helpers


def test_accuracy_by_value():
    results = [[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.4, 0.1, 0.5]]
    assert Helpers.calculate_accuracy(results, np.eye(3)[[1, 0, 0, 2]]) == 0.75
    for wrong in (np.eye(3), np.eye(4)):
        with pytest.raises(ValueError, match=r"both are \(examples, classes\)"):
            Helpers.calculate_accuracy(results, wrong)


def test_shuffling_keeps_pairs_together():
    x, labels = np.arange(30.0).reshape(10, 3), np.arange(10)
    shuffled, shuffled_labels = Helpers.shuffle_data(x, labels, rng=3)
    assert np.array_equal(shuffled, x[shuffled_labels])
    assert sorted(shuffled_labels) == list(range(10))
    assert np.any(shuffled_labels != labels)
    assert np.array_equal(Helpers.shuffle_data(x, labels, rng=3)[1], shuffled_labels)
    with pytest.raises(ValueError, match="10 examples but 9 labels"):
        Helpers.shuffle_data(x, labels[:-1])


def test_random_data():
    data, same = (Helpers.RandomData(4, 50, 3, rng=1) for _ in range(2))
    x, labels = data.forward()
    assert x.shape == (50, 4)
    assert labels.shape == (50, 3)
    assert np.array_equal(labels.sum(axis=1), np.ones(50))
    assert len(set(labels.argmax(axis=1))) == 3
    assert not np.array_equal(data.forward()[0], x)
    assert all(map(np.array_equal, same.forward(), (x, labels)))


def chain():
    """A small network with everything that has a gradient, and its input and labels."""
    conv = convolution((2, 3, 4), (1, 2), (2, 2, 3), 2)
    pool = Pooling.Pooling(conv.output_image_shape, (1, 1), (2, 1))
    layers = [
        conv,
        batch_normalization(2, 12),
        pool,
        Flatten.Flatten(),
        FullyConnected.FullyConnected(math.prod(pool.output_image_shape), 3, rng=1),
        SoftMax.SoftMax(),
    ]
    return layers, normal(4, 24), np.eye(3)[[0, 1, 2, 1]]


def test_gradient_check_of_a_chain_and_it_sees_mistakes():
    layers, x, labels = chain()
    assert Helpers.gradient_check(layers, x, labels).shape == x.shape
    assert np.max(Helpers.gradient_check(layers, x, labels)) < 1e-5
    before = layers[0].weights
    by_weight = Helpers.gradient_check_weights(layers, x, labels)
    assert by_weight.shape == before.shape
    assert np.max(by_weight) < 1e-5
    assert np.array_equal(layers[0].weights, before)
    # a bias before batch normalization does nothing, so the bias is that of the normalization
    rest = layers[0].forward(x)
    assert np.max(Helpers.gradient_check_weights(layers[1:], rest, labels, bias=True)) < 1e-5
    original = layers[0].backward
    layers[0].backward = lambda error: 1.01 * original(error)
    wrong = Helpers.gradient_check(layers, x, labels)
    assert np.allclose(wrong, 1 - 1 / 1.01, rtol=1e-3)


@pytest.mark.parametrize(
    ("data", "load", "unit", "features", "classes", "train", "test"),
    [
        (Helpers.IrisData, "load_iris", 1, 4, 3, 100, 50),
        (Helpers.DigitData, "load_digits", 16, 64, 10, 1198, 599),
    ],
)
def test_data_layers(datasets, data, load, unit, features, classes, train, test):
    layer = data(rng=1)
    x, labels = layer.forward()
    test_x, test_labels = layer.get_test_set()
    assert (x.shape, labels.shape) == ((train, features), (train, classes))
    assert (test_x.shape, test_labels.shape) == ((test, features), (test, classes))
    for one_hot in (labels, test_labels):
        assert np.array_equal(np.sort(one_hot, axis=1)[:, -2:], np.tile([0, 1], (len(one_hot), 1)))
        assert len(set(one_hot.argmax(axis=1))) == classes
    raw, target = getattr(datasets, load)(return_X_y=True)
    found = np.column_stack(
        [np.concatenate([x, test_x]) * unit, np.concatenate([labels, test_labels])]
    )
    true = np.column_stack([raw, np.eye(classes)[target]])
    assert np.array_equal(found[np.lexsort(found.T)], true[np.lexsort(true.T)])
    again = data(rng=1)
    assert all(map(np.array_equal, again.forward(), (x, labels)))
    assert not np.array_equal(data(rng=2).get_test_set()[0], test_x)
    test_x[...] = -1
    assert np.min(layer.get_test_set()[0]) >= 0


def test_batches_come_once_before_they_come_again(datasets):
    layer = Helpers.IrisData(30, rng=1)
    train = np.unique(Helpers.IrisData(rng=1).forward()[0], axis=0)
    epochs = [np.concatenate([layer.forward()[0] for _ in range(3)]) for _ in range(2)]
    for epoch in epochs:
        assert len(epoch) == 90
        rows, counts = np.unique(epoch, axis=0, return_counts=True)
        known = {tuple(row) for row in train}
        assert all(tuple(row) in known for row in rows)
        everything = Helpers.IrisData(rng=1).forward()[0]
        for row, count in zip(rows, counts, strict=True):
            assert count <= np.sum(np.all(everything == row, axis=1))
    assert not np.array_equal(epochs[0], epochs[1])
    for wrong in (0, 101):
        with pytest.raises(ValueError, match=f"batch_size is {wrong}: it can be 1 to 100"):
            Helpers.IrisData(wrong)


@pytest.mark.parametrize(
    ("package", "call", "message"),
    [
        ("sklearn", Helpers.IrisData, r"the iris data .* pip install 'handrnn\[layers\]'"),
        (
            "matplotlib",
            lambda: Helpers.plot_difference(True, "none", [1.0], [1.0]),
            r"plot_difference needs matplotlib: pip install 'handrnn\[plots\]'",
        ),
    ],
)
def test_what_to_install_is_said(monkeypatch, package, call, message):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith(package):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=message):
        call()


@pytest.mark.parametrize("shape", [(7,), (4, 5)])
def test_plot_difference_shows_values_reference_and_difference(tmp_path, monkeypatch, shape):
    figures = pytest.importorskip("matplotlib.figure", reason="pip install 'handrnn[plots]'")
    drawn = []
    monkeypatch.setattr(figures.Figure, "savefig", lambda self, path: drawn.append((self, path)))
    values, reference = normal(*shape), normal(*shape, seed=3)
    Helpers.plot_difference(False, "no", values, reference, tmp_path)
    assert not drawn
    Helpers.plot_difference(True, "tanh", values, reference, tmp_path / "plots")
    ((figure, path),) = drawn
    assert path == tmp_path / "plots" / "tanh.pdf"
    assert path.parent.is_dir()
    shown = [
        axes.lines[0].get_ydata() if len(shape) == 1 else axes.images[0].get_array()
        for axes in figure.axes[:3]
    ]
    for array, expected in zip(shown, (values, reference, values - reference), strict=True):
        np.testing.assert_array_equal(array, expected)
    for wrong in (values[1:], values[np.newaxis, np.newaxis]):
        with pytest.raises(ValueError, match="one or two axes are needed"):
            Helpers.plot_difference(True, "tanh", wrong, reference, tmp_path)


# ----------------------------------------------------------------------------------- they learn


def digits_network(optimizer, normalization=None, keep=1.0, seed=SEED):
    """A small convolutional network and its data."""
    rngs = np.random.default_rng(seed).spawn(6)
    network = NeuralNetwork.NeuralNetwork(
        optimizer, Initializers.He(rng=rngs[0]), Initializers.Constant(0.1)
    )
    network.data_layer = Helpers.DigitData(150, rng=rngs[1])
    network.loss_layer = SoftMax.SoftMax()
    conv = Conv.Conv((1, 8, 8), (1, 1), (1, 3, 3), 4, rng=rngs[2])
    pool = Pooling.Pooling(conv.output_image_shape, (2, 2), (2, 2))
    network.append_trainable_layer(conv)
    if normalization is not None:
        network.append_trainable_layer(BatchNormalization.BatchNormalization(normalization))
    network.layers += [ReLU.ReLU(), pool, Flatten.Flatten()]
    network.append_trainable_layer(FullyConnected.FullyConnected(64, 32, rng=rngs[3]))
    network.layers += [Dropout.Dropout(keep, rng=rngs[4]), ReLU.ReLU()]
    network.append_trainable_layer(FullyConnected.FullyConnected(32, 10, rng=rngs[5]))
    return network


def with_regularizer(regularizer):
    optimizer = Optimizers.Adam(5e-3, 0.98, 0.999)
    if regularizer is not None:
        optimizer.add_regularizer(regularizer)
    return optimizer


@pytest.mark.parametrize(
    ("regularizer", "normalization", "keep"),
    [
        (None, None, 1.0),
        (Constraints.L1_Regularizer(8e-2), None, 1.0),
        (Constraints.L2_Regularizer(8e-2), None, 1.0),
        (None, None, 0.5),
        (None, 0, 1.0),
        (None, 4, 1.0),
        (Constraints.L2_Regularizer(8e-2), 0, 0.5),
    ],
    ids=["plain", "L1", "L2", "dropout", "normalization", "channels", "everything"],
)
def test_digits_are_learnt(datasets, regularizer, normalization, keep):
    network = digits_network(with_regularizer(regularizer), normalization, keep)
    network.train(100)
    assert len(network.loss) == 100
    x, labels = network.data_layer.get_test_set()
    assert Helpers.calculate_accuracy(network.test(x), labels) > 0.5
    assert np.array_equal(network.test(x), network.test(x))


def test_digits_are_learnt_the_same_again(datasets):
    losses = []
    for seed in (3, 3, 4):
        network = digits_network(with_regularizer(None), 0, 0.5, seed)
        network.train(5)
        losses.append(network.loss)
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]
