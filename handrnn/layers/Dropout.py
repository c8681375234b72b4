"""A dropout layer."""

import numpy as np

from . import Base


class Dropout(Base.BaseLayer):
    """In the train phase each number is kept with probability p and divided by p, or becomes zero.

    In the test phase nothing happens ("inverted" dropout). Backward in the train phase is this
    edition's convention, **not the gradient**: what was dropped gets zero, what was kept gets the
    error as it is, where the gradient would be 1/p times that. `nn` has the gradient.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to
    prevent neural networks from overfitting" (2014).

    Parameters
    ----------
    p : float in (0, 1]
        Probability to keep.
    rng : numpy.random.Generator or seed, optional
        What is kept comes from it.

    Raises
    ------
    ValueError
        Another p.
    """

    def __init__(self, p, *, rng=None):
        if not 0 < p <= 1:
            raise ValueError(f"p is {p}: the probability to keep is above 0 and at most 1")
        self.p = p
        self._rng = Base.kept_generator(rng)
        self._keeps = None

    def forward(self, input_tensor):
        """Drop out, or not, as the phase says.

        Parameters
        ----------
        input_tensor : array_like, any shape

        Returns
        -------
        ndarray of the same shape
        """
        x = np.array(input_tensor, np.float64)
        if self.phase is Base.Phase.test:
            self._keeps = np.ones(x.shape, bool)
            return x
        self._keeps = Base.generator(self._rng).random(x.shape) < self.p
        return x * self._keeps / self.p

    def backward(self, error_tensor):
        """The error where the last forward has kept something, zero where it has not.

        Parameters
        ----------
        error_tensor : array_like of the shape that was put in

        Returns
        -------
        ndarray of the same shape

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        keeps = self._kept(self._keeps)
        return self._floats("error_tensor", error_tensor, keeps.shape) * keeps
