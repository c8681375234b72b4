"""The hyperbolic tangent of every element."""

import numpy as np

from . import Base


class TanH(Base.Activation):
    """y = tanh(x), of any shape; see `Base.Activation`."""

    @staticmethod
    def _function(x):
        return np.tanh(x)

    @staticmethod
    def _slope(y):
        return 1 - y * y
