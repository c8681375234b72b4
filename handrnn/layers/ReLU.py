"""The positive part of every element."""

import numpy as np

from . import Base


class ReLU(Base.BaseLayer):
    """y = max(0, x), of any shape; the slope at zero is zero."""

    def __init__(self):
        self._positive = None

    def forward(self, input_tensor):
        """Array_like of any shape; an ndarray of the same shape."""
        x = np.asarray(input_tensor, np.float64)
        self._positive = x > 0
        return np.maximum(x, 0)

    def backward(self, error_tensor):
        """Gradient by the input, from that by what the last forward has returned.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        positive = self._kept(self._positive)
        return np.where(positive, self._floats("error_tensor", error_tensor, positive.shape), 0)
