"""The signatures of newer editions, over the same classes.

There, images are (batch, channels, \\*size) throughout; initializers get ``(shape, fan_in,
fan_out)`` and optimizers ``(weights, gradient)``; a `SoftMax` layer and a `CrossEntropyLoss` are
two; dropout's backward is the gradient; data come from ``next()``. The two editions do not mix:
layers of this module want initializers, optimizers and data of this module.

>>> import numpy as np
>>> from handrnn.layers import editions
>>> conv = editions.Conv((1, 1), (3, 2, 2), 4, rng=0)
>>> conv.initialize(editions.He(rng=1), editions.Constant(0.1))
>>> conv.optimizer = editions.Adam(1e-3, 0.9, 0.999)
>>> conv.forward(np.ones((2, 3, 5, 6))).shape
(2, 4, 5, 6)
"""

# The signatures differ from those of the older classes: that is what this module is for.
# pyright: reportIncompatibleMethodOverride=false

import copy
from collections.abc import Iterable

import numpy as np

from .. import layers, losses
from . import _images
from .optimization import Constraints, Optimizers

BaseLayer = layers.Base.BaseLayer
Flatten = layers.Flatten.Flatten
ReLU = layers.ReLU.ReLU
Sigmoid = layers.Sigmoid.Sigmoid
TanH = layers.TanH.TanH


class Constant(layers.Initializers.Constant):
    """`Initializers.Constant`."""

    def initialize(self, shape, fan_in=None, fan_out=None):
        """A new array of this shape."""
        return super().initialize(np.empty(shape))


class UniformRandom(layers.Initializers.UniformRandom):
    """`Initializers.UniformRandom`."""

    def initialize(self, shape, fan_in=None, fan_out=None):
        """A new array of this shape."""
        return super().initialize(np.empty(shape))


class Xavier(layers.Initializers.Xavier):
    """`Initializers.Xavier`, with variance 2 / (fan_in + fan_out)."""

    def initialize(self, shape, fan_in, fan_out):
        """A new array of this shape."""
        return self.draw(shape, fan_in, fan_out)


class He(layers.Initializers.He):
    """`Initializers.He`, with variance 2 / fan_in."""

    def initialize(self, shape, fan_in, fan_out):
        """A new array of this shape."""
        return self.draw(shape, fan_in, fan_out)


class _Optimizer(Optimizers.Optimizer):
    def calculate_update(self, weights, gradient):
        """The weights after one step, see `Optimizers.Optimizer.calculate_update`."""
        return super().calculate_update(1.0, weights, gradient)


class Sgd(_Optimizer, Optimizers.Sgd):
    """`Optimizers.Sgd`."""


class SgdWithMomentum(_Optimizer, Optimizers.SgdWithMomentum):
    """`Optimizers.SgdWithMomentum`."""


class Adam(_Optimizer, Optimizers.Adam):
    """`Optimizers.Adam`."""


class L1_Regularizer(Constraints.L1_Regularizer):
    """`Constraints.L1_Regularizer`."""

    calculate_gradient = Constraints.L1_Regularizer.calculate


class L2_Regularizer(Constraints.L2_Regularizer):
    """`Constraints.L2_Regularizer`; of the newer editions some have ``root=True``."""

    calculate_gradient = Constraints.L2_Regularizer.calculate


class _Trainable(layers.Base.TrainableLayer):
    """How the layers below ask initializers and optimizers."""

    def _drawn(self, initializer, weights):
        return initializer.initialize(weights.shape, *layers.Initializers.fans(weights.shape))

    def _stepped(self, optimizer, weights, gradient):
        return optimizer.calculate_update(weights, gradient)


class FullyConnected(_Trainable, layers.FullyConnected.FullyConnected):
    """`FullyConnected.FullyConnected`."""


class RNN(_Trainable, layers.RNN.RNN):
    """`RNN.RNN`."""

    output_kind = FullyConnected


class LSTM(_Trainable, layers.LSTM.LSTM):
    """`LSTM.LSTM`."""

    output_kind = FullyConnected


class BatchNormalization(_Trainable, layers.BatchNormalization.BatchNormalization):
    """`BatchNormalization.BatchNormalization`."""


class Conv(_Trainable, layers.Conv.Conv):
    """`Conv.Conv` on images of any size, which are not flattened.

    Parameters
    ----------
    stride_shape : int or tuple
        One number, or one per axis of the image, without the channels.
    convolution_shape : tuple
        The kernel, (c, height, width) or (c, width).
    num_kernels : int
    rng : numpy.random.Generator or seed, optional
    """

    def __init__(self, stride_shape, convolution_shape, num_kernels, *, rng=None):
        channels, *kernel = convolution_shape
        axes = [1] * len(kernel)
        stride = (
            stride_shape if isinstance(stride_shape, Iterable) else [stride_shape for _ in axes]
        )
        super().__init__((channels, *axes), stride, convolution_shape, num_kernels, rng=rng)

    def forward(self, input_tensor):
        """Images (batch, c, y, x) or (batch, c, x), and the same number of axes out."""
        shape = ("batch", self._image[0], *"zyx"[-len(self._kernel) :])
        x = self._floats("input_tensor", input_tensor, shape)
        self._image = x.shape[1:]
        return super().forward(x).reshape(len(x), *self.output_image_shape)


class Pooling(layers.Pooling.Pooling):
    """`Pooling.Pooling` on images of any size, which are not flattened.

    Parameters
    ----------
    stride_shape, pooling_shape : tuple
        One number per axis of the image, without the channels.
    """

    stride_shape: tuple[int, ...]
    pooling_shape: tuple[int, ...]

    def __init__(self, stride_shape, pooling_shape):
        self.stride_shape = _images.sizes("stride_shape", stride_shape)
        self.pooling_shape = _images.sizes("pooling_shape", pooling_shape)
        self._tape = None

    def forward(self, input_tensor):
        """Images (batch, c, y, x) or (batch, c, x), and the same number of axes out."""
        axes = "zyx"[-len(self.pooling_shape) :]
        x = self._floats("input_tensor", input_tensor, ("batch", "channels", *axes))
        super().__init__(x.shape[1:], self.stride_shape, self.pooling_shape)
        y = super().forward(x)
        return y.reshape(len(y), *self.output_image_shape)


class Dropout(layers.Dropout.Dropout):
    """`Dropout.Dropout`, whose backward is the gradient."""

    def __init__(self, probability, *, rng=None):
        super().__init__(probability, exact_backward=True, rng=rng)


class SoftMax(layers.Base.BaseLayer):
    """Probabilities along a row: a layer without a loss."""

    def __init__(self):
        self._probabilities = None

    def forward(self, input_tensor):
        """Probabilities (batch, classes) of logits of this shape."""
        x = self._floats("input_tensor", input_tensor, ("batch", "classes"))
        self._probabilities = losses.softmax(x)
        return self._probabilities.copy()

    def backward(self, error_tensor):
        """Gradient with respect to the logits, from that with respect to the probabilities."""
        p = self._kept(self._probabilities)
        return losses.softmax_backward(p, self._floats("error_tensor", error_tensor, p.shape))


class CrossEntropyLoss(layers.Base.BaseLayer):
    """-sum of labels log(prediction + eps) over the batch, with the eps of float64."""

    eps = float(np.finfo(np.float64).eps)

    def __init__(self):
        self._prediction = None

    def forward(self, prediction_tensor, label_tensor):
        """The loss of probabilities (batch, classes) and labels of this shape."""
        p = self._floats("prediction_tensor", prediction_tensor, ("batch", "classes"))
        labels = self._floats("label_tensor", label_tensor, p.shape)
        self._prediction = p.copy()
        return float(losses.cross_entropy_of_probabilities(p, labels, self.eps)[0])

    def backward(self, label_tensor):
        """Gradient of the loss with respect to the probabilities."""
        p = self._kept(self._prediction)
        labels = self._floats("label_tensor", label_tensor, p.shape)
        return losses.cross_entropy_of_probabilities(p, labels, self.eps)[1]


class NeuralNetwork(layers.NeuralNetwork.NeuralNetwork):
    """`NeuralNetwork.NeuralNetwork` with `append_layer`, on data with ``next()``."""

    def append_layer(self, layer):
        """Append a layer; if it is trainable, with fresh weights and its own optimizer."""
        if layer.trainable:
            layer.initialize(self.weights_initializer, self.bias_initializer)
            layer.optimizer = copy.deepcopy(self.optimizer)
        self.layers.append(layer)

    def test(self, input_tensor):
        """The output of the last layer."""
        self.phase = layers.Base.Phase.test
        return self._forward(input_tensor)

    def _next_batch(self):
        return self.data_layer.next()


class IrisData(layers.Helpers.IrisData):
    """`Helpers.IrisData`."""

    next = layers.Helpers.IrisData.forward


class DigitData(layers.Helpers.DigitData):
    """`Helpers.DigitData`."""

    next = layers.Helpers.DigitData.forward


class RandomData(layers.Helpers.RandomData):
    """`Helpers.RandomData`."""

    next = layers.Helpers.RandomData.forward
