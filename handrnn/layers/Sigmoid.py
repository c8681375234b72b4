"""The logistic function of every element."""

from .. import cells
from . import Base


class Sigmoid(Base.Activation):
    """y = 1 / (1 + exp(-x)), of any shape; see `Base.Activation`."""

    @staticmethod
    def _function(x):
        return cells.sigmoid(x)

    @staticmethod
    def _slope(y):
        return y * (1 - y)
