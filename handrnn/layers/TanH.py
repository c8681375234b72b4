"""The hyperbolic tangent of every element."""

import numpy as np

from . import Base


class TanH(Base.BaseLayer):
    """y = tanh(x), of any shape.

    Attributes
    ----------
    activations : ndarray
        y of the last forward; None before.
    """

    def __init__(self):
        self.activations = None

    def forward(self, input_tensor):
        """Array_like of any shape; an ndarray of the same shape."""
        self.activations = np.tanh(np.asarray(input_tensor, np.float64))
        return self.activations.copy()

    def backward(self, error_tensor):
        """Gradient by the input, from that by what the last forward has returned.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        y = self._kept(self.activations)
        return self._floats("error_tensor", error_tensor, y.shape) * (1 - y * y)
