"""A batch normalization layer."""

import math
from typing import Any

import numpy as np

from . import Base


class BatchNormalization(Base.BiasedLayer):
    """y = weights (x - mean) / sqrt(variance + epsilon) + bias, feature by feature or by channel.

    In the train phase mean and variance (without Bessel's correction) are those of the batch; in
    the test phase those of a moving average, which starts at the moments of the first batch.

    ``weights`` start as ones and ``bias`` as zeros. Without channels they are made at the first
    forward, unless they have been set: then the number of features is known.

    Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift" (2015).

    Parameters
    ----------
    channels : int
        0: every feature of an example has its own moments. Else every channel has. The channels of
        images (batch, channels, \\*size) are axis 1; in rows (batch, features) the channel is what
        varies fastest within an example: ``input_tensor.reshape(-1, channels)``.

    Attributes
    ----------
    epsilon : float
        Added to the variance.
    decay : float
        How much of the moving average is kept at each forward in the train phase.
    moving_mean, moving_variance : ndarray or None
        The moving average; None before the first forward in the train phase.

    Raises
    ------
    ValueError
        If there are fewer than 0 channels.
    """

    epsilon = 1e-8
    decay = 0.8
    channels: int
    moving_mean: Any
    moving_variance: Any

    def __init__(self, channels=0):
        if channels < 0:
            raise ValueError(f"channels is {channels}: at least 0 is needed")
        self.channels = channels
        super().__init__(**self._start())
        self.moving_mean = self.moving_variance = None
        self._tape = self._image_shape = None

    def initialize(self, weights_initializer, bias_initializer):
        """Begin anew: weights are 1, the bias 0, whatever the initializers are.

        The next forward in the train phase starts the moving average.
        """
        self._arrays = self._start()
        self.moving_mean = self.moving_variance = None

    def forward(self, input_tensor):
        """Normalize, in the train phase with the moments of this batch.

        Parameters
        ----------
        input_tensor : array_like (batch, features) or (batch, channels, \\*size)
            Without channels, every number of an example is a feature.

        Returns
        -------
        ndarray of the same shape

        Raises
        ------
        ValueError
            If the number of features is not that of the weights, or not one of so many channels;
            if there is nothing to take moments of.
        RuntimeError
            In the test phase, without a forward in the train phase before.
        """
        x = np.asarray(input_tensor, np.float64)
        columns = self._columns(x)
        if self._is_image(x.shape):
            self._image_shape = x.shape
        training = self.phase is Base.Phase.train
        mean, variance = self._batch_moments(columns) if training else self._moving_moments()
        slope = 1 / np.sqrt(variance + self.epsilon)
        normalized = (columns - mean) * slope
        weights = self._arrays.setdefault("weights", np.ones(columns.shape[1]))
        bias = self._arrays.setdefault("bias", np.zeros(columns.shape[1]))
        self._tape = normalized, weights * slope, training, x.shape
        return self._shaped(weights * normalized + bias, x.shape)

    def backward(self, error_tensor):
        """Gradients of a loss, and the update of weights and bias if an optimizer was set.

        Parameters
        ----------
        error_tensor : array_like of the shape that was put in
            Gradient with respect to what the last forward has returned.

        Returns
        -------
        ndarray of the same shape
            Gradient with respect to the input; in the test phase the moments do not depend on it.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        normalized, slope, training, shape = self._kept(self._tape)
        error = self._columns(self._floats("error_tensor", error_tensor, shape))
        d_weights, d_bias = (error * normalized).sum(axis=0), error.sum(axis=0)
        dx = slope * error
        if training:
            dx -= slope * (d_bias + normalized * d_weights) / len(normalized)
        self._update(weights=d_weights, bias=d_bias)
        return self._shaped(dx, shape)

    def reformat(self, tensor):
        """Images as rows of channels, and such rows as images.

        Parameters
        ----------
        tensor : array_like (batch, channels, \\*size) or (batch * size, channels)
            Rows get the shape of the images that `forward` or `reformat` saw last.

        Returns
        -------
        ndarray (batch * size, channels) or (batch, channels, \\*size)

        Raises
        ------
        ValueError
            Not as many rows or channels as those images have.
        RuntimeError
            Rows, without images before.
        """
        tensor = np.asarray(tensor, np.float64)
        if tensor.ndim > 2:
            self._image_shape = tensor.shape
            return _rows(tensor)
        if self._image_shape is None:
            raise RuntimeError("BatchNormalization.reformat needs images before it gets rows")
        batch, channels, *size = self._image_shape
        rows = self._floats("tensor", tensor, (batch * math.prod(size), channels))
        return _images(rows, self._image_shape)

    def get_weights(self):
        """A copy of the weights.

        Raises
        ------
        RuntimeError
            Before there are any: the first forward makes them.
        """
        self._made("weights")
        return super().get_weights()

    @property
    def bias(self):
        """A copy of the bias; a copy of what is assigned acts from the next forward on.

        Before there is one, which the first forward makes, reading is a RuntimeError.
        """
        self._made("bias")
        return self._arrays["bias"].copy()

    @bias.setter
    def bias(self, bias):
        self._set("bias", bias)

    def calculate_regularization_loss(self):
        """The sum of the norms of weights and bias by the optimizer's regularizers; else 0."""
        return super().calculate_regularization_loss() if self._arrays else 0

    def _start(self):
        """Weights and bias, where their number is known."""
        known = self.channels
        return {"weights": np.ones(known), "bias": np.zeros(known)} if known else {}

    def _columns(self, x):
        """Features or channels as columns; `_shaped` is the way back."""
        if x.ndim == 0:
            raise ValueError("input_tensor is a single number: (batch, ...) is needed")
        image, features = self._is_image(x.shape), math.prod(x.shape[1:])
        if image and x.shape[1] != self.channels:
            raise ValueError(
                f"input_tensor is {x.shape}: axis 1 of images has to be {self.channels} channels"
            )
        if self.channels and features % self.channels:
            raise ValueError(
                f"input_tensor is {x.shape}: {features} features are not a multiple of"
                f" {self.channels} channels"
            )
        width = self.channels or features
        known = next(iter(self._arrays.values())).size if self._arrays else width
        if width != known:
            raise ValueError(
                f"input_tensor is {x.shape}: it has {width} features but these weights take {known}"
            )
        return _rows(x) if image else x.reshape(x.size // max(width, 1), width)

    def _shaped(self, columns, shape):
        return _images(columns, shape) if self._is_image(shape) else columns.reshape(shape)

    def _is_image(self, shape):
        return self.channels > 0 and len(shape) > 2

    def _batch_moments(self, columns):
        if not columns.size:
            raise ValueError("input_tensor is empty: it has no moments")
        mean, variance = columns.mean(axis=0), columns.var(axis=0)
        if self.moving_mean is None or self.moving_variance is None:
            self.moving_mean, self.moving_variance = mean, variance
        else:
            self.moving_mean = self.decay * self.moving_mean + (1 - self.decay) * mean
            self.moving_variance = self.decay * self.moving_variance + (1 - self.decay) * variance
        return mean, variance

    def _moving_moments(self):
        if self.moving_mean is None or self.moving_variance is None:
            raise RuntimeError(
                "BatchNormalization has no moving average in the test phase:"
                " a forward in the train phase starts it"
            )
        return self.moving_mean, self.moving_variance

    def _made(self, name):
        if name not in self._arrays:
            raise RuntimeError(
                f"BatchNormalization has no {name} yet: the first forward makes them"
            )

    def _set(self, name, array):
        known = (array.size for array in self._arrays.values())
        size = next(known, self.channels or "features")
        self._arrays[name] = self._floats(name, array, (size,)).copy()


def _rows(images):
    """A new array (batch * size, channels) of images (batch, channels, \\*size)."""
    return np.moveaxis(images, 1, -1).reshape(-1, images.shape[1]).copy()


def _images(rows, shape):
    """The way back from `_rows`, to images of this shape."""
    batch, channels, *size = shape
    return np.moveaxis(rows.reshape(batch, *size, channels), -1, 1).copy()
