"""Losses: values and gradients against torch, definitions by hand, and errors."""

import math

import numpy as np
import pytest
from scipy import special

from handrnn import compare, losses

BUDGET = 1e-12
FLOAT32_FACTOR = 8
REDUCTIONS = ("mean", "sum", "none")
# Shape of the logits, shape of the targets.
SHAPES = [
    ((7, 5), (7,)),
    ((5,), ()),
    ((6, 5, 4), (6, 4)),
    ((3, 4, 2, 5), (3, 2, 5)),
    ((1, 2), (1,)),
]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def assert_equal(ours, reference):
    assert compare.normwise_error(ours, reference) <= BUDGET


def class_axis(logits):
    return min(1, logits.ndim - 1)


def draw_targets(rng, logits, shape, kind):
    """Classes, classes some of which are ignored (-100), or probabilities.

    The sum of probabilities is not one: as in torch it may be anything.
    """
    axis = class_axis(logits)
    if kind == "probabilities":
        return rng.uniform(size=logits.shape)
    targets = rng.integers(logits.shape[axis], size=shape)
    if kind == "ignored":
        targets = np.where(rng.random(shape) < 0.4, -100, targets)
        targets.reshape(-1)[0] = 1  # one at least counts
    return targets


def torchs(torch, name, prediction, target, cotangent, **options):
    """Loss and gradient of sum(cotangent * loss) from autograd."""
    leaf = torch.tensor(prediction, requires_grad=True)
    loss = getattr(torch.nn.functional, name)(leaf, torch.tensor(target), **options)
    loss.backward(torch.tensor(cotangent, dtype=loss.dtype))
    return loss.detach().numpy(), leaf.grad.numpy()


@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("shape", "target_shape"), SHAPES)
def test_cross_entropy_is_torchs(torch, rng, shape, target_shape, reduction, kind):
    logits = 3 * rng.normal(size=shape)
    targets = draw_targets(rng, logits, target_shape, kind)
    cotangent = rng.normal(size=target_shape if reduction == "none" else ())
    loss, dlogits = losses.cross_entropy(logits, targets, reduction)
    expected = torchs(torch, "cross_entropy", logits, targets, cotangent, reduction=reduction)
    assert_equal(loss, expected[0])
    if reduction == "none":
        cotangent = np.expand_dims(cotangent, class_axis(logits))
    assert_equal(cotangent * dlogits, expected[1])


@pytest.mark.parametrize("ignore_index", [2, 0, -1, 77])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ignore_index_is_torchs(torch, rng, reduction, ignore_index):
    logits = rng.normal(size=(40, 4))
    targets = rng.integers(4, size=40)
    targets[::3] = ignore_index
    cotangent = np.ones(40 if reduction == "none" else ())
    options = {"reduction": reduction, "ignore_index": ignore_index}
    loss, dlogits = losses.cross_entropy(logits, targets, **options)
    expected = torchs(torch, "cross_entropy", logits, targets, cotangent, **options)
    assert_equal(loss, expected[0])
    assert_equal(dlogits, expected[1])
    assert not dlogits[::3].any()


def test_ignore_index_has_no_meaning_for_probabilities(rng):
    logits, p = rng.normal(size=(3, 4)), np.eye(4)[:3]
    for ours, reference in zip(
        losses.cross_entropy(logits, p, ignore_index=1),
        losses.cross_entropy(logits, np.arange(3)),
        strict=True,
    ):
        assert_equal(ours, reference)


@pytest.mark.parametrize("kind", ["classes", "probabilities"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_in_float32(torch, rng, reduction, kind):
    logits = (3 * rng.normal(size=(50, 10))).astype(np.float32)
    targets = draw_targets(rng, logits, (50,), kind)
    if kind == "probabilities":
        targets = targets.astype(np.float32)
    loss, dlogits = losses.cross_entropy(logits, targets, reduction)
    assert loss.dtype == dlogits.dtype == np.float32
    cotangent = np.ones(50 if reduction == "none" else ())
    truth = losses.cross_entropy(logits.astype(np.float64), targets, reduction)
    theirs = torchs(torch, "cross_entropy", logits, targets, cotangent, reduction=reduction)
    budget = FLOAT32_FACTOR * max(map(compare.normwise_error, theirs, truth))
    assert compare.normwise_error(loss, truth[0]) <= budget
    assert compare.normwise_error(dlogits, truth[1]) <= budget


def test_cross_entropy_by_its_definition(rng):
    logits = rng.normal(size=(4, 3))
    targets = np.array([2, 0, 1, 1])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss, dlogits = losses.cross_entropy(logits, targets)
    assert_equal(loss, -np.log(p[np.arange(4), targets]).mean())
    assert_equal(dlogits, (p - np.eye(3)[targets]) / 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_logits(dtype):
    logits = np.array([[1e4, 0, -1e4], [-1e4, 1e4, 1e4]], dtype)
    loss, dlogits = losses.cross_entropy(logits, np.array([1, 2]), "none")
    assert_equal(loss, np.array([1e4, math.log(2)], dtype))
    assert_equal(dlogits, np.array([[1, -1, 0], [0, 0.5, -0.5]], dtype))
    assert_equal(losses.softmax(logits), np.array([[1, 0, 0], [0, 0.5, 0.5]], dtype))


def test_infinite_and_enormous_logits():
    logits = np.array([[-np.inf, 0.0], [np.inf, 0.0], [1e308, -1e308]])
    loss, dlogits = losses.cross_entropy(logits, np.array([0, 0, 1]), "none")
    np.testing.assert_array_equal(loss, [np.inf, np.nan, np.inf])
    np.testing.assert_array_equal(dlogits, [[-1, 1], [np.nan, np.nan], [1, -1]])


@pytest.mark.parametrize(("shape", "targets"), [((3, 4), [-100] * 3), ((0, 4), np.zeros(0, int))])
def test_the_mean_of_nothing(torch, shape, targets):
    logits = np.ones(shape)
    loss, dlogits = losses.cross_entropy(logits, targets)
    expected = torchs(torch, "cross_entropy", logits, np.array(targets), 1.0)
    assert np.isnan(loss)
    assert np.isnan(expected[0])
    np.testing.assert_array_equal(dlogits, expected[1])
    assert losses.cross_entropy(logits, targets, "sum")[0] == 0


def test_probabilities_of_nothing():
    loss, dlogits = losses.cross_entropy(np.ones((0, 4)), np.ones((0, 4)))
    assert np.isnan(loss)
    assert dlogits.shape == (0, 4)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax(rng, axis):
    logits = 5 * rng.normal(size=(3, 4, 2))
    assert_equal(losses.softmax(logits, axis), special.softmax(logits, axis))
    assert_equal(losses.log_softmax(logits, axis), special.log_softmax(logits, axis))


@pytest.mark.parametrize("shape", [(7, 3), (4,), (), (2, 3, 5)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_mse_is_torchs(torch, rng, shape, reduction):
    prediction, target = rng.normal(size=shape), rng.normal(size=shape)
    cotangent = rng.normal(size=shape if reduction == "none" else ())
    loss, dprediction = losses.mse(prediction, target, reduction)
    expected = torchs(torch, "mse_loss", prediction, target, cotangent, reduction=reduction)
    assert_equal(loss, expected[0])
    assert_equal(cotangent * dprediction, expected[1])


def test_mse_by_hand():
    loss, dprediction = losses.mse([1.0, 2.0, 5.0], [1, 4, 4])
    assert_equal(loss, 5 / 3)
    assert_equal(dprediction, np.array([0, -4, 2]) / 3)


def test_mse_in_float32_keeps_its_dtype():
    prediction = np.array([1, 2], np.float32)
    for reduction in REDUCTIONS:
        loss, dprediction = losses.mse(prediction, np.array([0.5, 1e30]), reduction)
        assert loss.dtype == dprediction.dtype == np.float32
    loss, dprediction = losses.mse(prediction, np.array([0.5, 1e30]), "none")
    np.testing.assert_array_equal(loss, [0.25, np.inf])
    assert_equal(dprediction, np.array([1, -2e30], np.float32))


def test_mse_of_nothing():
    loss, dprediction = losses.mse(np.zeros((0, 3)), np.zeros((0, 3)))
    assert np.isnan(loss)
    assert dprediction.shape == (0, 3)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_inputs_are_neither_modified_nor_lent(rng, reduction):
    logits, targets = rng.normal(size=(4, 3)), np.array([0, -100, 2, 1])
    p, other = np.full((4, 3), 1 / 3), rng.normal(size=(4, 3))
    arrays = (logits, targets, p, other)
    before = [array.copy() for array in arrays]
    for loss, gradient in (
        losses.cross_entropy(logits, targets, reduction),
        losses.cross_entropy(logits, p, reduction),
        losses.mse(logits, other, reduction),
    ):
        assert not any(
            np.shares_memory(answer, array) for answer in (loss, gradient) for array in arrays
        )
        gradient[...] = 7
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_scalars_come_back_as_numpy_scalars():
    for dtype in (np.float32, np.float64):
        logits = np.zeros((2, 3), dtype)
        assert type(losses.cross_entropy(logits, [0, 1])[0]) is dtype
        assert type(losses.cross_entropy(logits, [-100, -100])[0]) is dtype
        assert type(losses.cross_entropy(logits[0], 1, "none")[0]) is dtype
        assert type(losses.cross_entropy(logits, np.full((2, 3), 1 / 3))[0]) is dtype
        assert type(losses.mse(logits, logits, "sum")[0]) is dtype


LOGITS = np.zeros((3, 4))
INTEGERS = np.zeros((3, 4), int)
NO_CLASSES = np.zeros((2, 0))


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (TypeError, "logits is int64", (INTEGERS, [0, 0, 0])),
        (TypeError, "targets are bool", (LOGITS, [True, False, True])),
        (IndexError, r"target 4 is none of the 4 classes 0\.\.3", (LOGITS, [0, 4, 1])),
        (IndexError, "target -1 is none of the 4", (LOGITS, [0, 3, -1])),
        (IndexError, "target -100 .* which is 9", (LOGITS, [0, 3, -100], "mean", 9)),
        (ValueError, r"targets are floats of shape \(3,\).*\(3, 4\)", (LOGITS, np.zeros(3))),
        (ValueError, r"targets are integers of shape \(3, 4\).*, \(3,\)", (LOGITS, INTEGERS)),
        (ValueError, r"targets are integers of shape \(1,\).*, \(\)", (np.zeros(4), [1])),
        (ValueError, "no classes along axis 1", (NO_CLASSES, [-100, -100])),
        (ValueError, "axis of classes", (np.float64(1), 0)),
        (ValueError, "'average': it can be mean, sum, none", (LOGITS, [0, 0, 0], "average")),
    ],
)
def test_errors_of_cross_entropy(error, message, arguments):
    with pytest.raises(error, match=message):
        losses.cross_entropy(*arguments)


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (TypeError, "prediction is int64", (INTEGERS, LOGITS)),
        (TypeError, "target is complex128", (LOGITS, LOGITS + 1j)),
        (ValueError, r"has shape \(3, 4\) but target has shape \(4,\)", (LOGITS, np.zeros(4))),
        (ValueError, "'average': it can be mean, sum, none", (LOGITS, LOGITS, "average")),
    ],
)
def test_errors_of_mse(error, message, arguments):
    with pytest.raises(error, match=message):
        losses.mse(*arguments)


@pytest.mark.parametrize("function", [losses.softmax, losses.log_softmax])
def test_errors_of_softmax(function):
    with pytest.raises(TypeError, match="logits is int64"):
        function(INTEGERS)
    with pytest.raises(TypeError, match="logits is float16"):
        function(np.zeros(3, np.float16))
    for empty in (1.0, NO_CLASSES):
        with pytest.raises(ValueError, match="no classes along axis -1"):
            function(empty)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64])
def test_every_integer_dtype_holds_classes(dtype):
    logits = np.arange(6.0).reshape(2, 3) ** 2
    targets = np.array([2, 0])
    for ours, reference in zip(
        losses.cross_entropy(logits, targets.astype(dtype)),
        losses.cross_entropy(logits, targets),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, reference)


def test_an_ignored_target_needs_no_class_of_its_number():
    """With one class there is no other whose number could stand in for what is ignored."""
    loss, dlogits = losses.cross_entropy(np.array([[2.0], [3.0]]), [-100, 0])
    assert loss == 0
    assert not dlogits.any()


@pytest.mark.parametrize(("shape", "axis"), [((6, 4), -1), ((3, 4, 5), 1)])
def test_softmax_backward_is_torchs(torch, rng, shape, axis):
    logits = torch.tensor(3 * rng.normal(size=shape), requires_grad=True)
    dp = rng.normal(size=shape)
    p = torch.softmax(logits, axis)
    p.backward(torch.tensor(dp))
    assert_equal(losses.softmax_backward(p.detach().numpy(), dp, axis), logits.grad.numpy())


def test_cross_entropy_of_probabilities_is_torchs(torch, rng):
    eps, y = 1e-3, rng.uniform(size=(6, 4))
    p = torch.tensor(losses.softmax(rng.normal(size=(6, 4))), requires_grad=True)
    expected = -(torch.tensor(y) * torch.log(p + eps)).sum()
    expected.backward()
    loss, dp = losses.cross_entropy_of_probabilities(p.detach().numpy(), y, eps)
    assert_equal(loss, expected.detach().numpy())
    assert_equal(dp, p.grad.numpy())


def test_cross_entropy_of_probabilities_that_are_zero():
    """What nobody asks for costs nothing; what is right and impossible costs everything."""
    loss, dp = losses.cross_entropy_of_probabilities([[0.0, 1.0]], [[0, 1]])
    assert (loss, dp.tolist()) == (0, [[0, -1]])
    loss, dp = losses.cross_entropy_of_probabilities([[0.0, 1.0]], [[1, 0]])
    assert (loss, dp.tolist()) == (np.inf, [[-np.inf, 0]])
    loss, _ = losses.cross_entropy_of_probabilities([[0.0, 1.0]], [[1, 0]], 1e-3)
    assert loss == pytest.approx(-math.log(1e-3))


def test_losses_of_probabilities_keep_float32_and_refuse_other_shapes():
    p = np.full((2, 4), 0.25, np.float32)
    for name, result in [
        ("dprobabilities", losses.softmax_backward),
        ("targets", losses.cross_entropy_of_probabilities),
    ]:
        with pytest.raises(ValueError, match=rf"{name} have shape \(4,\) but probabilities"):
            result(p, p[0])
        with pytest.raises(TypeError, match="probabilities are int64"):
            result(np.ones((2, 4), np.int64), p)
    assert losses.softmax_backward(p, p).dtype == np.float32
    loss, dp = losses.cross_entropy_of_probabilities(p, p, 1e-7)
    assert loss.dtype == dp.dtype == np.float32
