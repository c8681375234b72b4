"""The derivative of a function of one number at 0, from its values alone, and how good it is.

A complex step subtracts nothing and so loses nothing: ``Im f(ih) / h`` is right to rounding, if f
is analytic and lets complex numbers through. Otherwise central differences with halved steps are
extrapolated to h = 0 (Richardson, in a tableau as Ridders has it): what neighbours in the tableau
differ by says how good the value is. `scipy.differentiate` needs a function of arrays, which a
submission is not.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEP = 1e-30
EPS = float(np.finfo(float).eps)
ROUNDINGS = 64  # that a complex step may gather
NOISE_STEP = 1e-4
LEVELS = 6  # halvings of the first difference
WIDTHS = (2e-2, 5e-4, 1e-5)  # first differences; the narrow ones step between kinks
GOOD = 1e-9  # of the scale: a better estimate is not looked for


class Derivative(NamedTuple):
    """A derivative, and what it may be wrong by."""

    value: float
    estimate: float


def by_complex_step(f: Callable[[complex], complex], scale: float) -> Derivative:
    """The derivative of an analytic function, as good as rounding lets it be."""
    value = complex(f(1j * STEP)).imag / STEP
    return Derivative(value, ROUNDINGS * EPS * max(abs(value), scale))


def noise(f: Callable[[float], complex], width: float = 1.0) -> float:
    """How much the values of a function vary by rounding, from differences of high order.

    A smooth function has none to speak of; what rounds does (Moré and Wild, 2011).
    """
    d = np.array([complex(f(k * NOISE_STEP * width)).real for k in range(9)])
    levels = [EPS * float(np.max(np.abs(d)))]
    for k in range(1, 8):
        d = np.diff(d)
        if k > 4:
            share = math.factorial(k) ** 2 / math.factorial(2 * k)
            levels.append(float(np.sqrt(share * np.mean(d**2))))
    return max(levels)


def by_differences(
    f: Callable[[float], complex], scale: float, width: float = 1.0, rounding: float = 0.0
) -> Derivative:
    """The derivative by extrapolated central differences, and the error that the tableau shows.

    Parameters
    ----------
    f : the function
    scale : a typical size of the derivative, for what is good enough
    width : within which f is about smooth
    rounding : what its values are good to, beyond float64's own rounding
    """
    found = Derivative(float("nan"), float("inf"))
    for first in WIDTHS:
        new = _extrapolated(f, first * width, rounding)
        found = min(found, new, key=lambda one: one.estimate)
        if found.estimate <= GOOD * max(scale, abs(found.value)):
            break
    return found


def _extrapolated(f: Callable[[float], complex], h: float, rounding: float) -> Derivative:
    """Differences of halved steps, extrapolated."""
    best, before = Derivative(float("nan"), float("inf")), []
    for _ in range(LEVELS):
        above, below = complex(f(h)).real, complex(f(-h)).real
        row = [(above - below) / (2 * h)]
        floor = max(EPS * max(abs(above), abs(below)), rounding) / h
        for k, coarse in enumerate(before):
            row.append(row[k] + (row[k] - coarse) / (4 ** (k + 1) - 1))
            apart = max(abs(row[-1] - row[-2]), abs(row[-1] - coarse))
            if apart + floor < best.estimate:
                best = Derivative(row[-1], apart + floor)
        before, h = row, h / 2
    return best
