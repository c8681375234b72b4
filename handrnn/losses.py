"""Losses, each with its gradient: cross-entropy and mean squared error; and softmax.

A loss function answers (loss, gradient of the loss by its first argument), which is what a
`backward` takes. The dtype follows that first argument, and what is passed in is never modified.
Infinite or undefined losses come back as inf and nan without a NumPy warning.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from . import border

REDUCTIONS = ("mean", "sum", "none")
MOST_AXES = 64  # of an array


@border.quiet
def softmax(logits: npt.ArrayLike, axis: int = -1) -> npt.NDArray[Any]:
    """Probabilities proportional to exp(logits).

    Parameters
    ----------
    logits : array_like, float32 or float64, any shape with at least one entry along `axis`
    axis : int
        The axis of the classes.

    Returns
    -------
    ndarray of the shape and dtype of `logits`
        Not negative, with sum one along `axis`.

    Raises
    ------
    TypeError
        If `logits` are not floating point.
    ValueError
        If there is no class.
    """
    exponentials = np.exp(_below_zero(border.floating("logits", logits), axis))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


@border.quiet
def softmax_backward(
    probabilities: npt.ArrayLike, dprobabilities: npt.ArrayLike, axis: int = -1
) -> npt.NDArray[Any]:
    """Gradient with respect to the logits, from that with respect to their `softmax`.

    Parameters
    ----------
    probabilities : array_like, float32 or float64, at least one axis
        What `softmax` returned.
    dprobabilities : array_like of the same shape
    axis : int
        The axis of the classes.

    Returns
    -------
    ndarray of the shape and dtype of `probabilities`

    Raises
    ------
    TypeError
        If `probabilities` are not floating point, or `dprobabilities` not numbers.
    ValueError
        If the shapes differ, or there is no such axis.
    """
    p = border.floating("probabilities", probabilities)
    dp = border.array("dprobabilities", dprobabilities).astype(p.dtype, copy=False)
    if dp.shape != p.shape:
        raise ValueError(f"dprobabilities have shape {dp.shape} but probabilities {p.shape}")
    _check_axis("probabilities", p, axis)
    return p * (dp - (dp * p).sum(axis=axis, keepdims=True))


@border.quiet
def log_softmax(logits: npt.ArrayLike, axis: int = -1) -> npt.NDArray[Any]:
    """Logarithm of `softmax`, exact also where a probability is too small to be represented.

    Parameters, shapes and errors are those of `softmax`.
    """
    shifted = _below_zero(border.floating("logits", logits), axis)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


@border.quiet
def cross_entropy(
    logits: npt.ArrayLike,
    targets: npt.ArrayLike,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> tuple[Any, npt.NDArray[Any]]:
    """Cross-entropy of softmax(logits) relative to the targets, as torch defines it.

    Parameters
    ----------
    logits : array_like (N, C), (C,) or (N, C, d1, ...), float32 or float64
        One number for each of C classes.
    targets : array_like
        Integers: the right class of each prediction, of the shape of `logits` without the axis of
        the classes: (N,), () or (N, d1, ...). Floats: probabilities of the classes, of the shape
        of `logits`.
    reduction : {"mean", "sum", "none"}
        "mean" averages over all predictions that are not ignored.
    ignore_index : int
        Predictions with this target count for nothing. It has no meaning for probabilities.

    Returns
    -------
    loss : NumPy scalar of the dtype of `logits`
        With "none" an array, one loss per prediction. The mean of no predictions is nan.
    dlogits : ndarray of the shape and dtype of `logits`
        Gradient of the loss; with "none" that of the sum of the losses.

    Raises
    ------
    TypeError
        If `logits` are not floating point, or `targets` neither integers nor floats.
    ValueError
        If the shapes do not fit, there is no class, or `reduction` is unknown.
    IndexError
        If a target is not one of the classes.
    """
    logits = border.floating("logits", logits)
    targets = border.array("targets", targets, "iuf", "integers (classes) or floats are")
    ignore_index = border.number("ignore_index", ignore_index)
    _check_reduction(reduction)
    if logits.ndim == 0:
        raise ValueError("logits is a single number: an axis of classes is needed")
    axis = min(1, logits.ndim - 1)
    if targets.dtype.kind == "f":
        return _from_probabilities(logits, targets, axis, reduction)
    return _from_classes(logits, targets, axis, reduction, ignore_index)


@border.quiet
def cross_entropy_of_probabilities(
    probabilities: npt.ArrayLike, targets: npt.ArrayLike, eps: float = 0.0
) -> tuple[Any, npt.NDArray[Any]]:
    """Cross-entropy of given probabilities, summed: -targets log(p + eps).

    Where the logits are known, `cross_entropy` is more exact.

    Parameters
    ----------
    probabilities : array_like, float32 or float64, any shape
    targets : array_like of the same shape
        One-hot, or probabilities.
    eps : float
        Keeps the loss of probabilities that are zero finite.

    Returns
    -------
    loss : NumPy scalar of the dtype of `probabilities`
    dprobabilities : ndarray of the shape and dtype of `probabilities`

    Raises
    ------
    TypeError
        If `probabilities` are not floating point, or `targets` not numbers.
    ValueError
        If the shapes differ, or `eps` is negative.
    """
    p = border.floating("probabilities", probabilities)
    y = border.array("targets", targets).astype(p.dtype, copy=False)
    eps = border.number("eps", eps, 0)
    if y.shape != p.shape:
        raise ValueError(f"targets have shape {y.shape} but probabilities {p.shape}")
    shifted = p + p.dtype.type(eps)
    dp = np.divide(-y, shifted, out=np.zeros_like(p), where=y != 0)
    return -np.where(y != 0, y * np.log(shifted), 0).sum(), dp


def _from_classes(logits, targets, axis, reduction, ignore_index):
    kept = _counted(logits, targets, axis, ignore_index)
    index = np.expand_dims(np.where(kept, targets, 0), axis)
    log_p = log_softmax(logits, axis)
    right = np.take_along_axis(log_p, index, axis).squeeze(axis)
    losses = np.where(kept, -right, 0)
    dlogits = np.exp(log_p)
    np.put_along_axis(dlogits, index, np.take_along_axis(dlogits, index, axis) - 1, axis)
    dlogits *= np.expand_dims(kept, axis)
    return _reduce(losses, dlogits, reduction, int(np.count_nonzero(kept)))


def _from_probabilities(logits, targets, axis, reduction):
    if targets.shape != logits.shape:
        raise ValueError(
            f"targets are floats of shape {targets.shape}: as probabilities they need the shape of"
            f" the logits, {logits.shape}; as classes they need to be integers"
        )
    p = targets.astype(logits.dtype)
    log_p = log_softmax(logits, axis)
    losses = -(p * log_p).sum(axis=axis)
    dlogits = np.exp(log_p) * p.sum(axis=axis, keepdims=True) - p
    return _reduce(losses, dlogits, reduction, losses.size)


def _counted(logits, targets, axis, ignore_index):
    """Which predictions count; or an error, if the targets are not classes of these logits."""
    n_classes = logits.shape[axis]
    expected = logits.shape[:axis] + logits.shape[axis + 1 :]
    if targets.shape != expected:
        raise ValueError(
            f"targets are integers of shape {targets.shape}: logits of shape {logits.shape} need"
            f" one class per prediction, {expected} (probabilities of classes would be floats)"
        )
    kept = targets != ignore_index
    wrong = targets[kept & ((targets < 0) | (targets >= n_classes))]
    if wrong.size:
        raise IndexError(
            f"target {wrong[0]} is none of the {n_classes} classes 0..{n_classes - 1}"
            f" (nor ignore_index, which is {ignore_index})"
        )
    return kept


@border.quiet
def mse(
    prediction: npt.ArrayLike, target: npt.ArrayLike, reduction: str = "mean"
) -> tuple[Any, npt.NDArray[Any]]:
    """Squared error, by default averaged over all elements.

    Parameters
    ----------
    prediction : array_like, float32 or float64, any shape
    target : array_like of real numbers, the same shape
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    loss : NumPy scalar of the dtype of `prediction`
        With "none" an array, one loss per element. The mean of no elements is nan.
    dprediction : ndarray of the shape and dtype of `prediction`
        Gradient of the loss; with "none" that of the sum of the losses.

    Raises
    ------
    TypeError
        If `prediction` is not floating point, or `target` not real.
    ValueError
        If the shapes differ (nothing is broadcast), or `reduction` is unknown.
    """
    prediction = border.floating("prediction", prediction)
    target = border.array("target", target, "fiu", "real numbers are")
    _check_reduction(reduction)
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction has shape {prediction.shape} but target has shape {target.shape}"
        )
    difference = prediction - target.astype(prediction.dtype)
    return _reduce(difference * difference, 2 * difference, reduction, difference.size)


def _check_reduction(reduction):
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        raise ValueError(f"reduction is {reduction!r}: it can be {', '.join(REDUCTIONS)}")


def _check_axis(name, array, axis):
    inside = -array.ndim <= border.whole("axis", axis, -MOST_AXES) < array.ndim
    if not inside or array.shape[axis] == 0:
        raise ValueError(f"{name} of shape {array.shape} have no classes along axis {axis}")


def _below_zero(logits, axis):
    """Logits less their maximum, so that no exponential overflows."""
    _check_axis("logits", logits, axis)
    return logits - logits.max(axis=axis, keepdims=True)


def _reduce(losses, gradient, reduction, count):
    """Reduce losses that are zero where they do not count, together with their gradient."""
    if reduction == "none":
        return losses[()], gradient
    total = losses.sum()
    if reduction == "sum":
        return total, gradient
    if count == 0:
        return losses.dtype.type(np.nan), gradient
    return total / count, gradient / count
