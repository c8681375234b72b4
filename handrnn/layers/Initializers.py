"""Initial weights: the distributions of `handrnn.initializers` as objects.

``initialize(weights)`` takes an array for its shape, (in, out) or (kernels, channels, \\*size),
and returns a new one, float64.
"""

import math

import numpy as np

from .. import initializers
from . import Base


class Constant:
    """The same number everywhere.

    Parameters
    ----------
    value : float
    """

    def __init__(self, value):
        self.value = value

    def initialize(self, weights):
        """A new array of the shape of `weights`."""
        return initializers.constant(np.shape(weights), self.value)


class _Random:
    """What draws its numbers: from `rng` or, where that is None, as `Base.generator` says."""

    def __init__(self, *, rng=None):
        self.rng = Base.kept_generator(rng)


class UniformRandom(_Random):
    """Uniform in [0, 1).

    Parameters
    ----------
    rng : numpy.random.Generator or seed, optional
    """

    def initialize(self, weights):
        """A new array of the shape of `weights`."""
        return initializers.uniform(np.shape(weights), rng=Base.generator(self.rng))


class Xavier(_Random):
    """Normal with variance 2 / (shape[0] + shape[1]).

    It is `handrnn.initializers.xavier_normal` but for kernels, whose size does not count here.

    Parameters
    ----------
    rng : numpy.random.Generator or seed, optional
    """

    def initialize(self, weights):
        """A new array of the shape of `weights`, which needs two axes or more (ValueError)."""
        shape = _at_least_two_axes(weights)
        return self.draw(shape, shape[0], shape[1])

    def draw(self, shape, fan_in, fan_out):
        """A new array, with variance 2 / (fan_in + fan_out)."""
        std = math.sqrt(2 / (fan_in + fan_out))
        return initializers.normal(shape, std, rng=Base.generator(self.rng))


class He(_Random):
    """Normal with variance 2 / inputs of a unit: `handrnn.initializers.he_normal`.

    Parameters
    ----------
    rng : numpy.random.Generator or seed, optional
    """

    def initialize(self, weights):
        """A new array of the shape of `weights`, which needs two axes or more (ValueError)."""
        shape = _at_least_two_axes(weights)
        if len(shape) == 2:  # drawn as (out, in)
            return self.draw(shape[::-1], *fans(shape)).T
        return self.draw(shape, *fans(shape))

    def draw(self, shape, fan_in, fan_out):
        """A new array, with variance 2 / fan_in."""
        std = math.sqrt(2) / math.sqrt(fan_in)
        return initializers.normal(shape, std, rng=Base.generator(self.rng))


def fans(shape):
    """(fan_in, fan_out) of weights (in, out) or (kernels, channels, \\*size)."""
    return initializers.fans(shape[::-1] if len(shape) == 2 else shape)


def _at_least_two_axes(weights):
    shape = np.shape(weights)
    if len(shape) < 2:
        raise ValueError(f"weights are {shape}: two axes or more are needed")
    return shape
