"""Face: a small layer framework, batch first, one module a class.

Everything that draws random numbers takes ``rng=``. Without it, the numbers follow from the state
of NumPy's legacy generator: ``np.random.seed(0)`` makes a whole program repeatable.

>>> import numpy as np
>>> from handrnn.layers import RNN
>>> from handrnn.layers.optimization import Optimizers
>>> layer = RNN.RNN(13, 7, 5, rng=0)
>>> layer.set_optimizer(Optimizers.Sgd(1e-3))
>>> y = layer.forward(np.ones((9, 13)))  # a row is a time step
>>> error = layer.backward(y)
>>> y.shape, error.shape
((9, 5), (9, 13))
"""

from . import (
    LSTM,
    RNN,
    Base,
    BatchNormalization,
    Conv,
    Dropout,
    Flatten,
    FullyConnected,
    Helpers,
    Initializers,
    NeuralNetwork,
    Pooling,
    ReLU,
    Sigmoid,
    SoftMax,
    TanH,
    editions,
    optimization,
)

__all__ = [
    "LSTM",
    "RNN",
    "Base",
    "BatchNormalization",
    "Conv",
    "Dropout",
    "Flatten",
    "FullyConnected",
    "Helpers",
    "Initializers",
    "NeuralNetwork",
    "Pooling",
    "ReLU",
    "Sigmoid",
    "SoftMax",
    "TanH",
    "editions",
    "optimization",
]
