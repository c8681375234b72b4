"""A layer that flattens images."""

import math

import numpy as np

from . import Base


class Flatten(Base.BaseLayer):
    """Images (batch, ...) become rows (batch, features), and back."""

    def __init__(self):
        self._shape = None

    def forward(self, input_tensor):
        """Flatten everything but the batch.

        Parameters
        ----------
        input_tensor : array_like (batch, ...)

        Returns
        -------
        ndarray (batch, features)

        Raises
        ------
        ValueError
            If there is no axis for the batch.
        """
        x = np.array(input_tensor, np.float64)
        if x.ndim == 0:
            raise ValueError("input_tensor is a single number: (batch, ...) is needed")
        self._shape = x.shape
        return x.reshape(self._flat_shape(x.shape))

    def backward(self, error_tensor):
        """Give the gradient (batch, features) the shape that was put in.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        shape = self._kept(self._shape)
        error = self._floats("error_tensor", error_tensor, self._flat_shape(shape))
        return error.reshape(shape).copy()

    @staticmethod
    def _flat_shape(shape):
        return shape[0], math.prod(shape[1:])
