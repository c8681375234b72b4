"""Initial weights: pure functions that draw arrays.

Weights are (out, in), as torch has them: ``W @ x``. Kernels of convolutions are (out, in, \\*size),
and each position of a kernel counts as an input and as an output.

Everything random takes ``rng``, a `numpy.random.Generator`: the same generator in the same state
draws the same numbers. They are drawn in float64 and then rounded, so both precisions start from
the same place; a float32 number may therefore equal the open end of its interval.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import border, packings

Array = npt.NDArray[Any]


def constant(shape: Sequence[int], value: float, *, dtype: npt.DTypeLike = np.float64) -> Array:
    """The same number everywhere."""
    border.number("value", value)
    return np.full(border.shape("shape", shape), value, border.dtype("dtype", dtype))


def uniform(
    shape: Sequence[int],
    low: float = 0.0,
    high: float = 1.0,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Uniform in [low, high).

    Raises
    ------
    ValueError
        If `low` is above `high`.
    TypeError
        If `rng` is not a generator, or `dtype` not floating point.
    """
    shape = border.shape("shape", shape)
    if not border.number("low", low) <= border.number("high", high):
        raise ValueError(f"low is {low}, above high, which is {high}")
    return (
        _generator(rng).uniform(low, high, shape).astype(border.dtype("dtype", dtype), copy=False)
    )


def normal(
    shape: Sequence[int],
    std: float = 1.0,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Normal with mean zero and standard deviation `std`.

    Raises
    ------
    ValueError
        If `std` is negative.
    TypeError
        If `rng` is not a generator, or `dtype` not floating point.
    """
    border.number("std", std, 0)
    shape = border.shape("shape", shape)
    return _generator(rng).normal(0.0, std, shape).astype(border.dtype("dtype", dtype), copy=False)


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs an output of weights (out, in, \\*kernel) has, and outputs an input.

    Raises
    ------
    TypeError
        If that is not a tuple of sizes.
    ValueError
        If there are fewer than two axes, or an empty one.
    """
    shape = border.shape("shape", shape)
    if len(shape) < 2:
        raise ValueError(f"shape is {shape}: weights have at least two axes (out, in)")
    if 0 in shape:
        raise ValueError(f"shape is {shape}: there is nothing to draw")
    n_out, n_in, *kernel = shape
    return n_in * math.prod(kernel), n_out * math.prod(kernel)


def xavier_uniform(
    shape: Sequence[int],
    gain: float = 1.0,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Uniform with the variance of `xavier_normal`.

    Raises
    ------
    ValueError
        If `shape` has fewer than two axes or no elements, or `gain` is negative.
    TypeError
        If `rng` is not a generator, or `dtype` not floating point.
    """
    return _uniform_of_std(shape, _xavier_std(shape, gain), rng, dtype)


def xavier_normal(
    shape: Sequence[int],
    gain: float = 1.0,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Normal with variance gain^2 2 / (inputs + outputs).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010). Errors are those of `xavier_uniform`.
    """
    return normal(shape, _xavier_std(shape, gain), rng=rng, dtype=dtype)


def he_uniform(
    shape: Sequence[int],
    gain: float = math.sqrt(2),
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Uniform with the variance of `he_normal`. Errors are those of `xavier_uniform`."""
    return _uniform_of_std(shape, _he_std(shape, gain), rng, dtype)


def he_normal(
    shape: Sequence[int],
    gain: float = math.sqrt(2),
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Normal with variance gain^2 / inputs; the gain that relu needs is sqrt(2).

    Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015). Errors are those of
    `xavier_uniform`.
    """
    return normal(shape, _he_std(shape, gain), rng=rng, dtype=dtype)


@border.quiet
def orthogonal(
    shape: Sequence[int],
    gain: float = 1.0,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """A random orthogonal matrix times `gain`, uniform among all (Haar measure).

    Of a matrix that is not square the rows or the columns, whichever are fewer, are orthonormal.
    More than two axes count as a matrix (shape[0], product of the rest).

    Sources: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks" (2014); Mezzadri, "How to generate random matrices from the
    classical compact groups" (2007) for the signs. Errors are those of `xavier_uniform`.
    """
    border.number("gain", gain, 0)
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    gaussian = _generator(rng).standard_normal((max(rows, columns), min(rows, columns)))
    Q, R = np.linalg.qr(gaussian)
    # The factorisation fixes the signs of R as it likes: undone, or Q would not be uniform.
    Q *= np.sign(np.diag(R))
    W = Q if rows >= columns else Q.T
    return (gain * W).reshape(shape).astype(border.dtype("dtype", dtype))


@border.quiet
def identity(
    shape: Sequence[int], gain: float = 1.0, *, dtype: npt.DTypeLike = np.float64
) -> Array:
    """`gain` on the diagonal, zero elsewhere; the matrix need not be square.

    As recurrent weights for relu: Le, Jaitly and Hinton, "A simple way to initialize recurrent
    networks of rectified linear units" (2015).

    Raises
    ------
    ValueError
        If `shape` has not two axes, or `gain` is negative.
    """
    border.number("gain", gain, 0)
    shape = border.shape("shape", shape)
    if len(shape) != 2:
        raise ValueError(f"shape is {tuple(shape)}: an identity matrix has two axes")
    return gain * np.eye(*shape, dtype=border.dtype("dtype", dtype))


def torch_recurrent(
    shape: Sequence[int],
    hidden_size: int,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Uniform in +-1/sqrt(hidden_size): every weight and bias of torch.nn.RNN, LSTM and GRU.

    Raises
    ------
    ValueError
        If `hidden_size` is below 1.
    TypeError
        If `rng` is not a generator, or `dtype` not floating point.
    """
    bound = 1 / math.sqrt(border.whole("hidden_size", hidden_size, 1))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def torch_linear(
    shape: Sequence[int],
    in_features: int,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Uniform in +-1/sqrt(in_features): the weight and the bias of torch.nn.Linear.

    Raises
    ------
    ValueError
        If `in_features` is below 1.
    TypeError
        If `rng` is not a generator, or `dtype` not floating point.
    """
    bound = 1 / math.sqrt(border.whole("in_features", in_features, 1))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def forget_bias(
    hidden_size: int, value: float = 1.0, *, dtype: npt.DTypeLike = np.float64
) -> Array:
    """Bias of an LSTM that opens its forget gates: `value` there, zero elsewhere.

    Where a layer has two biases (b_ih and b_hh) this is their sum: one of them gets it, the other
    gets zeros.

    Source: Jozefowicz, Zaremba and Sutskever, "An empirical exploration of recurrent network
    architectures" (2015).

    Parameters
    ----------
    hidden_size : int
    value : float
    dtype : floating-point dtype

    Returns
    -------
    ndarray (4 * hidden_size,)
        Gate blocks in torch's order i, f, g, o.

    Raises
    ------
    ValueError
        If `hidden_size` is below 1.
    """
    hidden_size = border.whole("hidden_size", hidden_size, 1)
    border.number("value", value)
    return _torch_bias(4, hidden_size, f=value).astype(border.dtype("dtype", dtype))


def update_bias(
    hidden_size: int, value: float = 1.0, *, dtype: npt.DTypeLike = np.float64
) -> Array:
    """Bias of a GRU that opens its update gates: `value` there, zero elsewhere.

    It is the update gate that keeps the state, as the forget gate of an LSTM does:
    h = n + u (h_prev - n). Parameters, errors and source are those of `forget_bias`.

    Returns
    -------
    ndarray (3 * hidden_size,)
        Gate blocks in torch's order r, u, n (torch writes z for u).
    """
    hidden_size = border.whole("hidden_size", hidden_size, 1)
    border.number("value", value)
    return _torch_bias(3, hidden_size, u=value).astype(border.dtype("dtype", dtype))


def chrono(
    hidden_size: int,
    longest: float,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Bias of an LSTM whose units forget over 2 to `longest` steps: b_f = ln U[1, longest - 1].

    The input gates get b_i = -b_f, the others zero. Where a layer has two biases (b_ih and b_hh)
    this is their sum: one of them gets it, the other gets zeros.

    Source: Tallec and Ollivier, "Can recurrent neural networks warp time?" (2018).

    Parameters
    ----------
    hidden_size : int
    longest : float
        Number of steps of the longest dependency, at least 3.
    rng : numpy.random.Generator
    dtype : floating-point dtype

    Returns
    -------
    ndarray (4 * hidden_size,)
        Gate blocks in torch's order i, f, g, o.

    Raises
    ------
    ValueError
        If `hidden_size` is below 1 or `longest` below 3.
    TypeError
        If `rng` is not a generator, or `dtype` not floating point.
    """
    keep = _chrono_keep(hidden_size, longest, rng)
    return _torch_bias(4, hidden_size, i=-keep, f=keep).astype(border.dtype("dtype", dtype))


def chrono_gru(
    hidden_size: int,
    longest: float,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Bias of a GRU whose units forget over 2 to `longest` steps: b_u = ln U[1, longest - 1].

    It is the update gate that keeps the state: h = n + u (h_prev - n). The others get zero.

    Parameters, errors and source are those of `chrono`.

    Returns
    -------
    ndarray (3 * hidden_size,)
        Gate blocks in torch's order r, u, n (torch writes z for u).
    """
    keep = _chrono_keep(hidden_size, longest, rng)
    return _torch_bias(3, hidden_size, u=keep).astype(border.dtype("dtype", dtype))


def _chrono_keep(hidden_size, longest, rng):
    border.number("longest", longest, 3)
    shape = (border.whole("hidden_size", hidden_size, 1),)
    return np.log(uniform(shape, 1, longest - 1, rng=rng))


def _xavier_std(shape, gain):
    border.number("gain", gain, 0)
    return gain * math.sqrt(2 / sum(fans(shape)))


def _he_std(shape, gain):
    border.number("gain", gain, 0)
    fan_in, _ = fans(shape)
    return gain / math.sqrt(fan_in)


def _uniform_of_std(shape, std, rng, dtype):
    bound = math.sqrt(3) * std
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def _generator(rng):
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng is {rng!r}: a numpy.random.Generator is needed, as numpy.random.default_rng gives"
        )
    return rng


def _torch_bias(gates, hidden, **values):
    """A bias (gates*hidden,) in torch's packing: a value or (hidden,) a named gate, else zero."""
    bias = np.zeros((gates, hidden))
    for gate, value in values.items():
        bias[packings.TORCH_GATES[gates].index(gate)] = value
    return bias.reshape(-1)
