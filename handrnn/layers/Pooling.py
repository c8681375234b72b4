"""A max-pooling layer."""

import math

import numpy as np

from . import Base, _images


class Pooling(Base.BaseLayer):
    """The largest number of each window, channel by channel; only windows inside the image count.

    Of equal numbers the first one, row by row, gets the gradient, as in torch.

    Parameters
    ----------
    input_image_shape : tuple
        (c, y, x), or (c, x) in one dimension.
    stride_shape, pooling_shape : tuple
        One number per axis of the image, without the channels. Windows may overlap, or leave
        gaps between them.

    Attributes
    ----------
    output_image_shape : tuple
        (c, \\*size), for a layer that comes after.

    Raises
    ------
    ValueError
        Shapes that do not fit each other or hold numbers below 1.
    TypeError
        Shapes that do not hold integers.
    """

    output_image_shape: tuple[int, ...]

    def __init__(self, input_image_shape, stride_shape, pooling_shape):
        self._image = _images.image_shape(input_image_shape)
        channels, *size = self._image
        self._stride = _images.sizes("stride_shape", stride_shape, len(size))
        self._window = _images.sizes("pooling_shape", pooling_shape, len(size))
        if any(window > n for window, n in zip(self._window, size, strict=True)):
            raise ValueError(
                f"pooling_shape is {self._window}: no such window is inside an image of"
                f" {tuple(size)}"
            )
        # Where in a flattened channel each place of each window is.
        places = np.arange(math.prod(size)).reshape(1, 1, *size)
        views = _images.windows(places, self._window, self._stride)[0, 0]
        self.output_image_shape = (channels, *views.shape[: len(size)])
        self._places = views.reshape(-1, math.prod(self._window))
        self._tape = None

    def forward(self, input_tensor):
        """Apply the layer.

        Parameters
        ----------
        input_tensor : array_like (batch, c*y*x) or (batch, c, y, x)

        Returns
        -------
        ndarray (batch, features)
            Flattened, channel by channel: `output_image_shape`.

        Raises
        ------
        ValueError
            Another shape.
        """
        x = _images.images("input_tensor", input_tensor, self._image)
        views = _images.windows(x, self._window, self._stride)
        views = views.reshape(*x.shape[:2], *self._places.shape)
        first = views.argmax(axis=-1)[..., np.newaxis]  # (B, c, windows, 1)
        places = np.take_along_axis(self._places[np.newaxis, np.newaxis], first, axis=-1)
        self._tape = places[..., 0], np.shape(input_tensor)
        return np.take_along_axis(views, first, axis=-1).reshape(
            len(x), math.prod(self.output_image_shape)
        )

    def backward(self, error_tensor):
        """Give the gradient of each window to its largest number.

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
        places, shape = self._kept(self._tape)
        batch, channels, _ = places.shape
        error = _images.images("error_tensor", error_tensor, self.output_image_shape, batch)
        dx = np.zeros((batch, channels, math.prod(self._image[1:])))
        example, channel = np.ogrid[:batch, :channels]
        index = example[..., np.newaxis], channel[..., np.newaxis], places
        np.add.at(dx, index, error.reshape(places.shape))
        return dx.reshape(shape)
