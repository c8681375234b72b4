"""Regularizers: what an optimizer adds to a loss to keep weights small."""

import numpy as np


class L1_Regularizer:
    """Adds strength times the sum of |w|: many weights become zero.

    Parameters
    ----------
    strength : float
    """

    def __init__(self, strength):
        self.strength = strength

    def calculate(self, weights):
        """What a step shrinks weights by: strength sign(w), of any shape."""
        return self.strength * np.sign(weights)

    def norm(self, weights):
        """The addition to the loss: strength times the sum of |w|."""
        return self.strength * np.abs(weights).sum()


class L2_Regularizer:
    """Adds strength times the sum of w^2, but shrinks by strength w, half of its gradient.

    Parameters
    ----------
    strength : float
    root : bool
        Add strength times the root of that sum, as some editions do. The shrinkage is the same.
    """

    def __init__(self, strength, *, root=False):
        self.strength = strength
        self.root = root

    def calculate(self, weights):
        """What a step shrinks weights by: strength w, of any shape."""
        return self.strength * weights

    def norm(self, weights):
        """The addition to the loss: strength times the sum of w^2, or times its root."""
        total = np.square(weights).sum()
        return self.strength * (np.sqrt(total) if self.root else total)
