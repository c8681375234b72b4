"""A linear layer with a bias."""

from typing import Any

import numpy as np

from .. import initializers
from . import Base


class FullyConnected(Base.TrainableLayer):
    """y = [x 1] W, with the bias as the last row of W.

    Parameters
    ----------
    input_size, output_size : int
    rng : numpy.random.Generator or seed, optional
        The weights (input_size + 1, output_size) start uniform in [0, 1).

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If it is below 1.
    """

    input_size: int
    output_size: int

    def __init__(self, input_size, output_size, *, rng=None):
        Base.at_least_one(input_size=input_size, output_size=output_size)
        shape = (input_size + 1, output_size)
        super().__init__(weights=initializers.uniform(shape, rng=Base.generator(rng)))
        self.input_size = input_size
        self.output_size = output_size
        self._x_and_weights: Any = None

    def forward(self, input_tensor):
        """Apply the layer.

        Parameters
        ----------
        input_tensor : array_like (batch, input_size)

        Returns
        -------
        ndarray (batch, output_size)

        Raises
        ------
        ValueError
            Another shape.
        """
        x = self._input(input_tensor, "batch", self.input_size)
        x1 = np.ones((len(x), self.input_size + 1))
        x1[:, :-1] = x
        weights = self._arrays["weights"]
        self._x_and_weights = x1, weights
        return x1 @ weights

    def backward(self, error_tensor):
        """Gradients of a loss, and the update of the weights if an optimizer was set.

        Parameters
        ----------
        error_tensor : array_like (batch, output_size)
            Gradient with respect to what the last forward has returned.

        Returns
        -------
        ndarray (batch, input_size)
            Gradient with respect to its input.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        x1, weights = self._kept(self._x_and_weights)
        error = self._floats("error_tensor", error_tensor, (len(x1), self.output_size))
        self._update(weights=x1.T @ error)
        return error @ weights[:-1].T
