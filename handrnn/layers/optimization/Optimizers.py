"""Optimizers of the layers: the rules of `handrnn.optim` with the state of one array of weights."""

from typing import Any

from ... import optim


class Optimizer:
    """What all optimizers share. Use `Sgd`, `SgdWithMomentum` or `Adam`.

    Parameters
    ----------
    learning_rate : float

    Attributes
    ----------
    regularizers : list
    """

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate
        self.regularizers: list[Any] = []
        self._state: dict[str, Any] = {}

    def add_regularizer(self, regularizer):
        """Shrink the weights too at each step, by an object of `Constraints`.

        The shrinkage is apart from the gradient: averages and momentum do not see it.
        """
        self.regularizers.append(regularizer)

    def calculate_update(self, individual_delta, weights, gradient):
        """The weights after one step, from those before it.

        Parameters
        ----------
        individual_delta : float
            Factor on the learning rate.
        weights : ndarray or float
            Not modified.
        gradient : ndarray or float, of the shape of `weights`

        Returns
        -------
        ndarray or float

        Raises
        ------
        ValueError
            If gradient and weights differ in shape.
        TypeError
            If the weights are an array of integers.
        """
        lr = float(individual_delta * self.learning_rate)
        updated, self._state = self._rule(weights, gradient, lr)
        for regularizer in self.regularizers:
            updated = updated - lr * regularizer.calculate(weights)
        return updated

    def _rule(self, weights, gradient, lr):
        """One of the rules of `handrnn.optim`."""
        raise NotImplementedError


class Sgd(Optimizer):
    """`handrnn.optim.sgd`: gradient descent.

    Parameters
    ----------
    learning_rate : float
    """

    def _rule(self, weights, gradient, lr):
        return optim.sgd(weights, gradient, self._state, lr=lr)


class SgdWithMomentum(Optimizer):
    """`handrnn.optim.sgd` with momentum.

    Parameters
    ----------
    learning_rate, momentum : float
    """

    def __init__(self, learning_rate, momentum):
        super().__init__(learning_rate)
        self.momentum = momentum

    def _rule(self, weights, gradient, lr):
        return optim.sgd(weights, gradient, self._state, lr=lr, momentum=self.momentum)


class Adam(Optimizer):
    """`handrnn.optim.adam`, with its bias correction.

    Parameters
    ----------
    learning_rate : float
    mu, rho : float
        How much is kept at each step of the average of the gradient, and of its square.
    epsilon : float
        Added to the root.
    """

    def __init__(self, learning_rate, mu=0.9, rho=0.999, epsilon=1e-8):
        super().__init__(learning_rate)
        self.mu = mu
        self.rho = rho
        self.epsilon = epsilon

    def _rule(self, weights, gradient, lr):
        betas = (self.mu, self.rho)
        return optim.adam(weights, gradient, self._state, lr=lr, betas=betas, eps=self.epsilon)
