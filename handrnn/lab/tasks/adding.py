"""The adding problem: read numbers, two of them marked, and say the sum of the two.

From S. Hochreiter and J. Schmidhuber (1997), in the form of Q. V. Le, N. Jaitly and G. Hinton
(2015): numbers between 0 and 1, and the answer after the last step. Here one mark lies in each half
of the sequence.
"""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ... import losses
from . import base

TOLERANCE = 0.04


@dataclasses.dataclass(frozen=True)
class Adding(base.Base):
    """Say the sum of the two marked numbers.

    The loss is the mean squared error. An answer is right if it is off by less than 0.04. Who
    knows nothing of the sequence does best to answer 1: the mean squared error is then 1/6, the
    variance of the sum of two numbers that are uniform on [0, 1), and 7.84 % of the answers are
    right.

    Parameters
    ----------
    coding : {"raw"}
        At each step two numbers: the value, and 1 where it is marked, else 0.

    Examples
    --------
    >>> task = Adding()
    >>> x, target = task.sample(np.random.default_rng(3), batch=1, length=7)
    >>> for value, mark in x[:, 0]:
    ...     print(f"{value:.3f}", "marked" if mark else "-")
    0.812 -
    0.086 marked
    0.179 -
    0.237 marked
    0.181 -
    0.801 -
    0.869 -
    >>> print(f"{target[0]:.3f}")
    0.322
    """

    coding: str = "raw"

    codings: ClassVar[tuple[str, ...]] = ("raw",)
    shortest: ClassVar[int] = 2
    outputs: ClassVar[int] = 1
    every_step: ClassVar[bool] = False
    chance: ClassVar[float] = 1 - (1 - TOLERANCE) ** 2

    @property
    def features(self) -> int:
        """Numbers read at each step: the value and its mark."""
        return 2

    def sample(
        self, rng: np.random.Generator, batch: int, length: int
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        """Draw fresh examples.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of values and marks.
        batch : int
            How many examples.
        length : int
            T, the numbers read. One mark lies among the first T // 2, the other among the rest.

        Returns
        -------
        x : ndarray, shape (T, batch, 2)
            Values and marks, time first. Values have 24 bits, so that float32 and float64 hold
            the same numbers.
        target : ndarray of the dtype of `x`, shape (batch,)
            The sum of the two marked values.

        Raises
        ------
        ValueError
            If the length is less than 2.
        """
        self.check_length(length)
        # Drawn as float32 in any case: a float64 below 1 could be rounded to 1.
        values = rng.random((length, batch), dtype=np.float32).astype(self.dtype)
        half = length // 2
        first = rng.integers(0, half, size=batch)
        second = rng.integers(half, length, size=batch)
        columns = np.arange(batch)
        x = np.zeros((length, batch, 2), self.dtype)
        x[:, :, 0] = values
        x[first, columns, 1] = 1
        x[second, columns, 1] = 1
        return x, values[first, columns] + values[second, columns]

    def loss(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> tuple[float, npt.NDArray[np.floating]]:
        """Mean squared error, and its gradient.

        Parameters
        ----------
        outputs : ndarray, shape (B, 1)
            The answers given.
        target : ndarray, shape (B,)
            The sums.

        Returns
        -------
        loss : float
        d_outputs : ndarray of the shape and dtype of `outputs`

        Raises
        ------
        ValueError
            If there is not one answer for each row of outputs.
        """
        base.check_answers(outputs, target)
        loss, d_outputs = losses.mse(outputs, target[:, np.newaxis])
        return float(loss), d_outputs

    def right(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Whether each answer is off by less than 0.04: an array of the shape of `target`.

        Parameters and errors are those of `loss`.
        """
        base.check_answers(outputs, target)
        return np.abs(outputs[:, 0] - target) < TOLERANCE

    def baseline(self, length: int) -> float:
        """Mean squared error of the answer 1, which is 1/6 at any length."""
        self.check_length(length)
        return 1 / 6
