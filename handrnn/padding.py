"""Sequences of different lengths in one array, and back, as torch.nn.utils.rnn names it.

`handrnn.nn` takes the padded array with ``lengths=``: nothing has to be packed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import border

Array = npt.NDArray[Any]


def pad_sequence(
    sequences: Sequence[npt.ArrayLike], batch_first: bool = False, padding_value: float = 0.0
) -> Array:
    """Put sequences of different lengths beside each other.

    Parameters
    ----------
    sequences : sequence of ndarray (T_i, ...)
        Alike in every axis but the first, and in dtype.
    batch_first : bool
    padding_value : float
        What stands behind the end of the shorter ones.

    Returns
    -------
    ndarray (T, B, ...), with ``batch_first`` (B, T, ...)
        T is the longest of the lengths.

    Raises
    ------
    ValueError
        If there is no sequence, or they differ in shape or dtype.
    """
    arrays = [border.array(f"sequence {k}", one, border.ANY) for k, one in enumerate(sequences)]
    if not arrays:
        raise ValueError("sequences is empty: at least one is needed")
    for place, array in enumerate(arrays):
        if not array.ndim or array.shape[1:] != arrays[0].shape[1:]:
            raise ValueError(
                f"sequence {place} is {array.shape}, and sequence 0 is {arrays[0].shape}:"
                " they may differ in the first axis only"
            )
        if array.dtype != arrays[0].dtype:
            raise ValueError(
                f"sequence {place} is {array.dtype}, and sequence 0 is {arrays[0].dtype}"
            )
    shape = (len(arrays), max(map(len, arrays)), *arrays[0].shape[1:])
    padded = np.full(shape, padding_value, arrays[0].dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return padded if batch_first else np.ascontiguousarray(padded.swapaxes(0, 1))


def unpad_sequence(
    padded_sequences: npt.ArrayLike, lengths: npt.ArrayLike, batch_first: bool = False
) -> list[Array]:
    """Take sequences out of a padded array: the way back from `pad_sequence`.

    Parameters
    ----------
    padded_sequences : ndarray (T, B, ...), with ``batch_first`` (B, T, ...)
    lengths : B integers in 0..T
    batch_first : bool

    Returns
    -------
    list of ndarray (T_i, ...)
        Copies.

    Raises
    ------
    TypeError
        If the lengths are not integers.
    ValueError
        If they do not fit.
    """
    padded = border.array("padded_sequences", padded_sequences, border.ANY)
    if padded.ndim < 2:
        raise ValueError(f"padded_sequences is {padded.shape}: at least two axes are needed")
    rows = padded if batch_first else padded.swapaxes(0, 1)
    counts = border.array("lengths", lengths, "iu", "integers are")
    if counts.shape != rows.shape[:1]:
        raise ValueError(f"lengths are {counts}: one integer for each of {len(rows)} is needed")
    if counts.size and not 0 <= counts.min() <= counts.max() <= rows.shape[1]:
        raise ValueError(f"lengths are {counts}: they must lie in 0..{rows.shape[1]}")
    return [row[:count].copy() for row, count in zip(rows, counts, strict=True)]
