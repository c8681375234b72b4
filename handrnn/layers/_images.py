"""What the layers on images share: their shapes, flattened images, windows into them.

An image is (channels, \\*size): (c, x) in one dimension, (c, y, x) in two. A batch of them comes
as (batch, c, \\*size) or flattened, channel by channel, to (batch, features).
"""

import math
import operator
from collections.abc import Iterable

import numpy as np


def sizes(name, numbers, length=None):
    """The numbers as a tuple of positive integers, or an error: a ValueError or TypeError."""
    numbers = tuple(numbers) if isinstance(numbers, Iterable) else (numbers,)
    try:
        whole = tuple(operator.index(number) for number in numbers)
    except TypeError:
        raise TypeError(f"{name} is {numbers}: integers are needed") from None
    if length is not None and len(whole) != length:
        raise ValueError(f"{name} is {whole}: {length} numbers are needed, one an axis")
    if min(whole, default=0) < 1:
        raise ValueError(f"{name} is {whole}: numbers of at least 1 are needed")
    return whole


def image_shape(shape):
    """The shape of an image as a tuple: channels and one or more axes; else a ValueError."""
    shape = sizes("input_image_shape", shape)
    if len(shape) < 2:
        raise ValueError(
            f"input_image_shape is {shape}: (channels, y, x) or (channels, x) is needed"
        )
    return shape


def images(name, array, shape, batch=None):
    """The batch of images of this shape in an array, flattened or not, in float64.

    Raises
    ------
    ValueError
        If the array holds something else, or not as many of them as `batch` says.
    """
    array = np.asarray(array, np.float64)
    features = math.prod(shape)
    if array.shape[1:] not in ((features,), shape) or batch not in (None, *array.shape[:1]):
        count = "batch" if batch is None else batch
        axes = ", ".join(map(str, shape))
        raise ValueError(
            f"{name} is {array.shape}: images of this layer come as ({count}, {features}),"
            f" flattened, or as ({count}, {axes})"
        )
    return array.reshape(len(array), *shape)


def windows(batch, size, stride, writeable=False):
    """Every window of a size into a batch of images, one every stride: a view.

    Parameters
    ----------
    batch : ndarray (B, c, \\*size of the images)
    size, stride : tuple of int
    writeable : bool
        Windows that overlap are the same memory.

    Returns
    -------
    ndarray (B, c, \\*number of windows, \\*size)
    """
    axes = tuple(range(2, batch.ndim))
    every = np.lib.stride_tricks.sliding_window_view(batch, size, axes, writeable=writeable)
    return every[:, :, *(slice(None, None, step) for step in stride)]
