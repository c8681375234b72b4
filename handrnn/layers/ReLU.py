"""The positive part of every element."""

import numpy as np

from . import Base


class ReLU(Base.Activation):
    """y = max(0, x), of any shape; the slope at zero is zero. See `Base.Activation`."""

    @staticmethod
    def _function(x):
        return np.maximum(x, 0)

    @staticmethod
    def _slope(y):
        return y > 0
