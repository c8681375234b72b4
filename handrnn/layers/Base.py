"""What all layers share: the phase, and weights with their gradients and optimizers.

A layer without weights derives from `BaseLayer`. A layer with weights derives from
`TrainableLayer` (one array, the bias its last row) or from `BiasedLayer` (two arrays). Such a
layer hands its initial arrays to the constructor, reads them from ``self._arrays``, and ends its
backward with ``self._update(weights=..., bias=...)``, given the gradients: these are then what
the accessors return, and the optimizers, if there are any, take their step. An array in
``self._arrays`` is replaced and never written into, so forward may keep it for backward.

All layers compute in float64. What they return shares no memory with what they keep.
"""

import copy
import enum
import inspect
import operator
from typing import Any

import numpy as np

_HOUSE = __name__.removesuffix("Base")  # what the names of these modules begin with


class Phase(enum.Enum):
    """Whether a network learns or is used: dropout and batch normalization differ."""

    train = "train"
    test = "test"


def at_least_one(**sizes):
    """Refuse what is not an integer (TypeError) or below 1 (ValueError), by name."""
    for name, size in sizes.items():
        try:
            size = operator.index(size)
        except TypeError:
            raise TypeError(f"{name} is {size!r}: an integer is needed") from None
        if size < 1:
            raise ValueError(f"{name} is {size}: at least 1 is needed")


def generator(rng):
    """Generator to draw from: `rng`, or where it is None one that NumPy's legacy generator seeds.

    So ``np.random.seed`` makes a program repeatable that passes no `rng`.
    """
    if rng is None:
        rng = np.random.randint(2**63, dtype=np.uint64)  # noqa: NPY002 - the generator of the caller
    return np.random.default_rng(rng)


def kept_generator(rng):
    """Generator to draw on from; None stays None, and each draw asks `generator` for a new one."""
    return None if rng is None else np.random.default_rng(rng)


class Strict:
    """Refuses attributes that its class does not have: setting them would do nothing.

    They are those of the class, and those that a class body annotates. A subclass from elsewhere
    may have what it likes.
    """

    def __setattr__(self, name, value):
        kinds = type(self).__mro__
        known = name.startswith("_") or any(
            name in vars(kind) or name in inspect.get_annotations(kind) for kind in kinds
        )
        if not known and type(self).__module__.startswith(_HOUSE):
            raise AttributeError(
                f"{type(self).__name__} has no attribute {name!r}: to set it would do nothing"
            )
        super().__setattr__(name, value)


class BaseLayer(Strict):
    """A layer: ``forward(input_tensor)``, ``backward(error_tensor)``, batch first.

    Attributes
    ----------
    weights, gradient_weights, optimizer
        None in a layer that has no weights.
    """

    weights: Any = None
    gradient_weights: Any = None
    optimizer: Any = None
    _phase = Phase.train
    _trainable = False

    @property
    def trainable(self):
        """Whether backward may change weights: where there are some, at first True.

        True for a layer that has no weights is a ValueError.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, trainable):
        if trainable and not hasattr(self, "initialize"):
            raise ValueError(f"trainable is {trainable!r}: a {type(self).__name__} has no weights")
        self._trainable = bool(trainable)

    @property
    def phase(self):
        """`Phase.train` (at first) or `Phase.test`; anything else is a ValueError."""
        return self._phase

    @phase.setter
    def phase(self, phase):
        if not isinstance(phase, Phase):
            raise ValueError(f"phase is {phase!r}: Base.Phase.train or Base.Phase.test is needed")
        self._phase = phase

    @property
    def testing_phase(self):
        """Whether `phase` is `Phase.test`; assigning True or False sets it."""
        return self.phase is Phase.test

    @testing_phase.setter
    def testing_phase(self, testing):
        if testing not in (True, False):
            raise ValueError(f"testing_phase is {testing!r}: True or False is needed")
        self.phase = Phase.test if testing else Phase.train

    def _floats(self, name, array, shape):
        """The array in float64, itself if it is that; a word in the shape fits any size."""
        array = np.asarray(array, np.float64)
        fits = len(array.shape) == len(shape) and all(
            isinstance(needed, str) or size == needed
            for size, needed in zip(array.shape, shape, strict=True)
        )
        if not fits:
            needed = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
            kind = type(self).__name__
            raise ValueError(f"{name} is {array.shape}: this {kind} needs ({needed})")
        return array

    def _input(self, input_tensor, rows, features):
        """An input of two axes in float64, with so many features in a row."""
        x = self._floats("input_tensor", input_tensor, (rows, "features"))
        if x.shape[1] != features:
            raise ValueError(
                f"input_tensor has {x.shape[1]} features but this {type(self).__name__} takes"
                f" {features} (input_tensor is ({rows}, features) = {x.shape})"
            )
        return x

    def _kept(self, value):
        """What forward has kept for backward."""
        if value is None:
            raise RuntimeError(f"{type(self).__name__}.backward needs a forward before it")
        return value


class Activation(BaseLayer):
    """A function of every element, on arrays of any shape, and its slope at its own value.

    Attributes
    ----------
    activations : ndarray
        What the last forward has returned; None before.
    """

    activations: Any

    def __init__(self):
        self.activations = None

    @staticmethod
    def _function(x):
        raise NotImplementedError

    @staticmethod
    def _slope(y):
        raise NotImplementedError

    def forward(self, input_tensor):
        """Array_like of any shape; an ndarray of the same shape."""
        self.activations = self._function(np.asarray(input_tensor, np.float64))
        return self.activations.copy()

    def backward(self, error_tensor):
        """Gradient with respect to the input, from that with respect to the last output.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        y = self._kept(self.activations)
        return self._floats("error_tensor", error_tensor, y.shape) * self._slope(y)


class TrainableLayer(BaseLayer):
    """A layer with an array of weights, whose last row is the bias.

    Parameters
    ----------
    **arrays : ndarray
        The initial weights by name, float64; they become the layer's own.

    Attributes
    ----------
    delta : float
        Factor on the learning rate, the first argument of the optimizer's `calculate_update`.
    """

    delta = 1.0
    _trainable = True
    _names = ("weights",)

    def __init__(self, **arrays):
        self._arrays = arrays
        self._gradients: dict[str, Any] = {}
        self._optimizers: dict[str, Any] = {}

    def initialize(self, weights_initializer, bias_initializer):
        """Draw all weights afresh.

        Parameters
        ----------
        weights_initializer, bias_initializer : objects of `Initializers`
            The bias is handed over as one row.
        """
        weights = self.get_weights()
        bias = self._drawn(bias_initializer, weights[-1:])
        self.set_weights(np.concatenate([self._drawn(weights_initializer, weights[:-1]), bias]))

    def get_weights(self):
        """A copy of the weights."""
        return self._arrays["weights"].copy()

    def set_weights(self, weights):
        """Compute with a copy of these weights from the next forward on.

        Raises
        ------
        ValueError
            If their shape is not that of `get_weights`.
        """
        self._set("weights", weights)

    def get_gradient_weights(self):
        """A copy of the gradient with respect to the weights, as of the last backward.

        Raises
        ------
        RuntimeError
            If there was none.
        """
        return self._gradient("weights")

    def set_optimizer(self, optimizer):
        """Let backward update the weights, each array by its own copy of this optimizer.

        Parameters
        ----------
        optimizer : object of `optimization.Optimizers`, or None
            None: backward leaves the weights alone, as at first.
        """
        names = () if optimizer is None else self._names
        self._optimizers = {name: copy.deepcopy(optimizer) for name in names}

    def calculate_regularization_loss(self):
        """The sum of the norms of all weights by the optimizer's regularizers; else 0."""
        return sum(
            regularizer.norm(self._arrays[name])
            for name, optimizer in self._optimizers.items()
            for regularizer in getattr(optimizer, "regularizers", ())
        )

    @property
    def weights(self):
        """The same as `get_weights` and `set_weights`."""
        return self.get_weights()

    @weights.setter
    def weights(self, weights):
        self.set_weights(weights)

    @property
    def gradient_weights(self):
        """The same as `get_gradient_weights`."""
        return self.get_gradient_weights()

    @property
    def optimizer(self):
        """The weights' own optimizer or None; assigning is `set_optimizer`."""
        return self._optimizers.get("weights")

    @optimizer.setter
    def optimizer(self, optimizer):
        self.set_optimizer(optimizer)

    def _set(self, name, array):
        self._arrays[name] = self._floats(name, array, self._arrays[name].shape).copy()

    def _gradient(self, name):
        if name not in self._gradients:
            kind = type(self).__name__
            raise RuntimeError(f"{kind} has no gradients yet: backward makes them")
        return self._gradients[name].copy()

    def _update(self, **gradients):
        """Keep the gradients, and change the weights if there is an optimizer."""
        self._gradients = gradients
        if not self.trainable:
            return
        for name, optimizer in self._optimizers.items():
            self._arrays[name] = self._stepped(optimizer, self._arrays[name], gradients[name])

    def _drawn(self, initializer, weights):
        """New weights: how this edition asks an initializer."""
        return initializer.initialize(weights)

    def _stepped(self, optimizer, weights, gradient):
        """The weights after one step: how this edition asks an optimizer."""
        return optimizer.calculate_update(self.delta, weights, gradient)


class BiasedLayer(TrainableLayer):
    """A trainable layer whose bias is an array of its own."""

    _names = ("weights", "bias")

    def initialize(self, weights_initializer, bias_initializer):
        """Draw all weights afresh, see `TrainableLayer.initialize`."""
        self.weights = self._drawn(weights_initializer, self.get_weights())
        self.bias = self._drawn(bias_initializer, self.bias[np.newaxis])[0]

    def get_gradient_bias(self):
        """A copy of the gradient with respect to the bias, as of the last backward.

        Raises
        ------
        RuntimeError
            If there was none.
        """
        return self._gradient("bias")

    @property
    def bias(self):
        """A copy of the bias; a copy of what is assigned acts from the next forward on."""
        return self._arrays["bias"].copy()

    @bias.setter
    def bias(self, bias):
        self._set("bias", bias)

    @property
    def gradient_bias(self):
        """The same as `get_gradient_bias`."""
        return self.get_gradient_bias()
