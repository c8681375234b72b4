"""Initial weights: distributions, orthogonality, reproducibility, gate blocks, errors."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from handrnn import compare, initializers

BUDGET = 1e-12
# Of some hundred tests of distributions in this file, correct code fails one in a hundred seeds.
LEVEL = 1e-4
SEED = 31
SHAPE = (120, 90)
KERNEL = (30, 20, 3, 5)  # fan_in 300, fan_out 450

XAVIER, XAVIER_KERNEL = math.sqrt(2 / 210), math.sqrt(2 / 750)
HE, HE_KERNEL = math.sqrt(2 / 90), math.sqrt(2 / 300)

# name, arguments before rng, bound of the uniform distribution
UNIFORM = [
    ("uniform", (SHAPE, -0.25, 0.25), 0.25),
    ("xavier_uniform", (SHAPE,), math.sqrt(3) * XAVIER),
    ("xavier_uniform", (SHAPE, 5 / 3), math.sqrt(3) * XAVIER * 5 / 3),
    ("xavier_uniform", (KERNEL,), math.sqrt(3) * XAVIER_KERNEL),
    ("he_uniform", (SHAPE,), math.sqrt(3) * HE),
    ("he_uniform", (KERNEL, 1.0), math.sqrt(3 / 300)),
    ("torch_recurrent", (SHAPE, 30), 1 / math.sqrt(30)),
    ("torch_linear", (SHAPE, 90), 1 / math.sqrt(90)),
]
# name, arguments before rng, standard deviation
NORMAL = [
    ("normal", (SHAPE,), 1.0),
    ("normal", (SHAPE, 0.3), 0.3),
    ("xavier_normal", (SHAPE,), XAVIER),
    ("xavier_normal", (KERNEL, 2.0), 2 * XAVIER_KERNEL),
    ("he_normal", (SHAPE,), HE),
    ("he_normal", (SHAPE, 1.0), math.sqrt(1 / 90)),
    ("he_normal", (KERNEL,), HE_KERNEL),
]
RANDOM = [
    *[(name, arguments) for name, arguments, _ in UNIFORM + NORMAL],
    ("orthogonal", ((6, 4),)),
    ("chrono", (5, 40)),
    ("chrono_gru", (5, 40)),
]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


def draw(name, arguments, seed=SEED, **options):
    return getattr(initializers, name)(*arguments, rng=np.random.default_rng(seed), **options)


def assert_distributed(sample, cdf):
    """Kolmogorov-Smirnov: the shape of the distribution."""
    assert stats.kstest(sample.ravel(), cdf).pvalue > LEVEL


def assert_same_distribution(sample, other):
    """Kolmogorov-Smirnov for two samples."""
    result: Any = stats.ks_2samp(sample.ravel(), other.ravel())
    assert result.pvalue > LEVEL


def assert_variance(sample, variance):
    """Mean zero and this variance, to four standard errors: a scale 3 % off does not pass."""
    n = sample.size
    assert abs(sample.mean()) < 4 * math.sqrt(variance / n)
    assert abs(sample.var() / variance - 1) < 4 * math.sqrt(2 / n)


@pytest.mark.parametrize(("name", "arguments", "bound"), UNIFORM)
def test_uniform_distributions(name, arguments, bound):
    W = draw(name, arguments)
    assert W.shape == arguments[0]
    assert W.dtype == np.float64
    assert np.abs(W).max() <= bound
    assert_distributed(W, stats.uniform(-bound, 2 * bound).cdf)
    assert_variance(W, bound**2 / 3)


@pytest.mark.parametrize(("name", "arguments", "std"), NORMAL)
def test_normal_distributions(name, arguments, std):
    W = draw(name, arguments)
    assert W.shape == arguments[0]
    assert W.dtype == np.float64
    assert_distributed(W, stats.norm(0, std).cdf)
    assert_variance(W, std**2)


def test_uniform_is_on_zero_to_one_by_default():
    W = draw("uniform", (SHAPE,))
    assert W.min() >= 0
    assert W.max() < 1
    assert_distributed(W, stats.uniform(0, 1).cdf)


@pytest.mark.parametrize(
    ("ours", "theirs", "gain", "options"),
    [
        ("xavier_uniform", "xavier_uniform_", 1.5, {"gain": 1.5}),
        ("xavier_normal", "xavier_normal_", 1.5, {"gain": 1.5}),
        ("he_uniform", "kaiming_uniform_", math.sqrt(2), {"nonlinearity": "relu"}),
        ("he_normal", "kaiming_normal_", math.sqrt(2), {"nonlinearity": "relu"}),
        ("he_normal", "kaiming_normal_", 1.0, {"nonlinearity": "linear"}),
        ("orthogonal", "orthogonal_", 1.5, {"gain": 1.5}),
    ],
)
@pytest.mark.parametrize("shape", [SHAPE, KERNEL])
def test_distributions_are_torchs(torch, ours, theirs, gain, options, shape):
    torch.manual_seed(0)
    reference = getattr(torch.nn.init, theirs)(torch.empty(shape), **options).numpy()
    assert_same_distribution(draw(ours, (shape, gain)), reference)


@pytest.mark.parametrize("module", ["RNN", "LSTM", "GRU"])
def test_torch_recurrent_is_torchs(torch, module):
    torch.manual_seed(0)
    for reference in getattr(torch.nn, module)(40, 50).parameters():
        ours = draw("torch_recurrent", (tuple(reference.shape), 50))
        assert_same_distribution(ours, reference.detach().numpy())


def test_torch_linear_is_torchs(torch):
    torch.manual_seed(0)
    for reference in torch.nn.Linear(4, 2000).parameters():
        ours = draw("torch_linear", (tuple(reference.shape), 4))
        assert_same_distribution(ours, reference.detach().numpy())


@pytest.mark.parametrize("gain", [1.0, 0.7])
@pytest.mark.parametrize("shape", [(6, 6), (7, 4), (4, 7), (1, 3), (5, 2, 3), (8, 2, 3), (1, 1)])
def test_orthogonal_is_orthogonal(shape, gain):
    W = draw("orthogonal", (shape, gain))
    assert W.shape == shape
    matrix = W.reshape(shape[0], -1)
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    assert compare.normwise_error(gram, gain**2 * np.eye(len(gram))) <= BUDGET


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2)])
def test_orthogonal_is_uniform_among_all(shape):
    """Rows and columns point everywhere alike: in 3 dimensions each coordinate is U(-1, 1).

    Without the correction of signs the diagonal has one sign more often than the other.
    """
    rng = np.random.default_rng(SEED)
    matrices = np.array([initializers.orthogonal(shape, rng=rng) for _ in range(4000)])
    for entry in matrices.reshape(4000, -1).T:
        assert_distributed(entry, stats.uniform(-1, 2).cdf)
    if shape == (3, 3):
        positive = np.count_nonzero(np.linalg.det(matrices) > 0)
        assert stats.binomtest(positive, 4000).pvalue > LEVEL


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
def test_identity(shape):
    np.testing.assert_array_equal(initializers.identity(shape, 0.5), 0.5 * np.eye(*shape))
    np.testing.assert_array_equal(initializers.identity(shape), np.eye(*shape))


def test_constant():
    np.testing.assert_array_equal(initializers.constant((2, 3), 0.1), [[0.1] * 3] * 2)


def test_forget_bias():
    expected = [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]  # i, f, g, o
    np.testing.assert_array_equal(initializers.forget_bias(3), expected)
    np.testing.assert_array_equal(initializers.forget_bias(3, -2.5), -2.5 * np.array(expected))


def test_update_bias():
    expected = [0, 0, 0, 1, 1, 1, 0, 0, 0]  # r, u, n
    np.testing.assert_array_equal(initializers.update_bias(3), expected)
    np.testing.assert_array_equal(initializers.update_bias(3, -2.5), -2.5 * np.array(expected))
    assert initializers.update_bias(2, dtype="float32").dtype == np.float32
    with pytest.raises(ValueError, match="hidden_size is 0"):
        initializers.update_bias(0)


def assert_chrono(keep):
    """The logarithm of U(1, 49), both ends of which 4000 numbers come close to."""
    steps = np.exp(keep)
    assert_distributed(steps, stats.uniform(1, 48).cdf)
    assert 1 <= steps.min() < 1.1
    assert 48.9 < steps.max() <= 49


def test_chrono():
    i, f, g, o = draw("chrono", (4000, 50)).reshape(4, -1)
    assert_chrono(f)
    np.testing.assert_array_equal(i, -f)
    assert not g.any()
    assert not o.any()


def test_chrono_gru():
    r, u, n = draw("chrono_gru", (4000, 50)).reshape(3, -1)
    assert_chrono(u)
    assert not r.any()
    assert not n.any()


def test_gate_blocks_sit_where_torch_has_them(torch):
    """A gate that its bias holds open (+-100) makes torch's cell keep its state."""
    H = 3
    state, x = torch.rand(2, H, dtype=torch.float64), torch.zeros(2, 1, dtype=torch.float64)
    lstm, gru = torch.nn.LSTMCell(1, H).double(), torch.nn.GRUCell(1, H).double()
    chrono = 1e5 * draw("chrono", (H, 50))
    chrono_gru = 1e5 * draw("chrono_gru", (H, 50))
    forget = initializers.forget_bias(H, 100.0)
    for cell in (lstm, gru):
        for parameter in cell.parameters():
            parameter.data.zero_()
    for bias in (forget, chrono):
        lstm.bias_ih.data = torch.tensor(bias)
        _, c = lstm(x, (state, state))  # what enters is i tanh(0) = 0
        assert compare.normwise_error(c.detach().numpy(), state.numpy()) <= BUDGET
    for bias in (chrono_gru, initializers.update_bias(H, 100.0)):
        gru.bias_ih.data = torch.tensor(bias)
        h = gru(x, state)
        assert compare.normwise_error(h.detach().numpy(), state.numpy()) <= BUDGET
    lstm.bias_ih.data = torch.tensor(chrono)
    lstm.weight_ih.data[2 * H : 3 * H] = 100.0
    _, c = lstm(x + 1, (state, state))  # the candidate is 1, but i is shut
    assert compare.normwise_error(c.detach().numpy(), state.numpy()) <= BUDGET


@pytest.mark.parametrize(("name", "arguments"), RANDOM)
def test_same_seed_same_bits(name, arguments):
    first = draw(name, arguments)
    np.testing.assert_array_equal(draw(name, arguments), first)
    assert not np.array_equal(draw(name, arguments, seed=SEED + 1), first)


@pytest.mark.parametrize(("name", "arguments"), RANDOM)
def test_float32_is_float64_rounded(name, arguments):
    W = draw(name, arguments, dtype=np.float32)
    assert W.dtype == np.float32
    np.testing.assert_array_equal(W, draw(name, arguments).astype(np.float32))


def test_float32_without_randomness():
    assert initializers.constant((2,), 0.1, dtype="float32").dtype == np.float32
    assert initializers.identity((2, 3), 0.1, dtype="float32").dtype == np.float32
    assert initializers.forget_bias(2, dtype="float32").dtype == np.float32


def test_the_global_random_state_is_neither_used_nor_moved():
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    for name, arguments in RANDOM:
        draw(name, arguments)
    np.testing.assert_equal(np.random.get_state(legacy=False), before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("message", "name", "arguments"),
    [
        (r"shape is \(5,\): weights have at least two axes", "orthogonal", ((5,),)),
        (r"shape is \(5,\): weights have at least two axes", "xavier_normal", ((5,),)),
        (r"shape is \(5,\): weights have at least two axes", "he_uniform", ((5,),)),
        (r"shape is \(3, 0\): there is nothing to draw", "he_normal", ((3, 0),)),
        ("gain is -1: it cannot be negative", "orthogonal", ((2, 2), -1)),
        ("gain is -1: it cannot be negative", "xavier_uniform", ((2, 2), -1)),
        ("gain is nan: it cannot be negative", "he_normal", ((2, 2), math.nan)),
        ("std is -1: it cannot be negative", "normal", ((2, 2), -1)),
        ("low is 2, above high, which is 1", "uniform", ((2, 2), 2, 1)),
        ("hidden_size is 0: it must be at least 1", "torch_recurrent", ((2, 2), 0)),
        ("in_features is 0: it must be at least 1", "torch_linear", ((2, 2), 0)),
        ("longest is 2: it must be at least 3", "chrono", (4, 2)),
        ("longest is 2: it must be at least 3", "chrono_gru", (4, 2)),
        ("hidden_size is 0: it must be at least 1", "chrono", (0, 5)),
    ],
)
def test_errors_say_what_is_wrong(message, name, arguments):
    with pytest.raises(ValueError, match=message):
        draw(name, arguments)


def test_errors_without_randomness():
    with pytest.raises(ValueError, match=r"shape is \(2, 2, 2\): an identity matrix has two axes"):
        initializers.identity((2, 2, 2))
    with pytest.raises(ValueError, match="gain is -1: it cannot be negative"):
        initializers.identity((2, 2), -1)
    with pytest.raises(ValueError, match="hidden_size is 0"):
        initializers.forget_bias(0)


@pytest.mark.parametrize(("name", "arguments"), RANDOM)
def test_a_seed_is_no_generator_and_integers_are_no_weights(name, arguments):
    with pytest.raises(TypeError, match=r"rng is 3: a numpy\.random\.Generator is needed"):
        getattr(initializers, name)(*arguments, rng=3)
    with pytest.raises(TypeError, match="dtype is int64"):
        draw(name, arguments, dtype=np.int64)


@pytest.mark.parametrize("value", ["1", None, True, 1j, [1.0, 2.0]])
def test_the_value_of_a_constant_is_a_number(value):
    for call in (
        lambda: initializers.constant((2,), value),
        lambda: initializers.forget_bias(2, value),
        lambda: initializers.update_bias(2, value),
    ):
        with pytest.raises(TypeError, match="value is"):
            call()
