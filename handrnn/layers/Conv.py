"""A convolutional layer."""

import math

import numpy as np

from .. import initializers
from . import Base, _images


class Conv(Base.BiasedLayer):
    """Cross-correlation with kernels that span all channels, in one dimension or more.

    Images are padded with zeros so that without stride each output has the size of the input
    ("same"); where a kernel is even, the additional zero is on the right. A stride takes every
    so-manieth position of that result, from the first on; only these are computed.

    Parameters
    ----------
    input_image_shape : tuple
        (c, y, x), or (c, x) in one dimension.
    stride_shape : tuple
        One number per axis of the image, without the channels.
    convolution_shape : tuple
        The kernel with its channels, (c, height, width) or (c, width); c may be left out.
    num_kernels : int
        Channels of the output.
    rng : numpy.random.Generator or seed, optional
        ``weights`` (num_kernels, c, \\*kernel) and ``bias`` (num_kernels,) start uniform in [0, 1).

    Raises
    ------
    ValueError
        Shapes that do not fit each other or hold numbers below 1.
    TypeError
        Shapes that do not hold integers.
    """

    def __init__(
        self, input_image_shape, stride_shape, convolution_shape, num_kernels, *, rng=None
    ):
        self._image = _images.image_shape(input_image_shape)
        channels, *size = self._image
        self._stride = _images.sizes("stride_shape", stride_shape, len(size))
        kernel = _images.sizes("convolution_shape", convolution_shape)
        self._kernel = kernel[-len(size) :]
        fits = kernel in (self._kernel, (channels, *self._kernel))
        if not fits or len(self._kernel) != len(size):
            raise ValueError(
                f"convolution_shape is {kernel}: for images {self._image} it is {channels}"
                f" channels and {len(size)} more numbers"
            )
        (kernels,) = _images.sizes("num_kernels", num_kernels, 1)
        rng = Base.generator(rng)
        super().__init__(
            weights=initializers.uniform((kernels, channels, *self._kernel), rng=rng),
            bias=initializers.uniform((kernels,), rng=rng),
        )
        self._tape = None

    @property
    def output_image_shape(self):
        """(num_kernels, \\*size), for a layer that comes after."""
        size = zip(self._image[1:], self._stride, strict=True)
        return (len(self._arrays["weights"]), *(math.ceil(n / step) for n, step in size))

    def forward(self, input_tensor):
        """Apply the layer.

        Parameters
        ----------
        input_tensor : array_like (batch, c*y*x) or (batch, c, y, x)

        Returns
        -------
        ndarray (batch, features)
            Flattened, kernel by kernel: `output_image_shape`.

        Raises
        ------
        ValueError
            Another shape.
        """
        x = _images.images("input_tensor", input_tensor, self._image)
        padded = np.pad(x, [(0, 0), (0, 0), *self._padding()])
        weights = self._arrays["weights"]
        self._tape = padded, weights, np.shape(input_tensor)
        views = _images.windows(padded, self._kernel, self._stride)
        axes = self._image_axes()
        y = np.tensordot(weights, views, ((1, *axes), (1, *(axes + len(axes)))))  # (K, B, *size)
        y += self._arrays["bias"].reshape(-1, *[1] * (1 + len(axes)))
        return y.swapaxes(0, 1).reshape(len(x), math.prod(self.output_image_shape))

    def backward(self, error_tensor):
        """Gradients of a loss, and the update of weights and bias if an optimizer was set.

        Parameters
        ----------
        error_tensor : array_like (batch, features), or not flattened
            Gradient with respect to what the last forward has returned.

        Returns
        -------
        ndarray of the shape that was put in
            Gradient with respect to the input.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        padded, weights, shape = self._kept(self._tape)
        error = _images.images("error_tensor", error_tensor, self.output_image_shape, len(padded))
        views = _images.windows(padded, self._kernel, self._stride)
        places = (0, *self._image_axes())
        dx = self._input_gradient(weights, error, padded.shape)
        self._update(
            weights=np.tensordot(error, views, (places, places)), bias=error.sum(axis=places)
        )
        return dx.reshape(shape)

    def _input_gradient(self, weights, error, padded_shape):
        """Every window gets back what its output owes to it; windows overlap, so it is summed."""
        batch, channels, *size = padded_shape
        owed = np.tensordot(weights, error, (0, 1))  # (c, *kernel, B, *size of the output)
        dx = np.zeros((channels, batch, *size))
        views = _images.windows(dx, self._kernel, self._stride, writeable=True)
        for place in np.ndindex(*self._kernel):  # one place of a kernel at a time: no overlap
            views[..., *place] += owed[:, *place]
        inside = (
            slice(before, n - after)
            for n, (before, after) in zip(size, self._padding(), strict=True)
        )
        return dx[:, :, *inside].swapaxes(0, 1)

    def _padding(self):
        return [((k - 1) // 2, k // 2) for k in self._kernel]

    def _image_axes(self):
        return 2 + np.arange(len(self._kernel))

    def _set(self, name, array):
        # One kernel may come without the axis that counts them, or with one too many.
        expected, given = self._arrays[name].shape, np.shape(array)
        if _without_leading_ones(given) == _without_leading_ones(expected):
            array = np.reshape(array, expected)
        super()._set(name, array)


def _without_leading_ones(shape):
    leading = next((axis for axis, size in enumerate(shape) if size != 1), len(shape))
    return shape[leading:]
