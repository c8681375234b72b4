"""A dropout layer."""

import numpy as np

from . import Base


class Dropout(Base.BaseLayer):
    """In the train phase each number is kept with probability p and divided by p, or becomes zero.

    In the test phase nothing happens ("inverted" dropout). Unless `exact_backward` is set, backward
    in the train phase is this edition's convention, **not the gradient**: what was dropped gets
    zero, what was kept gets the error as it is, where the gradient would be 1/p times that.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to
    prevent neural networks from overfitting" (2014).

    Parameters
    ----------
    p : float in (0, 1]
        Probability to keep.
    exact_backward : bool
        Whether backward is the gradient, as in newer editions.
    rng : numpy.random.Generator or seed, optional
        What is kept comes from it.

    Raises
    ------
    ValueError
        Another p.
    """

    p: float
    exact_backward: bool

    def __init__(self, p, *, exact_backward=False, rng=None):
        if not 0 < p <= 1:
            raise ValueError(f"p is {p}: the probability to keep is above 0 and at most 1")
        self.p = p
        self.exact_backward = exact_backward
        self._rng = Base.kept_generator(rng)
        self._factors = None

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
            self._factors = np.ones(x.shape)
            return x
        keeps = Base.generator(self._rng).random(x.shape) < self.p
        self._factors = keeps / self.p if self.exact_backward else keeps
        return x * keeps / self.p

    def backward(self, error_tensor):
        """The error where the last forward has kept something, zero where it has not.

        With `exact_backward` it is divided by p in the train phase, as what was kept.

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
        factors = self._kept(self._factors)
        return self._floats("error_tensor", error_tensor, factors.shape) * factors
